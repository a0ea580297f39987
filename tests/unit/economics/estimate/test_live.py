"""The live estimate over a real bill: open days, what is new, what was estimated once the bill is there."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pytest
from tests.unit.economics.pretended import Holding, Machine

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.costs.cells import CellReader
from trimtab.costs.model import And, Dimension, Metric, Tag, Where
from trimtab.costs.read_sql import DAY_MS, HOUR_MS
from trimtab.economics.estimate.live import LiveEstimates, Snapshot, Sources, spent_of
from trimtab.economics.estimate.model import Basis, Floats, Price, Running
from trimtab.economics.estimate.report import report_of
from trimtab.economics.estimate.store import EstimateStore
from trimtab.economics.months import bounds
from trimtab.store.state.database import State
from unit.economics.conftest import House, line

AUGUST = bounds(202608)[0]
DAYS = 20


@dataclass
class Told:
    """Meters that say what a test told them: hours a day of each machine since the 21st (all before), what runs now."""

    ran: dict[str, float] = field(default_factory=dict)
    machines: list[Running] = field(default_factory=list)
    prices: dict[str, Decimal] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def hours(self, start_ms: int, end_ms: int) -> Mapping[str, Floats]:
        self.asked.append((start_ms, end_ms))
        hours = np.arange((end_ms - start_ms) // HOUR_MS) + start_ms // HOUR_MS
        late = hours >= (AUGUST + DAYS * DAY_MS) // HOUR_MS
        return {name: (~late | (hours % 24 < number)).astype(float) for name, number in self.ran.items()}

    async def used(self, kind: str, start_ms: int, end_ms: int) -> Mapping[str, float]:
        return {}

    async def running(self) -> Sequence[Running]:
        return self.machines

    async def price(self, machine: Running, at_ms: int) -> Price | None:
        found = self.prices.get(machine.instance_type)
        return None if found is None else Price(found, "USD", "list price")


def bill(days: int = DAYS, first: int = 1) -> list[dict[str, str]]:
    """A machine of search at 2 an hour, all day, and storage of 5 a day; hour by hour as far as a day's ends matter."""
    found = []
    for day in range(first, days + 1):
        for hour, number in ((0, "23"), (23, "1")):
            at = {
                "line_item_usage_start_date": f"2026-08-{day:02}T{hour:02}:00:00Z",
                "line_item_usage_end_date": f"2026-08-{day:02}T{hour:02}:59:59Z",
            }
            machine = {"line_item_resource_id": "i-1", "line_item_usage_amount": number, "pricing_unit": "Hrs"}
            found.append(line(cost=str(2 * int(number)), team="search", day=day, **(at | machine)))
        found.append(line(cost="5", service="AmazonS3", day=day, line_item_usage_type="Storage", pricing_unit="GB"))
    return found


def live(house: House, state: State, told: Told) -> LiveEstimates:
    generation = iter(range(1000))

    async def changes() -> int:
        return next(generation)

    reader = house.bills
    sources = Sources(CellReader(house.telemetry), reader, house.room.rules, house.room.divisions, told, changes)
    return LiveEstimates(sources, EstimateStore(state), house.clock)


def at(house: House, day: int, hour: float) -> int:
    house.clock.at_ms = AUGUST + (day - 1) * DAY_MS + round(hour * HOUR_MS)
    return house.clock.at_ms


def snapshot(estimates: LiveEstimates) -> Snapshot:
    found = asyncio.run(estimates.turn())
    assert found is not None
    return found


def test_a_day_costs_its_hours_so_far_and_what_it_costs_any_day(house: House, state: State) -> None:
    house.bring(bill())
    at(house, 21, 6)
    found = snapshot(live(house, state, Told({"i-1": 24})))
    assert AUGUST + 20 * DAY_MS == found.closed_ms
    by_basis = {one.basis: one.billed for one in found.lines}
    assert {Basis.METERED: Decimal(12), Basis.CARRIED: Decimal("1.25")} == by_basis
    report = report_of(found, EVERYTHING, Metric.BILLED, None)
    (total,) = report.total
    assert (Decimal("13.25"), "search") == (total.today, report.rows[0].name)
    assert total.error.median == pytest.approx(0, abs=1e-9)
    assert 17 == total.error.days
    assert not report_of(found, Scope(frozenset({"222222222222"})), Metric.BILLED, None).rows


