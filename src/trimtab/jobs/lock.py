"""A lock among processes that share the state database: one of them holds it, for as long as it renews it."""

from msgspec import Struct, field
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from trimtab.base.clock import Clock
from trimtab.base.ids import new_id
from trimtab.store.state.database import State
from trimtab.store.state.tables import locks

LEASE_MS = 30_000
"""How long a holder that stopped renewing keeps others out. They renew three times as often."""
_BEYOND_MS = LEASE_MS + 300_000
"""A lease that ends later than so long from now was taken by a clock that has gone back since: it keeps nobody out.
Less may be a contender's slow clock."""
MARGIN_MS = 5_000
"""The holder gives up this much before its lease ends: clocks differ, and a statement takes a moment to arrive."""

_FREE = (
    (locks.c.holder == bindparam("mine"))
    | (locks.c.until_ms < bindparam("now"))
    | (locks.c.until_ms > bindparam("beyond"))
)
_TAKE = (
    update(locks)
    .where(locks.c.name == bindparam("lock"), _FREE)
    .values(holder=bindparam("mine"), until_ms=bindparam("until"))
)
"""Made once: to put it together takes as long as to run it, and a server does so twice a second."""


async def renewed_ms(state: State, name: str) -> int | None:
    """When the holder of a lock last renewed it (ms); None where nobody holds it. Raises Unavailable."""
    found = await state.read(lambda connection: connection.scalar(select(locks.c.until_ms).where(locks.c.name == name)))
    return None if found is None else int(found) - LEASE_MS


class Lock(Struct):
    """The lock called `name`, as this process sees it. The clocks of its contenders must agree to a few seconds."""

    state: State
    clock: Clock
    name: str
    holder: str = field(default_factory=new_id)
    _until_ms: int = 0

    @property
    def held(self) -> bool:
        """Whether this process may act now; True only while the lease has not nearly run out."""
        return self.clock.now_ms() < self._until_ms - MARGIN_MS

    async def renew(self) -> bool:
        """Take the lock if it is free or its lease ran out, or extend the lease; whether it is held now.

        Raises Unavailable.
        """
        try:
            self._until_ms = await self.state.change_together(self._take)  # a server holds a dozen locks
        except IntegrityError:  # another process made the row first
            self._until_ms = 0
        return self.held

    def renew_sync(self) -> bool:
        """The same, blocking this thread."""
        try:
            self._until_ms = self.state.change_sync(self._take)
        except IntegrityError:
            self._until_ms = 0
        return self.held

    def release_sync(self) -> None:
        """The same as `release`, blocking this thread."""
        self._until_ms = 0
        self.state.change_sync(self._leave)

    async def release(self) -> None:
        """Give the lock back, so that another process need not wait for the end of the lease."""
        self._until_ms = 0
        await self.state.change(self._leave)

    def _leave(self, connection: Connection) -> None:
        mine = (locks.c.name == self.name) & (locks.c.holder == self.holder)
        connection.execute(delete(locks).where(mine))

    def _take(self, connection: Connection) -> int:
        now_ms = self.clock.now_ms()
        until_ms = now_ms + LEASE_MS
        beyond = now_ms + _BEYOND_MS
        asked = {"lock": self.name, "mine": self.holder, "now": now_ms, "beyond": beyond, "until": until_ms}
        if connection.execute(_TAKE, asked).rowcount:
            return until_ms
        if connection.execute(select(locks.c.name).where(locks.c.name == self.name)).first():
            return 0
        connection.execute(insert(locks).values(name=self.name, holder=self.holder, until_ms=until_ms))
        return until_ms
