"""Prometheus Alertmanager as a destination: POST /api/v2/alerts, with an end that is moved on while it fires.

As Prometheus does (`rules/manager.go`, resolveTimeout = 4 × resend), a firing alert is sent again before its end comes,
so that an alert of a trimtab that is gone resolves by itself.
"""

from collections.abc import Mapping

import msgspec

from trimtab.base.clock import iso
from trimtab.egress.request import Outgoing
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER
from trimtab.notify.model import Channel, Notification, Parcel

RESEND_MS = 60_000
"""A firing alert is said again this often: Prometheus's resend delay."""
_ENDS_MS = 4 * RESEND_MS
ORIGIN_LABEL = "trimtab_origin"
"""The label that says that an alert came from trimtab: what comes back with it is not taken in again."""
ORIGIN = "trimtab"


def compose(parcel: Parcel, channel: Channel, now_ms: int) -> Outgoing:
    """The request for what just began or ended."""
    return request(parcel.first, channel, parcel.id, parcel.first.at_ms, now_ms)


def request(told: Notification, channel: Channel, delivery: str, starts_ms: int, now_ms: int) -> Outgoing:
    """The request that says that `told` fires since `starts_ms`, or that it ended."""
    firing = told.firing is not False
    ends_ms = now_ms + _ENDS_MS if firing else told.at_ms
    alert = {
        "labels": _labels(told),
        "annotations": {"summary": told.title, "description": told.text},
        "startsAt": iso(min(starts_ms, ends_ms)),
        "endsAt": iso(ends_ms),
        "generatorURL": told.link,
    }
    headers = {"Content-Type": "application/json", "User-Agent": AGENT, DELIVERY_HEADER: delivery}
    if channel.secret.get("authorization"):
        headers["Authorization"] = channel.secret["authorization"]
    url = channel.endpoint.rstrip("/")
    path = "" if url.endswith("/api/v2/alerts") else "/api/v2/alerts"
    return Outgoing(url + path, headers, msgspec.json.encode([alert]))


def _labels(told: Notification) -> Mapping[str, str]:
    # The same for beginning and end: an alert is known by its labels. So no state and no severity of the moment.
    return {"alertname": told.kind, **told.labels, "severity": "critical", ORIGIN_LABEL: ORIGIN}
