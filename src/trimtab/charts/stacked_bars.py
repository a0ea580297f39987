"""Bars from left to right, one a group, in parts where there are any; each part can be a link."""

import math
from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.line_frame import Legend, cut, frame_of
from trimtab.charts.scales import LinearScale, extent_from_zero
from trimtab.charts.shades import label_at, linked
from trimtab.charts.svg import Attributes, Svg, element

_STEP_PX, _PAD_PX, _CHARACTER_PX = 28, 12, 6.2


class Piece(Struct, frozen=True):
    """A part of a bar: its value, colour, what the pointer reads and where it leads."""

    value: float
    color: str
    title: str
    href: str = ""


class Stacked(Struct, frozen=True):
    """A bar: its name, its parts, its value in words, and what it was before."""

    label: str
    pieces: Sequence[Piece]
    text: str
    before: float | None = None
    href: str = ""


class StackedBars(Struct, frozen=True):
    """The chart; its height follows from the number of bars. `names` are the parts with their colours."""

    bars: Sequence[Stacked]
    label: str
    names: Sequence[tuple[str, str]] = ()
    width: int = 1080
    ink: Ink = PAGE_INK
    title: str = ""
    limits: Sequence[tuple[float, str]] = ()


def draw_stacked_bars(chart: StackedBars) -> Svg:
    """The chart; `label` says what it shows to those who do not see it."""
    ink = chart.ink
    legend = frame_of(chart.width, 400, chart.title, [name for name, _ in chart.names], Legend.BOTTOM, two_axes=False)
    rows = len({y for _, y in legend.places})
    top = (34 if chart.title else _PAD_PX) + (14 if chart.limits else 0)
    height = int(top + max(len(chart.bars), 2) * _STEP_PX + _PAD_PX + rows * 18)
    frame = frame_of(chart.width, height, chart.title, [name for name, _ in chart.names], Legend.BOTTOM, two_axes=False)
    longest = max((len(one.label) for one in chart.bars), default=4)
    names = min(chart.width * 0.36, longest * _CHARACTER_PX + 8)
    x = LinearScale(*extent_from_zero(_ends(chart)), names + _PAD_PX, chart.width - _value_room(chart))
    parts = [element("rect", {"width": chart.width, "height": height, "fill": ink.panel}), *frame.head(ink)]
    for at, one in enumerate(chart.bars):
        parts += _bar(one, x, top + at * _STEP_PX, names, ink)
    for value, text in chart.limits:
        line: Attributes = {"x1": x(value), "x2": x(value), "y1": top - 2, "y2": top + len(chart.bars) * _STEP_PX}
        parts.append(element("line", {**line, "stroke": ink.mark, "stroke-width": 1.3, "stroke-dasharray": "2 4"}))
        parts.append(label_at(text, x(value), top - 5, ink.text, "middle"))
    parts += frame.names(chart.names, ink)
    if not chart.bars:
        parts.append(label_at("No data in this range", chart.width / 2, height / 2, ink.muted, "middle"))
    return picture(chart.width, height, parts, {"role": "img", "aria-label": chart.label})


def _value_room(chart: StackedBars) -> float:
    return max((len(one.text) for one in chart.bars), default=6) * _CHARACTER_PX + 16


def _ends(chart: StackedBars) -> list[float | None]:
    found: list[float | None] = [value for value, _ in chart.limits]
    for one in chart.bars:
        values = [piece.value for piece in one.pieces if math.isfinite(piece.value)]
        found += [sum(value for value in values if value > 0), sum(value for value in values if value < 0), one.before]
    return found


def _bar(one: Stacked, x: LinearScale, top: float, names: float, ink: Ink) -> list[Svg]:
    middle, thick = top + _STEP_PX / 2, _STEP_PX - 9
    name = label_at(cut(one.label, int(names / 6)), names + _PAD_PX - 6, middle + 4, ink.text, "end")
    parts = [linked(one.href, name)]
    high = low = 0.0
    for piece in one.pieces:
        if not math.isfinite(piece.value) or piece.value == 0:
            continue
        first = high if piece.value > 0 else low
        left, right = sorted((x(first), x(first + piece.value)))
        high, low = (high + piece.value, low) if piece.value > 0 else (high, low + piece.value)
        box: Attributes = {"x": left, "y": top + 4, "width": max(right - left, 0.6), "height": thick}
        drawn = element("rect", {**box, "fill": piece.color}, element("title", {}, piece.title))
        parts.append(linked(piece.href, drawn))
    if one.before is not None:
        mark: Attributes = {"x": x(one.before) - 1.5, "y": top + 2, "width": 3, "height": thick + 4}
        parts.append(element("rect", {**mark, "fill": ink.muted}, element("title", {}, "the period before")))
    end = max(x(high), x(one.before) if one.before is not None else 0.0, x(0.0))
    parts.append(label_at(one.text, end + 6, middle + 4, ink.muted))
    return parts
