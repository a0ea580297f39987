"""The queries of a Grafana panel: PromQL to a chart widget, CloudWatch to a metric widget."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.reports.imports.model import Notes

_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]|\$(\w+)")
_KEPT = ("__interval", "__rate_interval", "__range", "__interval_ms", "__range_s", "__all")
_STATISTICS = {
    "p50": "p50",
    "average": "Average",
    "sum": "Sum",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "samplecount": "SampleCount",
}


def plain_variables(text: str) -> str:
    """`$name`, `${name:regex}` and `[[name]]` in one form, `${name}`, which no other name is the beginning of."""

    def one(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3]
        return match[0] if name in _KEPT or name.isdigit() else "${" + name + "}"

    return _VARIABLE.sub(one, text)


def read_targets(panel: Mapping[str, Any], name: str, notes: Notes) -> tuple[str, dict[str, Any]] | None:
    """The widget's type and its `data` or `metrics`; None where no target could be read (noted)."""
    prom: list[dict[str, Any]] = []
    cloud: list[list[Any]] = []
    for at, target in enumerate(panel.get("targets") or []):
        where = f"{name}, query {target.get('refId', at + 1)}"
        source = _source(target, panel)
        if isinstance(target.get("expr"), str) and source in ("prometheus", ""):
            prom += _prom(target, where, notes)
        elif source == "cloudwatch" or "namespace" in target or "sqlExpression" in target:
            cloud += _cloud(target, where, notes)
        else:
            notes.add(
                where, f"queries of {source or 'this data source'} are not supported; expected PromQL or CloudWatch"
            )
    if prom and cloud:
        notes.add(name, "it mixes PromQL and CloudWatch; its CloudWatch queries are left out")
    if prom:
        return "chart", {"data": {"queries": prom}}
    if cloud:
        return "metric", {"metrics": cloud}
    notes.add(name, "no query of it could be read")
    return None


def _source(target: Mapping[str, Any], panel: Mapping[str, Any]) -> str:
    for holder in (target, panel):
        found = holder.get("datasource")
        kind = found.get("type", "") if isinstance(found, dict) else ""
        if kind and kind not in ("datasource", "mixed"):
            return str(kind)
    return ""


def _prom(target: Mapping[str, Any], where: str, notes: Notes) -> list[dict[str, Any]]:
    text = plain_variables(target["expr"].strip())
    if not text:
        return []
    query: dict[str, Any] = {"query": text}
    label = target.get("legendFormat")
    if label and label != "__auto":
        query["label"] = plain_variables(str(label))
    if target.get("hide"):
        query["visible"] = False
    if target.get("format") == "heatmap":
        query.setdefault("label", "{{le}}")
    if target.get("exemplar"):
        notes.add(where, "exemplars are not drawn")
    return [query]


def _cloud(target: Mapping[str, Any], where: str, notes: Notes) -> list[list[Any]]:
    options: dict[str, Any] = {}
    if target.get("id"):
        options["id"] = target["id"]
    label = target.get("label") or target.get("alias")
    if label:
        options["label"] = str(label)
    if target.get("hide"):
        options["visible"] = False
    if str(target.get("period", "")).isdigit():
        options["period"] = int(target["period"])
    region = target.get("region")
    if region and region != "default":
        options["region"] = plain_variables(str(region))
    text = target.get("sqlExpression") or target.get("expression")
    if text:
        return [[{**options, "expression": plain_variables(str(text))}]]
    namespace, metric = target.get("namespace"), target.get("metricName")
    if not (namespace and metric):
        notes.add(where, "it names no metric")
        return []
    names = [plain_variables(str(namespace)), plain_variables(str(metric))]
    pairs = target.get("dimensions") or {}
    if any(value in ("*", ["*"]) for value in pairs.values()) or target.get("matchExact") is False:
        return [[{**options, "expression": _search(names, pairs, target)}]]
    for key, value in pairs.items():
        first = value[0] if isinstance(value, list) and value else value
        names += [str(key), plain_variables(str(first))]
    return [[*names, {**options, "stat": stat}] for stat in _stats(target)]


def _search(names: list[str], pairs: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    words = [f'MetricName="{names[1]}"']
    for key, value in pairs.items():
        first = value[0] if isinstance(value, list) and value else value
        if first != "*":
            words.append(f'{key}="{plain_variables(str(first))}"')
    keys = ",".join(f'"{key}"' if not key.isalnum() else key for key in pairs)
    schema = (
        f"{{{names[0]}{',' + keys if keys else ''}}}"
        if target.get("matchExact") is not False
        else f'Namespace="{names[0]}"'
    )
    return f"SEARCH('{schema} {' '.join(words)}', '{_stats(target)[0]}')"


def _stats(target: Mapping[str, Any]) -> list[str]:
    given = target.get("statistic") or target.get("statistics") or "Average"
    listed = given if isinstance(given, list) else [given]
    return [_STATISTICS.get(str(one).lower(), str(one)) for one in listed] or ["Average"]
