"""The MetricDataQueries of a GetMetricData request, checked and read: every fault is told at once."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import Tags, make_tags
from trimtab.doors.aws.cloudwatch.complaints import Complaints, exclusive, must_be_in
from trimtab.doors.aws.cloudwatch.datum import UNITS
from trimtab.doors.aws.cloudwatch.labels import check_label
from trimtab.doors.aws.cloudwatch.names import check_dimensions, check_metric_name, check_namespace
from trimtab.doors.aws.cloudwatch.times import is_period
from trimtab.metrics.statistics import Statistic, parse_statistic

MAX_QUERIES = 500
"""Queries a request may have, as documented."""
PERIODS = "The value {} for parameter {} is not valid: a period is 1, 5, 10, 20, 30 or a multiple of 60."
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")


class MetricQuery(Struct, frozen=True):
    """One statistic of one metric. `unit` None merges all units; `account` None is the caller's."""

    id: str
    namespace: str
    name: str
    dimensions: Tags
    statistic: Statistic
    period_s: int
    unit: str | None
    label: str | None
    account: str | None
    returned: bool


class ExpressionQuery(Struct, frozen=True):
    """A metric math expression or Metrics Insights query; it may refer to the other queries by id."""

    id: str
    expression: str
    period_s: int | None
    label: str | None
    account: str | None
    returned: bool


Query = MetricQuery | ExpressionQuery


def read_queries(items: list[dict[str, Any]]) -> list[Query]:
    """The queries in a request. Raises AwsError (ValidationError) naming everything that is wrong."""
    complaints = Complaints("ValidationError")
    if not items:
        complaints.missing("MetricDataQueries")
    if len(items) > MAX_QUERIES:
        complaints.invalid(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
        complaints.raise_any()
    ids = [item.get("Id") for item in items]
    if len(set(ids)) < len(ids):
        complaints.invalid("The values for parameter Id in MetricDataQueries are not unique.")
    queries = list(_read(items, complaints))
    complaints.raise_any()
    return queries


def _read(items: list[dict[str, Any]], complaints: Complaints) -> Iterator[Query]:
    for number, item in enumerate(items, 1):
        path = f"MetricDataQueries.member.{number}"
        _check_id(item.get("Id"), path, complaints)
        if item.get("Label") is not None:
            check_label(item["Label"], f"{path}.Label", complaints)
        if ("Expression" in item) == ("MetricStat" in item):
            complaints.invalid(_one_of(path, both="Expression" in item))
        elif "Expression" in item:
            yield _expression(item, path, complaints)
        else:
            query = _metric(item, f"{path}.MetricStat", complaints)
            if query is not None:
                yield query


def _check_id(given: str | None, path: str, complaints: Complaints) -> None:
    if not given:
        complaints.missing(f"{path}.Id")
    elif len(given) > 255:
        complaints.invalid(f"The parameter {path}.Id must be shorter than 256 characters.")
    elif not _ID.fullmatch(given):
        complaints.invalid(
            f"The value {given} for parameter {path}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )


def _one_of(path: str, *, both: bool) -> str:
    if both:
        return exclusive(f"{path}.Expression", f"{path}.MetricStat")
    return f"At least one of the parameters {path}.Expression and {path}.MetricStat must be specified."


def _expression(item: dict[str, Any], path: str, complaints: Complaints) -> ExpressionQuery:
    period = item.get("Period")
    if period is not None and not is_period(period):
        complaints.invalid(PERIODS.format(period, f"{path}.Period"))
    if not 0 < len(item["Expression"]) <= 2048:
        complaints.invalid(f"The parameter {path}.Expression must have 1 to 2048 characters.")
    return ExpressionQuery(
        item.get("Id", ""),
        item["Expression"],
        period,
        item.get("Label"),
        item.get("AccountId"),
        item.get("ReturnData", True),
    )


def _metric(item: dict[str, Any], path: str, complaints: Complaints) -> MetricQuery | None:
    stat: dict[str, Any] = item["MetricStat"]
    metric: dict[str, Any] = stat.get("Metric", {})
    pairs = [(pair.get("Name"), pair.get("Value")) for pair in metric.get("Dimensions", ())]
    if "Metric" not in stat:
        complaints.missing(f"{path}.Metric")
    else:
        check_namespace(metric.get("Namespace"), complaints, writing=False, path=f"{path}.Metric.Namespace")
        check_metric_name(metric.get("MetricName"), f"{path}.Metric.MetricName", complaints)
        check_dimensions(pairs, f"{path}.Metric.Dimensions", complaints)
    unit = stat.get("Unit")
    if unit is not None and unit not in UNITS:
        complaints.invalid(must_be_in(f"{path}.Unit", UNITS))
    statistic = _statistic(stat.get("Stat"), f"{path}.Stat", complaints)
    period = _period(stat.get("Period"), f"{path}.Period", complaints)
    if complaints or statistic is None or period is None:
        return None
    return MetricQuery(
        item["Id"],
        metric["Namespace"],
        metric["MetricName"],
        make_tags((str(name), str(value)) for name, value in pairs),
        statistic,
        period,
        unit,
        item.get("Label"),
        item.get("AccountId"),
        item.get("ReturnData", True),
    )


def _statistic(given: str | None, path: str, complaints: Complaints) -> Statistic | None:
    if not given:
        complaints.missing(path)
        return None
    try:
        return parse_statistic(given, path)
    except InvalidInput as problem:
        complaints.invalid(str(problem))
        return None


def _period(given: int | None, path: str, complaints: Complaints) -> int | None:
    if given is None:
        complaints.missing(path)
    elif not is_period(given):
        complaints.invalid(PERIODS.format(given, path))
    else:
        return given
    return None
