"""Which run a fault ended: by the device that it held, the moment, and how it ended."""

import pytest
from tests.unit.fleet.health.cluster import at, down, fault, held, impacts, run

from trimtab.fleet.health.fault import FaultKind
from trimtab.fleet.health.impact import TOLD_LATE_MS, WITHIN_MS, Effect, Milestones
from trimtab.fleet.health.silence import silent_faults
from trimtab.fleet.health.spans import SpanIndex
from trimtab.inventory.runs.model import RunState

SECOND = 1 / 3600
WITHIN, LATE = WITHIN_MS / 3_600_000, TOLD_LATE_MS / 3_600_000


def effects(*args: object, **more: object) -> list[tuple[str, Effect]]:
    found = impacts(*args, **more)  # type: ignore[arg-type]
    return [(one.holder.rpartition("/")[2], one.effect) for one in found]


def test_a_fatal_fault_a_second_before_the_end_ended_the_run() -> None:
    (one,) = impacts([fault("n1", 0, 5 - SECOND)], [held("n1", 0, 0, 5)], [run()])
    assert (Effect.ENDED, at(5), at(0), True) == (one.effect, one.ended_ms, one.began_ms, one.counts)


@pytest.mark.parametrize(
    ("hours", "effect"),
    [
        (5 - WITHIN, Effect.ENDED),
        (5 - WITHIN - SECOND, Effect.WENT_ON),
        (5 + LATE, Effect.ENDED),
        (5 + LATE + SECOND, Effect.NOBODY),
        (6, Effect.NOBODY),
    ],
)
def test_only_a_fault_near_the_end_ended_it(hours: float, effect: Effect) -> None:
    assert [effect] == [one for _, one in effects([fault("n1", 0, hours)], [held("n1", 0, 0, 5)], [run()])]


@pytest.mark.parametrize(
    ("state", "effect"),
    [
        (RunState.FAILED, Effect.ENDED),
        (RunState.NODE_FAILED, Effect.ENDED),
        (RunState.LOST, Effect.ENDED),
        (RunState.COMPLETED, Effect.WENT_ON),
        (RunState.CANCELLED, Effect.WENT_ON),
        (RunState.PREEMPTED, Effect.WENT_ON),
        (RunState.OUT_OF_MEMORY, Effect.WENT_ON),
        (RunState.TIMEOUT, Effect.WENT_ON),
    ],
)
def test_only_runs_that_failed_were_ended(state: RunState, effect: Effect) -> None:
    assert [("7", effect)] == effects([fault("n1", 0, 4.99)], [held("n1", 0, 0, 5)], [run(state=state)])


def test_of_two_runs_on_a_node_only_the_one_on_the_gpu_is_blamed_on_the_fault() -> None:
    spans = [held("n1", 0, 0, 5, "7"), held("n1", 1, 0, 5, "8")]
    assert [("8", Effect.ENDED)] == effects([fault("n1", 1, 4.99)], spans, [run("7"), run("8")])


def test_a_fault_of_the_machine_hits_all_runs_there_and_of_a_free_gpu_none() -> None:
    spans = [held("n1", 0, 0, 5, "7"), held("n1", 1, 0, 9, "8")]
    runs = [run("7"), run("8", end=9)]
    whole = fault("n1", None, 4.99, None, FaultKind.INFINIBAND)
    assert [("7", Effect.ENDED), ("8", Effect.WENT_ON)] == effects([whole], spans, runs)
    assert [("", Effect.NOBODY)] == effects([fault("n1", 2, 4.99)], spans, runs)


def test_a_run_that_began_on_the_gpu_after_the_fault_is_not_blamed_on_it() -> None:
    spans = [held("n1", 0, 0, 5, "7"), held("n1", 0, 5, 9, "8")]
    runs = [run("7"), run("8", 5, 9)]
    assert [("7", Effect.ENDED)] == effects([fault("n1", 0, 4.999)], spans, runs)


def test_a_gauge_that_tells_after_the_end_means_who_had_the_gpu_before() -> None:
    spans = [held("n1", 0, 0, 5, "7")]
    late = fault("n1", 0, 5 + 10 * SECOND, since=5 - 5 * SECOND)
    assert [("7", Effect.ENDED)] == effects([late], spans, [run()])


def test_a_run_put_back_into_the_queue_was_requeued() -> None:
    # The scheduler forgets the attempt; labels of telemetry still name the job.
    spans = [held("n1", 0, 0, 5, "7", cluster="")]
    waiting = run(begin=None, end=None, state=RunState.PENDING)
    assert [("7", Effect.REQUEUED)] == effects([fault("n1", 0, 4.99)], spans, [waiting])
    again = run(begin=5.5, end=None, state=RunState.RUNNING)
    assert [("7", Effect.REQUEUED)] == effects([fault("n1", 0, 4.99)], spans, [again])


