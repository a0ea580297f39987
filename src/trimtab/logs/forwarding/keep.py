"""The ingest's keeper of subscriptions: what a filter matches is in the queue, or in the outbox for an event bus,
before the write that brought it is acknowledged. A repeat of a write finds it there.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.logs.filters.match import Matcher, matcher
from trimtab.logs.forwarding import queue
from trimtab.logs.forwarding.destinations import Destinations
from trimtab.logs.forwarding.filters import SubscriptionFilters
from trimtab.logs.forwarding.model import TRIGGERED, Kind, Place, SubscriptionFilter, read_place
from trimtab.logs.forwarding.payload import Numbered, documents, pack
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.store.state.database import State
from trimtab.store.state.schema.events import outbox
from trimtab.store.state.schema.log_forwarding import log_subscription_filters

_filters = log_subscription_filters.c
REFRESH_MS = 5_000
"""How long filters that another process put may stay unknown."""


class _Ready(Struct, frozen=True):
    filter: SubscriptionFilter
    place: Place
    match: Matcher


class _Trigger(Struct, frozen=True):
    """An event for the outbox: `group` and `name` are of its filter, `events` how many log events it holds."""

    id: str
    subject: str
    body: str
    group: int
    name: str
    events: int


class KeepForwards:
    """Keeps what is to be sent on."""

    def __init__(self, state: State, filters: SubscriptionFilters, destinations: Destinations, clock: Clock) -> None:
        self._state = state
        self._filters = filters
        self._destinations = destinations
        self._clock = clock
        self._ready: Mapping[int, Sequence[_Ready]] = {}
        self._known = ((-1, -1), 0)  # (changes, when) of `_ready`

    async def __call__(self, batches: Sequence[LogBatch], key: str | None) -> None:
        """Keep what matches of `batches`, under ids made of `key`. Raises Unavailable."""
        ready = await self._filters_by_group()
        if not ready:
            return
        base = key or new_id()
        forwards: list[queue.Forward] = []
        triggers: list[_Trigger] = []
        for number, batch in enumerate(batches):
            for one in ready.get(batch.group.id, ()):
                matched = list(_matching(batch.events, one))
                if not matched:
                    continue
                own = f"{base}/{number}/{one.filter.name}"
                for id_, document in documents(batch, matched, one.filter.name, own):
                    stable = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{batch.group.id}/{id_}"))
                    if one.place.kind is Kind.BUS:
                        subject = f"{batch.group.arn}:subscription-filter:{one.filter.name}"
                        body = {
                            "account": batch.group.account, "region": batch.group.region, "destination": one.place.text,
                            **document,
                        }  # fmt: skip
                        count = len(document["logEvents"])
                        of_it = batch.group.id, one.filter.name, count
                        triggers.append(_Trigger(stable, subject[:1024], json.dumps(body), *of_it))
                    else:
                        forwards.append(
                            queue.Forward(
                                stable, one.place.kind, one.place.text, len(document["logEvents"]), pack(document),
                                batch.group.id, one.filter.name,
                            )
                        )  # fmt: skip
        if forwards or triggers:
            now_ms = self._clock.now_ms()
            await self._state.change(lambda connection: _write(connection, forwards, triggers, now_ms))

    async def _filters_by_group(self) -> Mapping[int, Sequence[_Ready]]:
        now = self._clock.now_ms()
        changes, (known, at) = (self._filters.changes, self._destinations.changes), self._known
        if known != changes or not 0 <= now - at < REFRESH_MS:
            found: dict[int, list[_Ready]] = defaultdict(list)
            for one in await self._filters.every():
                try:
                    place = await self._filters.resolved(read_place(one.destination))
                except NotFound:  # its destination was deleted: there is nowhere to send to
                    continue
                found[one.group].append(_Ready(one, place, matcher(one.pattern)))
            self._ready, self._known = found, (changes, now)
        return self._ready


def _matching(events: Sequence[LogEvent], one: _Ready) -> Iterator[Numbered]:
    """The events that a filter takes, as it sees them, with their places."""
    for at, event in enumerate(events):
        seen = event.seen_by(one.filter.transformed)
        if one.match(seen) is not None:
            yield at, replace(event, message=seen) if one.filter.transformed else event


def _write(
    connection: Connection, forwards: Sequence[queue.Forward], triggers: Sequence[_Trigger], now_ms: int
) -> None:
    if forwards:
        queue.put(connection, forwards, now_ms)
    ids = [one.id for one in triggers]
    known = set(connection.execute(select(outbox.c.id).where(outbox.c.id.in_(ids))).scalars()) if ids else set()
    for one in triggers:
        if one.id in known:
            continue
        row = {"id": one.id, "kind": TRIGGERED, "subject": one.subject, "at_ms": now_ms, "body": one.body}
        connection.execute(insert(outbox).values(row))
        mine = (_filters.group == one.group) & (_filters.name == one.name)
        sent = {"sent": _filters.sent + one.events, "last_ok_ms": now_ms}
        connection.execute(update(log_subscription_filters).where(mine).values(sent))
