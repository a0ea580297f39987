"""The ledger as it is asked: what was measured wrong on an organisation made for it, row by row, and by hand."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.economics.conftest import line
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base import patience
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.base.records import replace
from trimtab.economics.shared.model import Use
from trimtab.economics.unit.ledger import Ledgers
from trimtab.fleet.basis import Basis
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.frame import NOBODY_HELD, Frame, by_team, totals
from trimtab.fleet.keeper import _reached
from trimtab.fleet.model import DAY_MS, HOUR_MS, MachineKey, State
from trimtab.fleet.money import EstimatedLine, OpenDays
from trimtab.fleet.naming import series_by_device
from trimtab.fleet.store import Made
from trimtab.inventory.catalog.model import PriceBasis, Rate, RateKind, RateUnit
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State as StateDatabase
from trimtab.store.telemetry.client import Telemetry

MONTH = 1_785_542_400_000  # 2026-08-01
DAY3 = MONTH + 2 * DAY_MS  # 2026-08-03


@pytest.fixture
def house(engine: Telemetry, state: StateDatabase, tmp_path: Path) -> House:
    emptied(engine)
    return house_of(engine, state, tmp_path, ManualClock(MONTH + 20 * DAY_MS), Fleet())


def node(name: str, condition: Condition = Condition.UP, gpus: float = 8.0, **more: str) -> Node:
    return Node("111111111111", "atlas", name, condition, gpus=gpus, gpu_type="h100", **more)  # type: ignore[arg-type]


def report(house: House, at_ms: int, *nodes: Node) -> None:
    run(house.inventory.nodes.put(nodes, at_ms, frozenset({("111111111111", "atlas")})))


def job(name: str, start_ms: int, end_ms: int | None, where: Mapping[str, float], team: str = "vision") -> Run:
    held = tuple(Held(place, gpus) for place, gpus in where.items())
    return Run(
        RunKey("111111111111", "atlas", name),
        "slurm",
        RunState.RUNNING if end_ms is None else RunState.COMPLETED,
        start_ms,
        team=team,
        start_ms=start_ms,
        end_ms=end_ms,
        gpus=sum(where.values()),
        nodes=len(where),
        node_names=tuple(where),
        held=held,
        seen_ms=end_ms or start_ms,
    )


def put(house: House, *runs: Run) -> None:
    run(house.inventory.runs.put(runs, house.clock.now_ms()))


def billed(resource: str, cost: str, hours: str, day: int = 3, net: str = "") -> dict[str, str]:
    return line(
        cost=cost,
        day=day,
        line_item_resource_id=resource,
        line_item_usage_amount=hours,
        pricing_unit="Hrs",
        line_item_net_unblended_cost=net or cost,
    )


def test_a_drained_and_silent_node_exists_and_is_down(house: House) -> None:
    report(house, DAY3, node("n1"), node("n2"))
    report(house, DAY3 + 6 * HOUR_MS, node("n1"), node("n2", Condition.DRAINED, reason="ECC"))
    put(house, job("1", DAY3, DAY3 + 10 * HOUR_MS, {"n1": 8.0}), job("2", DAY3, DAY3 + 8 * HOUR_MS, {"n2": 4.0}))
    for index in range(8):  # telemetry of both falls silent after two hours
        for name in ("n1", "n2"):
            labels = {"UUID": f"GPU-{name}-{index}", "Hostname": name, "gpu": str(index)}
            house.telemetry.add(
                "DCGM_FI_DEV_GPU_UTIL", 50.0, times=[DAY3 + m * 60_000 for m in range(120)], labels=labels
            )
    found = house.totals(DAY3, DAY3 + DAY_MS)
    assert 16 * 24 == found.existing
    assert 80 + 32 == pytest.approx(found.held)
    assert 8 * 14 + 4 * 6 == pytest.approx(found.free)
    # 4 GPUs from 6 h on, all 8 once the last job has ended
    assert 4 * 18 + 4 * 16 == pytest.approx(found.down)
    assert 0 == found.unknown
    assert 8 * 2 * 0.5 + 4 * 2 * 0.5 == pytest.approx(found.active)
    assert found.existing == pytest.approx(found.down + found.held + found.free + found.unknown)


def test_a_node_that_lived_ten_hours_costs_in_ten_hours_what_its_day_was_billed(house: House) -> None:
    report(house, DAY3, node("n1", instance_id="i-0a"))
    report(house, DAY3 + 10 * HOUR_MS)  # of the whole cluster: n1 is gone
    put(house, job("1", DAY3, DAY3 + 10 * HOUR_MS, {"n1": 8.0}))
    house.bring([billed("i-0a", "82.56", "10")])
    costed = house.costed(DAY3, DAY3 + DAY_MS)
    assert 80 == totals(costed.frame).existing
    assert {"USD": Decimal("82.56")} == costed.sums(costed.frame.state == State.HELD) == costed.sums()
    assert {} == costed.leftover


def test_what_a_powered_down_node_did_keeps_its_price(house: House) -> None:
    report(house, DAY3, node("n1", instance_id="i-0a"))
    put(house, job("1", DAY3, DAY3 + 2 * HOUR_MS, {"n1": 8.0}))
    report(house, DAY3 + 3 * HOUR_MS, node("n1", Condition.DOWN, gpus=0.0, state="POWERED_DOWN"))
    house.bring([billed("i-0a", "30", "3")])
    for one in (house, house.again()):
        costed = one.costed(DAY3, DAY3 + DAY_MS)
        assert {"vision": {"USD": Decimal(20)}, NOBODY_HELD: {"USD": Decimal(10)}} == costed.by(
            costed.frame.owner_names().__getitem__
        )


def test_late_facts_change_what_they_touch_at_once_and_a_restart_changes_nothing(house: House) -> None:
    report(house, DAY3, node("n1", instance_id="i-0a"))
    house.bring([billed("i-0a", "240", "24", day) for day in (3, 4)])
    early = house.costed(DAY3, DAY3 + 2 * DAY_MS)
    assert {NOBODY_HELD: {"USD": Decimal(480)}} == early.by(early.frame.owner_names().__getitem__)
    put(house, job("1", DAY3 + DAY_MS, DAY3 + 2 * DAY_MS, {"n1": 4.0}))
    told = []
    for one in (house, house.again()):
        costed = one.costed(DAY3, DAY3 + 2 * DAY_MS)
        told.append(costed.by(costed.frame.owner_names().__getitem__))
    assert [{"vision": {"USD": Decimal(120)}, NOBODY_HELD: {"USD": Decimal(360)}}] * 2 == told


def test_only_the_days_that_a_late_fact_touches_are_made_again(house: House) -> None:
    report(house, DAY3, node("n1"))
    span = DAY3, DAY3 + 5 * DAY_MS
    assert 5 == run(house.room.keeper.ensure(*span))
    assert 0 == run(house.room.keeper.ensure(*span))
    put(house, job("1", DAY3 + DAY_MS, DAY3 + 2 * DAY_MS, {"n1": 4.0}))
    assert 1 == run(house.room.keeper.ensure(*span))
    house.bring([billed("i-0a", "240", "24")])
    assert 0 == run(house.room.keeper.ensure(*span))  # it names no machine with accelerators
    house.bring([billed("i-0a", "240", "24") | {"product_instance_type": "p5.48xlarge"}])
    assert 1 == run(house.room.keeper.ensure(*span))


def test_a_run_that_ends_makes_the_day_of_its_end_again_and_none_before(house: House) -> None:
    report(house, DAY3, node("n1"))
    going = job("1", DAY3, None, {"n1": 8.0})
    put(house, going)
    span = DAY3, DAY3 + 5 * DAY_MS
    assert 5 == run(house.room.keeper.ensure(*span))
    put(house, replace(going, state=RunState.COMPLETED, end_ms=DAY3 + 3 * DAY_MS + HOUR_MS))
    assert 2 == run(house.room.keeper.ensure(*span))
    assert [24.0 * 8, 8.0] == [house.totals(DAY3 + day * DAY_MS, DAY3 + (day + 1) * DAY_MS).held for day in (2, 3)]


def test_a_day_is_made_again_for_what_it_does_not_know_and_not_for_what_another_does_not(house: House) -> None:
    """Of two days the first knows of fewer changes: none of them is of the first."""
    report(house, DAY3, node("n1"))
    first, second = (DAY3, DAY3 + DAY_MS), (DAY3 + DAY_MS, DAY3 + 2 * DAY_MS)
    assert 1 == run(house.room.keeper.ensure(*first))
    put(house, job("1", second[0], second[0] + HOUR_MS, {"n1": 1.0}))
    assert 1 == run(house.room.keeper.ensure(*second))
    assert 0 == run(house.room.keeper.ensure(first[0], second[1]))


def test_what_was_asked_a_moment_too_early_is_right_when_it_is_asked_again(house: House) -> None:
    report(house, DAY3, node("n1"))
    ask = (EVERYTHING, DAY3, DAY3 + DAY_MS)
    assert 0.0 == totals(run(house.room.ledger.costed(*ask)).frame).held
    put(house, job("1", DAY3, DAY3 + HOUR_MS, {"n1": 2.0}))
    assert 2.0 == totals(run(house.room.ledger.costed(*ask)).frame).held
    assert [1.0, 1.0] == [one.totals.held for one in run(house.room.ledger.devices(*ask)) if one.totals.held]


class Waiting:
    """The facts of a house, which are not told before `told` is set; `fails`: and then there are none."""

    def __init__(self, house: House) -> None:
        self.facts, self.asked, self.told, self.fails = house.room.facts, asyncio.Event(), asyncio.Event(), False
        house.room.keeper.facts = self  # type: ignore[assignment]  # as far as it is asked
        self.known, self.days = self.facts.known, self.facts.days

    async def scheduled(self, start_ms: int, end_ms: int) -> object:
        self.asked.set()
        await self.told.wait()
        if self.fails:
            raise Unavailable("the engine is away")
        return await self.facts.scheduled(start_ms, end_ms)


def stopped(house: House, hours: int) -> int:
    """A house that was asked at six in the morning of its 21st day and then stood still: the day's begin."""
    begin_ms = house.clock.now_ms() // DAY_MS * DAY_MS + DAY_MS
    house.clock.at_ms = begin_ms + 6 * HOUR_MS
    report(house, begin_ms - DAY_MS, node("n1"))
    assert 2 == run(house.room.keeper.ensure(begin_ms - DAY_MS, begin_ms + DAY_MS))
    house.clock.at_ms += hours * HOUR_MS
    return begin_ms


