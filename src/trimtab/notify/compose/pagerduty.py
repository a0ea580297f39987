"""PagerDuty Events API v2: `trigger` when something begins, `resolve` with the same dedup_key when it ends."""

import hashlib

import msgspec

from trimtab.base.clock import iso
from trimtab.egress.request import Outgoing
from trimtab.notify.compose.people import cut
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER
from trimtab.notify.model import Channel, Notification, Parcel, Severity

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "warning", Severity.INFO: "info", Severity.OK: "info"}
_SUMMARY_LENGTH = 1024
_KEY_LENGTH = 255
_DETAILS_BYTES = 100_000  # an event may have 512 KB; what is larger loses its body, not itself


def compose(parcel: Parcel, channel: Channel, now_ms: int) -> Outgoing:
    """The request."""
    told = parcel.first
    event: dict[str, object] = {
        "routing_key": channel.secret["routing_key"],
        "event_action": "resolve" if told.firing is False else "trigger",
        "dedup_key": dedup_key(told, parcel.id),
        "client": "trimtab",
        "payload": {
            "summary": cut(told.title, _SUMMARY_LENGTH),
            "source": told.labels.get("instance") or told.subject or "trimtab",
            "severity": _SEVERITIES[told.severity],
            "timestamp": iso(told.at_ms),
            "class": told.kind,
            "custom_details": _details(told),
        },
    }
    if told.link:
        event |= {"client_url": told.link, "links": [{"href": told.link, "text": "Open in trimtab"}]}
    headers = {"Content-Type": "application/json", "User-Agent": AGENT, DELIVERY_HEADER: parcel.id}
    return Outgoing(channel.endpoint, headers, msgspec.json.encode(event))


def dedup_key(told: Notification, delivery: str) -> str:
    """What an incident is known by: the thing that fires, or the message itself where nothing does."""
    key = delivery if told.firing is None else told.order_key
    return key if len(key) <= _KEY_LENGTH else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _details(told: Notification) -> dict[str, object]:
    full: dict[str, object] = {"text": told.text, "labels": told.labels, "body": told.body}
    return full if len(msgspec.json.encode(full)) <= _DETAILS_BYTES else {"text": told.text, "labels": told.labels}
