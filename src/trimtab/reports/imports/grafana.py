"""Classic Grafana dashboard JSON to a body. What has no counterpart is listed with its reason, never dropped."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.reports.imports.grafana_panels import read_panel
from trimtab.reports.imports.grafana_variables import read_variables
from trimtab.reports.imports.model import Imported, Notes

_ROW_SHARE = 38 / 56
"""A row of Grafana's grid is 30 + 8 pixels high, one of trimtab's 44 + 12."""
_COLUMNS = 24
_RELATIVE = re.compile(r"now-(\d+)([smhdwMy])(?:/\w)?")
_ISO_UNIT = {"s": "PT{}S", "m": "PT{}M", "h": "PT{}H", "d": "P{}D", "w": "P{}W", "M": "P{}M", "y": "P{}Y"}


def is_grafana(document: Mapping[str, Any]) -> bool:
    """Whether `document` looks like a Grafana dashboard, wrapped as its API answers or not."""
    inner = document.get("dashboard", document)
    return isinstance(inner, dict) and ("panels" in inner or "rows" in inner) and "widgets" not in inner


def read_grafana(document: Mapping[str, Any]) -> Imported:
    """The body of a dashboard. Raises InvalidInput where there is nothing to read."""
    raw = document.get("dashboard", document)
    if not isinstance(raw, dict):
        raise InvalidInput("cannot import: expected a Grafana dashboard's JSON object", field="document")
    notes = Notes()
    variables = read_variables(raw.get("templating", {}).get("list", []), notes)
    widgets = _apart([widget for panel in _panels(raw) for widget in _widget(panel, notes)])
    body: dict[str, Any] = {"widgets": widgets}
    if variables:
        body["variables"] = variables
    start = _start(raw.get("time", {}))
    if start:
        body["start"] = start
    for one in raw.get("annotations", {}).get("list", []):
        if not one.get("builtIn"):
            notes.add(f"annotation “{one.get('name', '')}”", "annotations that query a data source are not supported")
    for one in raw.get("links", []):
        notes.add(f"link “{one.get('title', '')}”", "dashboard links are not supported; write them into a text panel")
    return Imported(str(raw.get("title", "")), "Grafana", body, tuple(notes.found))


def _panels(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every panel with a `gridPos`: those of collapsed rows and of the old form with rows too.

    A collapsed row is opened: what is below it makes room for its panels.
    """
    shift = 0
    for panel in raw.get("panels", []):
        yield _moved(panel, shift)
        inside = [one for one in panel.get("panels") or [] if one.get("gridPos")] if panel.get("type") == "row" else []
        if inside:
            first = min(one["gridPos"].get("y", 0) for one in inside)
            below = max(one["gridPos"].get("y", 0) + one["gridPos"].get("h", 8) for one in inside)
            start = (panel.get("gridPos") or {}).get("y", 0) + shift + 1
            yield from (_moved(one, start - first) for one in inside)
            shift += below - first
    top = 0
    for row in raw.get("rows", []):
        x, tall = 0, 0
        if row.get("showTitle") or row.get("title"):
            yield {"type": "row", "title": row.get("title", ""), "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}}
            top += 1
        for panel in row.get("panels", []):
            width = max(int(panel.get("span", 12) * 2), 1)
            if x + width > _COLUMNS:
                x, top, tall = 0, top + tall, 0
            yield {**panel, "gridPos": {"x": x, "y": top, "w": width, "h": 8}}
            x, tall = x + width, 8
        top += tall


def _moved(panel: Mapping[str, Any], rows: int) -> Mapping[str, Any]:
    place = panel.get("gridPos") or {}
    return {**panel, "gridPos": {**place, "y": place.get("y", 0) + rows}} if rows else panel


def _apart(widgets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The widgets in reading order; one that was made higher than its place pushes those below it down."""
    placed: list[dict[str, Any]] = []
    for widget in sorted(widgets, key=lambda one: (one["y"], one["x"])):
        while True:
            over = [one for one in placed if _overlap(one, widget)]
            if not over:
                break
            widget["y"] = max(one["y"] + one["height"] for one in over)
        placed.append(widget)
    return placed


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size]
        for at, size in (("x", "width"), ("y", "height"))
    )


def _widget(panel: Mapping[str, Any], notes: Notes) -> Iterator[dict[str, Any]]:
    found = read_panel(panel, notes)
    if found is None:
        return
    kind, properties = found
    place = panel.get("gridPos") or {}
    x, y, width, height = (int(place.get(key, usual)) for key, usual in (("x", 0), ("y", 0), ("w", 12), ("h", 8)))
    top, bottom = round(y * _ROW_SHARE), round((y + height) * _ROW_SHARE)
    least = 1 if kind == "text" else 3
    yield {
        "type": kind,
        "x": min(max(x, 0), _COLUMNS - 1),
        "y": max(top, 0),
        "width": min(max(width, 1), _COLUMNS - min(max(x, 0), _COLUMNS - 1)),
        "height": max(bottom - top, least),
        "properties": properties,
    }


def _start(time: Mapping[str, Any]) -> str:
    match = _RELATIVE.fullmatch(str(time.get("from", "")))
    return "-" + _ISO_UNIT[match[2]].format(match[1]) if match else ""