async def existing(house: House, start_ms: int) -> float:
    return totals(await house.room.ledger.frame(EVERYTHING, start_ms, house.clock.now_ms())).existing


def test_after_a_stop_a_page_is_answered_with_what_was_known_and_the_rest_is_made_behind_it(house: House) -> None:
    begin_ms = stopped(house, 2)
    keeper = house.room.keeper

    async def page() -> tuple[float, int | None]:
        waiting = Waiting(house)
        with patience.of(0.0, house.clock):
            assert 8 * 30.0 == await existing(house, begin_ms - DAY_MS)
            assert begin_ms + 6 * HOUR_MS == house.room.ledger.known_until
            assert 0 == await keeper.ensure(begin_ms, begin_ms + DAY_MS)
        waiting.told.set()
        return await existing(house, begin_ms - DAY_MS), keeper.known_until

    assert (8 * 32.0, begin_ms + 6 * HOUR_MS) == run(page())  # pages keep an answer for a while
    house.clock.advance(31)
    assert keeper.known_until is None


def test_while_a_stop_is_caught_up_with_a_page_does_not_wait_for_what_comes_late(house: House) -> None:
    begin_ms = stopped(house, 2)

    async def held() -> float:
        return totals(await house.room.ledger.frame(EVERYTHING, begin_ms, house.clock.now_ms())).held

    async def page() -> list[float]:
        found = []
        for number in range(2):
            waiting = Waiting(house)
            await house.inventory.runs.put(
                [job(str(number), begin_ms, begin_ms + HOUR_MS, {"n1": 1.0})], house.clock.now_ms()
            )
            with patience.of(0.0, house.clock):
                found.append(await asyncio.wait_for(held(), 30))
            waiting.told.set()
            found.append(await held())
            house.clock.advance(10)
        return found

    assert [0.0, 1.0, 1.0, 2.0] == run(page())


