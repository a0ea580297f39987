"""The live estimate's arithmetic: meters, counted use, what is carried on, corrections, and what errors say."""

from decimal import Decimal

import numpy as np
import pytest

from trimtab.access.scope import RowRule, Scope
from trimtab.costs.model import Dimension, Tag
from trimtab.costs.read_sql import DAY_MS, HOUR_MS
from trimtab.economics.estimate.base import hours_of_day, metered_of
from trimtab.economics.estimate.carry import Carrying
from trimtab.economics.estimate.estimator import corrected, estimate_day, replay
from trimtab.economics.estimate.model import DIMENSIONS, Basis, Floats, LineKey, Metered, Past, PastError

START = 1_767_225_600_000  # Thursday 2026-01-01


def key(resource: str = "", unit: str = "Hrs", **more: str) -> LineKey:
    said = {Dimension.RESOURCE_ID: resource, Dimension.USAGE_UNIT: unit} | {
        Dimension[name]: value for name, value in more.items()
    }
    return LineKey(tuple(said.get(one, "") for one in DIMENSIONS), (("Team", "search"),))


def past(keys: list[LineKey], quantity: list[list[float]], rates: list[float]) -> Past:
    amounts = np.array(quantity)
    cost = amounts * np.array(rates)[:, None]
    return Past(tuple(keys), START, amounts, cost * 0.8, cost)


def unmetered(lines: int) -> Metered:
    return Metered(np.full(lines, np.nan), np.full(lines, np.nan))


def test_a_machine_costs_its_hours_at_what_its_last_billed_hours_cost() -> None:
    known = past([key("i-1")], [[24.0] * 10 + [12.0]], [2.0])
    day = estimate_day(known, Metered(np.array([6.0]), np.array([np.nan])), 1)
    assert (12.0, Basis.METERED) == (pytest.approx(day.billed[0]), day.basis[0])
    assert 9.6 == pytest.approx(day.effective[0])


def test_a_machine_that_stopped_costs_nothing_and_one_in_two_ways_of_paying_keeps_their_shares() -> None:
    plan, demand = key("i-1", RECORD_TYPE="SavingsPlanCoveredUsage"), key("i-1", RECORD_TYPE="Usage")
    known = past([plan, demand], [[18.0] * 10, [6.0] * 10], [1.0, 3.0])
    nan = np.full(2, np.nan)
    assert [0.0, 0.0] == estimate_day(known, Metered(np.zeros(2), nan), 1).billed.tolist()
    half = estimate_day(known, Metered(np.full(2, 12.0), nan), 1)
    assert [9.0, 9.0] == half.billed.tolist()


def test_counted_use_costs_what_the_last_billed_unit_cost() -> None:
    known = past([key(unit="tokens", USAGE_TYPE="output", SKU="m")], [[1000.0] * 9], [0.01])
    used = {"input-tokens": {"m": 9e9}, "output-tokens": {"m": 500.0}, "requests": {}}
    day = estimate_day(known, metered_of(known, {}, used), 1)
    assert (5.0, Basis.USED) == (pytest.approx(day.billed[0]), day.basis[0])


def test_what_has_no_meter_is_carried_by_the_way_that_was_nearest() -> None:
    week = [5.0, 5.0, 1.0, 1.0, 5.0, 5.0, 5.0]
    grows = [100 * 1.02**at for at in range(28)]
    values = np.array([week * 4, grows, [7.0] * 28])
    found = Carrying(values, START).on(values.shape[1], 1)
    assert [5.0, pytest.approx(100 * 1.02**28, rel=1e-3), 7.0] == found.tolist()
    assert 1.0 == Carrying(values, START).on(values.shape[1], 3)[0]  # the weekend


def test_a_charge_of_the_months_last_day_falls_due_on_the_last_day_alone() -> None:
    days = np.zeros((1, 58))  # to 2026-02-27
    days[0, 30] = 900.0
    assert [0.0, 900.0] == [float(Carrying(days, START).on(known, 1)[0]) for known in (57, 58)]


