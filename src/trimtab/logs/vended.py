"""Logs that services write of themselves, and where they are delivered: sources, destinations, and deliveries of both.

A source names a resource and the type of its logs, a destination a log group, bucket or delivery stream. Source:
CloudWatch Logs user guide, "Enable logging from AWS services". Of trimtab's own resources event buses write such logs.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.base.partitions import partition_of
from trimtab.store.state.database import State
from trimtab.store.state.schema.inventory import tags
from trimtab.store.state.schema.log_deliveries import log_deliveries

MOST_TAGS = 50
"""Tags of a resource, as documented."""
_columns = log_deliveries.c
Place = tuple[str, str]
"""Account and region."""


class VendedKind(StrEnum):
    """What is kept, as ARNs name it."""

    SOURCE = "delivery-source"
    DESTINATION = "delivery-destination"
    DELIVERY = "delivery"


SAID: Mapping[VendedKind, str] = {
    VendedKind.SOURCE: "Delivery Source",
    VendedKind.DESTINATION: "Delivery Destination",
    VendedKind.DELIVERY: "Delivery",
}
"""What AWS's messages call them."""


class Vended(Struct, frozen=True):
    """A source, a destination or a delivery: `body` has the members of AWS's structure, without name and tags."""

    account: str
    region: str
    kind: VendedKind
    name: str
    body: Mapping[str, Any]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{partition_of(self.region)}:logs:{self.region}:{self.account}:{self.kind}:{self.name}"


class VendedLogs:
    """The sources, destinations and deliveries of every account."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, one: Vended, tagged: Mapping[str, str]) -> None:
        """Make one with its tags, or change its body."""
        body, now_ms = json.dumps(dict(one.body)), self._clock.now_ms()

        def write(connection: Connection) -> None:
            mine = _is((one.account, one.region), one.kind, one.name)
            if connection.execute(update(log_deliveries).where(mine).values(body=body)).rowcount:
                return
            row = {name: getattr(one, name) for name in ("account", "region", "name")}
            values = {**row, "kind": str(one.kind), "body": body, "created_ms": now_ms}
            connection.execute(insert(log_deliveries).values(values))
            _tag(connection, one.arn, tagged)

        await self._state.change(write)

    async def get(self, place: Place, kind: VendedKind, name: str) -> Vended:
        """One by its name. Raises NotFound."""
        query = select(log_deliveries).where(_is(place, kind, name))
        row = await self._state.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise NotFound(f"Requested {SAID[kind]} does not exist in this account.")
        return _vended(row)

    async def by_arn(self, place: Place, arn: str) -> Vended:
        """One of a place by its ARN. Raises NotFound."""
        kind, _, name = arn.partition(f":{place[1]}:{place[0]}:")[2].partition(":")
        found = await self.get(place, VendedKind(kind), name) if kind in set(VendedKind) else None
        if found is None or found.arn != arn:
            raise NotFound("The specified resource does not exist.")
        return found

    async def listed(self, place: Place, kind: VendedKind) -> list[Vended]:
        """All of a kind, by name."""
        account, region = place
        where = and_(_columns.account == account, _columns.region == region, _columns.kind == str(kind))
        query = select(log_deliveries).where(where).order_by(_columns.name)
        return [_vended(row) for row in await self._state.read(lambda connection: connection.execute(query).all())]

    async def delete(self, one: Vended) -> None:
        """Delete one with its tags."""

        def write(connection: Connection) -> None:
            connection.execute(delete(log_deliveries).where(_is((one.account, one.region), one.kind, one.name)))
            connection.execute(delete(tags).where(tags.c.arn == one.arn))

        await self._state.change(write)

    async def tags_of(self, arns: Sequence[str]) -> dict[str, dict[str, str]]:
        """Tags by ARN; what has none is absent."""
        found: dict[str, dict[str, str]] = {}
        query = select(tags).where(tags.c.arn.in_(arns)).order_by(tags.c.key)
        for row in await self._state.read(lambda connection: connection.execute(query).all()):
            found.setdefault(row.arn, {})[row.key] = row.value
        return found

    async def change_tags(self, one: Vended, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Add or replace tags, and remove others. Raises LimitExceeded."""

        def write(connection: Connection) -> None:
            connection.execute(delete(tags).where(tags.c.arn == one.arn, tags.c.key.in_([*put, *remove])))
            _tag(connection, one.arn, put)

        await self._state.change(write)

    async def groups_for(self, arn: str, log_type: str) -> list[str]:
        """The ARNs of the log groups that logs of a type of a resource are delivered to."""
        query = select(log_deliveries)
        every = [_vended(row) for row in await self._state.read(lambda connection: connection.execute(query).all())]
        sources = {
            (one.account, one.region, one.name)
            for one in every
            if one.kind is VendedKind.SOURCE and arn in one.body["resourceArns"] and one.body["logType"] == log_type
        }
        destinations = {one.arn: one for one in every if one.kind is VendedKind.DESTINATION}
        wanted = [
            destinations.get(one.body["deliveryDestinationArn"])
            for one in every
            if one.kind is VendedKind.DELIVERY and (one.account, one.region, one.body["deliverySourceName"]) in sources
        ]
        to = [one.body["deliveryDestinationConfiguration"]["destinationResourceArn"] for one in wanted if one]
        return [group for group in to if ":log-group:" in group]


def _tag(connection: Connection, arn: str, put: Mapping[str, str]) -> None:
    kept = connection.execute(select(tags.c.key).where(tags.c.arn == arn)).all()
    if len(kept) + len(put) > MOST_TAGS:
        raise LimitExceeded(f"cannot tag {arn}: got {len(kept) + len(put)} tags; expected {MOST_TAGS}")
    if put:
        connection.execute(insert(tags), [{"arn": arn, "key": key, "value": value} for key, value in put.items()])


def _is(place: Place, kind: VendedKind, name: str) -> ColumnElement[bool]:
    account, region = place
    where = _columns.account == account, _columns.region == region
    return and_(*where, _columns.kind == str(kind), _columns.name == name)


def _vended(row: Any) -> Vended:
    return Vended(row.account, row.region, VendedKind(row.kind), row.name, json.loads(row.body))
