"""Which metrics an alarm looks at, from its definition in CloudWatch's form."""

from collections.abc import Iterator, Mapping
from typing import Any

Watched = tuple[str, str, dict[str, str]]
"""Namespace, name and dimensions of a metric."""


def metrics_in(form: Mapping[str, Any]) -> Iterator[Watched]:
    """The metrics of an alarm of one metric, and those that the queries of an alarm over several read."""
    parts = [form, *(one.get("MetricStat", {}).get("Metric", {}) for one in form.get("Metrics", ()))]
    for part in parts:
        if part.get("Namespace") and part.get("MetricName"):
            pairs = {str(one["Name"]): str(one["Value"]) for one in part.get("Dimensions", ())}
            yield str(part["Namespace"]), str(part["MetricName"]), pairs
