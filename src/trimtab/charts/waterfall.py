"""A waterfall: how a change is made up of its parts, each a bar that starts where the one before ended.

It is drawn from left to right around the starting value, so that a change of some per cent fills the picture; the last
bar is the whole change. What rises and what falls differ by colour, by direction and by sign.
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import LIGHT_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element

_ROW_PX, _PAD_PX, _CHARACTER_PX = 30, 6, 6.2
_UP_SLOT, _DOWN_SLOT, _WHOLE_SLOT = 2, 3, 8


class Step(Struct, frozen=True):
    """A part of the change: its name, its size, and the size in words."""

    label: str
    value: float
    text: str


def draw_waterfall(steps: Sequence[Step], whole: Step, width: int = 560, label: str = "", ink: Ink = LIGHT_INK) -> Svg:
    """The chart of `steps`, which add up to `whole`."""
    edges = [0.0]
    for step in steps:
        edges.append(edges[-1] + step.value)
    low, high = min(0.0, whole.value, *edges), max(0.0, whole.value, *edges)
    names = min(int(width * 0.3), 170)
    texts = max((len(step.text) for step in (*steps, whole)), default=0) * _CHARACTER_PX + 10
    x = LinearScale(low, high if high > low else low + 1, names + texts, width - texts)
    height = _ROW_PX * (len(steps) + 1) + 2 * _PAD_PX
    line: Attributes = {"x1": x(0), "x2": x(0), "y1": _PAD_PX, "y2": height - _PAD_PX, "stroke": ink.muted}
    parts = [element("line", {**line, "stroke-dasharray": "2 3"})]
    for at, step in enumerate(steps):
        slot = _UP_SLOT if step.value > 0 else _DOWN_SLOT
        parts += _bar(step, edges[at], edges[at + 1], at, x, names, ink.slot(slot), ink)
    parts += _bar(whole, 0.0, whole.value, len(steps), x, names, ink.slot(_WHOLE_SLOT), ink, bold=True)
    return picture(width, height, parts, {"class": "waterfall", "role": "img", "aria-label": label})


def _bar(
    step: Step,
    start: float,
    end: float,
    row: int,
    x: LinearScale,
    names: int,
    color: str,
    ink: Ink,
    *,
    bold: bool = False,
) -> list[Svg]:
    top = _PAD_PX + row * _ROW_PX
    left, right = sorted((x(start), x(end)))
    middle = top + _ROW_PX / 2 + 4
    name: Attributes = {"x": names - 8, "y": middle, "fill": ink.text, "text-anchor": "end"}
    weight = "bold" if bold else None
    box: Attributes = {"x": left, "y": top + 5, "width": max(right - left, 1.5), "height": _ROW_PX - 10, "rx": 2}
    falls = end < start
    spot: Attributes = {"x": left - 6 if falls else right + 6, "y": middle, "fill": ink.text}
    spot |= {"stroke": ink.panel, "stroke-width": 4, "paint-order": "stroke"}  # readable across the line at zero
    return [
        element("text", {**name, "font-weight": weight}, cut(step.label, int(names / _CHARACTER_PX))),
        element("rect", {**box, "fill": color}),
        element("text", {**spot, "text-anchor": "end" if falls else None, "font-weight": weight}, step.text),
    ]