def test_an_earlier_attempt_of_a_requeued_run_was_requeued() -> None:
    job = "7@20251124T160000Z"
    ended = run(job, end=5, state=RunState.CANCELLED)
    assert [(job, Effect.REQUEUED)] == effects([fault("n1", 0, 4.99)], [held("n1", 0, 0, 5, job)], [ended])
    alone = run(end=5, state=RunState.CANCELLED)
    assert [("7", Effect.WENT_ON)] == effects([fault("n1", 0, 4.99)], [held("n1", 0, 0, 5)], [alone])


def test_a_pod_that_was_replaced_elsewhere_was_requeued() -> None:
    spans = [held("n1", 0, 0, 5), held("n2", 0, 5.1, 9)]
    running = run(end=None, state=RunState.RUNNING)
    (one,) = impacts([fault("n1", 0, 4.99)], spans, [running])
    assert (Effect.REQUEUED, at(5)) == (one.effect, one.ended_ms)


def test_a_program_that_started_again_on_its_gpus_was_requeued() -> None:
    spans, running = [held("n1", 0, 0, 9)], run(end=None, state=RunState.RUNNING)
    (one,) = impacts([fault("n1", 0, 5)], spans, [running], until=9, told={"7": Milestones((), (at(1), at(5.05)))})
    assert (Effect.REQUEUED, at(5.05)) == (one.effect, one.ended_ms)
    assert [("7", Effect.WENT_ON)] == effects([fault("n1", 0, 5)], spans, [running], until=9)


def test_a_workload_without_a_scheduler_that_left_the_gpu_at_once_was_ended() -> None:
    spans = [held("n1", 0, 0, 5, "train-0", cluster="")]
    assert [("train-0", Effect.ENDED)] == effects([fault("n1", 0, 4.99)], spans, [])
    assert [("train-0", Effect.WENT_ON)] == effects([fault("n1", 0, 4)], spans, [])


def test_what_asks_the_program_to_start_again_is_its_own_error_and_a_notice_ends_nothing() -> None:
    spans = [held("n1", 0, 0, 5)]
    assert [("7", Effect.OWN_ERROR)] == effects([fault("n1", 0, 4.99, 31)], spans, [run()])
    assert [("7", Effect.WENT_ON)] == effects([fault("n1", 0, 3, 31)], spans, [run()])
    assert [("7", Effect.WENT_ON)] == effects([fault("n1", 0, 4.99, 63)], spans, [run()])


def test_the_first_of_several_faults_of_an_end_carries_its_loss() -> None:
    spans = [held("n1", gpu, 0, 5) for gpu in (0, 1)]
    found = impacts([fault("n1", 0, 4.99, 79), fault("n1", 1, 4.98, 74)], spans, [run()])
    assert [(1, True), (0, False)] == [(one.fault.device, one.counts) for one in found]
    assert {Effect.ENDED} == {one.effect for one in found}


def test_a_node_that_fell_silent_under_a_run_is_a_fault_of_the_machine() -> None:
    spans = [*(held("n1", gpu, 0, 5) for gpu in (0, 1)), *(down("n1", gpu, 5.05, 8) for gpu in (0, 1))]
    runs = {"1/c/7": run(state=RunState.NODE_FAILED)}
    (one,) = silent_faults(["1/c/n1"], SpanIndex(spans), runs, [])
    assert ("machine fell silent", None) == (one.name, one.device)
    assert [("7", Effect.ENDED)] == effects([one], spans, [*runs.values()])
    assert [] == silent_faults(["1/c/n1"], SpanIndex(spans), runs, [fault("n1", 0, 4.99)])
    drained = [*spans[:2], *(down("n1", gpu, 5.05, 8, "drained: repair") for gpu in (0, 1))]
    assert [] == silent_faults(["1/c/n1"], SpanIndex(drained), {"1/c/7": run()}, [])


def test_a_run_of_one_node_that_failed_with_it_tells_that_it_fell_silent() -> None:
    spans, runs = [held("n1", 0, 0, 5)], {"1/c/7": run(state=RunState.NODE_FAILED)}
    assert 1 == len(silent_faults(["1/c/n1"], SpanIndex(spans), runs, []))
    two = [*spans, held("n2", 0, 0, 5)]
    assert [] == silent_faults(["1/c/n1", "1/c/n2"], SpanIndex(two), runs, [])
