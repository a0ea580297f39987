"""A chart of measured values over a number: points with their intervals, joined, with thresholds; one SVG.

Both axes begin at 0. What lies beyond `ceiling` is cut off there, so that one overload does not flatten the rest.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.line_frame import Frame, Legend, frame_of
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element, number, text_at
from trimtab.charts.ticks import short, value_ticks

_TICK_PX_X, _TICK_PX_Y = 90, 40
_DOT, _CAP = 3.0, 3.0


class Measure(Struct, frozen=True):
    """A point: x, y, and the bounds of y (None: not known)."""

    x: float
    y: float
    lower: float | None = None
    upper: float | None = None
    title: str = ""


class MeasuredCurve(Struct, frozen=True):
    """Points by rising x in a colour slot; `line` False leaves them unjoined."""

    label: str
    points: Sequence[Measure]
    slot: int
    line: bool = True


class Band(Struct, frozen=True):
    """A stretch of x with its value and bounds: a capacity."""

    label: str
    value: float
    lower: float
    upper: float
    slot: int


class CurveChart(Struct, frozen=True):
    """The whole chart; `threshold` is a y that is drawn as a dotted line."""

    curves: Sequence[MeasuredCurve]
    x_label: str
    y_label: str
    bands: Sequence[Band] = ()
    threshold: tuple[float, str] | None = None
    ceiling: float | None = None
    width: int = 540
    height: int = 300
    ink: Ink = PAGE_INK


def draw_curves(chart: CurveChart) -> Svg:
    """The chart."""
    ink = chart.ink
    frame = frame_of(chart.width, chart.height, "", [one.label for one in chart.curves], Legend.BOTTOM, two_axes=False)
    frame = Frame(frame.left, frame.right, frame.top, frame.bottom - 14, "", chart.width, frame.places, frame.chars)
    points = [one for curve in chart.curves for one in curve.points]
    most_x = max(
        [one.x for one in points] + [band.upper for band in chart.bands if math.isfinite(band.upper)], default=1.0
    )
    tops = [one.y if one.upper is None or not math.isfinite(one.upper) else one.upper for one in points]
    most_y = max([*tops, chart.threshold[0] if chart.threshold else 0.0], default=1.0)
    if chart.ceiling is not None:
        most_y = min(most_y, chart.ceiling)
    x_ticks = value_ticks(0.0, most_x, max(2, int((frame.right - frame.left) / _TICK_PX_X)))
    y_ticks = value_ticks(0.0, most_y, max(2, int((frame.bottom - frame.top) / _TICK_PX_Y)))
    x = LinearScale(0.0, x_ticks[-1], frame.left, frame.right)
    y = LinearScale(0.0, y_ticks[-1], frame.bottom, frame.top)
    parts = _axes(chart, frame, x, y, x_ticks, y_ticks)
    for band in chart.bands:
        parts += _band(band, frame, x, x_ticks[-1], ink)
    if chart.threshold is not None:
        parts += _threshold(chart.threshold, frame, y, ink)
    for curve in chart.curves:
        parts += _curve(curve, frame, x, y, ink)
    parts += frame.names([(one.label, ink.slot(one.slot)) for one in chart.curves], ink)
    if not points:
        parts.append(frame.note("Nothing was measured", ink))
    size: Attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {chart.width} {chart.height}",
        "class": "measured",
        "font-size": 11,
        "role": "img",
        "aria-label": f"{chart.y_label} over {chart.x_label}: {', '.join(one.label for one in chart.curves)}",
    }
    return element("svg", size, *parts)


def _axes(
    chart: CurveChart, frame: Frame, x: LinearScale, y: LinearScale, x_ticks: Sequence[float], y_ticks: Sequence[float]
) -> list[Svg]:
    ink, parts = chart.ink, []
    for tick in y_ticks:
        parts.append(_line(frame.left, y(tick), frame.right, y(tick), ink.grid))
        parts.append(text_at(short(tick), frame.left - 6, y(tick) + 4, ink.muted, "end"))
    parts += [text_at(short(tick), x(tick), frame.bottom + 16, ink.muted, "middle") for tick in x_ticks]
    parts.append(text_at(chart.y_label, frame.left, frame.top - 8, ink.muted, "start"))
    parts.append(text_at(chart.x_label, frame.right, frame.bottom + 30, ink.muted, "end"))
    return parts


def _band(band: Band, frame: Frame, x: LinearScale, most: float, ink: Ink) -> list[Svg]:
    upper = band.upper if math.isfinite(band.upper) else most
    left, right = x(min(band.lower, most)), x(min(upper, most))
    colour = ink.slot(band.slot)
    box: Attributes = {"x": left, "y": frame.top, "width": max(right - left, 1), "height": frame.bottom - frame.top,
                       "fill": colour, "fill-opacity": "0.15"}  # fmt: skip
    at = x(min(band.value, most))
    return [
        element("rect", box, element("title", {}, f"{band.label}: {band.value:,.4g} ({band.lower:,.4g}–{upper:,.4g})")),
        _line(at, frame.top, at, frame.bottom, colour, "6 4"),
    ]


def _threshold(threshold: tuple[float, str], frame: Frame, y: LinearScale, ink: Ink) -> list[Svg]:
    at = y(threshold[0])
    if at < frame.top:
        return []
    return [
        _line(frame.left, at, frame.right, at, ink.mark, "2 4"),
        text_at(threshold[1], frame.right - 2, at - 4, ink.muted, "end"),
    ]


def _curve(curve: MeasuredCurve, frame: Frame, x: LinearScale, y: LinearScale, ink: Ink) -> list[Svg]:
    colour, parts = ink.slot(curve.slot), []

    def height(value: float) -> float:
        return max(frame.top, y(value))

    if curve.line and len(curve.points) > 1:
        path = " ".join(f"{number(x(one.x))},{number(height(one.y))}" for one in curve.points)
        parts.append(element("polyline", {"points": path, "fill": "none", "stroke": colour, "stroke-width": 1.6}))
    for one in curve.points:
        at = x(one.x)
        if one.lower is not None:
            top = frame.top if one.upper is None or not math.isfinite(one.upper) else height(one.upper)
            parts.append(_line(at, height(one.lower), at, top, colour))
            parts += [_line(at - _CAP, end, at + _CAP, end, colour) for end in (height(one.lower), top)]
        dot: Attributes = {"cx": at, "cy": height(one.y), "r": _DOT, "fill": colour}
        parts.append(element("circle", dot, element("title", {}, one.title)) if one.title else element("circle", dot))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str | None = None) -> Svg:
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "stroke": colour, "stroke-dasharray": dashes})