def test_a_machine_of_yesterday_runs_today_and_a_fee_of_yesterday_does_not() -> None:
    began = [0.0] * 19 + [24.0]
    keys = [key("i-1", RECORD_TYPE="Usage"), key("i-2", RECORD_TYPE="Fee"), key("i-3", RECORD_TYPE="Usage")]
    monthly = [1.0] + [0.0] * 18 + [24.0]  # of use too, but no new line
    day = estimate_day(past(keys, [began, began, monthly], [10.0] * 3), unmetered(3), 1)
    assert [240.0, 0.0, 0.0] == day.billed.tolist()


def test_an_open_day_has_what_has_passed_of_it() -> None:
    day = estimate_day(past([key()], [[10.0] * 20], [1.0]), unmetered(1), 1, passed=0.25)
    assert (2.5, Basis.CARRIED) == (day.billed[0], day.basis[0])


def test_a_replay_knows_the_past_of_each_day_alone() -> None:
    known = past([key()], [[1.0] * 20 + [50.0] + [1.0] * 3], [1.0])
    found = replay(known, [unmetered(1)] * 4)
    assert 20 == found.first
    assert [1.0, 50.0] == [found.billed[0, 0], found.actual_billed[0, 0]]  # nobody knew it the day before


def test_estimates_that_are_always_off_to_one_side_are_corrected_from_the_days_before() -> None:
    known = past([key("i-1")], [[24.0] * 40], [1.0])
    low = Metered(np.array([22.8]), np.array([np.nan]))  # the meter misses the twentieth part of each hour
    raw = replay(known, [low] * 20)
    told = corrected(raw, [0])
    assert 22.8 == pytest.approx(told.billed[0, 5])
    assert 24.0 == pytest.approx(told.billed[0, 19])


def test_hours_in_which_every_meter_is_silent_are_hours_without_meters() -> None:
    hours: dict[str, Floats] = {"i-1": np.ones(24), "i-2": np.r_[np.ones(12), np.zeros(12)]}
    hours["i-1"][3:9] = hours["i-2"][3:9] = 0
    found = hours_of_day(hours, START, START, START + DAY_MS)
    assert {"i-1": pytest.approx(24.0), "i-2": pytest.approx(8.0)} == found
    assert {} == hours_of_day({"i-1": np.zeros(24)}, START, START, START + DAY_MS)


def test_a_machine_is_watched_from_the_first_hour_on_in_which_it_was_seen() -> None:
    hours = {"old": np.ones(48), "new": np.r_[np.zeros(24), np.ones(24)]}
    assert {"old"} == set(hours_of_day(hours, START, START, START + DAY_MS))
    today = hours_of_day(hours, START, START + DAY_MS, START + DAY_MS + 90 * HOUR_MS // 60)
    assert {"old": pytest.approx(1.5), "new": pytest.approx(1.5)} == today


def test_bounds_are_told_from_a_working_week_of_compared_days_on() -> None:
    assert PastError([0.1] * 4).bounds(Decimal(100)) is None
    low, high = PastError([-0.1, 0.0, 0.1, 0.05, -0.05]).bounds(Decimal(100)) or (Decimal(0), Decimal(0))
    assert low < 100 < high
    assert 0.05 == PastError([-0.1, 0.0, 0.1, 0.05, -0.05]).median
    assert PastError([]).median is None


def test_a_line_is_seen_as_the_bill_lets_it_be_seen() -> None:
    one = key("i-1", LINKED_ACCOUNT="111111111111", PAYER_ACCOUNT="999999999999", REGION="us-east-1")
    assert "search" == one.value(Tag("team"))
    assert one.seen_by(Scope(frozenset({"999999999999"})))
    assert not one.seen_by(Scope(frozenset({"222222222222"})))
    assert not one.seen_by(Scope(regions=frozenset({"eu-west-1"})))
    assert not one.seen_by(Scope(rows=(RowRule("team", frozenset({"vision"})),)))
