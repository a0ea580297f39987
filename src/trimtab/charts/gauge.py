"""A gauge: half a ring from the least to the greatest value, filled up to the present one."""

import math
from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.svg import Attributes, Svg, element, number
from trimtab.charts.ticks import short

_WIDTH, _HEIGHT, _THICK = 200.0, 122.0, 22.0
_RADIUS = 88.0
_MIDDLE_Y = 100.0


class Zone(Struct, frozen=True):
    """A part of the scale that is marked: from `low` to `high`, in `color`."""

    low: float
    high: float
    color: str


class Dial(Struct, frozen=True):
    """A gauge's scale from `low` to `high` and its value; None draws an empty one.

    `text` is the value in words, `ends` the two ends of the scale (plain numbers where it is not given).
    """

    value: float | None
    low: float
    high: float
    text: str
    label: str
    color: str
    zones: Sequence[Zone] = ()
    ends: tuple[str, str] | None = None


def gauge(dial: Dial, ink: Ink = PAGE_INK) -> Svg:
    """The gauge; its zones are a thin ring around it."""
    value, low, high = dial.value, dial.low, dial.high
    parts = [_arc(0, 1, _RADIUS, _THICK, ink.grid)]
    span = high - low if high > low else 1.0
    if value is not None and math.isfinite(value):
        share = min(max((value - low) / span, 0.0), 1.0)
        if share > 0:
            parts.append(_arc(0, share, _RADIUS, _THICK, dial.color))
    for zone in dial.zones:
        first, last = (min(max((edge - low) / span, 0.0), 1.0) for edge in (zone.low, zone.high))
        if last > first:
            parts.append(_arc(first, last, _RADIUS + 15, 4, zone.color))
    middle = _WIDTH / 2
    parts.append(_text(dial.text, middle, _MIDDLE_Y - 8, ink.text, 24, bold=True))
    first_end, last_end = dial.ends or (short(low), short(high))
    parts.append(_text(first_end, middle - _RADIUS, _MIDDLE_Y + 16, ink.muted, 11))
    parts.append(_text(last_end, middle + _RADIUS, _MIDDLE_Y + 16, ink.muted, 11))
    box: Attributes = {"class": "gauge", "viewBox": f"-8 -8 {_WIDTH + 16:.0f} {_HEIGHT + 8:.0f}", "role": "img"}
    return element("svg", {**box, "aria-label": dial.label}, *parts)


def _arc(start: float, end: float, radius: float, thick: float, color: str) -> Svg:
    x1, y1 = _at(start, radius)
    x2, y2 = _at(end, radius)
    path = f"M{x1} {y1}A{number(radius)} {number(radius)} 0 0 1 {x2} {y2}"
    return element("path", {"d": path, "fill": "none", "stroke": color, "stroke-width": thick})


def _at(share: float, radius: float) -> tuple[str, str]:
    angle = math.pi * (1 - min(share, 0.99999))
    return number(_WIDTH / 2 + radius * math.cos(angle)), number(_MIDDLE_Y - radius * math.sin(angle))


def _text(text: str, x: float, y: float, color: str, size: int, *, bold: bool = False) -> Svg:
    at: Attributes = {"x": x, "y": y, "fill": color, "font-size": size, "text-anchor": "middle"}
    return element("text", {**at, "font-weight": "bold" if bold else None}, text)
