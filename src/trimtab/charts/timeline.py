"""What runs from when to when: a row a thing, a bar from its start to its end, over months."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from trimtab.base.clock import to_datetime, to_ms
from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import LIGHT_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element

_ROW_PX, _BAR_PX, _TOP_PX, _BOTTOM_PX, _RIGHT_PX = 26, 14, 8, 24, 12
_NAME_PX, _CHARACTER_PX = 260, 6.2
_MONTH_PX = 34
"""Room that the name of a month needs."""
_STEPS = (1, 2, 3, 6, 12)


class Run(Struct, frozen=True):
    """One thing: its name, when it runs (UTC ms; None: before or after everything shown), its colour, and the words.

    `faint`: it is there already, and drawn lighter than what would be added.
    """

    name: str
    start_ms: int | None
    end_ms: int | None
    color: str
    title: str
    faint: bool = False


class Timeline(Struct, frozen=True):
    """The chart over `[start_ms, end_ms)`; `now_ms` is marked."""

    runs: Sequence[Run]
    start_ms: int
    end_ms: int
    now_ms: int
    label: str
    width: int = 1080
    ink: Ink = LIGHT_INK


def draw_timeline(chart: Timeline) -> Svg:
    """The chart; it is as high as its rows need."""
    names = min(_NAME_PX, chart.width * 2 // 5)
    height = _TOP_PX + _ROW_PX * len(chart.runs) + _BOTTOM_PX
    x = LinearScale(chart.start_ms, max(chart.end_ms, chart.start_ms + 1), names, chart.width - _RIGHT_PX)
    parts = _months(chart, x, height)
    for row, one in enumerate(chart.runs):
        parts += _run(chart, one, x, _TOP_PX + row * _ROW_PX, names)
    at = x(min(max(chart.now_ms, chart.start_ms), chart.end_ms))
    line: Attributes = {"x1": at, "x2": at, "y1": _TOP_PX - 4, "y2": height - _BOTTOM_PX}
    parts.append(element("line", {**line, "stroke": chart.ink.text, "stroke-width": 1, "stroke-dasharray": "2 2"}))
    return picture(chart.width, height, parts, {"class": "timeline", "role": "img", "aria-label": chart.label})


def _months(chart: Timeline, x: LinearScale, height: int) -> list[Svg]:
    """A line and a name at the start of each month, or of every few where there is little room."""
    starts = _starts(chart.start_ms, chart.end_ms)
    room = (x(chart.end_ms) - x(chart.start_ms)) / max(len(starts), 1)
    step = next((one for one in _STEPS if one * room >= _MONTH_PX), _STEPS[-1])
    parts = []
    for when in starts:
        if (when.month - 1) % step:
            continue
        at = x(to_ms(when))
        line: Attributes = {"x1": at, "x2": at, "y1": _TOP_PX - 4, "y2": height - _BOTTOM_PX, "stroke": chart.ink.grid}
        parts.append(element("line", line))
        text: Attributes = {"x": at, "y": height - 8, "fill": chart.ink.muted, "text-anchor": "middle"}
        parts.append(element("text", text, f"{when:%Y}" if when.month == 1 else f"{when:%b}"))
    return parts


def _starts(start_ms: int, end_ms: int) -> list[datetime]:
    first = to_datetime(start_ms).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = []
    while to_ms(first) < end_ms:
        if to_ms(first) >= start_ms:
            found.append(first)
        first = (first + timedelta(days=32)).replace(day=1)
    return found


def _run(chart: Timeline, one: Run, x: LinearScale, top: float, names: float) -> list[Svg]:
    start = chart.start_ms if one.start_ms is None else min(max(one.start_ms, chart.start_ms), chart.end_ms)
    end = chart.end_ms if one.end_ms is None else min(max(one.end_ms, start), chart.end_ms)
    left, right = x(start), x(end)
    name: Attributes = {"x": names - 8, "y": top + _ROW_PX / 2 + 4, "fill": chart.ink.text, "text-anchor": "end"}
    bar: Attributes = {
        "x": left, "y": top + (_ROW_PX - _BAR_PX) / 2, "width": max(right - left, 2.0), "height": _BAR_PX, "rx": 3,
        "fill": one.color, "fill-opacity": 0.45 if one.faint else None,
    }  # fmt: skip
    shape = element("rect", bar, element("title", {}, one.title))
    return [element("text", name, cut(one.name, int((names - 8) / _CHARACTER_PX))), shape]
