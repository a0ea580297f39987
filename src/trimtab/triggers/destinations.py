"""API destinations: HTTP endpoints outside, each signed in to by a connection."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.egress.address import parse_url
from trimtab.egress.gate import Gate
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_connections, event_destinations
from trimtab.store.state.sealed import seal, unseal
from trimtab.triggers.arns import Place

METHODS = ("POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
_columns = event_destinations.c


class Destination(Struct, frozen=True):
    """An API destination. `*` in the path of `endpoint` is filled by the target's PathParameterValues."""

    arn: str
    place: Place
    name: str
    description: str
    connection: str
    endpoint: str
    method: str
    rate: int | None
    created_ms: int
    changed_ms: int


class DestinationStore:
    """The API destinations."""

    def __init__(self, state: State, clock: Clock, gate: Gate) -> None:
        self._state = state
        self._clock = clock
        self._gate = gate

    async def create(self, place: Place, name: str, values: Mapping[str, Any]) -> Destination:
        """Make a destination of description, connection, endpoint, method and rate. Raises Conflict, NotFound."""
        self._check(values)
        await self._admit(name, values)

        def write(connection: Connection) -> Destination:
            if _row(connection, place, name) is not None:
                raise Conflict(f"An api-destination '{name}' already exists.")
            _need_connection(connection, values["connection"])
            now_ms = self._clock.now_ms()
            arn = place.arn("events", f"api-destination/{name}/{new_id()}")
            row = {"arn": arn, "account": place.account, "region": place.region, "name": name, "description": ""}
            times = {"created_ms": now_ms, "changed_ms": now_ms}
            connection.execute(insert(event_destinations).values({**row, **_kept(connection, arn, values), **times}))
            return _one(connection, place, name)

        return await self._state.change(write)

    async def get(self, place: Place, name: str) -> Destination:
        """A destination by name. Raises NotFound."""
        return await self._state.read(lambda connection: _one(connection, place, name))

    async def by_arn(self, arn: str) -> Destination:
        """A destination by its ARN. Raises NotFound."""
        query = select(event_destinations).where(_columns.arn == arn)

        def read(connection: Connection) -> Destination:
            row = connection.execute(query).first()
            if row is None:
                raise NotFound(f"cannot find API destination {arn}")
            return _destination(connection, row)

        return await self._state.read(read)

    async def listed(self, place: Place, prefix: str = "", connection_arn: str | None = None) -> list[Destination]:
        """The destinations of a place, by name."""
        query = select(event_destinations).where(_columns.account == place.account, _columns.region == place.region)

        def read(connection: Connection) -> list[Destination]:
            return [
                _destination(connection, row)
                for row in connection.execute(query.order_by(_columns.name)).all()
                if row.name.startswith(prefix) and connection_arn in (None, row.connection)
            ]

        return await self._state.read(read)

    async def update(self, place: Place, name: str, values: Mapping[str, Any]) -> Destination:
        """Change what is given. Raises NotFound, InvalidInput."""
        self._check(values)
        await self._admit(name, values)

        def write(connection: Connection) -> Destination:
            known = _one(connection, place, name)
            if "connection" in values:
                _need_connection(connection, values["connection"])
            changed = {**_kept(connection, known.arn, values), "changed_ms": self._clock.now_ms()}
            connection.execute(update(event_destinations).where(_columns.arn == known.arn).values(changed))
            return _one(connection, place, name)

        return await self._state.change(write)

    async def delete(self, place: Place, name: str) -> None:
        """Delete a destination. Raises NotFound."""

        def write(connection: Connection) -> None:
            known = _one(connection, place, name)
            connection.execute(delete(event_destinations).where(_columns.arn == known.arn))

        await self._state.change(write)

    async def _admit(self, name: str, values: Mapping[str, Any]) -> None:
        """An endpoint whose host has a star is judged when it is sent to."""
        endpoint = values.get("endpoint", "")
        if endpoint and "*" not in endpoint.split("/")[2]:
            await self._gate.admit(endpoint.replace("*", "x"), f"API destination {name}")

    def _check(self, values: Mapping[str, Any]) -> None:
        if "endpoint" in values:
            parse_url(values["endpoint"].replace("*", "x"))
        if values.get("method", "POST") not in METHODS:
            raise InvalidInput(f"cannot use method {values['method']}: expected one of {', '.join(METHODS)}")


def _need_connection(connection: Connection, arn: str) -> None:
    known = select(event_connections.c.arn).where(event_connections.c.arn == arn)
    if connection.execute(known).first() is None:
        raise NotFound(f"Connection '{arn}' does not exist.")


def _row(connection: Connection, place: Place, name: str) -> Row[Any] | None:
    mine = (_columns.account == place.account) & (_columns.region == place.region) & (_columns.name == name)
    return connection.execute(select(event_destinations).where(mine)).first()


def _one(connection: Connection, place: Place, name: str) -> Destination:
    row = _row(connection, place, name)
    if row is None:
        raise NotFound(f"An api-destination '{name}' does not exist.")
    return _destination(connection, row)


def _destination(connection: Connection, row: Row[Any]) -> Destination:
    return Destination(
        row.arn,
        Place(row.account, row.region),
        row.name,
        row.description,
        row.connection,
        unseal(connection, _columns.endpoint, row.arn, row.endpoint),
        row.method,
        row.rate,
        row.created_ms,
        row.changed_ms,
    )


def _kept(connection: Connection, arn: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the row keeps them: many a webhook has its secret in its address."""
    sealed = {name: seal(connection, _columns[name], arn, text) for name, text in values.items() if name == "endpoint"}
    return {**values, **sealed}