def test_who_asks_for_days_of_which_nothing_changed_does_not_wait_for_what_others_have_made(house: House) -> None:
    begin_ms = stopped(house, 0)

    async def both() -> tuple[float, int]:
        waiting = Waiting(house)
        others = asyncio.ensure_future(house.room.keeper.ensure(begin_ms - 3 * DAY_MS, begin_ms - DAY_MS))
        await waiting.asked.wait()
        found = await asyncio.wait_for(existing(house, begin_ms), 30)
        waiting.told.set()
        return found, await others

    assert (8 * 6.0, 2) == run(both())


def test_a_page_shows_what_is_known_while_others_have_days_made(house: House) -> None:
    begin_ms = stopped(house, 0)
    house.clock.advance(120)

    async def both() -> tuple[float, int | None]:
        waiting = Waiting(house)
        others = asyncio.ensure_future(house.room.keeper.ensure(begin_ms - DAY_MS, begin_ms + DAY_MS))
        await waiting.asked.wait()
        with patience.of(0.0, house.clock):
            found = await asyncio.wait_for(existing(house, begin_ms), 30)
        known_until = house.room.ledger.known_until
        waiting.told.set()
        await others
        return found, known_until

    assert (8 * 6.0, begin_ms + 6 * HOUR_MS) == run(both())


def test_a_page_waits_for_days_that_were_never_made_and_for_days_that_are_hardly_behind(house: House) -> None:
    begin_ms = stopped(house, 0)
    house.clock.advance(240)

    async def page(start_ms: int) -> tuple[bool, float]:
        waiting = Waiting(house)
        with patience.of(0.0, house.clock):
            asked = asyncio.ensure_future(existing(house, start_ms))
        await asyncio.wait({asked}, timeout=0.05)
        early = asked.done()
        waiting.told.set()
        return early, await asked

    assert (False, pytest.approx(8 * (6 + 240 / 3600))) == run(page(begin_ms))
    house.clock.advance(7200)
    assert (False, pytest.approx(8 * (32 + 240 / 3600))) == run(page(begin_ms - 3 * DAY_MS))
    assert house.room.keeper.known_until is None


def test_an_answer_of_a_range_in_the_past_does_not_say_that_today_is_unknown(house: House) -> None:
    begin_ms = stopped(house, 2)

    async def page() -> list[int | None]:
        waiting, found = Waiting(house), []
        others = asyncio.ensure_future(house.room.keeper.ensure(begin_ms - 3 * DAY_MS, begin_ms + DAY_MS))
        await waiting.asked.wait()
        await house.inventory.runs.put(
            [job("1", begin_ms - DAY_MS, begin_ms - HOUR_MS, {"n1": 1.0})], house.clock.now_ms()
        )
        for first, last in ((-1, 0), (0, 1), (-1, 0)):
            with patience.of(0.0, house.clock):
                await asyncio.wait_for(
                    house.room.keeper.ensure(begin_ms + first * DAY_MS, begin_ms + last * DAY_MS), 30
                )
            found.append(house.room.ledger.known_until)
        waiting.told.set()
        await others
        return found

    until = begin_ms + 6 * HOUR_MS
    assert [house.clock.now_ms(), until, until] == run(page())


def test_after_a_start_a_page_does_not_wait_for_a_day_that_was_made_before_it(house: House) -> None:
    """However little it is behind; once the day was made again, pages wait for it as ever."""
    begin_ms = stopped(house, 0)
    house.clock.advance(240)
    house.room.keeper.begun_ms = house.clock.now_ms()

    async def page() -> tuple[float, float]:
        waiting = Waiting(house)
        with patience.of(0.0, house.clock):
            early = await asyncio.wait_for(existing(house, begin_ms), 30)
        assert begin_ms + 6 * HOUR_MS == house.room.ledger.known_until
        waiting.told.set()
        return early, await existing(house, begin_ms)

    assert (8 * 6.0, pytest.approx(8 * (6 + 240 / 3600))) == run(page())
    house.clock.advance(120)

    async def later() -> bool:
        waiting = Waiting(house)
        with patience.of(0.0, house.clock):
            asked = asyncio.ensure_future(existing(house, begin_ms))
        await asyncio.wait({asked}, timeout=0.05)
        early = asked.done()
        waiting.told.set()
        await asked
        return early

    assert not run(later())


def test_what_cannot_be_made_behind_a_page_is_made_when_somebody_asks_again(house: House) -> None:
    begin_ms = stopped(house, 2)

    async def page() -> float:
        waiting = Waiting(house)
        waiting.fails = True
        with patience.of(0.0, house.clock):
            assert 8 * 6.0 == await existing(house, begin_ms)
            waiting.told.set()
            await asyncio.wait(house.room.keeper._going.values())
        with pytest.raises(Unavailable, match="the engine is away"):
            await existing(house, begin_ms)
        waiting.fails = False
        return await existing(house, begin_ms)

    assert 8 * 8.0 == run(page())


