"""From subjects to recommendations: read use in parts, judge each part while the next is read."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.advise import advise
from trimtab.advice.rightsizing.fleet import Fleet
from trimtab.advice.rightsizing.idle import judge_idle
from trimtab.advice.rightsizing.model import Axis, Finding, Kind, Option, Recommendation, Subject
from trimtab.advice.rightsizing.reading import AT_ONCE, Known, UseReader, sustained
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.sizes.book import Sizes
from trimtab.advice.rightsizing.use import DAY_MS, DailyUse

NO_USE = "no use of it was measured in these days"


@dataclass(frozen=True, slots=True)
class Part:
    """Subjects with the same options, few enough to be read at once."""

    subjects: Sequence[Subject]
    options: Sequence[Option]


def parts_of(subjects: Sequence[Subject], sizes: Sizes) -> tuple[list[Part], list[Recommendation]]:
    """Subjects by their options, and what is said of those that have none."""
    of_key: dict[tuple[str, ...], list[Subject]] = {}
    for one in subjects:
        of_key.setdefault(sizes.key(one), []).append(one)
    parts: list[Part] = []
    silent: list[Recommendation] = []
    for found in of_key.values():
        options = sizes.of(found[0])
        if not options:
            why = f"the catalogue does not know {found[0].type or 'its type'}"
            silent += [Recommendation(one, Finding.UNAVAILABLE, (), None, {}, reason=why) for one in found]
            continue
        parts += [Part(found[at : at + AT_ONCE], options) for at in range(0, len(found), AT_ONCE)]
    return parts, silent


@dataclass(frozen=True, slots=True)
class Computing:
    """Computes recommendations over the engine."""

    reader: UseReader

    async def all(
        self,
        scope: Scope,
        subjects: Sequence[Subject],
        sizes: Sizes,
        sizing: Sizing,
        now_ms: int,
        *,
        detail: bool = False,
    ) -> list[Recommendation]:
        """What is said of subjects of one kind, over the `lookback` days before `now_ms`.

        Two parts are in work at a time: the engine reads one while the other is judged. Raises QueryAborted,
        Unavailable.
        """
        if not subjects:
            return []
        known = self.reader.known(scope, subjects[0].kind)
        parts, found = parts_of(subjects, sizes)
        days = max(sizing.lookback, 32 if subjects[0].kind is Kind.VOLUME else 0)
        start_ms = now_ms - days * DAY_MS
        waiting: asyncio.Task[list[Recommendation]] | None = None
        for part in parts:
            uses = await self.uses(part, known, start_ms, days)
            if waiting is not None:
                found += await waiting
            waiting = asyncio.create_task(asyncio.to_thread(judged, part, uses, sizing, detail=detail))
        if waiting is not None:
            found += await waiting
        return found

    async def uses(self, part: Part, known: Sequence[Known], start_ms: int, days: int) -> dict[Axis, DailyUse]:
        """The use of a part's subjects by axis."""
        present = [part.options[0]] * len(part.subjects)
        uses = await self.reader.uses(part.subjects, known, present, start_ms, days)
        if Axis.CPU in uses and any(_throttled(one) for one in part.options):
            uses[Axis.SUSTAINED] = sustained(uses[Axis.CPU])
        return uses


def judged(part: Part, uses: Mapping[Axis, DailyUse], sizing: Sizing, *, detail: bool) -> list[Recommendation]:
    """What is said of a part, with what is idle. Blocks; compiled code in it lets other threads run."""
    sized: dict[Axis, DailyUse] = {axis: use for axis, use in uses.items() if axis is not Axis.ACTIVITY}
    if Axis.SUSTAINED in sized:
        now = part.options[0].capacity
        share = now[Axis.CPU] / now[Axis.SUSTAINED]
        sized[Axis.SUSTAINED] = _times(sized[Axis.SUSTAINED], share)
    found = advise(Fleet(part.subjects, part.options, sized), sizing, detail=detail)
    return [judge_idle(one, row, uses, part.options[0]) for row, one in enumerate(found)]


def _times(use: DailyUse, factor: float) -> DailyUse:
    return DailyUse(use.start_ms, use.quantiles * factor, use.means * factor, use.points)


def _throttled(option: Option) -> bool:
    whole = option.capacity.get(Axis.CPU, 0.0)
    return option.capacity.get(Axis.SUSTAINED, whole) < whole
