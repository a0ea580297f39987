"""Event buses: made, found, listed, deleted, and who else may put events on them."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_buses, event_rules
from trimtab.triggers import versions
from trimtab.triggers.arns import DEFAULT_BUS, Place, name_of, parse
from trimtab.triggers.model import Bus
from trimtab.triggers.tags import forget_tags

MOST_BUSES = 100
"""Buses of an account and region. Source: EventBridge quotas."""
_POLICY_BYTES = 10_240
_columns = event_buses.c


class BusStore:
    """The buses. The default one of every place is always there."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(self, place: Place, name: str, description: str, options: Mapping[str, Any]) -> Bus:
        """Make a bus. Raises Conflict, LimitExceeded, InvalidInput."""
        if "/" in name:
            raise InvalidInput(f"Event bus name {name!r} is not valid: it must not contain '/'", field="Name")

        def write(connection: Connection) -> Bus:
            if name == DEFAULT_BUS or _row(connection, place.bus(name)) is not None:
                raise Conflict(f"Event bus {name} already exists.")
            mine = select(_columns.arn).where(_columns.account == place.account, _columns.region == place.region)
            if len(connection.execute(mine).all()) >= MOST_BUSES:
                raise LimitExceeded(f"cannot make event bus {name}: there are {MOST_BUSES}")
            return _add(connection, place, name, description, options, self._clock.now_ms())

        return await self._state.change(write)

    async def get(self, place: Place, name: str) -> Bus:
        """A bus by name or ARN. Raises NotFound."""
        return await self._state.read(lambda connection: bus_in(connection, place, name))

    async def listed(self, place: Place, prefix: str = "") -> list[Bus]:
        """The buses of a place by name, the default one among them."""
        query = select(event_buses).where(_columns.account == place.account, _columns.region == place.region)

        def read(connection: Connection) -> list[Bus]:
            found = {row.name: _bus(row) for row in connection.execute(query)}
            found.setdefault(DEFAULT_BUS, _default(place))
            return [found[name] for name in sorted(found) if name.startswith(prefix)]

        return await self._state.read(read)

    async def update(self, place: Place, name: str, description: str | None, options: Mapping[str, Any]) -> Bus:
        """Change the description and the options that are given. Raises NotFound."""

        def write(connection: Connection) -> Bus:
            bus = _stored(connection, place, name, self._clock.now_ms())
            values = {
                "description": bus.description if description is None else description,
                "options": json.dumps({**bus.options, **options}),
                "changed_ms": self._clock.now_ms(),
            }
            connection.execute(update(event_buses).where(_columns.arn == bus.arn).values(values))
            return bus_in(connection, place, bus.arn)

        return await self._state.change(write)

    async def delete(self, place: Place, name: str) -> None:
        """Delete a bus; one that is not there is deleted too. Raises InvalidInput for one that has rules."""

        def write(connection: Connection) -> None:
            arn = place.bus(name)
            if name_of(arn) == DEFAULT_BUS:
                raise InvalidInput("Cannot delete event bus default.", field="Name")
            if connection.execute(select(event_rules.c.arn).where(event_rules.c.bus == arn)).first():
                raise InvalidInput(f"Event bus {name_of(arn)} cannot be deleted: it has rules; delete them first")
            connection.execute(delete(event_buses).where(_columns.arn == arn))
            forget_tags(connection, arn)
            versions.grow(connection)

        await self._state.change(write)

    async def permit(self, place: Place, name: str, statement: Mapping[str, Any] | None, policy: str | None) -> None:
        """Put a statement into a bus's policy (one of its id is replaced), or replace the whole. Raises NotFound."""

        def write(connection: Connection) -> None:
            bus = _stored(connection, place, name, self._clock.now_ms())
            if statement is None:
                text = json.dumps(_read_policy(policy or ""))
            else:
                known = _statements(bus.policy)
                kept = [one for one in known if one.get("Sid") != statement["Sid"]]
                text = json.dumps({"Version": "2012-10-17", "Statement": [*kept, statement]})
            if len(text) > _POLICY_BYTES:
                raise LimitExceeded(f"the policy of {bus.name} has {len(text)} bytes; expected at most {_POLICY_BYTES}")
            connection.execute(update(event_buses).where(_columns.arn == bus.arn).values(policy=text))

        await self._state.change(write)

    async def forbid(self, place: Place, name: str, statement: str | None) -> None:
        """Remove a statement of a bus's policy, or with None all of them. Raises NotFound."""

        def write(connection: Connection) -> None:
            bus = _stored(connection, place, name, self._clock.now_ms())
            known = _statements(bus.policy)
            kept = [] if statement is None else [one for one in known if one.get("Sid") != statement]
            if statement is not None and len(kept) == len(known):
                raise NotFound("Statement with the provided id does not exist.")
            text = json.dumps({"Version": "2012-10-17", "Statement": kept}) if kept else ""
            connection.execute(update(event_buses).where(_columns.arn == bus.arn).values(policy=text))

        await self._state.change(write)


def bus_in(connection: Connection, place: Place, name: str) -> Bus:
    """A bus by name or ARN. Raises NotFound."""
    arn = place.bus(name)
    row = _row(connection, arn)
    if row is not None:
        return _bus(row)
    parts = parse(arn)
    if parts.resource == f"event-bus/{DEFAULT_BUS}":
        return _default(parts.place)
    raise NotFound(f"Event bus {name_of(arn)} does not exist.")


def _stored(connection: Connection, place: Place, name: str, now_ms: int) -> Bus:
    """A bus that has a row: the default one gets it when something is set of it."""
    bus = bus_in(connection, place, name)
    if _row(connection, bus.arn) is None:
        return _add(connection, bus.place, bus.name, "", {}, now_ms)
    return bus


def _add(
    connection: Connection, place: Place, name: str, description: str, options: Mapping[str, Any], now_ms: int
) -> Bus:
    bus = Bus(place.bus(name), place, name, description, "", dict(options), now_ms, now_ms)
    connection.execute(
        insert(event_buses).values(
            arn=bus.arn,
            account=place.account,
            region=place.region,
            name=name,
            description=description,
            policy="",
            options=json.dumps(bus.options),
            created_ms=now_ms,
            changed_ms=now_ms,
        )
    )
    versions.grow(connection)
    return bus


def _default(place: Place) -> Bus:
    return Bus(place.bus(DEFAULT_BUS), place, DEFAULT_BUS)


def _row(connection: Connection, arn: str) -> Row[Any] | None:
    return connection.execute(select(event_buses).where(_columns.arn == arn)).first()


def _bus(row: Row[Any]) -> Bus:
    place = Place(row.account, row.region)
    options = json.loads(row.options)
    return Bus(row.arn, place, row.name, row.description, row.policy, options, row.created_ms, row.changed_ms)


def _read_policy(text: str) -> dict[str, Any]:
    try:
        read = typed.loads(text)
    except ValueError as problem:
        raise InvalidInput(f"cannot read the policy: {problem}", field="Policy") from None
    if not isinstance(read, dict) or "Statement" not in read:
        raise InvalidInput("cannot read the policy: expected an object with Statement", field="Policy")
    return read


def _statements(policy: str) -> list[dict[str, Any]]:
    if not policy:
        return []
    found = json.loads(policy)["Statement"]
    return found if isinstance(found, list) else [found]
