"""Alerts that an Alertmanager tells us of by its webhook: each change is an event, a repeat is none.

What came from trimtab in the first place (it carries our label) is passed over, so nothing goes round in circles.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.events.outbox import emit
from trimtab.notify.compose.alertmanager import ORIGIN_LABEL
from trimtab.notify.model import ALERT_RECEIVED
from trimtab.store.state.database import State
from trimtab.store.state.tables import notify_received

_r = notify_received.c


class Alert(Struct, frozen=True):
    """One alert of the webhook's version 4. `status` is firing or resolved; `starts_at` as it was written."""

    fingerprint: str
    status: str
    starts_at: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str


class Received(Struct, frozen=True):
    """What became of a webhook: alerts that changed, that said nothing new, and that were trimtab's own."""

    changed: int
    repeated: int
    own: int


class Known(Struct, frozen=True):
    """An alert as it is known now."""

    fingerprint: str
    name: str
    status: str
    starts_at: str
    changed_ms: int
    seen_ms: int
    body: Mapping[str, Any]


class ReceivedAlerts:
    """The alerts that Alertmanagers told us of."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def take(self, account: str, receiver: str, alerts: Sequence[Alert]) -> Received:
        """Take the alerts of one webhook in; what changed is an event in the same transaction."""

        def change(connection: Connection) -> Received:
            changed = repeated = own = 0
            for alert in alerts:
                if alert.labels.get(ORIGIN_LABEL):
                    own += 1
                elif self._keep(connection, account, receiver, alert):
                    changed += 1
                else:
                    repeated += 1
            return Received(changed, repeated, own)

        return await self._state.change(change)

    def _keep(self, connection: Connection, account: str, receiver: str, alert: Alert) -> bool:
        now_ms = self._clock.now_ms()
        mine = (_r.account == account) & (_r.fingerprint == alert.fingerprint)
        row = connection.execute(select(_r.status, _r.starts_at).where(mine)).first()
        new = {"status": alert.status, "starts_at": alert.starts_at}
        if row is not None and (row.status, row.starts_at) == (alert.status, alert.starts_at):
            connection.execute(update(notify_received).where(mine).values(seen_ms=now_ms))
            return False
        body = {
            "fingerprint": alert.fingerprint,
            "status": alert.status,
            "startsAt": alert.starts_at,
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "generatorURL": alert.generator_url,
            "receiver": receiver,
            "account": account,
        }
        name = alert.labels.get("alertname", alert.fingerprint)[:1024]
        values = {**new, "name": name, "body": json.dumps(body), "changed_ms": now_ms, "seen_ms": now_ms}
        if row is None:
            connection.execute(insert(notify_received).values(account=account, fingerprint=alert.fingerprint, **values))
        else:
            connection.execute(update(notify_received).where(mine).values(values))
        if row is not None or alert.status == "firing":  # the end of what never began here is no news
            emit(connection, self._clock, ALERT_RECEIVED, name, body)
        return True

    async def list(self, account: str | None, limit: int = 200) -> list[Known]:
        """The alerts as they are known, those that fire first, then by what changed last."""
        query = select(notify_received).order_by(_r.status, _r.changed_ms.desc()).limit(limit)
        if account is not None:
            query = query.where(_r.account == account)

        def read(connection: Connection) -> list[Known]:
            return [
                Known(
                    row.fingerprint,
                    row.name,
                    row.status,
                    row.starts_at,
                    row.changed_ms,
                    row.seen_ms,
                    json.loads(row.body),
                )
                for row in connection.execute(query)
            ]

        return await self._state.read(read)

    async def drop_before(self, before_ms: int) -> None:
        """Forget alerts that ended, or of which nothing was heard, before a time."""
        await self._state.change(
            lambda connection: connection.execute(delete(notify_received).where(_r.seen_ms < before_ms))
        )
