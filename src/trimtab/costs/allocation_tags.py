"""Which tags of the bill are for allocation: all that it carries, unless somebody says otherwise.

A tag that is inactive is not offered in Cost Explorer any more; its values stay on the lines. What is activated again
counts for all the past that is held, so that a backfill has nothing to do and is over at once.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.ids import new_id
from trimtab.costs.conditions import Conditions
from trimtab.store.sql import load_queries
from trimtab.store.state.database import State
from trimtab.store.state.tables import cost_allocation_tags as tags
from trimtab.store.state.tables import cost_tag_backfills as backfills
from trimtab.store.telemetry.client import Telemetry

_QUERIES = load_queries("trimtab.costs")
_EPOCH = date(1970, 1, 1)


class AllocationTag(Struct, frozen=True):
    """A tag key: whether it counts, when that was said last (0: never), and its last day on the bill."""

    key: str
    active: bool
    updated_ms: int
    used: date | None

    @property
    def of_aws(self) -> bool:
        """Whether AWS gave it."""
        return self.key.startswith("aws:")


class Backfill(Struct, frozen=True):
    """That the past was asked to carry the tags of now."""

    from_ms: int
    requested_ms: int


class AllocationTags:
    """Tags over the bill and the state database."""

    def __init__(self, state: State, telemetry: Telemetry, clock: Clock) -> None:
        self._state = state
        self._telemetry = telemetry
        self._clock = clock

    async def listed(self, scope: Scope, account: str) -> list[AllocationTag]:
        """Every key that the bill carries in a scope, and what an account said of it; by key."""
        conditions = Conditions()
        sql = _QUERIES["tags_last_used"].replace("/*scope*/", conditions.scope(scope))
        found = await self._telemetry.fetch(sql, conditions.params)
        used = {
            str(key): _EPOCH + timedelta(days=int(day))
            for key, day in zip(found["key"].tolist(), found["last"].astype("datetime64[D]").astype(int), strict=True)
        }
        said = await self._said(account)
        return [AllocationTag(key, *said.get(key, (True, 0)), used.get(key)) for key in sorted({*used, *said})]

    async def inactive(self, account: str) -> frozenset[str]:
        """The keys that do not count."""
        return frozenset(key for key, (active, _) in (await self._said(account)).items() if not active)

    async def put(self, account: str, active: Mapping[str, bool]) -> None:
        """Say of keys whether they count."""
        now_ms = self._clock.now_ms()

        def work(connection: Connection) -> None:
            connection.execute(delete(tags).where(tags.c.account == account, tags.c.key.in_(list(active))))
            rows = [{"account": account, "key": key, "active": on, "updated_ms": now_ms} for key, on in active.items()]
            connection.execute(insert(tags), rows)

        await self._state.change(work)

    async def backfill(self, account: str, from_ms: int) -> Backfill:
        """Note that the past was asked for."""
        made = Backfill(from_ms, self._clock.now_ms())
        row = {"id": str(new_id()), "account": account, "from_ms": from_ms, "requested_ms": made.requested_ms}
        await self._state.change(lambda connection: connection.execute(insert(backfills).values(row)))
        return made

    async def backfills(self, account: str) -> list[Backfill]:
        """What was asked for, the newest first."""
        query = select(backfills).where(backfills.c.account == account).order_by(backfills.c.requested_ms.desc())
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return [Backfill(row.from_ms, row.requested_ms) for row in rows]

    async def _said(self, account: str) -> dict[str, tuple[bool, int]]:
        query = select(tags).where(tags.c.account == account)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return {row.key: (row.active, row.updated_ms) for row in rows}
