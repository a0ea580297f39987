"""Where a click on a mark leads: the rows behind it, grouped by what comes next."""

from collections.abc import Sequence

from trimtab.reports.analyses.grouping import Dimension, field_text, plain_name, split_grain
from trimtab.reports.analyses.model import Key
from trimtab.reports.analyses.spec import Visual
from trimtab.reports.datasets.field import Field, Part, Type

_FINER = {"year": "month", "quarter": "month", "month": "day", "week": "day"}
_ORDER = (
    "owner", "team", "account", "service", "endpoint", "model", "run_name", "run", "cluster", "node", "region",
    "namespace", "metric", "usage_type", "operation", "resource_id", "resource", "name", "charge_description",
)  # fmt: skip
"""What a person asks next, where the visual does not say it."""


def drilled(
    visual: Visual, dimensions: Sequence[Dimension], clicked: Sequence[tuple[int, Key]], fields: Sequence[Field]
) -> Visual | None:
    """The visual behind a mark; None where a mark stands for no rows of its own, as Other does."""
    where = []
    for at, key in clicked:
        condition = dimensions[at].condition(key)
        if condition is None:
            return None
        where.append(condition)
    gone = {at for at, _ in clicked}
    by = [_finer(one) if at in gone else one.written for at, one in enumerate(dimensions)]
    kept = [one for one in by if one]
    known = [*where, *visual.where]
    if not any(not _timely(one, dimensions) for one in kept):
        follows = next_field(visual, dimensions, fields, known)
        kept += [follows] if follows else []
    return _changed(visual, by=kept, where=[*visual.where, *where], kind="auto", title="")


def next_field(
    visual: Visual, dimensions: Sequence[Dimension], fields: Sequence[Field], where: Sequence[str] = ()
) -> str:
    """What to group by next: the visual's own order, else what people ask next; empty for nothing."""
    used = {one.field for one in dimensions}
    names = {one.name for one in fields if one.type is Type.TEXT and one.part is Part.DIMENSION}
    own = [one for one in visual.drill if split_grain(one)[0] not in used]
    usual = [field_text(one) for one in _ORDER if one in names and field_text(one) not in used]
    asked = " ".join(where)
    return next((one for one in [*own, *usual] if f"{plain_name(split_grain(one)[0])} = " not in asked), "")


def _finer(one: Dimension) -> str:
    """A time cut finer, where its field has more to say; empty where it goes."""
    if not one.timely:
        return ""
    if one.grain in _FINER:
        return f"{one.field}@{_FINER[one.grain]}"
    return f"{one.field}@hour" if one.grain == "day" and plain_name(one.field) != "day" else ""


def _timely(written: str, dimensions: Sequence[Dimension]) -> bool:
    field = split_grain(written)[0]
    return any(one.field == field and one.timely for one in dimensions)


def _changed(visual: Visual, *, by: list[str], where: list[str], kind: str, title: str) -> Visual:
    return Visual(
        visual.id, title, "", visual.dataset, "auto" if kind == "auto" else visual.kind, by, visual.measures,
        visual.per, where, visual.top, visual.others, visual.compare, "", visual.anomalies and bool(by), [],
        visual.drill,
    )  # fmt: skip
