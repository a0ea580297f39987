"""A heat map of two groupings: a cell where they meet, its colour by its share of the largest."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.shades import label_at, linked, ramp_of, step_of, text_on, title_at
from trimtab.charts.svg import Attributes, Svg, element

_ROW_PX, _PAD_PX, _CHARACTER_PX = 24, 10, 6.2
_TEXT_FROM_PX = 38
"""Cells that are wider have their value in them."""


class Square(Struct, frozen=True):
    """A cell: its share of the largest (None: nothing is known), its value in short, in words, and where it leads."""

    share: float | None
    text: str
    title: str
    href: str = ""


class HeatGrid(Struct, frozen=True):
    """The chart: rows of cells with the names of rows and columns; its height follows from its rows."""

    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[Square]]
    label: str
    scale: tuple[str, str]
    width: int = 1080
    ink: Ink = PAGE_INK
    title: str = ""


def draw_heat_grid(chart: HeatGrid) -> Svg:
    """The chart; `label` says what it shows to those who do not see it."""
    ink, ramp = chart.ink, ramp_of(chart.ink)
    longest = max((len(one) for one in chart.rows), default=4)
    left = min(chart.width * 0.32, longest * _CHARACTER_PX + _PAD_PX + 6)
    top = 34.0 if chart.title else float(_PAD_PX)
    height = int(top + max(len(chart.rows), 1) * _ROW_PX + 22 + 26)
    step = (chart.width - left - _PAD_PX) / max(len(chart.columns), 1)
    parts = [element("rect", {"width": chart.width, "height": height, "fill": ink.panel})]
    parts += title_at(chart.title, ink, chart.width)
    for at, name in enumerate(chart.rows):
        y = top + at * _ROW_PX
        parts.append(label_at(cut(name, int(left / 6)), left - 6, y + _ROW_PX / 2 + 4, ink.text, "end"))
        for place, one in enumerate(chart.cells[at]):
            parts.append(_cell(one, left + place * step, y, step, ink, ramp))
    bottom = top + len(chart.rows) * _ROW_PX
    widest = max((len(one) for one in chart.columns), default=1) * _CHARACTER_PX + 8
    every = max(int(-(-widest // max(step, 1))), 1)
    parts += [
        label_at(chart.columns[at], left + (at + 0.5) * step, bottom + 15, ink.muted, "middle")
        for at in range(0, len(chart.columns), every)
    ]
    parts += _scale(chart, left, bottom + 26, ramp)
    if not chart.rows:
        parts.append(label_at("No data in this range", chart.width / 2, height / 2, ink.muted, "middle"))
    return picture(chart.width, height, parts, {"role": "img", "aria-label": chart.label})


def _cell(one: Square, x: float, y: float, step: float, ink: Ink, ramp: Sequence[str]) -> Svg:
    box: Attributes = {"x": x + 1, "y": y + 1, "width": max(step - 2, 1), "height": _ROW_PX - 2, "rx": 2}
    words = element("title", {}, one.title)
    if one.share is None:
        return element("rect", {**box, "fill": ink.panel, "stroke": ink.grid, "stroke-dasharray": "2 2"}, words)
    at = step_of(one.share)
    drawn = [element("rect", {**box, "fill": ramp[at], "stroke": ink.grid, "stroke-width": 0.5}, words)]
    if step >= _TEXT_FROM_PX:
        middle = x + step / 2, y + _ROW_PX / 2 + 4
        drawn.append(label_at(one.text, *middle, text_on(ink, at), "middle", size=10))
    return linked(one.href, *drawn)


def _scale(chart: HeatGrid, left: float, top: float, ramp: Sequence[str]) -> list[Svg]:
    first = label_at(chart.scale[0], left, top + 9, chart.ink.muted)
    start = left + len(chart.scale[0]) * _CHARACTER_PX + 6
    boxes = [
        element("rect", {"x": start + at * 12, "y": top, "width": 12, "height": 10, "fill": fill})
        for at, fill in enumerate(ramp)
    ]
    return [first, *boxes, label_at(chart.scale[1], start + len(ramp) * 12 + 6, top + 9, chart.ink.muted)]
