"""Events of the outbox as notifications: what an alarm, an alert or a published message says to a person."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from trimtab.events.outbox import Event
from trimtab.notify.model import ALARM_CHANGED, ALERT_RECEIVED, PUBLISHED, Button, Notification, Severity

_KEY_LENGTH = 1024
"""Width of the key columns."""
_TITLE_LENGTH = 300
_TEXT_LENGTH = 8000
_ALARM_SEVERITY = {"ALARM": Severity.ERROR, "OK": Severity.OK, "INSUFFICIENT_DATA": Severity.WARNING}
_ALERT_SEVERITY = {"critical": Severity.ERROR, "error": Severity.ERROR, "page": Severity.ERROR, "info": Severity.INFO}
_SEVERITIES = {severity.value: severity for severity in Severity}
_HIDDEN = frozenset({"actions", "buttons", "group_key", "link", "owner"})
"""Members of an event's body that say how to deliver it, and are no part of the message."""


def notification_of(event: Event, public_url: str) -> Notification:
    """The notification of `event`; links lead to pages of `public_url`."""
    return _READERS.get(event.kind, _of_any)(event, public_url.rstrip("/"))


def _of_alarm(event: Event, public_url: str) -> Notification:
    body = event.body
    name, region = str(body.get("AlarmName") or event.subject), str(body.get("Region") or "")
    state = str(body.get("NewStateValue", ""))
    return Notification(
        id=event.id,
        kind=event.kind,
        at_ms=event.at_ms,
        subject=event.subject,
        title=_cut(f'{state}: "{name}"' + (f" in {region}" if region else ""), _TITLE_LENGTH),
        text=_cut(_lines(body.get("NewStateReason"), body.get("AlarmDescription")), _TEXT_LENGTH),
        severity=_ALARM_SEVERITY.get(state, Severity.INFO),
        order_key=_cut(str(body.get("AlarmArn") or event.subject), _KEY_LENGTH),
        group_key=_group(event),
        firing=state == "ALARM",
        link=_link(body, public_url, f"/alarms/{quote(name, safe='')}"),
        account=str(body.get("AWSAccountId") or ""),
        region=region,
        labels=_alarm_labels(name, body),
        body=_told(body),
    )


def _alarm_labels(name: str, body: Mapping[str, Any]) -> dict[str, str]:
    labels = {"alertname": name, "account": body.get("AWSAccountId"), "region": body.get("Region")}
    trigger = body.get("Trigger")
    if isinstance(trigger, Mapping):
        labels |= {"namespace": trigger.get("Namespace"), "metric": trigger.get("MetricName")}
    return {key: str(value) for key, value in labels.items() if value}


def _of_alert(event: Event, public_url: str) -> Notification:
    body = event.body
    labels, notes = _mapping(body.get("labels")), _mapping(body.get("annotations"))
    firing = body.get("status") == "firing"
    name = str(labels.get("alertname", "alert"))
    summary = str(notes.get("summary") or notes.get("title") or "")
    severity = _ALERT_SEVERITY.get(str(labels.get("severity", "")).lower(), Severity.WARNING)
    title = f"{'FIRING' if firing else 'RESOLVED'}: {name}" + (f": {summary}" if summary else "")
    return Notification(
        id=event.id,
        kind=event.kind,
        at_ms=event.at_ms,
        subject=event.subject,
        title=_cut(title, _TITLE_LENGTH),
        text=_cut(_lines(notes.get("description"), _pairs(labels)), _TEXT_LENGTH),
        severity=severity if firing else Severity.OK,
        order_key=_cut(f"alert/{body.get('fingerprint', event.subject)}", _KEY_LENGTH),
        group_key=_group(event),
        firing=firing,
        link=str(body.get("generatorURL") or body.get("link") or ""),
        account=str(body.get("account") or ""),
        labels={str(key): str(value) for key, value in labels.items()},
        body=_told(body),
    )


def _of_published(event: Event, public_url: str) -> Notification:
    body = event.body
    message = str(body.get("Message", ""))
    subject = str(body.get("Subject") or "")
    return Notification(
        id=event.id,
        kind=event.kind,
        at_ms=event.at_ms,
        subject=event.subject,
        title=_cut(subject or message.partition("\n")[0] or "(no text)", _TITLE_LENGTH),
        text=_cut(message, _TEXT_LENGTH),
        severity=Severity.INFO,
        order_key=_cut(event.id, _KEY_LENGTH),
        group_key=_cut(f"{event.kind}/{event.subject}", _KEY_LENGTH),
        account=str(body.get("account") or ""),
        body=_told(body),
    )


def _of_any(event: Event, public_url: str) -> Notification:
    body = event.body
    firing = body.get("firing")
    return Notification(
        id=event.id,
        kind=event.kind,
        at_ms=event.at_ms,
        subject=event.subject,
        title=_cut(str(body.get("title") or f"{event.kind}: {event.subject}"), _TITLE_LENGTH),
        text=_cut(str(body.get("text") or json.dumps(_told(body), ensure_ascii=False, indent=2)), _TEXT_LENGTH),
        severity=_SEVERITIES.get(str(body.get("severity")), Severity.INFO),
        order_key=_cut(f"{event.kind}/{event.subject}", _KEY_LENGTH),
        group_key=_group(event),
        firing=firing if isinstance(firing, bool) else None,
        link=_link(body, public_url, ""),
        account=str(body.get("account") or body.get("AWSAccountId") or ""),
        region=str(body.get("region") or ""),
        labels={"alertname": event.kind, "subject": event.subject},
        body=_told(body),
        buttons=_buttons(body.get("buttons"), public_url),
    )


_READERS: Mapping[str, Callable[[Event, str], Notification]] = {
    ALARM_CHANGED: _of_alarm,
    ALERT_RECEIVED: _of_alert,
    PUBLISHED: _of_published,
}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _group(event: Event) -> str:
    return _cut(str(event.body.get("group_key") or event.kind), _KEY_LENGTH)


def _link(body: Mapping[str, Any], public_url: str, otherwise: str) -> str:
    path = str(body.get("link") or otherwise)
    return public_url + path if path.startswith("/") else path


def _buttons(value: object, public_url: str) -> tuple[Button, ...]:
    told = [_mapping(one) for one in value] if isinstance(value, list | tuple) else []
    return tuple(Button(str(one["label"]), public_url + str(one["path"]), str(one.get("signs", ""))) for one in told)


def _told(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in _HIDDEN}


def _lines(*parts: object) -> str:
    return "\n".join(str(part) for part in parts if part)


def _pairs(labels: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={labels[key]}" for key in sorted(labels) if key != "alertname")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