def test_a_team_is_asked_for_under_any_spelling_as_of_the_bill(house: House, state: State) -> None:
    house.bring([{**one, "resource_tags": one["resource_tags"].replace("user_team", "user_Team")} for one in bill()])
    at(house, 21, 6)
    found = snapshot(live(house, state, Told({"i-1": 24})))
    for key, value in (("team", "search"), ("TEAM", " Search"), ("owner", "search")):
        spent = spent_of(found, EVERYTHING, Where(Tag(key), (value,)), Metric.BILLED, AUGUST, found.at_ms)
        assert Decimal(12) == spent.amount
        assert spent.error.days
    exact = Where(Tag("team", exact=True), ("search",))
    assert 0 == spent_of(found, EVERYTHING, exact, Metric.BILLED, AUGUST, found.at_ms).amount
    rows = report_of(found, EVERYTHING, Metric.BILLED, Tag("TEAM")).rows
    assert {"search": Decimal(12), "": Decimal("1.25")} == {one.name: one.open_days for one in rows}


def test_of_a_shared_machine_each_owner_has_the_part_that_it_has_on_the_bill(house: House, state: State) -> None:
    house.bring(bill())
    last = AUGUST + 19 * DAY_MS
    house.told.known["i-1"] = Machine(("0", "1"), [Holding("0", "ads", last, last + DAY_MS)])
    at(house, 21, 6)
    found = snapshot(live(house, state, Told({"i-1": 24})))
    for facet in (Tag("team"), Tag("Owner")):
        spent = spent_of(found, EVERYTHING, Where(facet, ("ads",)), Metric.BILLED, AUGUST, found.at_ms)
        assert Decimal(6) == spent.amount
    by_tag = {one.name: one.open_days for one in report_of(found, EVERYTHING, Metric.BILLED, Tag("team")).rows}
    by_owner = {one.name: one.open_days for one in report_of(found, EVERYTHING, Metric.BILLED, None).rows}
    assert {"search": Decimal(6), "ads": Decimal(6), "": Decimal("1.25")} == by_tag
    assert {"search": Decimal(6), "ads": Decimal(6), "unowned": Decimal("1.25")} == by_owner


def test_what_nothing_used_of_a_commitment_is_told_apart_where_it_is_amortised(house: House, state: State) -> None:
    fee = {"savings_plan_total_commitment_to_date": "3", "savings_plan_used_commitment": "1"}
    plan = {"savings_plan_savings_plan_a_r_n": "arn:aws:savingsplans::1:savingsplan/1"}
    house.bring(bill() + [line("SavingsPlanRecurringFee", "3", day=day, **plan, **fee) for day in range(1, 21)])
    at(house, 21, 12)
    found = snapshot(live(house, state, Told({"i-1": 24})))
    spread = {one.name: one.open_days for one in report_of(found, EVERYTHING, Metric.EFFECTIVE, None).rows}
    billed = {one.name: one.open_days for one in report_of(found, EVERYTHING, Metric.BILLED, None).rows}
    assert Decimal(1) == spread["unused commitments"]
    assert "unused commitments" not in billed
    assert Decimal("2.5") + Decimal("1.5") == billed["unowned"]


