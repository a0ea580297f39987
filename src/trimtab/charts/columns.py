"""Stacked columns over periods: a bar a period, its parts in colours, what is negative below zero.

One path a part, so that a quarter of days in eight parts stays a small picture; each column has a title for the
pointer. A column that is not complete is hatched.
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import LIGHT_INK, Ink
from trimtab.charts.scales import LinearScale, extent_from_zero
from trimtab.charts.shades import time_of
from trimtab.charts.svg import Attributes, Svg, element, number
from trimtab.charts.ticks import short, value_ticks

_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 52, 8, 22, 24
_TICK_EVERY_PX, _LABEL_PX = 40, 64
_WIDEST_PX, _SHARE = 56, 0.76
HATCH = "columns-hatch"


class Column(Struct, frozen=True):
    """One period: the text below it, the words for the pointer, and a value for each part.

    `mark` sets a column off with a triangle above it, and is what the pointer reads there. `span` is the time that it
    covers, where it is one: a click leads to what happened then.
    """

    label: str
    title: str
    parts: Sequence[float]
    partial: bool = False
    mark: str = ""
    span: tuple[int, int] | None = None


class Columns(Struct, frozen=True):
    """The chart. `colors` are of the parts, from zero outwards; `unit` stands at the value axis.

    `line` is a dashed line over the columns, such as what was expected of each; None is a gap.
    """

    columns: Sequence[Column]
    colors: Sequence[str]
    unit: str
    label: str
    width: int = 1080
    height: int = 260
    ink: Ink = LIGHT_INK
    line: Sequence[float | None] = ()


def draw_columns(chart: Columns) -> Svg:
    """The chart; `label` says what it shows to those who do not see it."""
    stacks = [_stack(column.parts) for column in chart.columns]
    ends = [edge for stack in stacks for part in stack for edge in part]
    ends += [value for value in chart.line if value is not None]
    left, right = float(_LEFT_PX), float(chart.width - _RIGHT_PX)
    top, bottom = float(_TOP_PX), float(chart.height - _BOTTOM_PX)
    ticks = value_ticks(*extent_from_zero(ends), max(int((bottom - top) / _TICK_EVERY_PX), 1))
    y = LinearScale(ticks[0], ticks[-1], bottom, top)
    step = (right - left) / max(len(chart.columns), 1)
    thick = min(step * _SHARE, _WIDEST_PX)
    starts = [left + step * (at + 0.5) - thick / 2 for at in range(len(chart.columns))]
    parts = [*_grid(chart, ticks, y, left, right), *_paths(chart, stacks, starts, thick, y)]
    middles = [start + thick / 2 for start in starts]
    parts += [*_line(chart, middles, y), *_marks(chart, middles, stacks, y)]
    parts += _columns(chart, starts, thick, step, (top, bottom), left)
    return picture(chart.width, chart.height, parts, {"class": "columns", "role": "img", "aria-label": chart.label})


def _stack(values: Sequence[float]) -> list[tuple[float, float]]:
    """Where each part begins and ends: positive ones upwards from zero, negative ones downwards."""
    high = low = 0.0
    found = []
    for value in values:
        if value >= 0:
            found.append((high, high + value))
            high += value
        else:
            found.append((low, low + value))
            low += value
    return found


def _grid(chart: Columns, ticks: Sequence[float], y: LinearScale, left: float, right: float) -> list[Svg]:
    parts = []
    for tick in ticks:
        line: Attributes = {"x1": left, "x2": right, "y1": y(tick), "y2": y(tick)}
        stroke = chart.ink.muted if tick == 0 else chart.ink.grid
        parts.append(element("line", {**line, "stroke": stroke, "stroke-width": 1}))
        spot: Attributes = {"x": left - 8, "y": y(tick) + 4, "fill": chart.ink.muted, "text-anchor": "end"}
        parts.append(element("text", spot, short(tick)))
    parts.append(element("text", {"x": 4, "y": 12, "fill": chart.ink.muted}, chart.unit))
    return parts


def _paths(
    chart: Columns,
    stacks: Sequence[Sequence[tuple[float, float]]],
    starts: Sequence[float],
    thick: float,
    y: LinearScale,
) -> list[Svg]:
    found = []
    for at, color in enumerate(chart.colors):
        boxes = []
        for stack, start in zip(stacks, starts, strict=True):
            first, last = stack[at]
            if first != last:
                upper, lower = sorted((y(first), y(last)))
                boxes.append(
                    f"M{number(start)} {number(upper)}h{number(thick)}v{number(lower - upper)}h-{number(thick)}z"
                )
        if boxes:
            found.append(element("path", {"d": "".join(boxes), "fill": color}))
    return found


def _line(chart: Columns, middles: Sequence[float], y: LinearScale) -> list[Svg]:
    """The dashed line, cut where it has gaps."""
    runs: list[list[str]] = [[]]
    for middle, value in zip(middles, chart.line, strict=False):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{number(middle)},{number(y(value))}")
    stroke: Attributes = {"fill": "none", "stroke": chart.ink.text, "stroke-width": 1.4, "stroke-dasharray": "4 3"}
    return [element("polyline", {"points": " ".join(run), **stroke}) for run in runs if len(run) > 1]


def _marks(
    chart: Columns, middles: Sequence[float], stacks: Sequence[Sequence[tuple[float, float]]], y: LinearScale
) -> list[Svg]:
    """A triangle above each column that is set off, its point down."""
    found = []
    for column, middle, stack in zip(chart.columns, middles, stacks, strict=True):
        if column.mark:
            top = max(y(max((edge for part in stack for edge in part), default=0.0)) - 4, 8)
            path = f"M{number(middle - 4)} {number(top - 6)}h8l-4 6z"
            found.append(element("path", {"d": path, "fill": chart.ink.mark, "class": "column-mark"}))
    return found


def _columns(
    chart: Columns, starts: Sequence[float], thick: float, step: float, edges: tuple[float, float], left: float
) -> list[Svg]:
    """The labels, the hatch of what is not complete, and what the pointer reads."""
    top, bottom = edges
    parts: list[Svg] = []
    every = max(-(-_LABEL_PX // max(int(step), 1)), 1)
    if any(column.partial for column in chart.columns):
        parts.append(_hatch(chart.ink))
    for at, (column, start) in enumerate(zip(chart.columns, starts, strict=True)):
        if at % every == 0 and start + _LABEL_PX / 2 < chart.width + thick:
            spot: Attributes = {"x": start + thick / 2, "y": bottom + 16, "fill": chart.ink.muted}
            parts.append(element("text", {**spot, "text-anchor": "middle"}, column.label))
        if column.partial:
            box: Attributes = {"x": start, "y": top, "width": thick, "height": bottom - top}
            parts.append(element("rect", {**box, "fill": f"url(#{HATCH})"}))
        area: Attributes = {"class": "column-area", "x": left + step * at, "y": top, "width": step}
        area |= time_of(column.span)
        words = element("title", {}, f"{column.title}\n{column.mark}" if column.mark else column.title)
        parts.append(element("rect", {**area, "height": bottom - top, "fill": "transparent"}, words))
    return parts


def _hatch(ink: Ink) -> Svg:
    line = element("path", {"d": "M-1 1 1 -1M0 6 6 0M5 7 7 5", "stroke": ink.panel, "stroke-width": 1.6})
    box: Attributes = {"id": HATCH, "width": 6, "height": 6, "patternUnits": "userSpaceOnUse"}
    return element("pattern", box, line)
