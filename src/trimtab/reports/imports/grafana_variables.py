"""Grafana's template variables to a dashboard's variables."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.reports.imports.model import Notes

_LABEL_VALUES = re.compile(
    r"label_values\(\s*(?:(?P<metric>[a-zA-Z_:][\w:]*)\s*(?:\{(?P<inside>.*)\})?\s*,\s*)?(?P<label>[\w.]+)\s*\)",
    re.DOTALL,
)
_DIMENSION_VALUES = re.compile(
    r"dimension_values\(\s*[^,]*,\s*(?P<namespace>[^,]+),\s*(?P<metric>[^,]+),\s*(?P<label>[^,)]+)"
)
_EVERY = ".*"
_ALL = {"value": _EVERY, "label": "All"}


def read_variables(listed: list[Mapping[str, Any]], notes: Notes) -> list[dict[str, Any]]:
    """The variables that have a counterpart; the others are noted."""
    found = []
    for raw in listed:
        kind, name = str(raw.get("type", "")), str(raw.get("name", ""))
        one = _read(kind, name, raw, notes)
        if one is not None:
            found.append(one)
    return found


def _read(kind: str, name: str, raw: Mapping[str, Any], notes: Notes) -> dict[str, Any] | None:
    where = f"variable “{name}”"
    base: dict[str, Any] = {
        "type": "pattern",
        "pattern": "${" + name + "}",
        "id": name,
        "label": raw.get("label") or name,
    }
    if raw.get("hide") == 2:
        base["visible"] = False
    if kind == "query":
        return _query(raw, base, where, notes)
    if kind in ("custom", "interval"):
        values = _listed(raw)
        if raw.get("includeAll"):
            values = [_ALL, *values]
        if not values:
            notes.add(where, "it lists no values")
            return None
        return {**base, "inputType": "select", "values": values, "defaultValue": _current(raw) or values[0]["value"]}
    if kind in ("textbox", "constant"):
        return {**base, "inputType": "input", "defaultValue": _current(raw) or str(raw.get("query", ""))}
    why = {
        "datasource": "there is one data source, trimtab itself",
        "adhoc": "ad hoc filters are not supported; use a variable in the queries",
    }
    notes.add(where, why.get(kind, f"variables of type {kind} are not supported"))
    return None


def _query(raw: Mapping[str, Any], base: dict[str, Any], where: str, notes: Notes) -> dict[str, Any] | None:
    query = raw.get("query", "")
    text = str(query.get("query", "") if isinstance(query, dict) else query)
    match = _LABEL_VALUES.search(text)
    search = f'MetricName="{match["metric"]}"' if match and match["metric"] else "*"
    label = match["label"] if match else ""
    if match is None and (cloud := _DIMENSION_VALUES.search(text)):
        search = f'{{{cloud["namespace"].strip()}}} MetricName="{cloud["metric"].strip()}"'
        label = cloud["label"].strip()
    if not label:
        notes.add(where, f"its query is not supported: {text[:80]}; expected label_values(metric, label)")
        return {**base, "inputType": "input", "defaultValue": _current(raw) or _EVERY}
    if raw.get("regex"):
        notes.add(where, "the regular expression that picks among its values is left out")
    if match and match["inside"]:
        notes.add(where, "the matchers that narrow its values are left out")
    made = {**base, "inputType": "select", "search": search, "populateFrom": label}
    if raw.get("includeAll") or raw.get("multi"):
        made["values"] = [_ALL]
    current = _current(raw)
    if current or "values" in made:
        made["defaultValue"] = current or _EVERY
    return made


def _listed(raw: Mapping[str, Any]) -> list[dict[str, str]]:
    options = [one for one in raw.get("options") or [] if one.get("value") not in ("$__all", None)]
    if options:
        return [{"value": str(one["value"]), "label": str(one.get("text", one["value"]))} for one in options]
    parts = [part.strip() for part in str(raw.get("query", "")).split(",") if part.strip()]
    return [_pair(part) for part in parts]


def _pair(text: str) -> dict[str, str]:
    label, separator, value = text.partition(" : ")
    return {"value": value.strip(), "label": label.strip()} if separator else {"value": text, "label": text}


def _current(raw: Mapping[str, Any]) -> str:
    value = (raw.get("current") or {}).get("value", "")
    if isinstance(value, list):
        value = "|".join(map(str, value)) if len(value) > 1 else (value[0] if value else "")
    return _EVERY if value == "$__all" else str(value or "")
