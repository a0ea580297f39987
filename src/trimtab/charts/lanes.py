"""What happened when: a lane a kind, a mark a thing, over minutes to days, with the moment that all is about."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element
from trimtab.charts.ticks import time_ticks

_LANE_PX, _MARK_PX, _TOP_PX, _BOTTOM_PX, _RIGHT_PX = 24, 12, 8, 22, 12
_NAME_PX, _TICK_PX = 76, 90
_LEAST_PX = 4.0


class Mark(Struct, frozen=True):
    """One thing: its lane, when it was (`end_ms`: until when), its colour, and its words."""

    lane: str
    at_ms: int
    end_ms: int
    color: str
    title: str


class Lanes(Struct, frozen=True):
    """The chart over `[start_ms, end_ms)`; `at_ms` is marked. Lanes stand in the order of `names`."""

    names: Sequence[str]
    marks: Sequence[Mark]
    start_ms: int
    end_ms: int
    at_ms: int
    label: str
    width: int = 1080
    ink: Ink = PAGE_INK


def draw_lanes(chart: Lanes) -> Svg:
    """The chart; it is as high as its lanes need."""
    foot = _TOP_PX + _LANE_PX * len(chart.names)
    x = LinearScale(chart.start_ms, max(chart.end_ms, chart.start_ms + 1), _NAME_PX, chart.width - _RIGHT_PX)
    parts: list[Svg] = []
    for at, text in time_ticks(chart.start_ms, chart.end_ms, max((chart.width - _NAME_PX) // _TICK_PX, 2)):
        line: Attributes = {"x1": x(at), "x2": x(at), "y1": _TOP_PX, "y2": foot, "stroke": chart.ink.grid}
        anchor = "end" if x(at) > chart.width - _TICK_PX / 2 else "middle"
        words: Attributes = {"x": x(at), "y": foot + 15, "fill": chart.ink.muted, "text-anchor": anchor}
        parts += [element("line", line), element("text", words, text)]
    for row, name in enumerate(chart.names):
        middle = _TOP_PX + row * _LANE_PX + _LANE_PX / 2
        label: Attributes = {"x": _NAME_PX - 8, "y": middle + 4, "fill": chart.ink.text, "text-anchor": "end"}
        parts.append(element("text", label, name))
        parts += [_mark(one, x, middle, chart) for one in chart.marks if one.lane == name]
    moment: Attributes = {"x1": x(chart.at_ms), "x2": x(chart.at_ms), "y1": _TOP_PX - 4, "y2": foot}
    dashed: Attributes = {"stroke": chart.ink.text, "stroke-width": 1.5, "stroke-dasharray": "3 2"}
    parts.append(element("line", {**moment, **dashed}))
    told: Attributes = {"class": "lanes", "role": "img", "aria-label": chart.label}
    return picture(chart.width, foot + _BOTTOM_PX, parts, told)


def _mark(one: Mark, x: LinearScale, middle: float, chart: Lanes) -> Svg:
    left = x(min(max(one.at_ms, chart.start_ms), chart.end_ms))
    size = max(x(min(max(one.end_ms, one.at_ms), chart.end_ms)) - left, _LEAST_PX)
    bar: Attributes = {
        "x": min(left, chart.width - _RIGHT_PX - size), "y": middle - _MARK_PX / 2, "width": size, "height": _MARK_PX,
        "rx": 2, "fill": one.color, "fill-opacity": 0.75,
    }  # fmt: skip
    return element("rect", bar, element("title", {}, one.title))
