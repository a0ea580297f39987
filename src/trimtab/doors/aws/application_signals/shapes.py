"""Objectives and reports of their budgets as the API describes them; times are milliseconds."""

from collections.abc import Mapping
from typing import Any

from trimtab.slos.model import Operations, Slo, StoredSlo
from trimtab.slos.report import Report

_OF_SERVICE = ("KeyAttributes", "OperationName", "MetricType")


def objective(kept: StoredSlo) -> dict[str, Any]:
    """An objective as GetServiceLevelObjective has it."""
    slo = kept.slo
    shape: dict[str, Any] = {
        "Arn": slo.key.arn,
        "Name": slo.key.name,
        "CreatedTime": kept.created_ms,
        "LastUpdatedTime": kept.updated_ms,
        **indicator(kept),
        "EvaluationType": evaluation(slo),
        "Goal": goal(slo),
        "BurnRateConfigurations": [{"LookBackWindowMinutes": one} for one in slo.burn_minutes],
        "MetricSourceType": source(slo),
    }
    return {**shape, "Description": slo.description} if slo.description else shape


def summary(kept: StoredSlo) -> dict[str, Any]:
    """An objective as ListServiceLevelObjectives has it."""
    slo = kept.slo
    shape = {
        "Arn": slo.key.arn, "Name": slo.key.name, "CreatedTime": kept.created_ms, "EvaluationType": evaluation(slo),
        "MetricSourceType": source(slo),
    }  # fmt: skip
    metric = _metric(kept.form)
    return {**shape, **{name: metric[name] for name in ("KeyAttributes", "OperationName") if name in metric}}


def report(one: Report) -> dict[str, Any]:
    """A report as BatchGetServiceLevelObjectiveBudgetReport has it: what is left is whole seconds, or requests."""
    slo = one.kept.slo
    kind = "Seconds" if slo.by_period else "Requests"
    shape: dict[str, Any] = {
        "Arn": slo.key.arn,
        "Name": slo.key.name,
        "EvaluationType": evaluation(slo),
        "BudgetStatus": one.status.value,
        f"TotalBudget{kind}": round(one.budget),
        f"Budget{kind}Remaining": round(one.left),
        **indicator(one.kept),
        "Goal": goal(slo),
    }
    return shape if one.attainment is None else {**shape, "Attainment": one.attainment}


def indicator(kept: StoredSlo) -> dict[str, Any]:
    """What is measured. Of a service no metrics are named: its requests are counted from spans."""
    form, metric = kept.form, _metric(kept.form)
    told: dict[str, Any] = {name: metric[name] for name in _OF_SERVICE if name in metric}
    given = form.get("SliConfig") or form["RequestBasedSliConfig"]
    compared = {name: given[name] for name in ("MetricThreshold", "ComparisonOperator") if name in given}
    if "SliConfig" in form:
        return {"Sli": {"SliMetric": {**told, "MetricDataQueries": metric.get("MetricDataQueries", [])}, **compared}}
    told["TotalRequestCountMetric"] = metric.get("TotalRequestCountMetric", [])
    told["MonitoredRequestCountMetric"] = metric.get("MonitoredRequestCountMetric", {"GoodCountMetric": []})
    return {"RequestBasedSli": {"RequestBasedSliMetric": told, **compared}}


def goal(slo: Slo) -> dict[str, Any]:
    """What is promised, with what was not said."""
    interval = slo.goal.interval
    span: dict[str, Any] = {"DurationUnit": interval.unit.value, "Duration": interval.duration}
    told = (
        {"RollingInterval": span}
        if interval.start_ms is None
        else {"CalendarInterval": {**span, "StartTime": interval.start_ms}}
    )
    return {"Interval": told, "AttainmentGoal": slo.goal.attainment, "WarningThreshold": slo.goal.warning}


def evaluation(slo: Slo) -> str:
    """Whether periods or requests are counted."""
    return "PeriodBased" if slo.by_period else "RequestBased"


def source(slo: Slo) -> str:
    """Where it is measured."""
    if not isinstance(slo.indicator, Operations):
        return "CloudWatchMetric"
    return "ServiceOperation" if slo.indicator.operation else "Service"


def _metric(form: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (
        form["SliConfig"]["SliMetricConfig"]
        if "SliConfig" in form
        else form["RequestBasedSliConfig"]["RequestBasedSliMetricConfig"]
    )
    return found
