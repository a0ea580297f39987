"""Tokens by the minute: each call in its minute and for whom it was, once, however often minutes are counted."""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np

from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.economics.tokens.calls import Calls
from trimtab.economics.tokens.minutes import LATE, MINUTE_MS, TokenMinutes, minutes_of
from trimtab.genai.call import Call
from trimtab.genai.prices.book import shipped
from trimtab.genai.prices.price import cost_of
from trimtab.genai.tokens import Tokens
from trimtab.metrics.model import Identity, MetricBatch

NOW = 1_790_000_030_000
CALL = Call(
    at_ms=NOW - 5_000, vendor="openai", model="gpt-4o-2024-08-06", tokens=Tokens(input=1000, output=100), user="ann",
    account="1", region="eu-west-1",
)  # fmt: skip
COST = Decimal("0.0035")


class World:
    """Calls that are known, and the samples that were written of them, the last of a series and minute."""

    def __init__(self, *calls: Call) -> None:
        self.calls = list(calls)
        self.asked: list[tuple[int, int]] = []
        self.series: dict[Identity, int] = {}
        self.samples: dict[tuple[int, int], float] = {}
        self.held = True
        self.clock = ManualClock(NOW)
        self.minutes = TokenMinutes(self, lambda: (shipped(),), self, self, self.clock, self)  # type: ignore[arg-type] # all that it asks for

    async def over(self, scope: Scope, start_ms: int, end_ms: int) -> Calls:
        self.asked.append((start_ms, end_ms))
        return Calls([one for one in self.calls if start_ms <= one.at_ms < end_ms])

    async def write(self, batch: MetricBatch) -> None:
        for series, at, number in np.asarray(batch.samples).tolist():
            self.samples[series, at] = number

    def offer(self, identity: Identity) -> int:
        return self.series.setdefault(identity, len(self.series))

    def of(self, name: str, **who: str) -> dict[int, float]:
        """The sum of a metric's samples, by minute."""
        asked, found = who.items(), Counter[int]()
        ids = {id_ for one, id_ in self.series.items() if one.name == name and asked <= dict(one.dimensions).items()}
        for (series, at), number in self.samples.items():
            found[at] += number if series in ids else 0
        return dict(found) if ids else {}

    def turn(self) -> None:
        asyncio.run(self.minutes.turn())


def price(call: Call) -> Any:
    cost = cost_of(call, (shipped(),))
    return cost.amount, cost.currency


def test_calls_are_counted_in_the_minute_in_which_they_began() -> None:
    found = minutes_of([CALL, CALL, replace(CALL, at_ms=CALL.at_ms - MINUTE_MS), replace(CALL, user="bob")], price)
    ann = {at: minute for (key, at), minute in found.items() if "ann" in key[2]}
    newest = NOW // MINUTE_MS * MINUTE_MS
    assert {newest: 2, newest - MINUTE_MS: 1} == {at: one.calls for at, one in ann.items()}
    assert ({"USD": 2 * COST}, 2000, 200) == (ann[newest].costs, ann[newest].input, ann[newest].output)


def test_a_minute_that_is_counted_again_is_replaced() -> None:
    world = World(CALL)
    world.turn()
    world.calls.append(replace(CALL, at_ms=CALL.at_ms + 1000))
    world.clock.advance(20)
    world.turn()
    assert {NOW // MINUTE_MS * MINUTE_MS: 2.0} == world.of("trimtab.tokens.calls", user="ann")
    assert [float(2 * COST)] == list(world.of("trimtab.tokens.cost", user="ann").values())
    assert {"USD"} == {one.unit for one in world.series if one.name == "trimtab.tokens.cost"}


def test_a_call_whose_user_is_told_later_is_not_counted_twice() -> None:
    world = World(replace(CALL, user=""))
    world.turn()
    world.calls[:] = [CALL]
    world.clock.advance(20)
    world.turn()
    assert 1.0 == sum(world.of("trimtab.tokens.calls").values())
    assert [1.0] == list(world.of("trimtab.tokens.calls", user="ann").values())


def test_a_call_without_a_price_is_counted_without_a_cost() -> None:
    world = World(replace(CALL, vendor="", model="of our own"), CALL)
    world.turn()
    assert [1.0] == list(world.of("trimtab.tokens.calls", model="of our own").values())
    assert {} == world.of("trimtab.tokens.cost", model="of our own")


def test_the_last_minutes_are_read_and_only_by_who_holds_the_lock() -> None:
    world = World(CALL)
    world.held = False
    world.turn()
    assert [] == world.asked
    world.held = True
    world.turn()
    assert [((NOW // MINUTE_MS - LATE + 1) * MINUTE_MS, NOW + 1)] == world.asked
