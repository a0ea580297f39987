"""QuickSight's visuals as those of analyses: which kind, grouped by what, showing which measures."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.reports.analyses.spec import MOST_TOP
from trimtab.reports.quicksight.columns import Columns, Unmapped

_TAG = re.compile(r"<[^>]*>")
_SLUG = re.compile(r"[^a-z0-9]+")
Wells = Mapping[str, Any]


class Picture(Struct, frozen=True):
    """A kind of visual: how its field wells are found, and what is read of them.

    `kind` is ours; `dimensions` and `measures` are names of wells, in order.
    """

    kind: str
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    wells: tuple[str, ...] = ()


def _aggregated(name: str) -> tuple[str, ...]:
    return (f"{name}AggregatedFieldWells",)


_PICTURES: Mapping[str, Picture] = {
    "BarChartVisual": Picture("bars", ("Category", "Colors", "SmallMultiples"), ("Values",), _aggregated("BarChart")),
    "LineChartVisual": Picture("line", ("Category", "Colors", "SmallMultiples"), ("Values",), _aggregated("LineChart")),
    "PivotTableVisual": Picture("pivot", ("Rows", "Columns"), ("Values",), _aggregated("PivotTable")),
    "TableVisual": Picture("table", ("GroupBy",), ("Values",), _aggregated("Table")),
    "KPIVisual": Picture("kpi", (), ("Values", "TargetValues")),
    "GaugeChartVisual": Picture("kpi", (), ("Values", "TargetValues")),
    "HeatMapVisual": Picture("heat", ("Rows", "Columns"), ("Values",), _aggregated("HeatMap")),
    "ScatterPlotVisual": Picture(
        "scatter", ("Category",), ("XAxis", "YAxis"), ("ScatterPlotCategoricallyAggregatedFieldWells",)
    ),
    "SankeyDiagramVisual": Picture("sankey", ("Source", "Destination"), ("Weight",), _aggregated("SankeyDiagram")),
    "PieChartVisual": Picture("bars", ("Category", "SmallMultiples"), ("Values",), _aggregated("PieChart")),
    "TreeMapVisual": Picture("bars", ("Groups",), ("Sizes",), _aggregated("TreeMap")),
    "FunnelChartVisual": Picture("bars", ("Category",), ("Values",), _aggregated("FunnelChart")),
    "ComboChartVisual": Picture(
        "line", ("Category", "Colors"), ("BarValues", "LineValues"), _aggregated("ComboChart")
    ),
}  # fmt: skip
DRAWN = tuple(sorted(_PICTURES))
"""Kinds of QuickSight's visuals that are drawn here; pies, tree maps and funnels as bars, combinations as lines."""


def visual_of(kind: str, given: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """A visual's document without its id. Raises Unmapped for a kind or part that has no meaning here, InvalidInput."""
    picture = _PICTURES.get(kind)
    if picture is None:
        raise Unmapped(f"a {kind} is not drawn here; drawn are {', '.join(DRAWN)}")
    chart = given.get("ChartConfiguration") or {}
    wells = _wells(kind, picture, chart)
    dimensions = [one for name in picture.dimensions for one in wells.get(name) or ()]
    measures = [one for name in picture.measures for one in wells.get(name) or ()]
    if not measures and picture.kind != "table":
        raise Unmapped("it has no values")
    found: dict[str, Any] = {
        "title": _title(given),
        "kind": _kind(picture.kind, dimensions),
        "by": [columns.dimension(one) for one in dimensions],
        "measures": [columns.measure(one) for one in measures],
    }
    if kind == "KPIVisual" and wells.get("TrendGroups"):
        found["compare"] = "previous"
    return found | _limited(chart)


def dataset_in(value: Any) -> str | None:
    """The data set's identifier that a visual's fields name; None where it names none."""
    if isinstance(value, Mapping):
        column = value.get("Column")
        if isinstance(column, Mapping) and column.get("DataSetIdentifier"):
            return str(column["DataSetIdentifier"])
        parts: Sequence[Any] = list(value.values())
    else:
        parts = value if isinstance(value, list) else []
    return next((found for one in parts if (found := dataset_in(one)) is not None), None)


def slug(text: str, taken: Callable[[str], bool]) -> str:
    """An id as visuals have it, that is not taken yet."""
    base = _SLUG.sub("-", text.lower()).strip("-")[:50] or "visual"
    found, number = base, 2
    while taken(found):
        found, number = f"{base}-{number}", number + 1
    return found


def _wells(kind: str, picture: Picture, chart: Mapping[str, Any]) -> Wells:
    given = chart.get("FieldWells") or {}
    if kind == "TableVisual" and given.get("TableUnaggregatedFieldWells"):
        listed = given["TableUnaggregatedFieldWells"].get("Values") or ()
        return {"GroupBy": [{"CategoricalDimensionField": one} for one in listed]}
    for name in picture.wells:
        if given.get(name):
            found: Wells = given[name]
            return found
    if picture.wells:
        other = ", ".join(name for name, one in given.items() if one) or "no field wells"
        raise Unmapped(f"{other}: expected {picture.wells[0]}")
    return given


def _kind(kind: str, dimensions: Sequence[Mapping[str, Any]]) -> str:
    """Bars over time stand up."""
    timely = bool(dimensions) and bool(dimensions[0].get("DateDimensionField"))
    return "columns" if kind == "bars" and timely else kind


def _title(given: Mapping[str, Any]) -> str:
    if (given.get("Title") or {}).get("Visibility") == "HIDDEN":
        return ""
    text = (given.get("Title") or {}).get("FormatText") or {}
    return str(text.get("PlainText") or _TAG.sub("", text.get("RichText") or "").strip())[:200]


def _limited(chart: Mapping[str, Any]) -> dict[str, Any]:
    """How many groups are shown one by one, where the visual says so."""
    sorting = chart.get("SortConfiguration") or {}
    for name in ("CategoryItemsLimit", "CategoryItemsLimitConfiguration", "ItemsLimit"):
        limit = sorting.get(name) or {}
        if limit.get("ItemsLimit"):
            others = {} if limit.get("OtherCategories", "INCLUDE") == "INCLUDE" else {"others": False}
            return {"top": min(int(limit["ItemsLimit"]), MOST_TOP), **others}
    return {}
