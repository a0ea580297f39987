"""The builder's form: what a visual can be made of, and the addresses that one change leads to."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from trimtab.reports.analyses.address import to_pairs
from trimtab.reports.analyses.grouping import GRAINS, field_text, split_grain
from trimtab.reports.analyses.spec import Visual
from trimtab.reports.datasets.field import Field, Part, Type
from trimtab.web.analyses.panel import NEW
from trimtab.web.view import View, link

AGGREGATES = ("sum", "avg", "min", "max", "median", "distinct_count", "count")
_KEPT = ("analysis", "range", "from", "to")
MOST_BY, MOST_MEASURES = 6, 8


class Chip(Struct, frozen=True):
    """A field that can be taken: where taking it as a grouping and as a measure leads; empty where it cannot be."""

    name: str
    type: str
    unit: str
    description: str
    by: str
    measure: str
    used: bool


class Taken(Struct, frozen=True):
    """A grouping or measure that was taken: its text, where dropping it leads, and its variants with theirs."""

    text: str
    drop: str
    variants: Sequence[tuple[str, str, bool]] = ()


def changed(view: View, visual: Visual, **changes: object) -> str:
    """The address of the builder with members of the visual changed."""
    found = msgspec.structs.replace(visual, **changes)
    kept = [(name, value) for name, value in view.parameters if name in _KEPT or name.startswith("p.")]
    return link(NEW, [*kept, *to_pairs(found)])


def chips(view: View, visual: Visual, fields: Sequence[Field]) -> list[Chip]:
    """Every field of the dataset, groupings first."""
    grouped = {split_grain(one)[0] for one in visual.by}
    found = []
    for one in sorted(fields, key=lambda one: (one.part is Part.MEASURE, one.type is Type.LABELS)):
        name = field_text(one.name)
        by = measure = ""
        if one.type is not Type.LABELS and not one.numeric and len(visual.by) < MOST_BY:
            by = changed(view, visual, by=[*visual.by, name])
        if len(visual.measures) < MOST_MEASURES and one.type is not Type.LABELS:
            how = "sum" if one.numeric else "distinct_count"
            measure = changed(view, visual, measures=[*visual.measures, f"{how}({name})"])
        told = one.name, one.type.value, one.unit, one.description
        found.append(Chip(*told, "" if name in grouped else by, measure, name in grouped))
    return found


def groupings(view: View, visual: Visual, fields: Sequence[Field]) -> list[Taken]:
    """What is grouped by, a time with its grains."""
    times = {field_text(one.name) for one in fields if one.type is Type.TIME}
    found = []
    for at, written in enumerate(visual.by):
        field, grain = split_grain(written)
        rest = [*visual.by[:at], *visual.by[at + 1 :]]
        variants = []
        if field in times:
            for one in ("", *GRAINS):
                by = [*visual.by[:at], f"{field}@{one}" if one else field, *visual.by[at + 1 :]]
                variants.append((one.replace("-", " ") or "usual", changed(view, visual, by=by), one == grain))
        found.append(Taken(written, changed(view, visual, by=rest), variants))
    return found


def measures(view: View, visual: Visual) -> list[Taken]:
    """What is shown, each with other ways to add it up."""
    found = []
    for at, one in enumerate(visual.measures):
        text = one if isinstance(one, str) else one.name or one.value
        rest = [*visual.measures[:at], *visual.measures[at + 1 :]]
        variants = []
        how, _, inner = text.partition("(")
        if isinstance(one, str) and how in AGGREGATES and text.count("(") == 1 and inner.endswith(")") and inner != ")":
            for other in AGGREGATES:
                chosen = [*visual.measures[:at], f"{other}({inner}", *visual.measures[at + 1 :]]
                variants.append((other.replace("_", " "), changed(view, visual, measures=chosen), other == how))
        found.append(Taken(text, changed(view, visual, measures=rest), variants))
    return found


def filters(view: View, visual: Visual) -> list[Taken]:
    """The conditions, each with where dropping it leads."""
    return [
        Taken(one, changed(view, visual, where=[*visual.where[:at], *visual.where[at + 1 :]]))
        for at, one in enumerate(visual.where)
    ]
