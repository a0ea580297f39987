"""Sparklines: the shape of a series in the corner of a tile or a table row."""

import math
from collections.abc import Sequence

from trimtab.charts.scales import LinearScale, extent_from_zero
from trimtab.charts.svg import Svg, element, number

_HEADROOM = 0.15  # a steady value draws a line below the edge, not along it
_PADDING = 2.0  # half the stroke, so that the line is not cut at the edges


def sparkline(
    values: Sequence[float | None], *, width: int = 160, height: int = 34, top: float | None = None, label: str = ""
) -> Svg:
    """A line over a soft area. None and NaN are gaps. The y axis runs from 0 to `top`, or to the largest value.

    `label` describes it to those who do not see it; without one it is decoration and hidden from them.
    """
    low, high = extent_from_zero(values)
    high += (high - low) * _HEADROOM
    x = LinearScale(0, max(len(values) - 1, 1), 0, width)
    y = LinearScale(low, top if top is not None else high, height - _PADDING, _PADDING)
    parts: list[Svg] = []
    for run in _runs(values):
        points = [(x(index), y(value)) for index, value in run]
        if len(points) == 1:
            points = [(points[0][0] - 1, points[0][1]), (points[0][0] + 1, points[0][1])]
        line = " ".join(f"{number(left)},{number(up)}" for left, up in points)
        area = f"{number(points[0][0])},{height} {line} {number(points[-1][0])},{height}"
        parts += [element("polygon", {"class": "spark-area", "points": area})]
        parts += [element("polyline", {"class": "spark-line", "points": line})]
    hidden = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    attributes: dict[str, str | int | float | None] = {
        "class": "spark",
        "viewBox": f"0 0 {width} {height}",
        "preserveAspectRatio": "none",
        **hidden,
    }
    return element("svg", attributes, *parts)


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is not None and math.isfinite(value):
            runs[-1].append((index, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
