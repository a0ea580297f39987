"""A time series chart as one SVG that needs no style sheet: for images, reports and e-mails.

Lines or stacked areas over a UTC time axis, one or two value axes, thresholds, bands, moments, and a legend.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.charts.ink import LIGHT_INK, Ink
from trimtab.charts.line_frame import Frame, Legend, frame_of
from trimtab.charts.line_marks import BandAcross, SpanAlong, draw_marks
from trimtab.charts.scales import LinearScale
from trimtab.charts.shades import time_of
from trimtab.charts.svg import Attributes, Svg, element, number, text_at
from trimtab.charts.ticks import short, time_ticks, value_ticks

_TICK_EVERY_PX, _TIME_EVERY_PX = 36, 80
_DOT = 2.5
_MOMENTS = 60
"""Parts of the range that a click tells apart."""


class Curve(Struct, frozen=True):
    """One line: points (ms, ascending), its colour, and the longest step that it joins over (ms; more is a gap)."""

    label: str
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    color: str
    step_ms: int
    right: bool = False


class ValueAxis(Struct, frozen=True):
    """An axis' fixed ends (None: fitted to the data) and its text."""

    low: float | None = None
    high: float | None = None
    label: str = ""


class LineChart(Struct, frozen=True):
    """A whole chart. `width` and `height` are in pixels; the range is `[start_ms, end_ms]`."""

    curves: Sequence[Curve]
    start_ms: int
    end_ms: int
    width: int = 600
    height: int = 400
    title: str = ""
    stacked: bool = False
    left: ValueAxis = ValueAxis()
    right: ValueAxis = ValueAxis()
    across: Sequence[BandAcross] = ()
    along: Sequence[SpanAlong] = ()
    legend: Legend = Legend.BOTTOM
    ink: Ink = LIGHT_INK


def draw_lines(chart: LineChart) -> Svg:
    """The chart."""
    stacks = _stacks(chart.curves) if chart.stacked else None
    two = any(curve.right for curve in chart.curves)
    frame = frame_of(chart.width, chart.height, chart.title, [c.label for c in chart.curves], chart.legend, two)
    x = LinearScale(chart.start_ms, chart.end_ms, frame.left, frame.right)
    most = max(int((frame.bottom - frame.top) / _TICK_EVERY_PX), 1)
    tops = [top for _, top in stacks] if stacks else [curve.values for curve in chart.curves]
    left_ticks = _ticks(
        chart, chart.left, [v for v, c in zip(tops, chart.curves, strict=True) if not c.right], most, right=False
    )
    right_ticks = _ticks(
        chart, chart.right, [v for v, c in zip(tops, chart.curves, strict=True) if c.right], most, right=True
    )
    y_left = LinearScale(left_ticks[0], left_ticks[-1], frame.bottom, frame.top)
    y_right = LinearScale(right_ticks[0], right_ticks[-1], frame.bottom, frame.top)
    parts = [
        element("rect", {"width": chart.width, "height": chart.height, "fill": chart.ink.panel}),
        *_axes(chart, frame, x, y_left, left_ticks, (y_right, right_ticks) if two else None),
        *draw_marks(chart.across, chart.along, frame, x, y_left, y_right, chart.ink, below=True),
    ]
    for at, curve in enumerate(chart.curves):
        y = y_right if curve.right else y_left
        parts += _area(curve, *stacks[at], x, y) if stacks else _line(curve, curve.values, x, y)
    parts += draw_marks(chart.across, chart.along, frame, x, y_left, y_right, chart.ink, below=False)
    parts += frame.head(chart.ink)
    parts += frame.names([(curve.label, curve.color) for curve in chart.curves], chart.ink)
    spot: Attributes = {"x": frame.left, "y": frame.top, "width": frame.right - frame.left, "fill": "transparent"}
    spot |= {"height": frame.bottom - frame.top, **time_of((chart.start_ms, chart.end_ms), _MOMENTS)}
    parts.append(element("rect", spot))
    if not any(len(curve.times) for curve in chart.curves):
        parts.append(frame.note("No data in this range", chart.ink))
    size: Attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": chart.width,
        "height": chart.height,
        "viewBox": f"0 0 {chart.width} {chart.height}",
        "font-family": "Inter",
        "font-size": 11,
    }
    return element("svg", size, *parts)


