"""What faults cost: since the last checkpoint, as an upper bound without one, and what was down afterwards."""

from decimal import Decimal

import pytest
from tests.unit.fleet.health.cluster import at, down, fault, harms, held, impacts, rates, run

from trimtab.fleet.health.impact import Milestones
from trimtab.fleet.health.loss import downs_of
from trimtab.fleet.health.spans import SpanIndex, spans_of
from trimtab.fleet.model import PARTS, State
from trimtab.inventory.runs.model import RunState

TWO_NODES = [held(node, gpu, 0, 5) for node in ("n1", "n2") for gpu in (0, 1)]


def test_a_run_loses_what_all_its_gpus_did_since_its_last_checkpoint() -> None:
    told = {"7": Milestones((at(1), at(3), at(4.999)))}
    (one,) = harms([fault("n1", 0, 4.99)], TWO_NODES, [run()], rates("n1", "n2"), told=told)
    assert one.lost is not None
    assert at(3) == one.saved_ms
    assert pytest.approx(8.0) == one.lost.gpu_hours  # 4 GPUs, two hours
    assert Decimal("28.80") == one.lost.amounts["USD"].quantize(Decimal("0.01"))
    assert (None, 0.0) == (one.at_most, one.lost.unpriced)


def test_without_a_checkpoint_the_whole_run_is_an_upper_bound_under_its_own_name() -> None:
    (one,) = harms([fault("n1", 0, 4.99)], TWO_NODES, [run()], rates("n1"))
    assert one.lost is None
    assert one.at_most is not None
    assert pytest.approx(20.0) == one.at_most.gpu_hours
    assert pytest.approx(10.0) == one.at_most.unpriced
    assert Decimal("36.00") == one.at_most.amounts["USD"].quantize(Decimal("0.01"))


def test_what_was_lost_to_an_earlier_fault_is_not_lost_again() -> None:
    spans = [held("n1", 0, 0, 5), held("n2", 0, 5.5, 9)]
    faults = [fault("n1", 0, 4.99), fault("n2", 0, 8.99)]
    first, second = harms(faults, spans, [run(end=9)], told={"7": Milestones((at(2),))})
    assert first.lost is not None
    assert second.lost is not None
    assert (pytest.approx(3.0), pytest.approx(3.5)) == (first.lost.gpu_hours, second.lost.gpu_hours)


def test_faults_that_carry_no_loss_cost_nothing() -> None:
    completed = run(state=RunState.COMPLETED)
    for one in harms([fault("n1", 0, 4.99), fault("n1", 1, 4.99)], TWO_NODES, [completed]):
        assert (None, None) == (one.lost, one.at_most)


def test_down_time_belongs_to_the_last_fatal_fault_before_it() -> None:
    spans = [held("n1", 0, 0, 5), down("n1", 0, 5.1, 8), down("n1", 1, 5.1, 8), down("n1", 0, 20, 30)]
    first, second = fault("n1", 0, 4.9), fault("n1", 0, 4.99)
    found = downs_of(
        impacts([first, second], spans, [run()]), SpanIndex(spans), rates("n1"), at(100)
    )  # fmt: skip
    assert {second: pytest.approx(5.8)} == {one: hours.gpu_hours for one, hours in found.items()}
    assert {} == downs_of(impacts([fault("n1", 0, 4.99, 63)], spans, [run()]), SpanIndex(spans), {}, at(100))


def test_spans_of_a_device_are_joined_over_midnight_and_parts_count() -> None:
    row = {"machine": "m", "device": 0, "state": int(State.HELD), "holder": "h", "reason": "", "parts": PARTS // 2}
    (one,) = spans_of([{**row, "start": at(12), "end": at(24)}, {**row, "start": at(0), "end": at(12)}])
    assert (at(0), at(24), pytest.approx(12 * 3_600_000)) == (one.start_ms, one.end_ms, one.gpu_ms(at(0), at(99)))
    assert 2 == len(spans_of([{**row, "start": at(0), "end": at(1)}, {**row, "start": at(2), "end": at(3)}]))
