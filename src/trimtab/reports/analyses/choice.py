"""Which chart shows a visual best, by rules that the guide states (docs/guide/analyses.md)."""

from collections.abc import Sequence

from trimtab.reports.analyses.amounts import Amount
from trimtab.reports.analyses.grouping import Dimension

_MOST_COLUMNS = 62
"""Periods that are columns; more of them are a line."""
SERIES_KEPT = 7
"""Colours that are told apart, with Other as the eighth."""
_TOPS = {"columns": SERIES_KEPT, "line": SERIES_KEPT, "bars": 15, "heat": 20, "sankey": 8, "scatter": 150, "fleet": 0}
_ALL = 200


def kind_of(dimensions: Sequence[Dimension], amounts: Sequence[Amount], periods: int) -> str:
    """The kind of chart for what is grouped and shown; `periods` are those of the time on the axis."""
    if not dimensions:
        return "kpi"
    first, rest = dimensions[0], dimensions[1:]
    if first.timely:
        return _over_time(rest, amounts, periods)
    if len(dimensions) == 2 and any(one.cyclic or one.timely for one in dimensions):
        return "heat"
    if len(dimensions) == 1:
        if first.cyclic:
            return "columns"
        return {1: "bars", 2: "scatter"}.get(len(amounts), "table")
    if len(amounts) == 1 and amounts[0].additive:
        return {2: "bars", 3: "sankey"}.get(len(dimensions), "table")
    return "table"


def _over_time(rest: Sequence[Dimension], amounts: Sequence[Amount], periods: int) -> str:
    if len(rest) > 1:
        return "table"
    if rest and (rest[0].cyclic or rest[0].timely):
        return "heat"
    if rest and len(amounts) > 1:
        return "pivot"
    return "columns" if periods <= _MOST_COLUMNS and len(amounts) == 1 and amounts[0].additive else "line"


def top_of(kind: str, at: int, dimensions: Sequence[Dimension], asked: int) -> int:
    """How many groups of dimension `at` are kept one by one; 0: all."""
    if dimensions[at].cyclic or dimensions[at].timely:
        return 0
    if asked:
        return asked
    if kind == "bars" and at:
        return SERIES_KEPT
    return _TOPS.get(kind, _ALL)
