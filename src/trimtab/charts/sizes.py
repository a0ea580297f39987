"""Sizes over use: a box of each day's use, and a step line for each way to size, in shares of the size now.

Before is grey, after is the accent's colour, a rule to compare with is dotted.
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element, number
from trimtab.charts.ticks import value_ticks

_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 52, 8, 22, 24
_LABEL_PX = 64


class Day(Struct, frozen=True):
    """A day's use: low, middle and high of most of its time, and its highest; None where nothing was measured."""

    label: str
    low: float | None
    middle: float | None
    high: float | None
    most: float | None


class Steps(Struct, frozen=True):
    """A size for each day; None before the first decision."""

    name: str
    sizes: Sequence[float | None]
    color: str
    dotted: bool = False


class SizeChart(Struct, frozen=True):
    """The chart. Values are shares of the size now: 1 is 100 %."""

    days: Sequence[Day]
    steps: Sequence[Steps]
    label: str
    width: int = 1080
    height: int = 240
    ink: Ink = PAGE_INK


def draw_sizes(chart: SizeChart) -> Svg:
    """The chart; `label` says what it shows to those who do not see it."""
    tops = [day.most for day in chart.days if day.most is not None]
    tops += [size for one in chart.steps for size in one.sizes if size is not None]
    ticks = value_ticks(0.0, max([*tops, 0.1]) * 100.0, 5)
    top, bottom = float(_TOP_PX), float(chart.height - _BOTTOM_PX)
    y = LinearScale(0.0, ticks[-1] / 100.0, bottom, top)
    step = (chart.width - _LEFT_PX - _RIGHT_PX) / max(len(chart.days), 1)
    parts = [*_grid(chart, ticks, y)]
    for at, day in enumerate(chart.days):
        parts += _day(chart, day, _LEFT_PX + at * step, step, y)
    for one in chart.steps:
        parts += _line(one, step, y)
    every = max(-(-_LABEL_PX // max(int(step), 1)), 1)
    for at, day in enumerate(chart.days):
        if at % every == 0:
            spot: Attributes = {"x": _LEFT_PX + (at + 0.5) * step, "y": bottom + 16, "fill": chart.ink.muted}
            parts.append(element("text", {**spot, "text-anchor": "middle"}, day.label))
    return picture(chart.width, chart.height, parts, {"role": "img", "aria-label": chart.label})


def _grid(chart: SizeChart, ticks: Sequence[float], y: LinearScale) -> list[Svg]:
    parts = []
    for tick in ticks:
        at = y(tick / 100.0)
        line: Attributes = {"x1": _LEFT_PX, "x2": chart.width - _RIGHT_PX, "y1": at, "y2": at}
        parts.append(element("line", {**line, "stroke": chart.ink.grid, "stroke-width": 1}))
        spot: Attributes = {"x": _LEFT_PX - 8, "y": at + 4, "fill": chart.ink.muted, "text-anchor": "end"}
        parts.append(element("text", spot, f"{tick:g} %"))
    parts.append(element("text", {"x": 4, "y": 12, "fill": chart.ink.muted}, "of the size now"))
    return parts


def _day(chart: SizeChart, day: Day, left: float, step: float, y: LinearScale) -> list[Svg]:
    if day.low is None or day.middle is None or day.high is None or day.most is None:
        return []
    thick = min(step * 0.5, 22.0)
    start, middle = left + (step - thick) / 2, left + step / 2
    box: Attributes = {"x": start, "y": y(day.high), "width": thick, "height": max(y(day.low) - y(day.high), 1.0)}
    words = f"{day.label}: half of the time above {day.middle:.0%}, 1 % above {day.high:.0%}, at most {day.most:.0%}"
    whisker: Attributes = {"x1": middle, "x2": middle, "y1": y(day.most), "y2": y(day.high)}
    line: Attributes = {"x1": start, "x2": start + thick, "y1": y(day.middle), "y2": y(day.middle)}
    ink = chart.ink
    return [
        element("line", {**whisker, "stroke": ink.slot(6), "stroke-width": 1.4}),
        element("rect", {**box, "fill": ink.slot(6), "opacity": 0.45}, element("title", {}, words)),
        element("line", {**line, "stroke": ink.text, "stroke-width": 1.4}),
    ]


def _line(one: Steps, step: float, y: LinearScale) -> list[Svg]:
    path, previous = [], None
    for at, size in enumerate(one.sizes):
        left = _LEFT_PX + at * step
        if size is None:
            previous = None
            continue
        move = f"M{number(left)} {number(y(size))}" if previous is None else f"V{number(y(size))}"
        path.append(f"{move}H{number(left + step)}")
        previous = size
    if not path:
        return []
    stroke: Attributes = {"fill": "none", "stroke": one.color, "stroke-width": 2}
    dash: Attributes = {"stroke-dasharray": "2 4"} if one.dotted else {}
    return [element("path", {"d": "".join(path), **stroke, **dash}, element("title", {}, one.name))]
