"""Alarms as CloudWatch's API describes them; times are milliseconds."""

from collections.abc import Mapping
from typing import Any

from trimtab.alarms.hold import HeldBy
from trimtab.alarms.model import AlarmKind
from trimtab.alarms.rows import Stored

_NAMING = ("Value", "Namespace", "AlarmName", "Expression")
"""Fields of a definition that name what it is about."""


def describe(alarm: Stored) -> dict[str, Any]:
    """The definition and the state of an alarm, in the shape of MetricAlarm, CompositeAlarm or LogAlarm."""
    actions = alarm.actions
    told: dict[str, Any] = {
        "AlarmName": alarm.key.name,
        "AlarmArn": alarm.key.arn,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured_ms,
        **_definition(alarm),
        "ActionsEnabled": actions.enabled,
        "OKActions": list(actions.ok),
        "AlarmActions": list(actions.alarm),
        "InsufficientDataActions": list(actions.insufficient),
        "StateValue": alarm.state.value.value,
        "StateReason": alarm.state.reason,
        "StateUpdatedTimestamp": alarm.state.updated_ms,
        "StateTransitionedTimestamp": alarm.state.transitioned_ms,
    }
    if alarm.state.data is not None:
        told["StateReasonData"] = alarm.state.data
    if alarm.evaluation_state is not None and alarm.kind is not AlarmKind.COMPOSITE:
        told["EvaluationState"] = alarm.evaluation_state
    if alarm.kind is AlarmKind.COMPOSITE and alarm.held is not None and alarm.held.by is not HeldBy.MUTE:
        told["ActionsSuppressedBy"] = alarm.held.by.value
        told["ActionsSuppressedReason"] = f"Actions suppressed by {alarm.held.by.value}"
    return told


def _definition(alarm: Stored) -> Mapping[str, Any]:
    form = alarm.form
    if alarm.kind is AlarmKind.BURN_RATE:
        return _burn_rate(form)
    if "MetricName" in form:
        return {**form, "Dimensions": form.get("Dimensions", [])}
    if "Metrics" in form:
        return {**form, "Metrics": [_query(item) for item in form["Metrics"]]}
    return form


def _query(item: Mapping[str, Any]) -> dict[str, Any]:
    told = {**item, "ReturnData": item.get("ReturnData", True)}
    if "MetricStat" in item:
        metric = item["MetricStat"]["Metric"]
        told["MetricStat"] = {**item["MetricStat"], "Metric": {**metric, "Dimensions": metric.get("Dimensions", [])}}
    return told


_OWN = frozenset({"Objective", "Bad", "Total", "Windows", "ServiceLevelObjective"})


def _burn_of(name: str) -> dict[str, Any]:
    """The attainment of an objective, which is a metric of its own."""
    metric = {"Namespace": "AWS/ApplicationSignals", "MetricName": "AttainmentRate",
              "Dimensions": [{"Name": "SloName", "Value": name}]}  # fmt: skip
    return {"Id": "slo", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}, "ReturnData": True}


def _burn_rate(form: Mapping[str, Any]) -> dict[str, Any]:
    """A burn-rate alarm as a client of CloudWatch can read it: the metric math that its burn rate is."""
    told = {key: value for key, value in form.items() if key not in _OWN}
    if "ServiceLevelObjective" in form:
        return {**told, "Metrics": [_burn_of(form["ServiceLevelObjective"])]}
    queries = [
        {"Id": name.lower(), "MetricStat": {"Period": 60, **form[name]}, "ReturnData": False}
        for name in ("Bad", "Total")
    ]
    burn = {"Id": "burn", "Expression": f"bad / total / {1 - form['Objective']:.10g}", "ReturnData": True}
    return {**told, "Metrics": [*map(_query, queries), burn]}


def names_in(form: Mapping[str, Any]) -> list[str]:
    """The names in an alarm's definition that a change may be about: of dimensions, metrics and log groups."""
    found: list[str] = []
    for name, value in form.items():
        if isinstance(value, str) and name in _NAMING:
            found.append(value)
        elif isinstance(value, Mapping):
            found += names_in(value)
        elif isinstance(value, list):
            found += [word for item in value if isinstance(item, Mapping) for word in names_in(item)]
    return found
