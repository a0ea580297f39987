"""A strip of time as wide as its place: cells of the heat map's ramp side by side, or segments with names."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.charts.heatmap import HATCH, step_of
from trimtab.charts.svg import Attributes, Svg, element, number

_HEIGHT = 10
_UNKNOWN = -1


class Segment(Struct, frozen=True):
    """A part of a bar: its length in any unit, its class in the style sheet, and what it is in words."""

    length: float
    style: str
    title: str


def heat_strip(values: npt.NDArray[np.float64], label: str) -> Svg:
    """Shares over time, 0 to 1, NaN hatched; `label` says it all to those who do not see it. Few elements, however many
    values: cells of one step of the ramp are one path.
    """
    steps = [_UNKNOWN if np.isnan(value) else step_of(float(value)) for value in values.tolist()]
    paths: dict[int, list[str]] = {}
    begun = 0
    for at in range(1, len(steps) + 1):
        if at == len(steps) or steps[at] != steps[begun]:
            paths.setdefault(steps[begun], []).append(f"M{begun} 0H{at}V{_HEIGHT}H{begun}z")
            begun = at
    drawn = [_path(step, "".join(parts)) for step, parts in sorted(paths.items())]
    return _strip("heat-strip", len(steps) or 1, label, drawn)


def segment_bar(segments: Sequence[Segment], label: str) -> Svg:
    """A bar of segments in a row, each with a title of its own."""
    whole = sum(one.length for one in segments) or 1.0
    drawn, begun = [], 0.0
    for one in segments:
        wide = one.length / whole * 1000
        box: Attributes = {"x": begun, "y": 0, "width": wide, "height": _HEIGHT, "class": one.style}
        drawn.append(element("rect", box, element("title", {}, one.title)))
        begun += wide
    return _strip("segment-bar", 1000, label, drawn)


def _path(step: int, path: str) -> Svg:
    if step == _UNKNOWN:
        return element("path", {"class": "heat-cell unknown", "fill": f"url(#{HATCH})", "d": path})
    return element("path", {"class": f"heat-cell h{step}", "d": path})


def _strip(style: str, width: int, label: str, drawn: Sequence[Svg]) -> Svg:
    attributes: Attributes = {
        "class": style,
        "viewBox": f"0 0 {number(width)} {_HEIGHT}",
        "preserveAspectRatio": "none",
        "role": "img",
        "aria-label": label,
    }
    return element("svg", attributes, *drawn)
