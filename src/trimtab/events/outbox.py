"""The durable outbox: "this happened", delivered to every subscriber at least once, in order, with a stable id.

An event is written in the transaction of the change that it tells of, so there is no change without its event.
A subscriber that fails is asked again later with the same event; one that has seen an event's id may ignore it.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Function, func, select

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox, outbox_cursors
from trimtab.store.state.upcoming import NOW, Upcoming

logger = logging.getLogger(__name__)

BATCH = 100


class Event(Struct, frozen=True):
    """Something that happened: `kind` (`alarm.state_changed`), the `subject` it happened to, and its facts."""

    id: str
    kind: str
    subject: str
    at_ms: int
    body: Mapping[str, Any]
    position: int = 0


Handler = Callable[[Event], Awaitable[None]]


def emit(connection: Connection, clock: Clock, kind: str, subject: str, body: Mapping[str, Any]) -> str:
    """Record an event in the caller's transaction; returns its id."""
    id_ = new_id()
    row = {"id": id_, "kind": kind, "subject": subject, "at_ms": clock.now_ms(), "body": json.dumps(body)}
    connection.execute(outbox.insert().values(row))
    return id_


class Happened(Struct, frozen=True):
    """What is to be recorded: `kind`, `subject` and `body` as of an `Event`."""

    kind: str
    subject: str
    body: Mapping[str, Any]


async def record(state: State, clock: Clock, events: Sequence[Happened]) -> None:
    """Record events in a transaction of their own, all or none. Raises Unavailable."""

    def write(connection: Connection) -> None:
        for one in events:
            emit(connection, clock, one.kind, one.subject, one.body)

    if events:
        await state.change(write)


async def latest(state: State, kinds: Sequence[str]) -> dict[str, str]:
    """By subject the kind of the newest of its events among `kinds`, of those that are kept. Raises Unavailable."""

    def read(connection: Connection) -> dict[str, str]:
        query = select(outbox.c.subject, outbox.c.kind).where(outbox.c.kind.in_(kinds)).order_by(outbox.c.position)
        return {row.subject: row.kind for row in connection.execute(query)}

    return await state.read(read)


class Outbox:
    """Delivers events to subscribers. Each subscriber has a cursor of its own; a new one starts at the end."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._subscribers: dict[str, Handler] = {}
        self._unseen: dict[str, Upcoming] = {}

    async def subscribe(self, name: str, handler: Handler, *, from_start: bool = False) -> None:
        """Register `handler` under `name`, the key of its cursor over restarts.

        With `from_start` a subscriber that is new gets what happened before it came, too.
        """
        self._subscribers[name] = handler
        self._unseen[name] = Upcoming(self._state, select(NOW).where(outbox.c.position > _cursor(name)))

        def ensure_cursor(connection: Connection) -> None:
            known = connection.execute(select(outbox_cursors).where(outbox_cursors.c.subscriber == name)).first()
            if known is None:
                last = select(func.coalesce(func.max(outbox.c.position), 0))
                end = 0 if from_start else connection.execute(last).scalar_one()
                connection.execute(outbox_cursors.insert().values(subscriber=name, position=end))

        await self._state.change(ensure_cursor)

    async def deliver(self) -> int:
        """One round: hand every subscriber what it has not seen, up to BATCH events; returns how many were taken."""
        taken = 0
        for name, handler in self._subscribers.items():
            if not await self._unseen[name].due(0):
                continue
            for event in await self._state.read(partial(_unseen, subscriber=name)):
                try:
                    await handler(event)
                except TrimtabError as problem:
                    logger.warning("subscriber %s will be asked again for event %s: %s", name, event.id, problem)
                    break
                await self._state.change(partial(_advance, subscriber=name, position=event.position))
                taken += 1
        return taken


def _unseen(connection: Connection, subscriber: str) -> list[Event]:
    query = select(outbox).where(outbox.c.position > _cursor(subscriber)).order_by(outbox.c.position)
    rows = connection.execute(query.limit(BATCH))
    return [Event(row.id, row.kind, row.subject, row.at_ms, json.loads(row.body), row.position) for row in rows]


def _cursor(subscriber: str) -> "Function[int]":
    cursor = select(outbox_cursors.c.position).where(outbox_cursors.c.subscriber == subscriber).scalar_subquery()
    return func.coalesce(cursor, 0)  # a reset took the cursor, and every event that was before it


def _advance(connection: Connection, subscriber: str, position: int) -> None:
    mine = outbox_cursors.c.subscriber == subscriber
    if not connection.execute(outbox_cursors.update().where(mine).values(position=position)).rowcount:
        connection.execute(outbox_cursors.insert().values(subscriber=subscriber, position=position))
