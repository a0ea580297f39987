"""Bars from left to right, one a name, as one SVG that needs no style sheet."""

import math
from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.ink import LIGHT_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.scales import LinearScale, extent_from_zero
from trimtab.charts.svg import Attributes, Svg, element

_NAME_PX, _VALUE_PX, _PAD_PX = 150, 70, 12
_TALLEST_PX, _LEAST_PX = 34, 12


class Bar(Struct, frozen=True):
    """One bar: its name, value, colour, and the value in words."""

    label: str
    value: float
    color: str
    text: str


def draw_bars(bars: Sequence[Bar], width: int, height: int, title: str = "", ink: Ink = LIGHT_INK) -> Svg:
    """The chart; those that there is no room for are counted in the last line."""
    top = 34 if title else _PAD_PX
    room = max(int((height - top - _PAD_PX) / _LEAST_PX), 1)
    shown = bars if len(bars) <= room else bars[: room - 1]
    low, high = extent_from_zero([bar.value for bar in bars])
    names = min(_NAME_PX, width // 3)
    x = LinearScale(low, high, names + _PAD_PX, width - _VALUE_PX)
    step = min((height - top - _PAD_PX) / max(len(shown) + (len(shown) < len(bars)), 1), _TALLEST_PX)
    parts = [element("rect", {"width": width, "height": height, "fill": ink.panel})]
    if title:
        head: Attributes = {"x": _PAD_PX, "y": 20, "fill": ink.text, "font-size": 13, "font-weight": "bold"}
        parts.append(element("text", head, cut(title, int((width - 24) / 7))))
    for at, bar in enumerate(shown):
        parts += _bar(bar, x, top + at * step, step, names, ink)
    if len(shown) < len(bars):
        spot: Attributes = {"x": _PAD_PX, "y": top + len(shown) * step + step / 2 + 4, "fill": ink.muted}
        parts.append(element("text", spot, f"and {len(bars) - len(shown)} more"))
    if not bars:
        empty: Attributes = {"x": width / 2, "y": height / 2, "fill": ink.muted, "text-anchor": "middle"}
        parts.append(element("text", {**empty, "font-size": 13}, "No data in this range"))
    return picture(width, height, parts)


def picture(width: int, height: int, parts: Sequence[Svg], more: Attributes | None = None) -> Svg:
    """A whole SVG document of this size; `more` are further attributes."""
    size: Attributes = {"xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height}
    font: Attributes = {"font-family": "Inter", "font-size": 11}
    return element("svg", {**size, "viewBox": f"0 0 {width} {height}", **font, **(more or {})}, *parts)


def _bar(bar: Bar, x: LinearScale, top: float, step: float, names: float, ink: Ink) -> list[Svg]:
    value = bar.value if math.isfinite(bar.value) else 0.0
    zero, end = x(0.0), x(value)
    thick = max(step - 6, 4)
    size: Attributes = {"x": min(zero, end), "y": top + (step - thick) / 2, "width": max(abs(end - zero), 1)}
    name: Attributes = {"x": names + _PAD_PX - 6, "y": top + step / 2 + 4, "fill": ink.text, "text-anchor": "end"}
    text: Attributes = {"x": max(zero, end) + 6, "y": top + step / 2 + 4, "fill": ink.muted}
    return [
        element("text", name, cut(bar.label, int(names / 6))),
        element("rect", {**size, "height": thick, "rx": 2, "fill": bar.color}),
        element("text", text, bar.text),
    ]
