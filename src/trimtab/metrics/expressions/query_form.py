"""Reads one metric data query from the form that CloudWatch's API has: of alarms, and of objectives."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import Tags, make_tags
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.statistics import parse_statistic

Form = Mapping[str, Any]


def read_query(item: Form, path: str, begin: str = "") -> Query:
    """The query that `item` means; messages name its `path` and begin as the caller's do. Raises InvalidInput."""
    stat = item.get("MetricStat")
    if (stat is None) == ("Expression" not in item):
        raise InvalidInput(f"{begin}{path} must have either an Expression or a MetricStat.")
    common = (item.get("Period"), item.get("Label"), item.get("ReturnData", True), item.get("AccountId"))
    if stat is None:
        return Query(item["Id"], item["Expression"], *common)
    metric = stat["Metric"]
    for name in ("Namespace", "MetricName"):
        if not metric.get(name):
            raise InvalidInput(f"The parameter {path}.MetricStat.Metric.{name} is required.", field=name)
    return Query(
        item["Id"],
        MetricStat(
            metric["Namespace"],
            metric["MetricName"],
            read_dimensions(metric.get("Dimensions", ())),
            parse_statistic(stat["Stat"], f"{path}.MetricStat.Stat"),
            stat["Period"],
            stat.get("Unit"),
            item.get("AccountId"),
        ),
        *common,
    )


def read_dimensions(pairs: Sequence[Form]) -> Tags:
    """Dimensions from their list of names and values."""
    return make_tags((pair["Name"], pair["Value"]) for pair in pairs)