def _ticks(
    chart: LineChart, axis: ValueAxis, values: list[npt.NDArray[np.float64]], most: int, *, right: bool
) -> list[float]:
    known = [part[np.isfinite(part)] for part in values]
    known = [part for part in known if len(part)]
    low = min((float(part.min()) for part in known), default=0.0)
    high = max((float(part.max()) for part in known), default=1.0)
    for band in chart.across:
        if band.right == right:
            ends = [end for end in (band.low, band.high) if end is not None and math.isfinite(end)]
            low, high = min([low, *ends]), max([high, *ends])
    low = min(low, 0.0) if axis.low is None else axis.low
    high = high if axis.high is None else axis.high
    ticks = value_ticks(low, high, most)
    if axis.low is not None and axis.high is not None and axis.high > axis.low:
        inside = [tick for tick in ticks if axis.low <= tick <= axis.high]
        ticks = sorted({axis.low, *inside, axis.high})
    return ticks


def _axes(
    chart: LineChart,
    frame: Frame,
    x: LinearScale,
    y: LinearScale,
    ticks: list[float],
    second: tuple[LinearScale, list[float]] | None,
) -> list[Svg]:
    ink, parts = chart.ink, []
    for tick in ticks:
        at = y(tick)
        parts.append(_rule(frame.left, at, frame.right, at, ink.grid))
        parts.append(text_at(short(tick), frame.left - 6, at + 4, ink.muted, "end"))
    if second is not None:
        scale, marks = second
        parts += [text_at(short(tick), frame.right + 6, scale(tick) + 4, ink.muted, "start") for tick in marks]
    for ms, text in time_ticks(chart.start_ms, chart.end_ms, max(int((frame.right - frame.left) / _TIME_EVERY_PX), 1)):
        at = x(ms)
        parts.append(_rule(at, frame.top, at, frame.bottom, ink.grid))
        parts.append(text_at(text, min(at, frame.right - 14), frame.bottom + 16, ink.muted, "middle"))
    for axis, place, anchor in ((chart.left, frame.left, "start"), (chart.right, frame.right, "end")):
        if axis.label:
            parts.append(text_at(axis.label, place, frame.top - 6, ink.muted, anchor))
    return parts


def _line(curve: Curve, values: npt.NDArray[np.float64], x: LinearScale, y: LinearScale) -> list[Svg]:
    parts = []
    for times, run in _runs(curve, values):
        points = " ".join(f"{number(x(float(ms)))},{number(y(float(v)))}" for ms, v in zip(times, run, strict=True))
        if len(times) == 1:
            spot: Attributes = {"cx": x(float(times[0])), "cy": y(float(run[0])), "r": _DOT, "fill": curve.color}
            parts.append(element("circle", spot))
        else:
            stroke: Attributes = {"points": points, "fill": "none", "stroke": curve.color, "stroke-width": 1.6}
            parts.append(element("polyline", {**stroke, "stroke-linejoin": "round"}))
    return parts


def _area(
    curve: Curve, base: npt.NDArray[np.float64], top: npt.NDArray[np.float64], x: LinearScale, y: LinearScale
) -> list[Svg]:
    if not len(curve.times):
        return []
    upper = [f"{number(x(float(ms)))},{number(y(float(v)))}" for ms, v in zip(curve.times, top, strict=True)]
    lower = [f"{number(x(float(ms)))},{number(y(float(v)))}" for ms, v in zip(curve.times, base, strict=True)]
    area: Attributes = {"points": " ".join([*upper, *reversed(lower)]), "fill": curve.color, "fill-opacity": 0.55}
    edge: Attributes = {"points": " ".join(upper), "fill": "none", "stroke": curve.color, "stroke-width": 1}
    return [element("polygon", area), element("polyline", edge)]


def _runs(curve: Curve, values: npt.NDArray[np.float64]) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
    """The points, cut where more than two and a half steps are missing."""
    if not len(curve.times):
        return []
    breaks = np.flatnonzero(np.diff(curve.times) > 2.6 * curve.step_ms) + 1
    return list(zip(np.split(curve.times, breaks), np.split(values, breaks), strict=True))


def _stacks(curves: Sequence[Curve]) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Bottom and top of each curve, at its own times, over those before it on the same axis."""
    grids = {
        right: np.unique(np.concatenate([c.times for c in curves if c.right == right] or [np.empty(0, np.int64)]))
        for right in (False, True)
    }
    sums = {right: np.zeros(len(grid)) for right, grid in grids.items()}
    found = []
    for curve in curves:
        at = np.searchsorted(grids[curve.right], curve.times)
        base = sums[curve.right][at].copy()
        sums[curve.right][at] += curve.values
        found.append((base, base + curve.values))
    return found


def _rule(x1: float, y1: float, x2: float, y2: float, color: str) -> Svg:
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "stroke": color, "stroke-width": 1})
