"""A body as Grafana's dashboard JSON, for people who live there. What Grafana cannot show becomes a text panel."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from trimtab.base.ids import hash64
from trimtab.reports.dashboards.body import parse_body
from trimtab.reports.dashboards.model import Variable, Widget
from trimtab.reports.dashboards.rows import expand
from trimtab.reports.dashboards.timing import Span
from trimtab.reports.dashboards.variables import Chosen
from trimtab.reports.imports.units import to_grafana

DATA_SOURCE = "trimtab"
"""The uid of the data source that provisioning makes."""
_TYPES = {
    "timeSeries": "timeseries",
    "singleValue": "stat",
    "gauge": "gauge",
    "bar": "bargauge",
    "pie": "piechart",
    "table": "table",
}
_HEIGHT = 56 / 38
"""A row of trimtab's grid in rows of Grafana's."""
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:")


def to_dashboard(name: str, text: str, url: str) -> dict[str, Any]:
    """The Grafana dashboard of the body `text`; its link leads back to trimtab at `url` over the same range."""
    body = parse_body(json.loads(text))
    return {
        "uid": _uid(name),
        "title": name,
        "tags": ["trimtab"],
        "timezone": "utc",
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": _from(body.start), "to": "now"},
        "links": [_link(name, url)],
        "templating": {"list": [_variable(one) for one in body.variables if one.kind == "pattern"]},
        "panels": [_panel(widget, at + 1) for at, widget in enumerate(body.widgets)],
    }


def grafana_link(grafana: str, name: str, span: Span, variables: Sequence[Chosen]) -> str:
    """Where the dashboard `name` is in the Grafana at `grafana`, over the same range and with the same variables."""
    minutes = max(round(span.seconds / 60), 1)
    moving = [("from", f"now-{minutes}m"), ("to", "now")]
    fixed = [("from", str(span.start_ms)), ("to", str(span.end_ms))]
    chosen = [(f"var-{_name(one.variable)}", one.value) for one in variables if one.variable.kind == "pattern"]
    return f"{grafana.rstrip('/')}/d/{_uid(name)}?{urlencode([*(moving if span.moving else fixed), *chosen])}"


def _uid(name: str) -> str:
    return f"trimtab-{hash64(name):016x}"


def _link(name: str, url: str) -> dict[str, Any]:
    # Grafana writes its own range into ${__from} and ${__to} (ms), which trimtab's pages read as from and to.
    target = f"{url}/dashboards/{quote(name)}?from=${{__from}}&to=${{__to}}"
    return {"type": "link", "title": "Open in trimtab", "icon": "external link", "url": target, "targetBlank": True}


def _panel(widget: Widget, number: int) -> dict[str, Any]:
    top, bottom = round(widget.y * _HEIGHT), round((widget.y + widget.height) * _HEIGHT)
    place = {"x": widget.x, "y": top, "w": widget.width, "h": max(bottom - top, 1)}
    base: dict[str, Any] = {"id": number, "gridPos": place, "title": widget.title}
    if widget.kind == "text":
        return {**base, "type": "text", "options": {"mode": "markdown", "content": widget.properties["markdown"]}}
    targets = _targets(widget)
    if not targets:
        told = "This panel has no form in PromQL: open the dashboard in trimtab to see it."
        return {**base, "type": "text", "options": {"mode": "markdown", "content": told}}
    source = {"type": "prometheus", "uid": DATA_SOURCE}
    view = widget.properties.get("view", "timeSeries")
    return {
        **base,
        "type": _TYPES.get(view, "timeseries"),
        "datasource": source,
        "targets": [{**one, "datasource": source, "refId": _letter(at)} for at, one in enumerate(targets)],
        "fieldConfig": {"defaults": _defaults(widget, view), "overrides": []},
        "options": _options(view, widget.properties),
    }


def _targets(widget: Widget) -> list[dict[str, Any]]:
    instant = widget.properties.get("view", "timeSeries") in ("table", "pie", "bar")
    if widget.kind == "chart":
        found = []
        for raw in widget.properties["data"]["queries"]:
            text = raw.get("query") or raw.get("expression") or raw.get("expr") or ""
            found.append(
                {"expr": text, "legendFormat": raw.get("label", "__auto"), "instant": instant, "range": not instant}
            )
        return [one for one in found if one["expr"]]
    if widget.kind != "metric":
        return []
    rows = expand(widget.properties.get("metrics", ()), widget.properties)
    return [
        {
            "expr": _selector(row.metric[1], row.metric[2], row.stat, row.period_s or 300),
            "legendFormat": row.label or "__auto",
        }
        for row in rows
        if row.metric is not None and row.visible
    ]


def _selector(name: str, dimensions: Sequence[tuple[str, str]], stat: str, period_s: int) -> str:
    """A metric in PromQL: over-time functions stand for the statistics that have one."""
    pairs = ", ".join(f"{_label(key)}={json.dumps(value)}" for key, value in dimensions)
    plain = set(name) <= _SAFE and not name[:1].isdigit()
    selector = f"{name}{{{pairs}}}" if plain else f"{{{json.dumps(name)}{', ' if pairs else ''}{pairs}}}"
    window = f"[{max(period_s, 60)}s]"
    functions = {"Average": "avg", "Sum": "sum", "Minimum": "min", "Maximum": "max", "SampleCount": "count"}
    if stat in functions:
        return f"{functions[stat]}_over_time({selector}{window})"
    if stat == "Rate":
        return f"rate({selector}{window})"
    if stat.startswith("p") and stat[1:].replace(".", "", 1).isdigit():
        return f"quantile_over_time({float(stat[1:]) / 100:g}, {selector}{window})"
    return selector


def _label(name: str) -> str:
    return name if set(name) <= _SAFE - {":"} and not name[:1].isdigit() else json.dumps(name)


def _defaults(widget: Widget, view: str) -> dict[str, Any]:
    queries = widget.properties.get("data", {}).get("queries", [])
    units = {str(one.get("unit", "")) for one in queries}
    axis: Mapping[str, Any] = widget.properties.get("yAxis", {}).get("left", {})
    found: dict[str, Any] = {"unit": to_grafana(units.pop()) if len(units) == 1 else "short"}
    found |= {key: axis[key] for key in ("min", "max") if key in axis}
    if view == "timeSeries":
        stacked = "normal" if widget.properties.get("stacked") else "none"
        fill = 55 if stacked == "normal" else 0
        found["custom"] = {
            "stacking": {"mode": stacked},
            "fillOpacity": fill,
            "showPoints": "never",
            "spanNulls": False,
        }
    lines = [one for one in widget.properties.get("annotations", {}).get("horizontal", []) if isinstance(one, dict)]
    if lines:
        steps = [{"color": "green", "value": None}, *({"color": "red", "value": one["value"]} for one in lines)]
        found["thresholds"] = {"mode": "absolute", "steps": steps}
        found.setdefault("custom", {})["thresholdsStyle"] = {"mode": "line"}
    return found


def _options(view: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    if view == "timeSeries":
        return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    reduce = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    if view == "singleValue":
        return {"reduceOptions": reduce, "graphMode": "area" if properties.get("sparkline") else "none"}
    return {"reduceOptions": reduce} if view in ("gauge", "bar", "pie") else {}


def _variable(variable: Variable) -> dict[str, Any]:
    base: dict[str, Any] = {"name": _name(variable), "label": variable.label, "current": {"value": variable.default}}
    if variable.populate_from and variable.search:
        query = f"label_values({variable.populate_from})"
        every = any(value == ".*" for value, _ in variable.values)
        return {
            **base, "type": "query", "datasource": {"type": "prometheus", "uid": DATA_SOURCE}, "refresh": 2,
            "query": query, "includeAll": every, "allValue": ".*",
            "current": {"text": "All", "value": "$__all"} if every else {},
        }  # fmt: skip
    if variable.values:
        return {**base, "type": "custom", "query": ",".join(f"{label} : {value}" for value, label in variable.values)}
    return {**base, "type": "textbox", "query": variable.default}


def _name(variable: Variable) -> str:
    return variable.target.removeprefix("$").strip("{}")


def _from(start: str) -> str:
    """-PT6H as now-6h; an absolute start as it is."""
    if not start.startswith("-P"):
        return start or "now-3h"
    body = start[2:]
    date, _, time = body.partition("T")
    text = time or date
    number, unit = text[:-1], text[-1:]
    return f"now-{number}{unit.lower() if time or unit != 'M' else 'M'}" if number.isdigit() else "now-3h"


def _letter(at: int) -> str:
    return chr(ord("A") + at % 26) + (str(at // 26) if at >= 26 else "")
