"""Chart widgets: PromQL queries, with names for their series made of labels (`{{instance}}`)."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.metrics.promql.engine import RangeQuery
from trimtab.reports.dashboards.lines import Line
from trimtab.reports.dashboards.model import Widget
from trimtab.reports.dashboards.ports import AlarmView, Vector
from trimtab.reports.dashboards.timing import Span

_PLACE = re.compile(r"\{\{\s*([^}\s]+)\s*\}\}")
_UNNAMED = "(none)"
"""A series none of whose labels its name asks for."""
_INTERVAL = re.compile(r"\$\{?__(\w+)\}?")
_OF_NOW = ("singleValue", "gauge", "bar", "pie", "table")
_KEYS = ("query", "expression", "expr")


class PromAsked(Struct, frozen=True):
    """One query of a chart widget. `name` is its text for a series' name; empty means its labels, and
    `usual` where it has none.

    `now` says that a value is shown and not its history; `instant` that the history is not needed at all.
    """

    id: str
    text: str
    name: str
    step_s: int
    right: bool
    color: str
    unit: str
    usual: str = ""
    now: bool = False
    instant: bool = False


def prom_asked(widget: Widget, step_s: int) -> tuple[PromAsked, ...]:
    """The queries of a chart widget; `$__interval` and `$__rate_interval` in them are filled in."""
    if widget.kind != "chart":
        return ()
    properties = widget.properties
    now = properties.get("view") in _OF_NOW
    history = any(properties.get(key) for key in ("sparkline", "trend")) or bool(
        properties.get("table", {}).get("summaryColumns")
    )
    found = []
    # One query that puts everything together has no labels to be named by: the panel's title says what it is.
    usual = str(properties.get("title", "")) if len(properties["data"]["queries"]) == 1 else ""
    for at, raw in enumerate(properties["data"]["queries"]):
        text = next((raw[key] for key in _KEYS if isinstance(raw.get(key), str)), "")
        if not text:
            raise InvalidInput(f"cannot draw query {at + 1}: expected its PromQL text as `query`", field="data")
        if raw.get("hide") or raw.get("visible") is False:
            continue
        name = raw.get("label") or raw.get("legendFormat") or ""
        found.append(
            PromAsked(
                id=str(raw.get("id") or f"q{at + 1}"),
                text=_timed(text, step_s),
                name=name if name != "__auto" else "",
                usual=usual or text,
                step_s=step_s,
                right=raw.get("yAxis") == "right",
                color=raw.get("color", ""),
                unit=str(raw.get("unit") or ""),
                now=now,
                instant=now and not history,
            )
        )
    return tuple(found)


def alarm_prom(alarm: AlarmView, step_s: int) -> PromAsked:
    """The query of a PromQL alarm, as a chart widget would ask it."""
    return PromAsked(alarm.arn, alarm.prom, "", step_s, right=False, color="", unit="")


def range_of(asked: PromAsked, span: Span) -> RangeQuery:
    """What PromQL is asked: steps lie on the clock, so that they stay where they are as the range moves."""
    step_ms = asked.step_s * 1000
    end_ms = span.end_ms // step_ms * step_ms
    start_ms = end_ms if asked.instant else span.start_ms // step_ms * step_ms
    return RangeQuery(asked.text, start_ms, end_ms, step_ms)


def lines_of(asked: PromAsked, span: Span, vectors: Sequence[Vector]) -> list[Line]:
    """The lines of a query's series. A table of values now has no row for what has ended."""
    end_ms = range_of(asked, span).end_ms
    return [_line(asked, vector) for vector in vectors if not asked.now or _last(vector) == end_ms]


def _last(vector: Vector) -> int | None:
    return int(vector.times[-1]) if len(vector.times) else None


def _line(asked: PromAsked, vector: Vector) -> Line:
    values = np.asarray(vector.values)
    finite = np.isfinite(values)
    labels = _labels(vector.labels)
    name = _named(asked.name, vector.labels).strip()
    return Line(
        key=f"{asked.id}\x1f{labels}",
        label=(name or _UNNAMED) if asked.name else labels or asked.usual or asked.text,
        times=np.asarray(vector.times)[finite],
        values=values[finite],
        period_s=asked.step_s,
        color=asked.color,
        right=asked.right,
        unit=asked.unit or "None",
        metric=vector.labels.get("__name__", ""),
    )


def _timed(text: str, step_s: int) -> str:
    """The text with the intervals that Grafana would fill in: four scrapes of 15 s are the least for a rate."""
    interval, rate = max(step_s, 60), max(4 * step_s, 60)
    values = {
        "rate_interval": f"{rate}s",
        "interval": f"{interval}s",
        "interval_ms": str(interval * 1000),
        "range": f"{step_s * 1000}s",
        "range_s": str(step_s * 1000),
        "range_ms": str(step_s * 1_000_000),
    }
    return _INTERVAL.sub(lambda match: values.get(match[1], match[0]), text)


def _named(name: str, labels: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: labels.get(match[1], ""), name)


def _labels(labels: Mapping[str, str]) -> str:
    name = labels.get("__name__", "")
    inside = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()) if key != "__name__")
    return f"{name}{{{inside}}}" if name and inside else name or inside