def test_days_that_are_late_are_whole_and_a_machine_that_stopped_costs_nothing(house: House, state: State) -> None:
    house.bring(bill())
    at(house, 23, 12)
    found = snapshot(live(house, state, Told({"i-1": 6, "i-2": 24})))
    machine = {one.day_ms: one.billed for one in found.lines if one.basis is Basis.METERED}
    assert [Decimal(12)] * 3 == list(machine.values())
    assert {20, 21, 22} == {(day - AUGUST) // DAY_MS for day in machine}


def test_a_report_that_is_being_written_leaves_its_last_day_open(house: House, state: State) -> None:
    house.bring([one for one in bill() if not one["line_item_usage_start_date"].startswith("2026-08-20T23")])
    at(house, 21, 6)
    assert AUGUST + 19 * DAY_MS == snapshot(live(house, state, Told({"i-1": 24}))).closed_ms


def test_what_is_new_costs_its_list_price_or_says_that_nothing_does(house: House, state: State) -> None:
    house.bring(bill())
    at(house, 21, 4)
    told = Told(
        {"i-1": 24, "i-new": 24, "i-odd": 24},
        [Running("i-new", "1", "", "p5.48xlarge"), Running("i-odd", "1", "", "zz")],
    )
    told.prices = {"p5.48xlarge": Decimal(55)}
    found = {one.key.resource: one for one in snapshot(live(house, state, told)).lines if one.basis > Basis.CARRIED}
    assert (Basis.LISTED, Decimal(220)) == (found["i-new"].basis, found["i-new"].billed)
    assert (Basis.UNPRICED, None, Decimal(4)) == (found["i-odd"].basis, found["i-odd"].billed, found["i-odd"].quantity)
    assert "set-rate zz" in found["i-odd"].note


def test_a_question_gets_its_lines_their_bounds_and_their_error(house: House, state: State) -> None:
    house.bring(bill())
    now = at(house, 21, 12)
    estimates = live(house, state, Told({"i-1": 24}))
    span = AUGUST, now // DAY_MS * DAY_MS + DAY_MS
    machine = Where(Tag("team"), ("search",))
    found = asyncio.run(estimates.spent(EVERYTHING, machine, Metric.BILLED, *span, "USD"))
    assert found is not None
    assert (Decimal(24), AUGUST + 20 * DAY_MS, 0) == (found.amount, found.closed_ms, found.unpriced)
    assert found.lower == pytest.approx(found.amount)
    for currency, amount in (("USD", 24), ("EUR", 0)):  # as a budget's filter says it
        of = And((machine, Where(Dimension.CURRENCY, (currency,))))
        spent = asyncio.run(estimates.spent(EVERYTHING, of, Metric.BILLED, *span))
        assert spent is not None
        assert amount == spent.amount
    platform = Where(Dimension.PLATFORM, ("Linux",))  # which nobody knows of a line before it is billed
    assert asyncio.run(estimates.spent(EVERYTHING, And((machine, platform)), Metric.BILLED, *span)) is None
    nothing = asyncio.run(estimates.spent(EVERYTHING, Where(Dimension.REGION, ("mars",)), Metric.BILLED, *span))
    assert nothing is not None
    assert (0, None) == (nothing.amount, nothing.lower)


def test_a_machine_of_some_days_is_compared_from_its_second_on(house: House, state: State) -> None:
    """Nobody could tell the first day: an estimate of nothing there would have the bounds tenfold. A fee is older."""
    fee = line(cost="900", service="Support", line_item_line_item_type="Fee", line_item_usage_type="Dollar")
    house.bring([*bill(first=12), fee])
    now = at(house, 21, 12)
    estimates = live(house, state, Told({}))
    found = snapshot(estimates)
    errors = found.base.error(found.base.weights_of(lambda key: key.resource == "i-1"), Metric.BILLED).errors
    assert [0.0] * 8 == pytest.approx(errors)
    span = AUGUST, now // DAY_MS * DAY_MS + DAY_MS
    spent = asyncio.run(estimates.spent(EVERYTHING, Where(Tag("team"), ("search",)), Metric.BILLED, *span, "USD"))
    assert spent is not None
    assert (24, 24) == pytest.approx((spent.lower, spent.upper))


def test_the_bill_that_comes_stands_beside_what_was_estimated(house: House, state: State) -> None:
    house.bring(bill(20))
    at(house, 21, 23.9)
    told = Told({"i-1": 12, "i-2": 24})  # half of what the bill will have
    estimates = live(house, state, told)
    snapshot(estimates)
    assert [AUGUST + 20 * DAY_MS] == asyncio.run(estimates.store.open_days())
    house.bring(bill(21))
    at(house, 22, 1)
    snapshot(estimates)
    told.ran["i-1"] = 24
    found = snapshot(live(house, state, told))  # another process, whose meters tell otherwise by now
    errors = found.base.error(found.base.weights_of(lambda key: key.resource == "i-1"), Metric.BILLED).errors
    assert pytest.approx(-0.5, abs=0.01) == errors[-1]
    assert AUGUST + 20 * DAY_MS not in asyncio.run(estimates.store.open_days())


def test_no_bill_is_no_estimate(house: House, state: State) -> None:
    assert asyncio.run(live(house, state, Told()).turn()) is None
