"""Metrics as lines of text: `m1=Namespace|Metric|Stat|name=value|name=value`."""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.web.view import View

_SIMPLE = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")


def metric_of(view: View) -> dict[str, Any]:
    """The metric that the fields name, in CloudWatch's form."""
    found: dict[str, Any] = {"Namespace": view.get("namespace"), "MetricName": view.get("metric")}
    pairs = [line for text in view.all("dimension") for line in text.splitlines() if line.strip()]
    dimensions = [_pair(text) for text in pairs]
    return {**found, "Dimensions": dimensions} if dimensions else found


def stat_member(stat: str) -> dict[str, str]:
    """A statistic as the member that PutMetricAlarm has for it."""
    return {"Statistic": stat} if stat in _SIMPLE else {"ExtendedStatistic": stat}


def queries_of(text: str, period_s: int) -> list[dict[str, Any]]:
    """The queries that lines name. Raises InvalidInput naming the line."""
    return [_query(line.strip(), period_s) for line in text.splitlines() if line.strip()]


def input_line(id_: str, query: Mapping[str, Any]) -> str:
    """A query as a line."""
    stat = query["MetricStat"]
    metric = stat["Metric"]
    dimensions = [f"{one['Name']}={one['Value']}" for one in metric.get("Dimensions", ())]
    return f"{id_}=" + "|".join((metric["Namespace"], metric["MetricName"], stat["Stat"], *dimensions))


def _query(line: str, period_s: int) -> dict[str, Any]:
    id_, separator, rest = line.partition("=")
    parts = [part.strip() for part in rest.split("|")]
    if not separator or len(parts) < 3 or not all(parts[:3]):
        raise InvalidInput(
            f"cannot read {line[:80]!r}: expected Namespace|Metric|Stat, with |name=value for each dimension",
            field="inputs",
        )
    namespace, name, stat, *dimensions = parts
    metric: dict[str, Any] = {"Namespace": namespace, "MetricName": name}
    if dimensions:
        metric["Dimensions"] = [_pair(one) for one in dimensions]
    found = {"Metric": metric, "Period": period_s, "Stat": stat}
    return {"Id": id_.strip(), "MetricStat": found, "ReturnData": False}


def _pair(text: str) -> dict[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip() or not value.strip():
        raise InvalidInput(f"cannot read dimension {text[:80]!r}: expected name=value", field="dimension")
    return {"Name": name.strip(), "Value": value.strip()}