@pytest.mark.parametrize(
    ("ends", "reached"),
    [
        ({}, None),
        ({0: 1.0, 1: 2.0, 2: 2.25}, 2.25),
        ({0: 1.0, 1: 1.75, 2: 2.25}, 1.75),  # the newest day is made first
        ({0: 1.0, 1: 2.0}, 2.0),
        ({0: 1.0, 2: 2.25}, None),
        ({1: 2.0, 2: 2.25}, None),
    ],
)
def test_days_are_known_as_far_as_there_is_no_gap(ends: Mapping[int, float], reached: float | None) -> None:
    made = {day: Made(day, 1, round(until * DAY_MS), 0, 0, "") for day, until in ends.items()}
    assert (None if reached is None else round(reached * DAY_MS)) == _reached(made, (0, 3))


def test_days_of_which_nothing_is_said_are_not_looked_at(house: House) -> None:
    report(house, DAY3, node("n1"))
    report(house, DAY3 + DAY_MS)  # it is gone
    put(house, job("1", DAY3 + 3 * DAY_MS, DAY3 + 3 * DAY_MS + HOUR_MS, {"elsewhere": 1.0}))
    asked: list[int] = []
    facts = house.room.facts

    async def noted(start_ms: int, end_ms: int, only: object = None, scheduled: object = None) -> object:
        asked.append((start_ms - DAY3) // DAY_MS)
        return await facts.known(start_ms, end_ms, only, scheduled)  # type: ignore[arg-type]

    told = SimpleNamespace(known=noted, days=facts.days, scheduled=facts.scheduled)
    house.room.keeper.facts = told  # type: ignore[assignment]
    assert 2 == run(house.room.keeper.ensure(DAY3 - 10 * DAY_MS, DAY3 + 8 * DAY_MS))
    assert [3, 0] == asked
    assert 0 == run(house.room.keeper.ensure(DAY3 - 10 * DAY_MS, DAY3 + 8 * DAY_MS))
    put(house, job("2", DAY3 + 6 * DAY_MS, DAY3 + 6 * DAY_MS + HOUR_MS, {"elsewhere": 1.0}))
    assert 194.0 == house.totals(DAY3 - 10 * DAY_MS, DAY3 + 8 * DAY_MS).existing


def test_what_was_sent_late_makes_its_days_however_few_sent_it(
    engine: Telemetry, state: StateDatabase, tmp_path: Path
) -> None:
    emptied(engine)
    clock = ManualClock(MONTH + 20 * DAY_MS)
    telemetry, first = Fleet(SeriesRegistry(cast("Any", None), clock)), DAY3 // DAY_MS
    house = house_of(engine, state, tmp_path, clock, telemetry)
    for at in range(200):
        labels = {"UUID": f"GPU-{at:03}", "Hostname": f"h{at:03}", "gpu": "0"}
        times = [DAY3 + 5 * DAY_MS, *([DAY3 + 2 * DAY_MS] if at == 101 else [])]
        telemetry.add("DCGM_FI_DEV_GPU_UTIL", 50.0, times=times, labels=labels)
    assert {*range(first + 2, first + 10)} == run(house.room.facts.days(first, first + 10))


def test_days_reach_as_far_as_the_last_part_of_a_run(house: House) -> None:
    first = DAY3 // DAY_MS
    one = job("1", DAY3 + HOUR_MS, DAY3 + 2 * HOUR_MS, {"n1": 1.0})
    put(house, replace(one, held=(Held("n1", 1.0), Held("n2", 1.0, end_ms=DAY3 + 50 * HOUR_MS))))
    put(house, replace(job("2", DAY3 + 5 * DAY_MS, DAY3 + 6 * DAY_MS, {"n1": 1.0}), gpus=0.0, held=()))
    put(house, job("3", DAY3 + 7 * DAY_MS, None, {"n1": 1.0}))
    assert {first, first + 1, first + 2, first + 7, first + 8} == run(house.room.facts.days(first, first + 9))


def test_only_the_machines_that_a_late_fact_names_are_made_again(house: House) -> None:
    report(house, DAY3, node("n1"), node("n2"))
    for name in ("n1", "n2"):
        labels = {"UUID": f"GPU-{name}", "Hostname": f"{name}.example.com", "gpu": "0"}
        house.telemetry.add("DCGM_FI_DEV_GPU_UTIL", 50.0, times=[DAY3 + m * 60_000 for m in range(120)], labels=labels)
    run(house.room.keeper.ensure(DAY3, DAY3 + DAY_MS))
    late = replace(job("1", DAY3, DAY3 + 2 * HOUR_MS, {"n2": 1.0}), held=(Held("n2", 1.0, (0,)),))
    put(house, late)
    asked: list[object] = []
    facts = house.room.facts

    async def noted(start_ms: int, end_ms: int, only: object = None, scheduled: object = None) -> object:
        asked.append(only)
        return await facts.known(start_ms, end_ms, only, scheduled)  # type: ignore[arg-type]

    told = SimpleNamespace(known=noted, days=facts.days, scheduled=facts.scheduled)
    house.room.keeper.facts = told  # type: ignore[assignment]
    found = house.totals(DAY3, DAY3 + DAY_MS)
    assert [frozenset({MachineKey("111111111111", "atlas", "n2")})] == asked
    assert (16 * 24, 2.0, 1.0) == (found.existing, found.held, pytest.approx(found.active))
    whole = totals(run(DirectLedger(house.room.facts, house.clock).frame(EVERYTHING, DAY3, DAY3 + DAY_MS)))
    assert whole == found


def test_a_redelivered_month_changes_its_prices(house: House) -> None:
    report(house, DAY3, node("n1", instance_id="i-0a"))
    put(house, job("1", DAY3, DAY3 + DAY_MS, {"n1": 8.0}))
    house.bring([billed("i-0a", "240", "24", net="200")])
    assert {"USD": Decimal(200)} == house.costed(DAY3, DAY3 + DAY_MS).sums()
    assert {"USD": Decimal(240)} == house.costed(DAY3, DAY3 + DAY_MS, Basis.BILLED).sums()
    house.bring([billed("i-0a", "250", "24", net="210")])
    assert {"USD": Decimal(210)} == house.costed(DAY3, DAY3 + DAY_MS).sums()


def test_an_own_hall_costs_its_rate_for_every_hour_that_it_exists(house: House) -> None:
    report(house, DAY3, node("n1"))
    put(house, job("1", DAY3, DAY3 + 6 * HOUR_MS, {"n1": 8.0}))
    rate = Rate(RateKind.PRICE, "gpu:h100", RateUnit.GPU_HOUR, Decimal("2.5"), "EUR", MONTH)
    run(house.inventory.rates.put([rate]))
    costed = house.costed(DAY3, DAY3 + DAY_MS)
    assert {"EUR": Decimal("2.5") * 192} == costed.sums()
    assert {"EUR": Decimal("2.5") * 48} == costed.sums(costed.frame.state == State.HELD)
    assert {"EUR": Decimal("2.5") * 144} == costed.idle_sums()
    assert {PriceBasis.RATE_CARD} == {one.basis for one in costed.notes.values()}


def test_a_part_of_a_day_has_its_part_of_the_days_cost(house: House) -> None:
    report(house, DAY3, node("n1", instance_id="i-0a"))
    put(house, job("1", DAY3, DAY3 + 6 * HOUR_MS, {"n1": 8.0}))
    house.bring([billed("i-0a", "100.000000000001", "24")])
    parts = [house.costed(DAY3 + a * HOUR_MS, DAY3 + b * HOUR_MS) for a, b in ((0, 4), (4, 9), (9, 24))]
    sums = [one.sums()["USD"] for one in parts]
    assert 4 / 24 * 100 == pytest.approx(float(sums[0]))
    assert Decimal("100.000000000001") == pytest.approx(sum(sums), abs=Decimal("1e-11"))
    assert 2 * 8 == pytest.approx(totals(parts[1].frame).held)


def test_a_bill_of_a_machine_that_nobody_knows_and_of_one_that_was_not_there_are_told_apart(house: House) -> None:
    report(house, DAY3, node("n2"))
    report(house, DAY3 + DAY_MS, node("n1", instance_id="i-0a"))
    house.bring([billed("i-0a", "240", "24"), billed("i-other", "7", "24")])
    costed = house.costed(DAY3, DAY3 + 2 * DAY_MS)
    assert {"USD": Decimal(240)} == costed.leftover
    assert {"USD": Decimal(7)} == costed.elsewhere
    ads = Scope(rows=(RowRule("team", frozenset({"ads"})),))
    seen = run(house.room.ledger.costed(ads, DAY3, DAY3 + 2 * DAY_MS))
    assert ({}, {}) == (seen.leftover, seen.elsewhere)  # what is nobody's may be another team's


def test_hours_are_told_by_team_and_by_hour(house: House) -> None:
    report(house, DAY3, node("n1"))
    put(house, job("1", DAY3, DAY3 + 90 * 60_000, {"n1": 2.0}), job("2", DAY3, DAY3 + HOUR_MS, {"n1": 1.0}, team=""))
    frame = house.frame(DAY3, DAY3 + 3 * HOUR_MS, HOUR_MS)
    hours = {team: found.held for team, found in by_team(frame).items()}
    assert {"vision": 3.0, "unowned": 1.0, NOBODY_HELD: 0.0} == hours
    by_hour = {int(at): totals(frame.where(frame.bucket == at)).held for at in sorted(set(frame.bucket.tolist()))}
    assert {DAY3: 3.0, DAY3 + HOUR_MS: 1.0, DAY3 + 2 * HOUR_MS: 0.0} == by_hour


def test_who_sees_one_team_sees_its_hours_and_nothing_else(house: House) -> None:
    report(house, DAY3, node("n1"))
    put(house, job("1", DAY3, DAY3 + HOUR_MS, {"n1": 2.0}), job("2", DAY3, DAY3 + HOUR_MS, {"n1": 1.0}, team="ads"))
    mine = house.frame(DAY3, DAY3 + DAY_MS, scope=Scope(rows=(RowRule("team", frozenset({"ads"})),)))
    assert ["ads"] == sorted(by_team(mine))
    assert 1.0 == totals(mine).existing
    assert 0 == len(house.frame(DAY3, DAY3 + DAY_MS, scope=replace(EVERYTHING, accounts=frozenset({"222"}))))


def test_the_stored_ledger_is_the_one_made_on_the_spot(house: House) -> None:
    report(house, DAY3, node("n1"), node("n2", gpus=4.0))
    report(house, DAY3 + 30 * HOUR_MS, node("n1", Condition.DRAINED))
    put(
        house,
        job("1", DAY3 + 5, DAY3 + 7 * HOUR_MS, {"n1": 3.0, "n2": 0.5}),
        job("2", DAY3 + HOUR_MS, None, {"n2": 2.0}),
    )
    span = DAY3 + 1234, DAY3 + 2 * DAY_MS + 99_999
    stored = house.frame(*span, HOUR_MS)
    direct = run(DirectLedger(house.room.facts, house.clock).frame(EVERYTHING, *span, HOUR_MS))

    def told(frame: Frame) -> list[tuple[object, ...]]:
        columns = (frame.bucket, frame.machine, frame.state, frame.reason, frame.holder, frame.team, frame.amount)
        return sorted(
            (at, frame.machines[m], state, frame.reasons[r], frame.holders[h], frame.teams[t], amount)
            for at, m, state, r, h, t, amount in zip(*(one.tolist() for one in columns), strict=True)
        )

    assert told(direct) == told(stored)
    assert totals(direct).existing == totals(house.frame(*span)).existing


def test_steps_of_what_is_held_add_up_to_the_held_hours_of_the_frame(house: House) -> None:
    report(house, DAY3, node("n1"), node("n2", gpus=4.0))
    house.telemetry.add(
        "DCGM_FI_DEV_GPU_UTIL", 50.0, times=[DAY3 + m * 60_000 for m in range(120)],
        labels={"UUID": "GPU-x", "Hostname": "apart", "gpu": "0", "pod": "p", "namespace": "web"},
    )  # fmt: skip
    put(
        house,
        job("1", DAY3 + 5, DAY3 + 30 * HOUR_MS, {"n1": 3.0, "n2": 0.5}),
        job("2", DAY3 + HOUR_MS, None, {"n2": 2.0}, team="ads"),
    )
    span = DAY3 + 1234, DAY3 + 2 * DAY_MS + 99_999
    frame = house.frame(*span)
    steps = run(house.room.ledger.held_steps(EVERYTHING, *span, "atlas"))
    direct = run(DirectLedger(house.room.facts, house.clock).held_steps(EVERYTHING, *span, "atlas"))
    assert steps == direct
    # What goes on over hours and midnights is one step each: two holders began, and both end by the end of the range.
    assert [(span[0], 3.5), (DAY3 + HOUR_MS, 2.0), (DAY3 + 30 * HOUR_MS, -3.5), (span[1], -2.0)] == [
        (one.at_ms, one.gpus) for one in steps
    ]
    found = by_team(frame)
    for team in ("vision", "ads"):
        ours = sum(one.gpus * (span[1] - one.at_ms) / HOUR_MS for one in steps if one.team == team)
        assert found[team].held == pytest.approx(ours), team
    # The machine that no scheduler knows, whose pod is nobody's, is in no cluster.
    assert found["unowned"].held == pytest.approx(2, abs=0.1)
    assert steps == run(house.room.ledger.held_steps(EVERYTHING, *span))
    assert [] == run(house.room.ledger.held_steps(EVERYTHING, *span, "other"))
    assert [] == run(house.room.ledger.held_steps(replace(EVERYTHING, accounts=frozenset({"222"})), *span))
    ads = Scope(rows=(RowRule("team", frozenset({"ads"})),))
    assert ["ads", "ads"] == [one.team for one in run(house.room.ledger.held_steps(ads, *span))]


def test_devices_say_what_they_are_now_and_who_had_them(house: House) -> None:
    report(house, DAY3, node("n1", gpus=2.0))
    report(house, DAY3 + 3 * HOUR_MS, node("n1", Condition.DRAINED, gpus=2.0, reason="ECC"))
    put(
        house,
        job("1", DAY3, DAY3 + 2 * HOUR_MS, {"n1": 1.0}),
        job("2", DAY3, DAY3 + 5 * HOUR_MS, {"n1": 1.0}, team="ads"),
    )
    house.clock.advance(31_000)
    found = run(house.room.ledger.devices(EVERYTHING, DAY3, DAY3 + 4 * HOUR_MS))
    assert [(0, State.DOWN, "drained: ECC", "vision"), (1, State.HELD, "", "ads")] == [
        (one.device, one.state, one.reason, one.team) for one in found
    ]
    assert (2.0, 1.0, 1.0) == (found[0].totals.held, found[0].totals.free, found[0].totals.down)


def test_what_accelerators_cost_is_what_their_machines_cost_and_idle_where_they_idled(house: House) -> None:
    report(house, DAY3, node("n1", gpus=3.0, instance_id="i-0a"))
    put(house, job("1", DAY3, DAY3 + 6 * HOUR_MS, {"n1": 2.0}), job("2", DAY3 + HOUR_MS, None, {"n1": 1.0}))
    house.bring([billed("i-0a", "100.000000000001", "24")])
    span = DAY3 + HOUR_MS, DAY3 + 13 * HOUR_MS
    costed = house.costed(*span)
    found = run(house.room.ledger.device_costs(EVERYTHING, *span))
    assert [("111111111111/atlas/n1", at) for at in range(3)] == sorted(found)
    assert costed.sums()["USD"] == sum((one.amounts["USD"] for one in found.values()), Decimal(0))
    assert costed.idle_sums()["USD"] == pytest.approx(sum((one.idle["USD"] for one in found.values()), Decimal(0)))
    assert [{"USD": Decimal(0)}] * 3 == [one.inactive for one in found.values()]  # nothing measures who holds them
    assert Decimal(100) / 72 * 14 == pytest.approx(costed.idle_sums()["USD"], abs=Decimal("1e-9"))
    assert {NOBODY_HELD} == set(costed.idle_by(costed.frame.owner_names().__getitem__))
    direct = DirectLedger(house.room.facts, house.clock, house.room.prices)
    assert found == run(direct.device_costs(EVERYTHING, *span))
    assert run(house.room.ledger.devices(EVERYTHING, *span)) == run(direct.devices(EVERYTHING, *span))


def test_what_was_before_the_scheduler_was_asked_is_told_by_the_bill_once(house: House) -> None:
    """The scheduler is connected on the third at 18:00; its accounting and the bill reach back further."""
    arn, kind = "arn:aws:ec2:eu-west-1:111111111111:instance/i-0a", {"product_instance_type": "p5.48xlarge"}
    bill = [billed(arn, "240", "24", day) | kind for day in (1, 2, 3)]
    early = job("1", DAY3 - 12 * HOUR_MS, DAY3 + 12 * HOUR_MS, {"n1": 4.0})
    nodes = [node("n1", instance_id="i-0a"), node("n2")]
    path = "111111111111/atlas/n1"

    house.bring(bill)
    put(house, early)
    whole = {1: 192.0, 2: 192.0, 3: 240.0}
    assert 192 + 48 == house.totals(MONTH + DAY_MS, MONTH + 2 * DAY_MS).existing  # nobody says yet that they are one
    report(house, DAY3 + 18 * HOUR_MS, *nodes)
    found = days_of(house)
    assert {path} == set(house.frame(MONTH, MONTH + 2 * DAY_MS).machines)
    assert whole == {day: existing for day, (existing, _, _) in found.items()}
    # Accounting tells who had them from the beginning of its first run on: the rest of that time was free.
    assert [(0.0, 192.0), (48.0, 96.0), (48.0, 0.0)] == [(held, unknown) for _, held, unknown in found.values()]
    assert {"USD": Decimal(240)} == house.costed(MONTH + DAY_MS, MONTH + 2 * DAY_MS).sums()
    house = house.again()
    assert found == days_of(house)
    report(house, DAY3 - 2 * DAY_MS + 6 * HOUR_MS, *nodes)  # a report that was kept somewhere: it speaks from then on
    assert {1: 192.0 + 18 * 8, 2: 384.0, 3: 384.0} == {
        day: existing for day, (existing, _, _) in days_of(house).items()
    }


def days_of(house: House) -> dict[int, tuple[float, float, float]]:
    """By day: existing, held and unknown hours."""
    found = {day: house.totals(MONTH + (day - 1) * DAY_MS, MONTH + day * DAY_MS) for day in (1, 2, 3)}
    return {day: (one.existing, one.held, one.unknown) for day, one in found.items()}


def by_the_hour(resource: str, hour: int, cost: str, **more: str) -> dict[str, str]:
    """A line of one hour."""
    start, end = (f"2026-08-03T{at:02}:00:00Z" if at < 24 else "2026-08-04T00:00:00Z" for at in (hour, hour + 1))
    times = {"line_item_usage_start_date": start, "line_item_usage_end_date": end}
    return billed(resource, cost, "1") | times | more


def test_hours_that_the_bill_tells_apart_are_paid_by_who_had_them(house: House) -> None:
    """Spot is at 1 until 12:00 and at 3 after; of an hour in which nobody knows the machine all pay."""
    report(house, DAY3, node("n1", gpus=2.0, instance_id="i-0a"), node("n2", gpus=1.0, instance_id="i-0b"))
    report(house, DAY3 + 20 * HOUR_MS, node("n2", gpus=1.0, instance_id="i-0b"))  # n1 is gone
    morning = job("1", DAY3, DAY3 + 12 * HOUR_MS, {"n1": 2.0}, "vision")
    evening = job("2", DAY3 + 12 * HOUR_MS, DAY3 + 16 * HOUR_MS, {"n1": 1.0}, "speech")
    put(house, morning, evening, job("3", DAY3, DAY3 + 6 * HOUR_MS, {"n2": 1.0}, "n2"))
    spot = [by_the_hour("i-0a", at, "1" if at < 12 else "3") for at in range(21)]
    house.bring([*spot, *(by_the_hour("i-0b", at, "2") for at in range(24))])
    costed = house.costed(DAY3, DAY3 + DAY_MS)
    by = costed.by(costed.frame.owner_names().__getitem__)
    late = Decimal(3) / 40  # of each GPU-hour: the line of 20:00 to 21:00, when it was gone
    vision, speech, nobody = 12 + late * 24, 6 + late * 4, 18 + late * 12
    told = {
        name: pytest.approx(amount, abs=Decimal("1e-9")) for name, amount in (("vision", vision), ("speech", speech))
    }
    assert told == {name: by[name]["USD"] for name in told}
    assert nobody + 36 == pytest.approx(by[NOBODY_HELD]["USD"], abs=Decimal("1e-9"))
    assert Decimal(36 + 3) + 48 == costed.sums()["USD"]

    span = DAY3 + 11 * HOUR_MS, DAY3 + 13 * HOUR_MS  # an hour at 1 and one at 3
    found = run(house.room.ledger.device_costs(EVERYTHING, *span))
    costed = house.costed(*span)
    assert costed.sums()["USD"] == sum((one.amounts["USD"] for one in found.values()), Decimal(0))
    assert Decimal("2.15") == pytest.approx(found["111111111111/atlas/n1", 0].amounts["USD"], abs=Decimal("1e-9"))
    direct = DirectLedger(house.room.facts, house.clock, house.room.prices)
    assert found == run(direct.device_costs(EVERYTHING, *span))
    assert costed.sums() == run(direct.costed(EVERYTHING, *span)).sums()
    seen = run(house.room.ledger.costed(Scope(rows=(RowRule("team", frozenset({"speech"})),)), *span))
    assert {"USD": pytest.approx(Decimal("1.575"), abs=Decimal("1e-9"))} == seen.sums()


def test_telemetry_says_nothing_of_the_time_before_its_first_report(
    engine: Telemetry, state: StateDatabase, tmp_path: Path
) -> None:
    """A host that jobs are known to run on: its GPU is free between them from its first report on, not before."""
    emptied(engine)
    clock = ManualClock(MONTH + 20 * DAY_MS)
    house = house_of(engine, state, tmp_path, clock, Fleet(SeriesRegistry(cast("Any", None), clock)))
    labels = {"UUID": "GPU-a", "Hostname": "i-0a", "gpu": "0"}
    noon = DAY3 + 12 * HOUR_MS
    times = [noon + m * 60_000 for m in range(12 * 60)]
    house.telemetry.add("DCGM_FI_DEV_GPU_UTIL", 0.0, times=times, labels=labels, account="111111111111")
    jobs = {"Hostname": "i-0a"}
    house.telemetry.add("slurm_job_node_info", 1.0, times=times[:60], labels=jobs, account="111111111111")
    house.bring([billed("i-0a", "24", "24") | {"product_instance_type": "p5.4xlarge"}])
    found = house.totals(DAY3, DAY3 + DAY_MS)
    assert (24.0, 12.0, 11.0) == (found.existing, found.unknown, pytest.approx(found.free, abs=0.1))


def test_a_day_that_another_process_made_meanwhile_of_older_facts_is_made_again(house: House) -> None:
    report(house, DAY3, node("n1"), node("n2"))
    keeper, store, day = house.room.keeper, house.room.keeper.store, DAY3 // DAY_MS
    run(keeper.ensure(DAY3, DAY3 + DAY_MS))
    first = run(store.made(day, day + 1))[day]
    put(house, job("1", DAY3, DAY3 + HOUR_MS, {"n2": 1.0}))
    facts = house.room.facts

    async def meanwhile(*asked: object) -> object:
        store.put_days([replace(first, version=first.version + 1)])  # another server, which knows of no run
        return await facts.known(*asked)  # type: ignore[arg-type]

    keeper.facts = SimpleNamespace(known=meanwhile, days=facts.days, scheduled=facts.scheduled)  # type: ignore[assignment]
    run(keeper.ensure(DAY3, DAY3 + DAY_MS))
    keeper.facts = facts
    assert first.marks == run(store.made(day, day + 1))[day].marks
    assert [1, 0] == [run(keeper.ensure(DAY3, DAY3 + DAY_MS)) for _ in range(2)]


def test_who_asks_while_a_bill_is_read_is_told_the_same(house: House) -> None:
    report(house, DAY3, node("n1", instance_id="i-0a"))
    house.bring([billed("i-0a", "240", "24"), *(by_the_hour("i-0a", at, str(at % 2)) for at in range(24))])
    ledger, spans = (
        house.room.ledger,
        [(DAY3, DAY3 + DAY_MS), (DAY3 - DAY_MS, DAY3 + DAY_MS), (DAY3, DAY3 + 2 * DAY_MS)],
    )
    run(house.room.keeper.ensure(DAY3 - DAY_MS, DAY3 + 2 * DAY_MS))

    async def together() -> list[dict[str, Decimal]]:
        costed = await asyncio.gather(*(ledger.costed(EVERYTHING, *span) for span in spans))
        return [one.sums() for one in costed]

    assert [{"USD": Decimal(252)}] * 3 == run(together())


def test_an_hour_below_nothing_divides_nothing(house: House) -> None:
    """A correction that is more than its hour costs: the day is divided by time."""
    report(house, DAY3, node("n1", gpus=1.0, instance_id="i-0a"))
    put(house, job("1", DAY3, DAY3 + 12 * HOUR_MS, {"n1": 1.0}))
    house.bring([*(by_the_hour("i-0a", at, "2") for at in range(24)), by_the_hour("i-0a", 3, "-12")])
    costed = house.costed(DAY3, DAY3 + DAY_MS)
    assert {"vision": {"USD": Decimal(18)}, NOBODY_HELD: {"USD": Decimal(18)}} == costed.by(
        costed.frame.owner_names().__getitem__
    )


def test_series_are_found_by_their_accelerator_whatever_name_their_host_has(house: House) -> None:
    report(house, DAY3, node("n1", gpus=2.0, instance_id="i-0a"))
    for name, host, index in (("GPU-a", "n1.example.com", "1"), ("GPU-b", "i-0a", "0"), ("GPU-c", "n9", "0")):
        labels = {"UUID": name, "Hostname": host, "gpu": index}
        house.telemetry.add("DCGM_FI_DEV_GPU_UTIL", 1.0, times=[DAY3], labels=labels, account="111111111111")
    machines = house.frame(DAY3, DAY3 + DAY_MS).facts
    found = series_by_device(house.telemetry.registry.find(EVERYTHING, SeriesQuery()), machines)
    names = {device: [one.dimensions["UUID"] for one in some] for device, some in found.items()}
    mine = "111111111111/atlas/n1"
    assert {(mine, 1): ["GPU-a"], (mine, 0): ["GPU-b"], ("111111111111//n9", 0): ["GPU-c"]} == names


def test_what_does_not_fit_is_a_remark(house: House) -> None:
    report(house, DAY3, node("n1", gpus=2.0))
    report(house, DAY3 + HOUR_MS, node("n1", gpus=4.0))
    put(house, job("1", DAY3, DAY3 + HOUR_MS, {"elsewhere": 1.0}))
    house.clock.advance(31_000)
    texts = {
        one.machine.rpartition("/")[2]: one.text
        for one in run(house.room.ledger.remarks(EVERYTHING, DAY3, DAY3 + DAY_MS))
    }
    assert "has 4 GPUs, and had 2 before" == texts["n1"]
    assert "is named by runs" in texts["elsewhere"]


def test_unit_costs_are_the_ledgers_rows_and_add_up_to_the_bill_and_the_estimate(
    engine: Telemetry, state: StateDatabase, tmp_path: Path
) -> None:
    emptied(engine)

    async def estimates() -> OpenDays:
        amounts = dict.fromkeys(Basis, Decimal("24.5"))
        return OpenDays(DAY3 + DAY_MS, [EstimatedLine("i-0a", DAY3 + DAY_MS, "USD", amounts)], 0.02)

    house = house_of(engine, state, tmp_path, ManualClock(DAY3 + 36 * HOUR_MS), Fleet(), estimates)
    report(house, DAY3, node("n1", gpus=2.0, instance_id="i-0a"))
    labels = {"UUID": "GPU-1", "Hostname": "n1", "gpu": "0"}
    house.telemetry.add("DCGM_FI_DEV_GPU_UTIL", 25.0, times=[DAY3 + m * 60_000 for m in range(12 * 60)], labels=labels)
    held = replace(job("1", DAY3, DAY3 + 12 * HOUR_MS, {"n1": 1.0}), held=(Held("n1", 1.0, (0,)),))
    put(house, held)
    house.bring([billed("i-0a", "48", "24"), billed("i-other", "10", "24")])
    found = run(Ledgers(house.room.ledger, house.inventory.runs, house.clock).over(DAY3, DAY3 + 2 * DAY_MS))
    assert Decimal("72.5") == sum(one.cost for one in found.slices)
    costs = {(one.use, one.estimated): one.cost for one in found.slices}
    assert {
        (Use.ACTIVE, False): Decimal(3),
        (Use.IDLE, False): Decimal(9),
        (Use.UNALLOCATED, False): Decimal(36),
        (Use.UNALLOCATED, True): Decimal("24.5"),
    } == costs
    assert {"USD": Decimal(10)} == found.elsewhere
    assert ({"111111111111/atlas/1"}, "i-0a", 0.02) == (
        {one.holder for one in found.slices} - {""},
        found.slices[0].resource,
        found.error,
    )
