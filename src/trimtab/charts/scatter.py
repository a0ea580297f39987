"""A scatter of points over cost and a share: the choices that nothing beats, joined by a step line.

The share's axis is logarithmic, since a thousandth and a hundredth are both of interest; 0 lies on the floor.
"""

import math
from collections.abc import Callable, Sequence

from msgspec import Struct

from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element, number, text_at
from trimtab.charts.ticks import short, value_ticks

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 14, 42
_FLOOR = 1e-5
"""A share below a thousandth of a percent is drawn as one."""
_RADIUS, _FRONT_RADIUS = 4.0, 5.5
Height = Callable[[float], float]
"""From a share to its place, pixels."""


class Point(Struct, frozen=True):
    """A choice: its cost, its share, the slot of its colour, and what it says where it is pointed at."""

    cost: float
    share: float
    slot: int
    title: str
    front: bool = False
    best: bool = False


class Scatter(Struct, frozen=True):
    """The whole chart; `limit` is a share that is drawn as a dotted line."""

    points: Sequence[Point]
    limit: float
    cost_label: str
    share_label: str
    names: Sequence[tuple[str, int]] = ()
    width: int = 1080
    height: int = 340
    ink: Ink = PAGE_INK


def draw_scatter(chart: Scatter) -> Svg:
    """The chart."""
    ink = chart.ink
    most = max((one.cost for one in chart.points), default=1.0)
    ticks = value_ticks(0.0, most, max(2, chart.width // 130))
    x = LinearScale(ticks[0], ticks[-1], _LEFT, chart.width - _RIGHT)
    bottom = chart.height - _BOTTOM - (18 if chart.names else 0)
    low, high = math.log10(_FLOOR), 0.0
    y = LinearScale(low, high, bottom, _TOP)

    def height(share: float) -> float:
        return y(math.log10(min(1.0, max(_FLOOR, share))))

    parts = [*_axes(chart, ticks, x, height, bottom)]
    limit = height(chart.limit)
    dotted: Attributes = {"x1": _LEFT, "x2": chart.width - _RIGHT, "y1": limit, "y2": limit, "stroke": ink.mark,
                          "stroke-dasharray": "2 4"}  # fmt: skip
    parts.append(element("line", dotted))
    parts.append(text_at(f"allowed {_percent(chart.limit)}", chart.width - _RIGHT - 2, limit - 4, ink.muted, "end"))
    parts += _front(chart, x, height)
    for one in sorted(chart.points, key=lambda one: (one.best, one.front)):
        parts.append(_point(one, x(one.cost), height(one.share), ink))
    parts += _names(chart, ink)
    size: Attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": chart.width,
        "height": chart.height,
        "viewBox": f"0 0 {chart.width} {chart.height}",
        "font-size": 11,
        "role": "img",
        "aria-label": f"{len(chart.points)} choices by {chart.cost_label} and {chart.share_label}",
    }
    return element("svg", size, *parts)


def _axes(chart: Scatter, ticks: Sequence[float], x: LinearScale, height: Height, bottom: float) -> list[Svg]:
    ink, found = chart.ink, []
    for share in (_FLOOR, 1e-4, 1e-3, 1e-2, 1e-1, 1.0):
        at = height(share)
        line: Attributes = {"x1": _LEFT, "x2": chart.width - _RIGHT, "y1": at, "y2": at, "stroke": ink.grid}
        found.append(element("line", line))
        text = f"≤ {_percent(share)}" if share == _FLOOR else _percent(share)
        found.append(text_at(text, _LEFT - 6, at + 4, ink.muted, "end"))
    found += [text_at(f"${short(tick)}", x(tick), bottom + 16, ink.muted, "middle") for tick in ticks]
    found.append(text_at(chart.cost_label, chart.width - _RIGHT, bottom + 32, ink.muted, "end"))
    found.append(text_at(chart.share_label, _LEFT, bottom + 32, ink.muted, "start"))
    return found


def _front(chart: Scatter, x: LinearScale, height: Height) -> list[Svg]:
    front = sorted((one for one in chart.points if one.front), key=lambda one: one.cost)
    if len(front) < 2:
        return []
    path = f"M{number(x(front[0].cost))} {number(height(front[0].share))}"
    for one in front[1:]:
        path += f"H{number(x(one.cost))}V{number(height(one.share))}"
    return [element("path", {"d": path, "fill": "none", "stroke": chart.ink.muted, "stroke-width": 1.2})]


def _point(one: Point, x: float, y: float, ink: Ink) -> Svg:
    colour = ink.slot(one.slot)
    shape: Attributes = {"cx": x, "cy": y, "r": _FRONT_RADIUS if one.front else _RADIUS, "fill": colour,
                         "fill-opacity": "1" if one.front else "0.3"}  # fmt: skip
    if one.front:
        shape["stroke"] = ink.panel
    dot = element("circle", shape, element("title", {}, one.title))
    if not one.best:
        return dot
    ring: Attributes = {"cx": x, "cy": y, "r": _FRONT_RADIUS + 4, "fill": "none", "stroke": ink.text, "stroke-width": 2}
    return element("g", {}, dot, element("circle", ring))


def _names(chart: Scatter, ink: Ink) -> list[Svg]:
    at, found = float(_LEFT), []
    for name, slot in chart.names:
        found.append(element("circle", {"cx": at + 4, "cy": chart.height - 8, "r": 4, "fill": ink.slot(slot)}))
        found.append(text_at(name, at + 12, chart.height - 4, ink.text, "start"))
        at += 26 + 6.6 * len(name)
    return found


def _percent(share: float) -> str:
    return f"{share * 100:g} %"
