"""Reads an objective from the form that CreateServiceLevelObjective has, which is what is stored.

Everything here raises InvalidInput.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions.check import check
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.expressions.query_form import read_query
from trimtab.metrics.statistics import Family, parse_statistic
from trimtab.slos.model import (
    MINUTE_S,
    Comparison,
    Goal,
    Indicator,
    Interval,
    Operations,
    Periods,
    Requests,
    Slo,
    SloKey,
    read_comparison,
    read_unit,
)

Form = Mapping[str, Any]

ATTAINMENT, WARNING = 99.0, 50.0
"""Percent, where a goal names none (API reference, Goal)."""
_WEEK: Form = {"RollingInterval": {"DurationUnit": "DAY", "Duration": 7}}
"""The interval of a goal that names none (API reference, Goal)."""
_MOST_DAYS = 366
_NAME = re.compile(r"[0-9A-Za-z][-._0-9A-Za-z ]{0,126}[0-9A-Za-z]")


def read_slo(key: SloKey, form: Form) -> Slo:
    """The objective that `form` defines."""
    if not _NAME.fullmatch(key.name):
        raise InvalidInput(
            f"cannot name an objective {key.name[:128]!r}: expected 2 to 128 letters, digits, -, ., _ and spaces",
            field="Name",
        )
    by_period, by_request = form.get("SliConfig"), form.get("RequestBasedSliConfig")
    if (by_period is None) == (by_request is None):
        raise InvalidInput("Exactly one of SliConfig and RequestBasedSliConfig must be specified.")
    indicator = _by_period(by_period) if by_period is not None else _by_request(by_request or {})
    burns = tuple(one["LookBackWindowMinutes"] for one in form.get("BurnRateConfigurations", ()))
    if len(set(burns)) < len(burns):
        raise InvalidInput("BurnRateConfigurations must not name a LookBackWindowMinutes twice.")
    return Slo(key, indicator, _goal(form.get("Goal", {})), form.get("Description", ""), burns)


def _goal(form: Form) -> Goal:
    attainment = float(form.get("AttainmentGoal", ATTAINMENT))
    warning = float(form.get("WarningThreshold", WARNING))
    if not 0 < attainment < 100:
        raise InvalidInput(f"cannot use AttainmentGoal {attainment:g}: expected a percentage above 0 and below 100")
    if not 0 <= warning <= 100:
        raise InvalidInput(f"cannot use WarningThreshold {warning:g}: expected a percentage from 0 to 100")
    given = form.get("Interval") or _WEEK
    if ("RollingInterval" in given) == ("CalendarInterval" in given):
        raise InvalidInput("Exactly one of RollingInterval and CalendarInterval must be specified.")
    told: Form = given.get("RollingInterval") or given["CalendarInterval"]
    interval = Interval(read_unit(told["DurationUnit"]), int(told["Duration"]), told.get("StartTime"))
    start_ms, end_ms = interval.bounds(interval.start_ms or 1_000_000_000_000)
    if end_ms - start_ms > _MOST_DAYS * 86_400_000:
        raise InvalidInput(f"cannot use an interval above {_MOST_DAYS} days")
    return Goal(interval, attainment, warning)


def _by_period(form: Form) -> Indicator:
    metric = form["SliMetricConfig"]
    if "MetricThreshold" not in form or "ComparisonOperator" not in form:
        raise InvalidInput("MetricThreshold and ComparisonOperator are required in SliConfig.")
    compared = read_comparison(form["ComparisonOperator"]), float(form["MetricThreshold"])
    _refuse_others(metric)
    if "MetricDataQueries" in metric:
        _refuse_both(metric)
        queries = _queries(metric["MetricDataQueries"], "MetricDataQueries")
        return Periods(queries, _period_of(queries), *compared)
    latency = _is_latency(metric)
    return Operations(
        *_operation(metric), latency, *compared, metric.get("PeriodSeconds", MINUTE_S),
        _quantile(metric.get("Statistic", "p99")) if latency else 0.0,
    )  # fmt: skip


def _by_request(form: Form) -> Indicator:
    metric = form["RequestBasedSliMetricConfig"]
    _refuse_others(metric)
    if "MonitoredRequestCountMetric" in metric or "TotalRequestCountMetric" in metric:
        _refuse_both(metric)
        counted = metric.get("MonitoredRequestCountMetric", {})
        if "TotalRequestCountMetric" not in metric or len(counted) != 1:
            raise InvalidInput(
                "TotalRequestCountMetric and one of GoodCountMetric and BadCountMetric must be specified together."
            )
        [(name, queries)] = counted.items()
        total, part = _queries(metric["TotalRequestCountMetric"], "TotalRequestCountMetric"), _queries(queries, name)
        if _period_of(total) != _period_of(part):
            raise InvalidInput(f"TotalRequestCountMetric and {name} must have the same period.")
        return Requests(total, part, name == "GoodCountMetric", _period_of(total))
    latency = _is_latency(metric)
    if latency and ("MetricThreshold" not in form or "ComparisonOperator" not in form):
        raise InvalidInput("MetricThreshold and ComparisonOperator are required for an objective on LATENCY.")
    comparison = read_comparison(form.get("ComparisonOperator", Comparison.LESS_OR_EQUAL))
    return Operations(*_operation(metric), latency, comparison, float(form.get("MetricThreshold", 0.0)))


def _refuse_others(metric: Form) -> None:
    for name in ("DependencyConfig", "CompositeSliConfig", "MetricSource"):
        if name in metric:
            raise InvalidInput(f"{name} is not supported: name a service and an operation, or metric data queries.")


def _refuse_both(metric: Form) -> None:
    for name in ("KeyAttributes", "OperationName", "MetricType"):
        if name in metric:
            raise InvalidInput(f"{name} and metric data queries are mutually exclusive and you have specified both.")


def _is_latency(metric: Form) -> bool:
    if "MetricType" not in metric:
        raise InvalidInput("MetricType is required where no metric data queries are given.", field="MetricType")
    return bool(metric["MetricType"] == "LATENCY")


def _operation(metric: Form) -> tuple[str, str, str]:
    keys = metric.get("KeyAttributes", {})
    if not keys.get("Name"):
        raise InvalidInput("KeyAttributes must have the Name of a service.", field="KeyAttributes")
    return keys["Name"], metric.get("OperationName", ""), keys.get("Environment", "")


def _quantile(text: str) -> float:
    statistic = parse_statistic(text, "Statistic")
    if statistic.family is Family.AVERAGE:
        return 0.0
    if statistic.family is Family.PERCENTILE and statistic.high is not None and statistic.high > 0:
        return float(statistic.high)
    raise InvalidInput(f"cannot use the statistic {text} of latency: expected Average or a percentile, such as p99")


def _queries(items: Sequence[Form], path: str) -> tuple[Query, ...]:
    queries = tuple(read_query(item, f"{path}.{number}") for number, item in enumerate(items, 1))
    if sum(query.returned for query in queries) != 1:
        raise InvalidInput(f"{path} must have exactly one element with ReturnData set to true.", field=path)
    check(queries, alarm=True)
    _period_of(queries)
    return queries


def _period_of(queries: Sequence[Query]) -> int:
    """The period of what is returned: its own, or the longest of the metrics that its expression may read."""
    watched = next(query for query in queries if query.returned)
    stats = [one.source.period_s for one in queries if isinstance(one.source, MetricStat)]
    period_s = watched.source.period_s if isinstance(watched.source, MetricStat) else watched.period_s
    if period_s is None and not stats:
        raise InvalidInput("Period must not be null")
    found = period_s or max(stats)
    if found % MINUTE_S:
        raise InvalidInput(f"cannot use a period of {found} s: expected whole minutes")
    return found
