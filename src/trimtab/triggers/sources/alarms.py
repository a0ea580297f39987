"""Changes of alarms as events: "CloudWatch Alarm State Change", in the shape that CloudWatch gives it.

Source: CloudWatch user guide, "Alarm events and EventBridge".
"""

from collections.abc import Mapping
from typing import Any

from trimtab.events import outbox
from trimtab.triggers import arns
from trimtab.triggers.entries import make_event
from trimtab.triggers.model import Event

CHANGED = "alarm.state_changed"
"""The kind of the alarms room's events."""
DETAIL_TYPE = "CloudWatch Alarm State Change"


def event_of(event: outbox.Event) -> Event:
    """The event of a change, under the outbox's own id. Raises InvalidInput, KeyError."""
    body = event.body
    place = arns.parse(event.subject).place
    detail = {
        "alarmName": body["AlarmName"],
        "state": _state(
            body["NewStateValue"], body["NewStateReason"], body.get("NewStateReasonData"), body["StateChangeTime"]
        ),
        "previousState": _state(
            body["OldStateValue"], body.get("OldStateReason"), body.get("OldStateReasonData"), body.get("OldStateTime")
        ),
        "configuration": _configuration(body),
    }
    return make_event(
        place,
        place.bus(""),
        source="aws.cloudwatch",
        detail_type=DETAIL_TYPE,
        detail=detail,
        at_ms=event.at_ms,
        id_=event.id,
        resources=[event.subject],
    )


def _state(value: str, reason: str | None, data: str | None, at: str | None) -> dict[str, Any]:
    told = {"value": value, "reason": reason, "reasonData": data, "timestamp": at}
    return {name: one for name, one in told.items() if one is not None}


def _configuration(body: Mapping[str, Any]) -> dict[str, Any]:
    trigger: Mapping[str, Any] = body.get("Trigger") or {}
    said: dict[str, Any] = {}
    if body.get("AlarmDescription"):
        said["description"] = body["AlarmDescription"]
    if "AlarmRule" in body:
        return {**said, "alarmRule": body["AlarmRule"]}
    if "MetricName" in trigger:
        dimensions = {one["name"]: one["value"] for one in trigger.get("Dimensions") or ()}
        metric = {"namespace": trigger.get("Namespace"), "name": trigger["MetricName"], "dimensions": dimensions}
        stat = {
            "metric": metric,
            "period": trigger.get("Period"),
            "stat": trigger.get("Statistic") or trigger.get("ExtendedStatistic"),
        }
        said["metrics"] = [{"id": "m1", "metricStat": stat, "returnData": True}]
    elif "Metrics" in trigger:
        said["metrics"] = trigger["Metrics"]
    if "Threshold" in trigger:
        said["threshold"] = trigger["Threshold"]
    return said
