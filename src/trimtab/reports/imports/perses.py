"""Perses dashboards (kind: Dashboard) to a body."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.reports.imports.grafana_targets import plain_variables
from trimtab.reports.imports.model import Imported, Notes

_VIEWS = {
    "TimeSeriesChart": "timeSeries",
    "StatChart": "singleValue",
    "GaugeChart": "gauge",
    "BarChart": "bar",
    "PieChart": "pie",
    "Table": "table",
    "TimeSeriesTable": "table",
}
_UNITS = {
    "percent-decimal": "fraction",
    "percent": "Percent",
    "bytes": "By",
    "bytes/sec": "By/s",
    "seconds": "s",
    "milliseconds": "ms",
}
_DURATION = re.compile(r"(\d+)([smhdw])")
_ISO = {"s": "-PT{}S", "m": "-PT{}M", "h": "-PT{}H", "d": "-P{}D", "w": "-P{}W"}


def is_perses(document: Mapping[str, Any]) -> bool:
    """Whether `document` looks like a Perses dashboard."""
    return document.get("kind") == "Dashboard" and isinstance(document.get("spec"), dict)


def read_perses(document: Mapping[str, Any]) -> Imported:
    """The body of a dashboard."""
    spec, notes = document["spec"], Notes()
    widgets: list[dict[str, Any]] = []
    top = 0
    for layout in spec.get("layouts", []):
        inside = layout.get("spec", {})
        title = (inside.get("display") or {}).get("title")
        if title:
            heading = {"markdown": f"## {title}", "background": "transparent"}
            widgets.append({"type": "text", "x": 0, "y": top, "width": 24, "height": 1, "properties": heading})
            top += 1
        bottom = top
        for item in inside.get("items", []):
            widget = _widget(spec, item, top, notes)
            if widget is not None:
                widgets.append(widget)
                bottom = max(bottom, widget["y"] + widget["height"])
        top = bottom
    body: dict[str, Any] = {"widgets": widgets}
    variables = [one for raw in spec.get("variables", []) if (one := _variable(raw, notes)) is not None]
    if variables:
        body["variables"] = variables
    match = _DURATION.fullmatch(str(spec.get("duration", "")))
    if match:
        body["start"] = _ISO[match[2]].format(match[1])
    name = (spec.get("display") or {}).get("name") or (document.get("metadata") or {}).get("name", "")
    return Imported(str(name), "Perses", body, tuple(notes.found))


def _widget(spec: Mapping[str, Any], item: Mapping[str, Any], top: int, notes: Notes) -> dict[str, Any] | None:
    key = str((item.get("content") or {}).get("$ref", "")).rpartition("/")[2]
    panel = (spec.get("panels") or {}).get(key, {}).get("spec", {})
    plugin = panel.get("plugin") or {}
    title, kind = (panel.get("display") or {}).get("name", key), str(plugin.get("kind", ""))
    where = f"panel “{title}” ({kind or 'missing'})"
    place = {
        "x": item.get("x", 0),
        "y": top + item.get("y", 0),
        "width": item.get("width", 12),
        "height": max(item.get("height", 6), 2),
    }
    if kind == "Markdown":
        return {"type": "text", **place, "properties": {"markdown": str((plugin.get("spec") or {}).get("text", ""))}}
    view = _VIEWS.get(kind)
    queries = [one for raw in panel.get("queries", []) if (one := _query(raw, where, notes)) is not None]
    if view is None or not queries:
        notes.add(where, "panels of this type are not supported" if view is None else "no query of it could be read")
        return None
    look = plugin.get("spec") or {}
    unit = (((look.get("yAxis") or {}).get("format")) or look.get("format") or {}).get("unit", "")
    for query in queries:
        if unit:
            query["unit"] = _UNITS.get(unit, unit)
    properties: dict[str, Any] = {"title": title, "view": view, "data": {"queries": queries}}
    if (look.get("visual") or {}).get("stack"):
        properties["stacked"] = True
    if view == "gauge":
        properties["yAxis"] = {"left": {"min": 0, "max": look.get("max", 1 if unit == "percent-decimal" else 100)}}
    return {"type": "chart", **place, "properties": properties}


def _query(raw: Mapping[str, Any], where: str, notes: Notes) -> dict[str, Any] | None:
    plugin = (raw.get("spec") or {}).get("plugin") or {}
    if plugin.get("kind") != "PrometheusTimeSeriesQuery":
        notes.add(where, f"queries of kind {plugin.get('kind', '')} are not supported; expected PromQL")
        return None
    spec = plugin.get("spec") or {}
    query = {"query": plain_variables(str(spec.get("query", "")))}
    if spec.get("seriesNameFormat"):
        query["label"] = spec["seriesNameFormat"]
    return query


def _variable(raw: Mapping[str, Any], notes: Notes) -> dict[str, Any] | None:
    spec = raw.get("spec") or {}
    name = str(spec.get("name", ""))
    label = (spec.get("display") or {}).get("name") or name
    base: dict[str, Any] = {"type": "pattern", "pattern": "${" + name + "}", "id": name, "label": label}
    if raw.get("kind") == "TextVariable":
        return {**base, "inputType": "input", "defaultValue": str(spec.get("value", ""))}
    plugin = spec.get("plugin") or {}
    inside = plugin.get("spec") or {}
    every = [{"value": ".*", "label": "All"}] if spec.get("allowAllValue") else []
    if plugin.get("kind") == "StaticListVariable":
        values = [one if isinstance(one, dict) else {"value": str(one)} for one in inside.get("values", [])]
        return {**base, "inputType": "select", "values": every + values}
    if plugin.get("kind") == "PrometheusLabelValuesVariable":
        return {
            **base,
            "inputType": "select",
            "search": "*",
            "populateFrom": inside.get("labelName", ""),
            **({"values": every} if every else {}),
        }
    notes.add(f"variable “{name}”", f"variables of kind {plugin.get('kind', '')} are not supported")
    return None
