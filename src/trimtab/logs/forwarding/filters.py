"""Subscription filters: which events of a group are sent on, and where."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.records import replace
from trimtab.egress.gate import Gate
from trimtab.egress.request import Outgoing
from trimtab.logs.filters.parser import parse
from trimtab.logs.forwarding.destinations import Destinations
from trimtab.logs.forwarding.model import MOST_FILTERS, Kind, Place, SubscriptionFilter, read_place
from trimtab.logs.forwarding.payload import control, over_http, pack
from trimtab.logs.model import Group
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER
from trimtab.notify.model import Outcome
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_forwarding import log_forwards, log_subscription_filters
from trimtab.store.state.schema.logs import log_groups

_columns, _groups, _queue = log_subscription_filters.c, log_groups.c, log_forwards.c


class SubscriptionFilters:
    """The subscription filters of every group. `changes` counts what this process changed."""

    def __init__(self, state: State, clock: Clock, destinations: Destinations, gate: Gate) -> None:
        self._state = state
        self._clock = clock
        self._destinations = destinations
        self._gate = gate
        self._http = HttpTransport(gate)
        self.changes = 0

    async def put(self, group: Group, filter_: SubscriptionFilter) -> None:
        """Add a filter to a group, or replace that of the same name, once its destination answers.

        Raises InvalidInput, LimitExceeded, and NotFound for a destination that there is not.
        """
        parse(filter_.pattern)
        place = await self.resolved(read_place(filter_.destination))
        if place.kind is Kind.GROUP:
            await self._check_group(group, place)
        elif place.kind is Kind.URL:
            await self._gate.admit(place.text, f"subscription filter {filter_.name}")
            await self._probe(place.text)
        where = (_columns.group == group.id, _columns.name == filter_.name)

        def write(connection: Connection) -> None:
            known = connection.execute(select(log_subscription_filters).where(*where)).mappings().first()
            others = select(func.count()).select_from(log_subscription_filters).where(_columns.group == group.id)
            if known is None and connection.execute(others).scalar_one() >= MOST_FILTERS:
                raise LimitExceeded(f"cannot put the filter: {group.name} has {MOST_FILTERS}, as many as it may")
            connection.execute(delete(log_subscription_filters).where(*where))
            connection.execute(
                insert(log_subscription_filters).values(_row(group, filter_, known, self._clock.now_ms()))
            )

        await self._state.change(write)
        self.changes += 1

    async def delete(self, group: Group, name: str) -> None:
        """Remove a filter, with what it has not sent yet. Raises NotFound."""

        def write(connection: Connection) -> None:
            gone = delete(log_subscription_filters).where(_columns.group == group.id, _columns.name == name)
            if not connection.execute(gone).rowcount:
                raise NotFound("The specified subscription filter does not exist.")
            connection.execute(delete(log_forwards).where(_queue.group == group.id, _queue.name == name))

        await self._state.change(write)
        self.changes += 1

    async def listed(
        self, group: Group, prefix: str = "", after: str = "", limit: int = 50
    ) -> list[SubscriptionFilter]:
        """The filters of a group by name, those after `after`, each with how many bodies wait."""
        wanted = _joined().where(_columns.group == group.id, _columns.name > after)
        if prefix:
            wanted = wanted.where(_columns.name.startswith(prefix, autoescape=True))
        waiting = select(_queue.name, func.count()).where(_queue.group == group.id).group_by(_queue.name)

        def read(connection: Connection) -> list[SubscriptionFilter]:
            counts = {row[0]: row[1] for row in connection.execute(waiting)}
            rows = connection.execute(wanted.order_by(_columns.name).limit(limit)).mappings()
            return [replace(one, waiting=counts.get(one.name, 0)) for one in map(_read, rows)]

        return await self._state.read(read)

    async def every(self) -> list[SubscriptionFilter]:
        """All filters of all groups that there are."""
        return await self._state.read(
            lambda connection: [_read(row) for row in connection.execute(_joined()).mappings()]
        )

    async def resolved(self, place: Place) -> Place:
        """The place itself, where a destination names one. Raises NotFound."""
        if place.kind is not Kind.DESTINATION:
            return place
        return read_place((await self._destinations.get(place.account, place.region, place.name)).target)

    async def _check_group(self, group: Group, place: Place) -> None:
        """Raise InvalidInput where events would come back to the group that they left."""
        if (place.account, place.region) != (group.account, group.region):
            raise InvalidInput("cannot send log events to a log group of another account or region")
        targets: dict[str, set[str]] = {}
        for one in await self.every():
            goes_to = read_place(one.destination)
            if goes_to.kind is Kind.GROUP:
                targets.setdefault(one.log_group, set()).add(goes_to.name)
        seen: set[str] = set()
        ahead = {place.name}
        while ahead:
            name = ahead.pop()
            if name == group.name:
                raise InvalidInput(f"cannot send log events to {place.name}: they would come back to {group.name}")
            if name not in seen:
                seen.add(name)
                ahead |= targets.get(name, set())

    async def _probe(self, url: str) -> None:
        body = over_http(pack(control(self._clock.now_ms())))
        headers = {"Content-Type": "application/json", "User-Agent": AGENT, DELIVERY_HEADER: "control"}
        verdict = await asyncio.to_thread(self._http.send, Outgoing(url, headers, body))
        if verdict.outcome is not Outcome.DELIVERED:
            raise InvalidInput(
                "Could not deliver test message to specified destination. Check if the destination is valid: "
                + verdict.reason
            )


def _joined() -> Select[Any]:
    return select(log_subscription_filters, _groups.name.label("log_group")).join(
        log_groups, _groups.id == _columns.group
    )


def _row(group: Group, filter_: SubscriptionFilter, known: RowMapping | None, now_ms: int) -> Mapping[str, Any]:
    kept = ("created_ms", "sent", "dropped", "last_ok_ms", "last_error_ms", "last_error")
    state = {"created_ms": now_ms, "sent": 0, "dropped": 0, "last_ok_ms": None, "last_error_ms": None, "last_error": ""}
    if known is not None:
        state |= {name: known[name] for name in kept}
    return {
        "group": group.id, "name": filter_.name, "pattern": filter_.pattern, "destination": filter_.destination,
        "role": filter_.role, "distribution": filter_.distribution, "transformed": int(filter_.transformed), **state,
    }  # fmt: skip


def _read(row: RowMapping) -> SubscriptionFilter:
    return SubscriptionFilter(
        row["group"], row["name"], row["pattern"], row["destination"], row["role"], row["distribution"],
        bool(row["transformed"]), row["created_ms"], row["log_group"], row["sent"], row["dropped"], 0,
        row["last_ok_ms"], row["last_error_ms"], row["last_error"],
    )  # fmt: skip
