"""The message that a change of state sends: the JSON that CloudWatch publishes to SNS, with the actions beside it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from trimtab.alarms.contributors import ContributorChange
from trimtab.alarms.model import AlarmKind, State, StateValue
from trimtab.alarms.reasons import stamp
from trimtab.alarms.rows import Stored

STATE_CHANGED = "alarm.state_changed"
"""The kind of event in the outbox; its subject is the alarm's ARN."""
CONTRIBUTOR_CHANGED = "alarm.contributor_state_changed"
"""The same of one series of an alarm over several; the subject is the alarm's ARN, a slash and the contributor's id."""
SCALING_REPEATED = "alarm.scaling_repeated"
"""A scaling action once more: they are run every minute while the alarm is in their state."""
_REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ca-central-1": "Canada (Central)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-north-1": "EU (Stockholm)",
    "eu-south-1": "EU (Milan)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-east-1": "Asia Pacific (Hong Kong)",
    "sa-east-1": "South America (Sao Paulo)",
    "me-south-1": "Middle East (Bahrain)",
    "af-south-1": "Africa (Cape Town)",
}
_JUDGED = ("Period", "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "Threshold", "ThresholdMetricId")


def is_scaling(arn: str) -> bool:
    """Whether an action is a scaling policy's."""
    return arn.startswith("arn:") and ":autoscaling:" in arn and ":scalingPolicy:" in arn


def is_for_contributors(arn: str) -> bool:
    """Whether an action is also run for each contributor: not scaling, incidents and investigations.

    Source: user guide, "Acting on alarm changes", table of actions.
    """
    return not is_scaling(arn) and not arn.startswith(_ALARM_LEVEL)


_ALARM_LEVEL = ("arn:aws:ssm-incidents:", "arn:aws:aiops:")


def contributor_body(
    alarm: Stored, change: ContributorChange, tags: Mapping[str, str] | None, actions: Sequence[str]
) -> dict[str, Any]:
    """The event of a contributor that changed its state: the alarm's notification, and which series it is."""
    new = State(change.new, change.reason, None, change.at_ms, change.at_ms)
    old = State(change.old, "", None, change.at_ms, change.at_ms)
    series = ", ".join(f"{name}={value}" for name, value in sorted(change.attributes.items()))
    firing = change.new is StateValue.ALARM
    return {
        **message(alarm, old, new, tags),
        "AlarmContributorId": change.id,
        "AlarmContributorAttributes": dict(change.attributes),
        "actions": list(actions),
        "title": f'{change.new.value}: "{alarm.key.name}" of {series}',
        "text": change.reason or "It is not breaching any more.",
        "severity": "error" if firing else "ok",
        "firing": firing,
        "account": alarm.key.account,
        "region": alarm.key.region,
        "link": f"/alarms/{quote(alarm.key.name, safe='')}",
    }


def message(
    alarm: Stored, old: State, new: State, tags: Mapping[str, str] | None, *, after_mute: bool = False
) -> dict[str, Any]:
    """The notification of a change from `old` to `new`; `tags` where the alarm passes its tags on."""
    form, actions = alarm.form, alarm.actions
    told: dict[str, Any] = {
        "AlarmName": alarm.key.name,
        "AlarmDescription": form.get("AlarmDescription"),
        "AWSAccountId": alarm.key.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured_ms),
        "NewStateValue": new.value.value,
        "NewStateReason": new.reason,
        "StateChangeTime": stamp(new.transitioned_ms),
        "Region": _REGIONS.get(alarm.key.region, alarm.key.region),
        "AlarmArn": alarm.key.arn,
        "OldStateValue": old.value.value,
        "OKActions": list(actions.ok),
        "AlarmActions": list(actions.alarm),
        "InsufficientDataActions": list(actions.insufficient),
        "ActionExecutedAfterMuteWindow": after_mute,
    }
    if alarm.kind is AlarmKind.COMPOSITE:
        told |= {"AlarmRule": form["AlarmRule"], "TriggeringChildren": _children(new.data)}
    elif alarm.kind is AlarmKind.METRIC:
        told["Trigger"] = _trigger(form)
    else:
        told["Trigger"] = {name: value for name, value in form.items() if name in _OTHER_TRIGGERS}
    if tags is not None:
        told["Tags"] = dict(tags)
    return told


_OTHER_TRIGGERS = (
    "EvaluationCriteria",
    "EvaluationInterval",
    "Objective",
    "Bad",
    "Total",
    "Windows",
    "ScheduledQueryConfiguration",
    "QueryResultsToEvaluate",
    "QueryResultsToAlarm",
    "ComparisonOperator",
    "Threshold",
)


def event_body(notification: Mapping[str, Any], old: State, new: State, actions: Sequence[str]) -> dict[str, Any]:
    """The event's body: the notification, the actions to run, and what CloudWatch tells in its events only."""
    return {
        **notification,
        "actions": list(actions),
        "NewStateReasonData": new.data,
        "OldStateReason": old.reason,
        "OldStateReasonData": old.data,
        "OldStateTime": stamp(old.transitioned_ms),
    }


def passes_tags_on(form: Mapping[str, Any]) -> bool:
    """Whether an alarm passes tags on with its notifications."""
    return bool(form.get("ActionConfiguration", {}).get("AlarmTagsPropagation", {}).get("Enabled"))


def propagated(form: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, str]:
    """Those of its tags that such an alarm passes on."""
    wish = form["ActionConfiguration"]["AlarmTagsPropagation"]
    included, excluded = wish.get("IncludedTagKeys"), wish.get("ExcludedTagKeys", ())
    return {key: value for key, value in tags.items() if (included is None or key in included) and key not in excluded}


def _trigger(form: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "MetricName" in form:
        statistic = form.get("Statistic")
        told = {"MetricName": form["MetricName"], "Namespace": form["Namespace"]}
        told["StatisticType"] = "Statistic" if statistic else "ExtendedStatistic"
        told[told["StatisticType"]] = _STATISTICS[statistic] if statistic else form["ExtendedStatistic"]
        told["Unit"] = form.get("Unit")
        told["Dimensions"] = _dimensions(form.get("Dimensions", ()))
    told |= {name: form[name] for name in _JUDGED if name in form}
    told["TreatMissingData"] = form.get("TreatMissingData", "missing")
    told["EvaluateLowSampleCountPercentile"] = form.get("EvaluateLowSampleCountPercentile", "")
    if "Metrics" in form:
        told["Metrics"] = [_metric(item) for item in form["Metrics"]]
    return told


_STATISTICS = {
    "SampleCount": "SAMPLE_COUNT",
    "Average": "AVERAGE",
    "Sum": "SUM",
    "Minimum": "MINIMUM",
    "Maximum": "MAXIMUM",
}


def _metric(item: Mapping[str, Any]) -> dict[str, Any]:
    told = {**item, "ReturnData": item.get("ReturnData", True)}
    if "MetricStat" in item:
        metric = item["MetricStat"]["Metric"]
        dimensions = _dimensions(metric.get("Dimensions", ()))
        told["MetricStat"] = {**item["MetricStat"], "Metric": {**metric, "Dimensions": dimensions}}
    return told


def _dimensions(pairs: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{"value": pair["Value"], "name": pair["Name"]} for pair in pairs]


def _children(data: str | None) -> list[dict[str, Any]]:
    triggering = json.loads(data).get("triggeringAlarms", ()) if data else ()
    return [
        {"Arn": one["arn"], "State": {"Value": one["state"]["value"], "Timestamp": one["state"]["timestamp"]}}
        for one in triggering
    ]
