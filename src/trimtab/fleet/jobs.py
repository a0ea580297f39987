"""What the ledger does by itself: it keeps up with now, and makes the days before, the newest first."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.fleet.keeper import LedgerKeeper
from trimtab.fleet.model import DAY_MS
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job

_EVERY_S = 60.0
_DAYS_BACK = 400
"""As long as the longest range of a report."""
_EMPTY_DAYS = 14
"""So many days without a machine end the way back: there is nothing before."""
_AT_ONCE = 8
"""Days of one turn: some seconds of work, between which others ask."""


class Keeping(Struct):
    """Makes days while this process holds the lock."""

    keeper: LedgerKeeper
    clock: Clock
    lock: Lock
    _back: int = 0
    _empty: int = 0
    _today: int = 0

    async def turn(self) -> None:
        """Bring the last two days up to now, then some of those before. Raises QueryAborted, Unavailable."""
        if not self.lock.held:
            return
        now_ms = self.clock.now_ms()
        today = now_ms // DAY_MS
        await self.keeper.ensure(now_ms - DAY_MS, now_ms)
        if today != self._today:  # late facts of any day are looked for once a day, and whenever somebody asks
            self._today, self._back, self._empty = today, 0, 0
        for _ in range(_AT_ONCE):
            if self._back >= _DAYS_BACK or self._empty >= _EMPTY_DAYS:
                return
            self._back += 1
            day = today - self._back
            await self.keeper.ensure(day * DAY_MS, (day + 1) * DAY_MS)
            self._empty = 0 if await self.keeper.store.machines_of(day) else self._empty + 1


def jobs_of(keeper: LedgerKeeper, clock: Clock, lock: Lock) -> list[Job]:
    """Of several servers that share a state the one with the lock keeps the ledger."""
    return [
        Job("hold the lock of the fleet ledger", LEASE_MS / 3000, lock.renew),
        Job("keep the fleet ledger", _EVERY_S, Keeping(keeper, clock, lock).turn),
    ]
