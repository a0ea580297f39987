"""Shares of a whole: a ring, largest part first, each part named to those who do not see it."""

import math
from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.svg import Attributes, Svg, element, number

_SIZE, _HOLE = 100.0, 0.58
_WHOLE = 0.99999


class Part(Struct, frozen=True):
    """One part: what it is, how much, its colour, and the value in words."""

    label: str
    value: float
    color: str
    text: str


def ring(parts: Sequence[Part], label: str, *, middle: str = "", ink: Ink = PAGE_INK) -> Svg:
    """A ring in a square of 200 units; `middle` is written inside. Parts that are not above 0 are left out."""
    shown = [part for part in parts if part.value > 0 and math.isfinite(part.value)]
    total = sum(part.value for part in shown)
    drawn: list[Svg] = []
    turned = 0.0
    for part in shown:
        share = part.value / total
        name = element("title", {}, f"{part.label}: {part.text} ({share:.1%})")
        path: Attributes = {"d": _arc(turned, turned + share), "fill": part.color, "stroke": ink.panel}
        drawn.append(element("path", {**path, "stroke-width": 1}, name))
        turned += share
    if middle:
        spot: Attributes = {"x": _SIZE, "y": _SIZE + 6, "text-anchor": "middle", "fill": ink.text}
        drawn.append(element("text", {**spot, "font-size": 18, "font-weight": "bold"}, middle))
    edge = 2 * _SIZE
    box: Attributes = {"class": "ring", "viewBox": f"0 0 {edge:.0f} {edge:.0f}", "role": "img", "aria-label": label}
    return element("svg", box, *drawn)


def _arc(start: float, end: float) -> str:
    """A ring's part between two turns (0 to 1, clockwise from the top)."""
    if end - start > _WHOLE:
        half = start + 0.5
        return _arc(start, half) + _arc(half, start + 0.999999)
    big = 1 if end - start > 0.5 else 0
    outer, inner = _SIZE - 2, (_SIZE - 2) * _HOLE
    x1, y1 = _at(start, outer)
    x2, y2 = _at(end, outer)
    x3, y3 = _at(end, inner)
    x4, y4 = _at(start, inner)
    return (
        f"M{x1} {y1}A{number(outer)} {number(outer)} 0 {big} 1 {x2} {y2}"
        f"L{x3} {y3}A{number(inner)} {number(inner)} 0 {big} 0 {x4} {y4}Z"
    )


def _at(turn: float, radius: float) -> tuple[str, str]:
    angle = 2 * math.pi * turn
    return number(_SIZE + radius * math.sin(angle)), number(_SIZE - radius * math.cos(angle))
