"""The parts of a page share the ledger that is made of one answer of the fleet's."""

import asyncio
from typing import Any

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.economics.unit import ledger as module
from trimtab.economics.unit.ledger import Ledgers

DAY = 86_400_000


class Fleet:
    """The fleet's ledger, whose answer a test changes; and the runs, which may be away."""

    def __init__(self) -> None:
        self.answer = object()
        self.away = False
        self.listings = 0

    async def costed(self, scope: object, start_ms: int, end_ms: int) -> Any:
        return self.answer

    async def listed(self, scope: object, asked: object, limit: int) -> list[Any]:
        self.listings += 1
        if self.away:
            raise Unavailable("the state is away")
        return []


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture
def ledgers(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Ledgers:
    monkeypatch.setattr(module, "ledger_of", lambda costed, runs, end_ms, now_ms: (costed, end_ms))
    clock = ManualClock()
    clock.at_ms = 100 * DAY
    return Ledgers(fleet, fleet, clock)  # type: ignore[arg-type] # as far as they are asked


def test_one_ledger_is_made_of_an_answer_for_all_who_ask_at_once(fleet: Fleet, ledgers: Ledgers) -> None:
    async def both() -> list[Any]:
        asked = await asyncio.gather(ledgers.over(DAY, 3 * DAY), ledgers.over(DAY, 3 * DAY))
        return [*asked, await ledgers.over(DAY, 3 * DAY)]

    first, second, third = asyncio.run(both())
    assert first is second is third
    assert 1 == fleet.listings


def test_another_answer_or_another_range_is_another_ledger(fleet: Fleet, ledgers: Ledgers) -> None:
    async def asked() -> list[Any]:
        found = [await ledgers.over(DAY, 3 * DAY), await ledgers.over(DAY, 4 * DAY)]
        fleet.answer = object()
        return [*found, await ledgers.over(DAY, 3 * DAY)]

    found = asyncio.run(asked())
    assert 3 == len(set(found)) == fleet.listings


def test_a_ledger_that_could_not_be_made_is_made_again(fleet: Fleet, ledgers: Ledgers) -> None:
    async def asked() -> Any:
        fleet.away = True
        with pytest.raises(Unavailable, match="the state is away"):
            await ledgers.over(DAY, 3 * DAY)
        fleet.away = False
        return await ledgers.over(DAY, 3 * DAY)

    assert (fleet.answer, 3 * DAY) == asyncio.run(asked())


def test_few_ledgers_are_kept(ledgers: Ledgers, fleet: Fleet) -> None:
    async def asked() -> None:
        for days in range(2, 8):
            await ledgers.over(DAY, days * DAY)
        await ledgers.over(DAY, 7 * DAY)
        await ledgers.over(DAY, 2 * DAY)

    asyncio.run(asked())
    assert 7 == fleet.listings
