"""Audit events as events of the outbox, each exactly once, over restarts too: what event rules follow.

Only changes and insights are told: an account's reads are a hundred times as many, and the audit has them.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection, select

from trimtab.audit.model import AuditEvent
from trimtab.audit.read import AuditReader
from trimtab.base.clock import Clock
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_progress, outbox

RECORDED = "audit.recorded"
"""The kind of the event: its subject is `<source>/<name>`, its body has account, region, id and the whole record."""
_PROGRESS = "announce"
_BATCH = 500
_LAG_MS = 500  # records of one millisecond arrive in the engine together, those of the next ones soon after
_TOLD = "((read_only = 0 AND category = 'Management') OR category = 'Insight')"


class Announcer:
    """Follows what is taken, and emits it in the transaction that notes how far it is."""

    def __init__(
        self, state: State, reader: AuditReader, clock: Clock, newest: Callable[[], int | None] = lambda: None
    ) -> None:
        """`newest` is the number of the last write, of a process that alone writes events; None where others do too."""
        self._state = state
        self._reader = reader
        self._clock = clock
        self._newest = newest
        self._seen: tuple[int | None, int] = None, 0
        """The last write that a turn knew of, and when (ms) the first turn that did began."""
        self._told: int | None = None
        """The last write of which all is told."""

    async def announce(self) -> int:
        """Tell what was taken since the last turn; how many events. Raises Unavailable."""
        newest, now_ms = self._newest(), self._clock.now_ms()
        if newest is not None and newest == self._told:  # the engine is not asked while nothing is written
            return 0
        if newest != self._seen[0]:
            self._seen = newest, now_ms
        before_ms = now_ms - _LAG_MS
        after = await self._state.change(lambda connection: _position(connection, before_ms))
        if not await self._reader.fresh(10.0):
            return 0
        told = 0
        while events := await self._reader.taken(after, before_ms, _BATCH, condition=_TOLD):
            after = (events[-1].ingested_ms, events[-1].id)
            await self._state.change(partial(_tell, events=events))
            told += len(events)
        if self._seen[1] < before_ms:
            self._told = newest
        return told


def _position(connection: Connection, now_ms: int) -> tuple[int, str]:
    """After which record to go on: a new server begins with what comes from now on."""
    row = connection.execute(select(audit_progress).where(audit_progress.c.name == _PROGRESS)).first()
    if row is not None:
        return row.at_ms, row.id
    connection.execute(audit_progress.insert().values(name=_PROGRESS, at_ms=now_ms, id="", body=""))
    return now_ms, ""


def _tell(connection: Connection, events: Sequence[AuditEvent]) -> None:
    rows = [
        {
            "id": new_id(),
            "kind": RECORDED,
            "subject": f"{event.source}/{event.name}"[:1024],
            "at_ms": event.time_ms,
            "body": json.dumps(
                {"account": event.account, "region": event.region, "id": event.id, "record": event.record}
            ),
        }
        for event in events
    ]
    connection.execute(outbox.insert(), rows)
    last = {"at_ms": events[-1].ingested_ms, "id": events[-1].id}
    connection.execute(audit_progress.update().where(audit_progress.c.name == _PROGRESS).values(last))
