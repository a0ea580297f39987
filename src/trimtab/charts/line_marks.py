"""Marks over a time series chart: thresholds and bands across, moments and spans along time."""

import math
from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.ink import Ink
from trimtab.charts.line_frame import Frame
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element


class BandAcross(Struct, frozen=True):
    """A threshold at `low`, or a band to `high`; infinite ends reach the plot's edge. Empty `color`: the usual one."""

    low: float
    high: float | None = None
    label: str = ""
    color: str = ""
    right: bool = False


class SpanAlong(Struct, frozen=True):
    """A moment at `start_ms` where `line`, else a span to `end_ms`; None is the plot's edge."""

    start_ms: int | None
    end_ms: int | None = None
    line: bool = True
    label: str = ""
    color: str = ""


def draw_marks(
    across: Sequence[BandAcross],
    along: Sequence[SpanAlong],
    frame: Frame,
    x: LinearScale,
    left: LinearScale,
    right: LinearScale,
    ink: Ink,
    *,
    below: bool,
) -> list[Svg]:
    """The shaded areas (`below` the lines) or the dotted lines and texts (above them)."""
    parts: list[Svg] = []
    for band in across:
        y = right if band.right else left
        parts += _shade_across(band, frame, y, ink) if below else _rule_across(band, frame, y, ink)
    for span in along:
        parts += _shade_along(span, frame, x, ink) if below else _rule_along(span, frame, x, ink)
    return parts


def _shade_across(band: BandAcross, frame: Frame, y: LinearScale, ink: Ink) -> list[Svg]:
    if band.high is None:
        return []
    top = frame.top if math.isinf(band.high) else _held(y(band.high), frame.top, frame.bottom)
    bottom = frame.bottom if math.isinf(band.low) else _held(y(band.low), frame.top, frame.bottom)
    size: Attributes = {"x": frame.left, "y": top, "width": frame.right - frame.left, "height": max(bottom - top, 0)}
    return [element("rect", {**size, "fill": band.color or ink.mark, "fill-opacity": 0.14})]


def _rule_across(band: BandAcross, frame: Frame, y: LinearScale, ink: Ink) -> list[Svg]:
    parts: list[Svg] = []
    color = band.color or ink.mark
    edges = [edge for edge in (band.low, band.high) if edge is not None and math.isfinite(edge)]
    for at, edge in enumerate(edges):
        place = y(edge)
        if not frame.top - 1 <= place <= frame.bottom + 1:
            continue
        ends: Attributes = {"x1": frame.left, "x2": frame.right, "y1": place, "y2": place}
        parts.append(element("line", {**ends, "stroke": color, "stroke-width": 1.2, "stroke-dasharray": "2 3"}))
        if band.label and at == 0:
            spot: Attributes = {
                "x": frame.right - 4,
                "y": max(place - 5, frame.top + 10),
                "fill": color,
                "text-anchor": "end",
            }
            parts.append(element("text", spot, band.label))
    return parts


def _shade_along(span: SpanAlong, frame: Frame, x: LinearScale, ink: Ink) -> list[Svg]:
    if span.line:
        return []
    start = frame.left if span.start_ms is None else _held(x(span.start_ms), frame.left, frame.right)
    end = frame.right if span.end_ms is None else _held(x(span.end_ms), frame.left, frame.right)
    size: Attributes = {"x": start, "y": frame.top, "width": max(end - start, 0), "height": frame.bottom - frame.top}
    return [element("rect", {**size, "fill": span.color or ink.muted, "fill-opacity": 0.14})]


def _rule_along(span: SpanAlong, frame: Frame, x: LinearScale, ink: Ink) -> list[Svg]:
    color = span.color or ink.muted
    moments = [ms for ms in (span.start_ms, span.end_ms) if ms is not None]
    parts: list[Svg] = []
    for at, ms in enumerate(moments):
        place = x(ms)
        if not frame.left <= place <= frame.right:
            continue
        ends: Attributes = {"x1": place, "x2": place, "y1": frame.top, "y2": frame.bottom}
        parts.append(element("line", {**ends, "stroke": color, "stroke-width": 1.2, "stroke-dasharray": "2 3"}))
        if span.label and at == 0:
            late = place > (frame.left + frame.right) / 2
            spot: Attributes = {"x": place + (-5 if late else 5), "y": frame.top + 11, "fill": color}
            parts.append(element("text", {**spot, "text-anchor": "end" if late else "start"}, span.label))
    return parts


def _held(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
