"""The ledger keeps up by itself: today first, then the days before, and no further than there are machines."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace

from trimtab.base.clock import ManualClock
from trimtab.fleet.jobs import Keeping
from trimtab.fleet.model import DAY_MS

NOW = 20_000 * DAY_MS + 5


@dataclass
class Kept:
    """A keeper that notes the days that it is asked for; machines are there from day 19 980 on."""

    asked: list[tuple[int, int]] = field(default_factory=list)

    async def ensure(self, start_ms: int, end_ms: int) -> int:
        self.asked.append((start_ms, end_ms))
        return 0

    @property
    def store(self) -> "Kept":
        return self

    async def machines_of(self, day: int) -> list[str]:
        return ["one"] if day >= 19_980 else []


def test_it_goes_back_until_there_is_nothing_for_two_weeks() -> None:
    kept, lock = Kept(), SimpleNamespace(held=True)
    keeping = Keeping(kept, ManualClock(NOW), lock)  # type: ignore[arg-type]  # as far as they are asked
    for _ in range(10):
        asyncio.run(keeping.turn())
    days = [start // DAY_MS for start, end in kept.asked if end - start == DAY_MS and start % DAY_MS == 0]
    assert list(range(19_999, 19_965, -1)) == days
    assert 10 == sum(span == (NOW - DAY_MS, NOW) for span in kept.asked)


def test_without_the_lock_it_does_nothing() -> None:
    kept, lock = Kept(), SimpleNamespace(held=False)
    asyncio.run(Keeping(kept, ManualClock(NOW), lock).turn())  # type: ignore[arg-type]  # as far as they are asked
    assert [] == kept.asked
