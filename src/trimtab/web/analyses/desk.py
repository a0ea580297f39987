"""What the pages of analyses are given."""

import msgspec
from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.reports.analyses.room import AnalysisRoom, Opened
from trimtab.reports.analyses.spec import Analysis, Visual, parse_text, text_of
from trimtab.reports.analyses.watching import Watching


class Analysts(Struct, frozen=True):
    """The room, and the alarms of its visuals."""

    room: AnalysisRoom
    watching: Watching

    async def save_visual(
        self, who: Principal, name: str, visual: Visual, into: Opened | None, source: Opened | None
    ) -> None:
        """A visual kept in an analysis, with the datasets of the one that it comes from. Raises as `save`."""
        base = into.spec if into else Analysis([visual], title=visual.title)
        datasets = {**(source.spec.datasets if source else {}), **base.datasets}
        kept = visual
        if not visual.dataset and source is not None:
            kept = msgspec.structs.replace(visual, dataset=source.spec.dataset_of(visual))
        kept = _renamed(kept, base) if into and visual.id == "visual" else kept
        visuals = [kept if one.id == kept.id else one for one in base.visuals] if into else [kept]
        if into and all(one.id != kept.id for one in base.visuals):
            visuals.append(kept)
        spec = msgspec.structs.replace(base, visuals=visuals, datasets=datasets)
        await self.room.save(who, name, parse_text(text_of(spec)), was=into.version if into else 0)


def _renamed(visual: Visual, spec: Analysis) -> Visual:
    """The visual with an id that no other has."""
    taken = {one.id for one in spec.visuals}
    found = next(f"visual-{number}" for number in range(1, 100) if f"visual-{number}" not in taken)
    return msgspec.structs.replace(visual, id=found)
