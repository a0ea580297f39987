"""What X-Ray daemons and SDKs tell of themselves (PutTelemetryRecords): the last record of each is kept."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, delete, insert, select

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.store.state.tables import trace_daemons

_daemons = trace_daemons.c
_NAME_LENGTH = 255


class Daemon(Struct, frozen=True):
    """A daemon and its last record: counts of segments received, sent, spilled over and rejected, and of failures."""

    host: str
    at_ms: int
    record: Mapping[str, Any]


class TraceDaemons:
    """Keeps and lists records."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, account: str, region: str, host: str, record: Mapping[str, Any]) -> None:
        """Keep the last record of a host."""
        name = host[:_NAME_LENGTH] or "unknown"
        row = {"account": account, "region": region, "host": name, "at_ms": self._clock.now_ms()}
        key = and_(_daemons.account == account, _daemons.region == region, _daemons.host == name)

        def write(connection: Connection) -> None:
            connection.execute(delete(trace_daemons).where(key))
            connection.execute(insert(trace_daemons).values(row | {"record": msgspec.json.encode(record).decode()}))

        await self._state.change(write)

    async def listed(self, account: str, region: str) -> list[Daemon]:
        """The daemons of a place, by name."""
        query = select(trace_daemons).where(_daemons.account == account, _daemons.region == region)

        def read(connection: Connection) -> list[Daemon]:
            rows = connection.execute(query.order_by(_daemons.host))
            return [Daemon(row.host, row.at_ms, typed.decode(row.record)) for row in rows]

        return await self._state.read(read)
