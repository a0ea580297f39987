"""Who was refused, at which door, how often: counted in memory, kept in the state, told to the audit in few records.

A flood makes counts, not rows: what is alike (door, status, who, from where) is one row, and what is too much to keep
apart is one row of its own.
"""

from collections.abc import Sequence
from threading import Lock

from msgspec import Struct, field
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.tables import access_refusals

MOST_APART = 200
"""Different ones that are counted apart between two savings (five seconds); those beyond are counted together."""
MOST_KEPT = 1000
"""Rows in the state, the latest: a page of them is looked at, not more."""
KEPT_MS = 30 * 86_400_000
MOST_RECORDS = 20
"""Records that one round writes into the audit, the most frequent first; the rest is one more record."""
OTHERS = "others"
_LONGEST = 100


class Refused(Struct, frozen=True):
    """What is alike: `status` is 401, 403 or 429, `who` a key's name or the id that was claimed ("": nobody said)."""

    door: str
    status: int
    who: str
    address: str

    @property
    def bounded(self) -> "Refused":
        """Its texts cut to what a column holds."""
        return replace(self, who=self.who[:_LONGEST], address=self.address[:_LONGEST])


class Refusal(Struct, frozen=True):
    """How often, and the last time. `untold` of them are not in the audit yet."""

    refused: Refused
    path: str
    first_ms: int
    last_ms: int
    count: int
    untold: int = 0


class _Counted(Struct):
    """Since the last saving."""

    count: int = 0
    first_ms: int = 0
    last_ms: int = 0
    path: str = ""


class Refusals(Struct):
    """Of one process over one state database."""

    state: State
    clock: Clock
    _counted: dict[Refused, _Counted] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    def note(self, refused: Refused, path: str) -> None:
        """One request was refused. Never fails, from any thread."""
        now_ms, refused = self.clock.now_ms(), refused.bounded
        with self._turn:
            if refused not in self._counted and len(self._counted) >= MOST_APART:
                refused = Refused(refused.door, refused.status, OTHERS, OTHERS)
            counted = self._counted.setdefault(refused, _Counted(first_ms=now_ms))
            counted.count += 1
            counted.last_ms, counted.path = now_ms, path[:_LONGEST]

    async def save(self) -> None:
        """Add what was counted to what the state has. Raises Unavailable; what was counted stays counted then."""
        with self._turn:
            counted, self._counted = self._counted, {}
        if not counted:
            return
        try:
            await self.state.change(lambda connection: _add(connection, counted, self.clock.now_ms()))
        except BaseException:
            with self._turn:
                for refused, one in counted.items():
                    since = self._counted.setdefault(refused, one)
                    if since is not one:  # refused again meanwhile
                        since.count, since.first_ms = since.count + one.count, one.first_ms
            raise

    async def listed(self) -> list[Refusal]:
        """What was refused, the latest first."""
        query = select(access_refusals).order_by(access_refusals.c.last_ms.desc())
        rows = await self.state.read(lambda connection: list(connection.execute(query).mappings()))
        return [_refusal(row) for row in rows]

    async def untold(self) -> list[Refusal]:
        """What the audit was not told, told from now on: at most MOST_RECORDS and one that sums up the rest."""

        def write(connection: Connection) -> list[Refusal]:
            rows = list(connection.execute(select(access_refusals).where(access_refusals.c.untold > 0)).mappings())
            connection.execute(update(access_refusals).values(untold=0))
            return sorted(map(_refusal, rows), key=lambda one: -one.untold)

        found = await self.state.change(write)
        apart, rest = found[:MOST_RECORDS], found[MOST_RECORDS:]
        return [*apart, _together(rest)] if rest else apart


def _add(connection: Connection, counted: dict[Refused, _Counted], now_ms: int) -> None:
    c = access_refusals.c
    for refused, more in counted.items():
        mine = (
            (c.door == refused.door)
            & (c.status == refused.status)
            & (c.who == refused.who)
            & (c.address == refused.address)
        )
        grown = {"count": c.count + more.count, "untold": c.untold + more.count}
        last = {"last_ms": more.last_ms, "path": more.path}
        if connection.execute(update(access_refusals).where(mine).values({**grown, **last})).rowcount == 0:
            key = {"door": refused.door, "status": refused.status, "who": refused.who, "address": refused.address}
            first = {"first_ms": more.first_ms, "count": more.count, "untold": more.count}
            connection.execute(insert(access_refusals).values({**key, **first, **last}))
    connection.execute(delete(access_refusals).where(c.last_ms < now_ms - KEPT_MS))
    eldest = connection.execute(select(c.last_ms).order_by(c.last_ms.desc()).offset(MOST_KEPT).limit(1)).scalar()
    if eldest is not None:
        connection.execute(delete(access_refusals).where(c.last_ms <= eldest))


def _together(rest: Sequence[Refusal]) -> Refusal:
    first, last = min(one.first_ms for one in rest), max(one.last_ms for one in rest)
    count, untold = sum(one.count for one in rest), sum(one.untold for one in rest)
    return Refusal(Refused(OTHERS, rest[0].refused.status, OTHERS, OTHERS), "", first, last, count, untold)


def _refusal(row: RowMapping) -> Refusal:
    refused = Refused(row["door"], row["status"], row["who"], row["address"])
    return Refusal(refused, row["path"], row["first_ms"], row["last_ms"], row["count"], row["untold"])
