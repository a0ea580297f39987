"""A widget as a picture: what GetMetricWidgetImage answers, and what reports and e-mails carry."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.charts.bar_chart import Bar, draw_bars, picture
from trimtab.charts.gauge import Dial, gauge
from trimtab.charts.ink import DARK_INK, LIGHT_INK, Ink
from trimtab.charts.line_chart import Curve, LineChart, ValueAxis, draw_lines
from trimtab.charts.line_frame import Legend, cut
from trimtab.charts.line_marks import BandAcross, SpanAlong
from trimtab.charts.palette import slots
from trimtab.charts.pie import Part, ring
from trimtab.charts.svg import Attributes, Svg, element
from trimtab.charts.ticks import short
from trimtab.reports.dashboards.lines import Line, WidgetData
from trimtab.reports.dashboards.model import Message, Widget
from trimtab.reports.dashboards.validate import check_document, errors

WIDTH, HEIGHT, LARGEST = 600, 400, 2000
"""A picture's size in pixels where none is asked for, and the largest, as documented."""
MOST_METRICS = 100
"""Rows of a picture, as documented for GetMetricWidgetImage."""
_OWN = ("width", "height", "theme", "timezone")
"""Properties of a picture that a dashboard's widget does not have."""


def read_widget(text: str) -> Widget:
    """The metric widget in `text`, as GetMetricWidgetImage takes it. Raises InvalidInput."""
    try:
        raw = typed.loads(text)
    except ValueError:
        raise InvalidInput("The parameter MetricWidget must be a valid JSON object.", field="MetricWidget") from None
    if not isinstance(raw, dict):
        raise InvalidInput("The parameter MetricWidget must be a valid JSON object.", field="MetricWidget")
    properties = {"start": "-PT3H", **{key: value for key, value in raw.items() if key not in _OWN[:3]}}
    found = _faults(properties)
    for name in ("width", "height"):
        size = raw.get(name, 1)
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST:
            found.append(Message(f"/{name}", f"Should be a whole number from 1 to {LARGEST}"))
    if found:
        listed = "; ".join(f"{one.path.removeprefix('/widgets/0/properties') or '/'}: {one.text}" for one in found)
        raise InvalidInput(f"Invalid MetricWidget: {listed}", field="MetricWidget")
    if len(raw.get("metrics", ())) > MOST_METRICS:
        raise LimitExceeded(f"A graph can have {MOST_METRICS} metrics: got {len(raw['metrics'])}", field="MetricWidget")
    kept = {key: raw[key] for key in _OWN if key in raw}
    return Widget(0, "metric", 0, 0, 24, 6, {**properties, **kept})


def _faults(properties: Mapping[str, Any]) -> list[Message]:
    widget = {"type": "metric", "properties": {"region": "any", **properties}}
    return errors(check_document({"widgets": [widget]}))


def draw_widget(data: WidgetData, width: int = WIDTH, height: int = HEIGHT, *, dark: bool = False) -> Svg:
    """The picture of a widget's data."""
    ink = DARK_INK if dark else LIGHT_INK
    properties = data.widget.properties
    view = properties.get("view", "timeSeries")
    colors = line_colors(data.lines, ink)
    frame = _Frame(width, height, str(properties.get("title", "")), ink)
    if view == "timeSeries":
        return draw_lines(_line_chart(data, colors, frame))
    rows = [
        _Row(line.label, value, short(value), color)
        for line, color in zip(data.lines, colors, strict=True)
        if (value := last_value(line)) is not None
    ]
    if view == "pie":
        parts = [Part(row.label, row.value, row.color, row.text) for row in rows]
        return _framed(ring(parts, frame.title, ink=ink), rows, frame)
    if view == "gauge":
        return _gauge(rows, properties, frame)
    bars = [Bar(row.label, row.value, row.color, row.text) for row in rows]
    return draw_bars(bars, width, height, frame.title, ink)


class _Frame(Struct, frozen=True):
    width: int
    height: int
    title: str
    ink: Ink


class _Row(Struct, frozen=True):
    label: str
    value: float
    text: str
    color: str


def last_value(line: Line) -> float | None:
    """The newest value of a line, or None."""
    return float(line.values[-1]) if len(line.values) else None


def line_colors(lines: Sequence[Line], ink: Ink) -> list[str]:
    """A colour for each line: its own, else that of its name's slot."""
    chosen = slots([line.label for line in lines])
    return [line.color or ink.slot(slot) for line, slot in zip(lines, chosen, strict=True)]


def _line_chart(data: WidgetData, colors: list[str], frame: _Frame) -> LineChart:
    properties = data.widget.properties
    axes = properties.get("yAxis", {})
    pairs = list(zip(data.lines, colors, strict=True))
    return LineChart(
        curves=[
            Curve(line.label, line.times, line.values, color, max(line.period_s, 1) * 1000, line.right)
            for line, color in pairs
        ],
        start_ms=data.span.start_ms,
        end_ms=data.span.end_ms,
        width=frame.width,
        height=frame.height,
        title=frame.title,
        stacked=bool(properties.get("stacked")),
        left=_axis(axes.get("left", {}), [line for line in data.lines if not line.right]),
        right=_axis(axes.get("right", {}), [line for line in data.lines if line.right]),
        across=[BandAcross(one.low, one.high, one.label, one.color, one.right) for one in data.annotations.across],
        along=[SpanAlong(one.start_ms, one.end_ms, one.line, one.label, one.color) for one in data.annotations.along],
        legend=Legend(properties.get("legend", {}).get("position", "bottom")),
        ink=frame.ink,
    )


def _axis(raw: Mapping[str, Any], lines: Sequence[Line]) -> ValueAxis:
    units = {line.unit for line in lines} - {"None", ""}
    unit = units.pop() if len(units) == 1 and raw.get("showUnits", True) else ""
    return ValueAxis(raw.get("min"), raw.get("max"), raw.get("label") or unit)


def _gauge(rows: Sequence[_Row], properties: Mapping[str, Any], frame: _Frame) -> Svg:
    axis = properties.get("yAxis", {}).get("left", {})
    low, high = float(axis.get("min", 0)), float(axis.get("max", 100))
    row = rows[0] if rows and math.isfinite(rows[0].value) else None
    value, text, color = (row.value, row.text, row.color) if row else (None, "–", frame.ink.muted)
    return _framed(gauge(Dial(value, low, high, text, frame.title, color), frame.ink), rows[:1], frame)


def _framed(drawing: Svg, rows: Sequence[_Row], frame: _Frame) -> Svg:
    """A square drawing with its title above and names below."""
    ink, height = frame.ink, frame.height
    top = 32 if frame.title else 8
    count = min(len(rows), max((height - top) // 60, 1))
    room = height - top - count * 18 - 10
    inside = element("svg", {"x": 8, "y": top, "width": frame.width - 16, "height": max(room, 20)}, drawing)
    parts = [element("rect", {"width": frame.width, "height": height, "fill": ink.panel}), inside]
    if frame.title:
        head: Attributes = {"x": 12, "y": 20, "fill": ink.text, "font-size": 13, "font-weight": "bold"}
        parts.append(element("text", head, cut(frame.title, int((frame.width - 24) / 7))))
    for at, row in enumerate(rows[:count]):
        y = height - 10 - (count - 1 - at) * 18
        parts.append(element("rect", {"x": 12, "y": y - 9, "width": 9, "height": 9, "rx": 2, "fill": row.color}))
        parts.append(element("text", {"x": 27, "y": y, "fill": ink.text}, f"{cut(row.label, 60)}  {row.text}"))
    return picture(frame.width, height, parts)
