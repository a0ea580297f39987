"""One Grafana panel to a widget."""

from collections.abc import Mapping
from typing import Any

from trimtab.reports.imports.grafana_targets import plain_variables, read_targets
from trimtab.reports.imports.model import Notes
from trimtab.reports.imports.units import from_grafana

_VIEWS = {
    "timeseries": "timeSeries", "graph": "timeSeries", "heatmap": "timeSeries", "state-timeline": "timeSeries",
    "trend": "timeSeries", "stat": "singleValue", "singlestat": "singleValue", "gauge": "gauge", "bargauge": "bar",
    "barchart": "bar", "piechart": "pie", "grafana-piechart-panel": "pie", "table": "table", "table-old": "table",
}  # fmt: skip
_CHANGED = {
    "heatmap": "a heat map over time is drawn as lines, one a bucket",
    "state-timeline": "a state timeline is drawn as lines",
}
_WHY = {
    "logs": "panels of logs need a log query of trimtab's own",
    "alertlist": "lists of Grafana's own alerts stay in Grafana; the Alarms page lists trimtab's",
    "dashlist": "the Dashboards page is the list",
    "news": "news feeds are fetched from outside",
    "nodeGraph": "node graphs are not supported",
    "traces": "panels of traces are not supported",
    "canvas": "canvases are not supported",
    "geomap": "maps are not supported",
}


def read_panel(panel: Mapping[str, Any], notes: Notes) -> tuple[str, dict[str, Any]] | None:
    """The type and the properties of the widget, or None for a panel that is left out (and noted)."""
    kind, title = str(panel.get("type", "")), str(panel.get("title", ""))
    name = f"panel “{title}” ({kind or 'no type'})"
    if kind == "row":
        return ("text", {"markdown": f"## {title}", "background": "transparent"}) if title else None
    if kind == "text":
        return _text(panel, name, notes)
    view = _VIEWS.get(kind)
    if view is None:
        why = _WHY.get(kind, "panels of this type are not supported")
        notes.add(
            name,
            "it is a library panel, whose content is not in the file"
            if panel.get("libraryPanel") and not kind
            else why,
        )
        return None
    if kind in _CHANGED:
        notes.add(name, _CHANGED[kind])
    read = read_targets(panel, name, notes)
    if read is None:
        return None
    widget_kind, properties = read
    properties = {"title": plain_variables(title), "view": view, **properties}
    _look(panel, kind, view, properties)
    _noted(panel, name, notes)
    return widget_kind, properties


def _text(panel: Mapping[str, Any], name: str, notes: Notes) -> tuple[str, dict[str, Any]] | None:
    options = panel.get("options") or {}
    mode = options.get("mode", panel.get("mode", "markdown"))
    if mode == "html":
        notes.add(name, "its text is HTML; only Markdown is shown")
        return None
    text = plain_variables(str(options.get("content", panel.get("content", ""))))
    title = panel.get("title")
    return "text", {"markdown": f"### {title}\n\n{text}" if title else text}


def _look(panel: Mapping[str, Any], kind: str, view: str, properties: dict[str, Any]) -> None:
    """Axes, units, stacking, thresholds and legend."""
    defaults: Mapping[str, Any] = (panel.get("fieldConfig") or {}).get("defaults") or {}
    custom: Mapping[str, Any] = defaults.get("custom") or {}
    if panel.get("stack") or (custom.get("stacking") or {}).get("mode") in ("normal", "percent"):
        properties["stacked"] = True
    axis = {key: defaults[key] for key in ("min", "max") if isinstance(defaults.get(key), (int, float))}
    old = (panel.get("yaxes") or [{}])[0]
    axis = axis or {key: float(old[key]) for key in ("min", "max") if _number(old.get(key))}
    if view == "gauge":
        axis = {"min": 0, "max": 1 if _unit(panel, defaults) == "fraction" else 100, **axis}
    if axis:
        properties["yAxis"] = {"left": axis}
    unit = _unit(panel, defaults)
    if unit and "data" in properties:
        for query in properties["data"]["queries"]:
            query["unit"] = unit
    if view == "singleValue" and (panel.get("options") or {}).get("graphMode", "area") == "area":
        properties["sparkline"] = True
    lines = _thresholds(panel, defaults, custom)
    if lines and view == "timeSeries":
        properties["annotations"] = {"horizontal": lines}
    legend = ((panel.get("options") or {}).get("legend") or {}).get("placement") or (panel.get("legend") or {})
    if legend == "right" or (isinstance(legend, dict) and legend.get("rightSide")):
        properties["legend"] = {"position": "right"}


def _unit(panel: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    old = (panel.get("yaxes") or [{}])[0].get("format", "")
    return from_grafana(str(defaults.get("unit") or panel.get("format") or old or ""))


def _thresholds(
    panel: Mapping[str, Any], defaults: Mapping[str, Any], custom: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if (custom.get("thresholdsStyle") or {}).get("mode", "off") != "off":
        steps = (defaults.get("thresholds") or {}).get("steps") or []
        return [{"value": step["value"]} for step in steps if isinstance(step.get("value"), (int, float))]
    return [
        {"value": one["value"]}
        for one in panel.get("thresholds") or []
        if isinstance(one, dict) and _number(one.get("value"))
    ]


def _noted(panel: Mapping[str, Any], name: str, notes: Notes) -> None:
    for one in panel.get("transformations") or []:
        notes.add(name, f"its transformation “{one.get('id', '')}” is left out")
    if (panel.get("fieldConfig") or {}).get("overrides") or panel.get("seriesOverrides"):
        notes.add(name, "looks that are set for single series are left out")
    if panel.get("repeat"):
        notes.add(name, f"it is drawn once for all values of {panel['repeat']}, not once for each")
    if panel.get("alert"):
        notes.add(name, "its alert stays in Grafana; make an alarm for it")


def _number(value: Any) -> bool:
    if isinstance(value, str):
        return value.replace(".", "", 1).lstrip("-").isdigit()
    return isinstance(value, (int, float)) and not isinstance(value, bool)
