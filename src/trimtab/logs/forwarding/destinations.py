"""Destinations: names for places that subscription filters send to. Their policies are kept and not enforced."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.egress.gate import Gate
from trimtab.logs.forwarding.model import Destination, Kind, read_place
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_forwarding import log_destinations

_columns = log_destinations.c


class Destinations:
    """The destinations of every account."""

    def __init__(self, state: State, clock: Clock, gate: Gate) -> None:
        self._state = state
        self._clock = clock
        self._gate = gate
        self.changes = 0

    async def put(self, account: str, region: str, name: str, target: str, role: str) -> Destination:
        """Make a destination, or give it another target. Raises InvalidInput for one that nothing can be sent to."""
        place = read_place(target)
        if place.kind is Kind.DESTINATION:
            raise InvalidInput("cannot use a destination as the target of a destination: name its own target")
        if place.kind is Kind.URL:
            await self._gate.admit(place.text, f"log destination {name}")
        where = _where(account, region, name)

        def write(connection: Connection) -> Destination:
            known = connection.execute(select(log_destinations).where(where)).mappings().first()
            row: dict[str, Any] = {
                "account": account, "region": region, "name": name, "target": target, "role": role,
                "policy": known["policy"] if known else "",
                "created_ms": known["created_ms"] if known else self._clock.now_ms(),
            }  # fmt: skip
            connection.execute(delete(log_destinations).where(where))
            connection.execute(insert(log_destinations).values(row))
            return Destination(**row)

        made = await self._state.change(write)
        self.changes += 1
        return made

    async def put_policy(self, account: str, region: str, name: str, policy: str) -> None:
        """Keep a destination's access policy. Raises InvalidInput for what is no JSON, NotFound."""
        try:
            typed.loads(policy)
        except ValueError:
            raise InvalidInput("cannot use the access policy: it is not JSON") from None
        changed = update(log_destinations).where(_where(account, region, name)).values(policy=policy)
        if not await self._state.change(lambda connection: connection.execute(changed).rowcount):
            raise NotFound(f"cannot find the destination {name[:200]!r}")

    async def get(self, account: str, region: str, name: str) -> Destination:
        """A destination. Raises NotFound."""
        wanted = select(log_destinations).where(_where(account, region, name))
        row = await self._state.read(lambda connection: connection.execute(wanted).mappings().first())
        if row is None:
            raise NotFound(f"cannot find the destination {name[:200]!r}")
        return _read(row)

    async def listed(
        self, account: str, region: str, prefix: str = "", after: str = "", limit: int = 50
    ) -> list[Destination]:
        """Destinations by name, those after `after`."""
        wanted = select(log_destinations).where(
            _columns.account == account, _columns.region == region, _columns.name > after
        )
        if prefix:
            wanted = wanted.where(_columns.name.startswith(prefix, autoescape=True))
        ordered = wanted.order_by(_columns.name).limit(limit)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(ordered).mappings()])

    async def delete(self, account: str, region: str, name: str) -> None:
        """Remove a destination; filters that name it send nothing more. Raises NotFound."""
        gone = delete(log_destinations).where(_where(account, region, name))
        if not await self._state.change(lambda connection: connection.execute(gone).rowcount):
            raise NotFound(f"cannot find the destination {name[:200]!r}")
        self.changes += 1


def _where(account: str, region: str, name: str) -> ColumnElement[bool]:
    return and_(_columns.account == account, _columns.region == region, _columns.name == name)


def _read(row: RowMapping) -> Destination:
    return Destination(**{name: row[name] for name in Destination.__struct_fields__})
