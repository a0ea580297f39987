"""The cheapest machines for a deadline and a budget."""

from decimal import Decimal

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.batch.plan.choose import choose
from trimtab.batch.plan.machines import rates
from trimtab.batch.plan.model import ON_DEMAND, SPOT, Capacity, Machine, Work
from trimtab.batch.report import Report


def _machine(type_: str, rate: float, per_hour: str, **more: object) -> Machine:
    return Machine(type_, rate, Decimal(per_hour), "USD", "as given", "list", **more)  # type: ignore[arg-type]  # as named


SLOW, FAST = _machine("slow", 100.0, "0.10"), _machine("fast", 1000.0, "2.00")


def test_without_a_deadline_one_of_the_cheapest_per_record_is_enough() -> None:
    plan = choose(Work(360_000, delay_h=0.1), [SLOW, FAST])
    assert plan.chosen is not None
    assert ("slow", 1, ON_DEMAND, 1.1, Decimal("0.1100")) == (
        plan.chosen.type, plan.chosen.count, plan.chosen.purchase, plan.chosen.hours, plan.chosen.cost,
    )  # fmt: skip


def test_a_deadline_buys_as_many_as_it_takes_and_a_start_is_paid_for() -> None:
    plan = choose(Work(3_600_000, deadline_h=1.1, delay_h=0.1), [SLOW, FAST])
    assert plan.chosen is not None
    # 10 slow machines take 0.1 + 10 ÷ 10 h: 1.1 h each; one fast one takes as long, and costs twice as much.
    assert ("slow", 10, Decimal("1.1000")) == (plan.chosen.type, plan.chosen.count, plan.chosen.cost)
    assert plan.chosen.hours == pytest.approx(1.1)
    assert "Run 10 × slow on demand" in plan.words


def test_where_few_machines_are_allowed_the_faster_type_is_taken() -> None:
    plan = choose(Work(3_600_000, deadline_h=1.1, most=5, delay_h=0.1), [SLOW, FAST])
    assert plan.chosen is not None
    assert ("fast", 1) == (plan.chosen.type, plan.chosen.count)
    assert "Cheaper" in plan.words
    assert "misses the deadline" in plan.words


def test_what_cannot_be_says_what_is_nearest() -> None:
    late = choose(Work(3_600_000, deadline_h=0.01, most=5, delay_h=0.1), [SLOW, FAST])
    assert late.chosen is None
    assert "The fastest, 5 × fast" in late.words
    dear = choose(Work(3_600_000, deadline_h=1.1, budget=Decimal("0.5"), delay_h=0.1), [SLOW, FAST])
    assert dear.chosen is None
    assert "In time and cheapest: 10 × slow" in dear.words


def test_spot_that_is_always_there_costs_its_share_and_is_chosen() -> None:
    capacity = Capacity(("a",), 1 / 6, np.ones((1, 6 * 24 * 6), dtype=np.int64))
    machine = _machine("fast", 1000.0, "2.00", spot_per_hour=Decimal("0.50"), available=capacity)
    plan = choose(Work(36_000_000, deadline_h=24, most=4), [machine])
    assert plan.chosen is not None
    assert (SPOT, 1, 0.0) == (plan.chosen.purchase, plan.chosen.count, plan.chosen.late)
    assert plan.chosen.cost == pytest.approx(Decimal("5.0"), rel=Decimal("0.02"))
    assert "uniform progress" in plan.chosen.by_rule


def test_spot_that_is_never_there_is_on_demand_in_time() -> None:
    capacity = Capacity(("a",), 1 / 6, np.zeros((1, 6 * 24 * 6), dtype=np.int64))
    machine = _machine("fast", 1000.0, "2.00", spot_per_hour=Decimal("0.50"), available=capacity)
    plan = choose(Work(36_000_000, deadline_h=24, most=1, delay_h=0.05), [machine])
    assert plan.chosen is not None
    spot = next(one for one in plan.options if one.purchase == SPOT)
    assert 0.0 == spot.late
    assert spot.cost >= plan.chosen.cost - Decimal("0.01")


def test_so_many_machines_are_to_be_had_only_where_so_many_were() -> None:
    counts = np.array([[0, 1, 2, 4]])
    assert [[0, 1, 1, 1]] == Capacity(("a",), 1.0, counts).of(1).up.tolist()
    assert [[0, 0, 0, 1]] == Capacity(("a",), 1.0, counts).of(3).up.tolist()
    assert [[0, 1]] == Capacity(("a",), 1.0, np.array([[0, 1]])).of(3).up.tolist()


def test_throughput_is_of_recorded_jobs_unless_it_is_given() -> None:
    jobs = [
        Report("11111111", "a", "Completed", 0, instance_type="slow", seconds=100.0, records=1000, records_per_s=10.0),
        Report("22222222", "a", "Stopped", 0, instance_type="slow", seconds=100.0, records=4000, records_kept=1000,
               records_per_s=30.0, instances=2),
        Report("33333333", "a", "Completed", 0, instance_type="slow", seconds=1.0, records=9, records_per_s=9.0),
    ]  # fmt: skip
    found = rates(jobs, {"fast": 7.0})
    assert {"slow": 4000 / 300, "fast": 7.0} == {type_: rate.records_per_s for type_, rate in found.items()}
    assert "2 recorded jobs" in found["slow"].basis


def test_nothing_known_says_why() -> None:
    with pytest.raises(InvalidInput, match="x1: no list price"):
        choose(Work(1.0), [], ["x1: no list price"])
