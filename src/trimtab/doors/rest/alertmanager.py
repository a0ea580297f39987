"""`/rest/v1/alertmanager`: an Alertmanager's webhook (version 4) as a source of alerts, and those that are known."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.client import notify_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.notify.received import Alert
from trimtab.notify.room import NotifyRoom

_PATH = "/rest/v1/alertmanager"
_VERSION = "4"


def operations(needs: NotifyRoom) -> list[Operation]:
    """The operations on alerts of others."""

    async def take(call: Call[Any, wire.AlertmanagerWebhook]) -> wire.AlertsTaken:
        if call.body.version != _VERSION:
            raise InvalidInput(
                f"cannot read webhook: got version {call.body.version[:20]!r}; expected {_VERSION!r}", field="version"
            )
        alerts = [
            Alert(one.fingerprint, one.status, one.startsAt, one.labels, one.annotations, one.generatorURL)
            for one in call.body.alerts
        ]
        done = await needs.received.take(call.principal.account or needs.account, call.body.receiver, alerts)
        return wire.AlertsTaken(done.changed, done.repeated, done.own)

    async def listed(call: Call[Any, None]) -> wire.ReceivedAlertList:
        found = await needs.received.list(call.principal.account)
        return wire.ReceivedAlertList([typed.convert(one, wire.ReceivedAlert, from_attributes=True) for one in found])

    return [
        Operation(
            "GET",
            _PATH,
            "list received alerts",
            "Alerts that Alertmanagers told of, those that fire first.",
            listed,
            wire.ReceivedAlertList,
            tag="notifications",
        ),
        Operation(
            "POST",
            _PATH,
            "take alertmanager webhook",
            "Take an Alertmanager's webhook: each alert that changed is an event that channels can get.",
            take,
            wire.AlertsTaken,
            body=wire.AlertmanagerWebhook,
            role=Role.WRITE,
            tag="notifications",
        ),
    ]
