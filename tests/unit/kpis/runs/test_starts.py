"""Expected starts of runs, by the queue of their own cluster."""

import random
from typing import Any

from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.kpis.runs.starts import NO_QUEUE, SEVERAL, TOO_FEW, Queues, Wish

MINUTE = 60_000
NOW = 1_764_000_000_000


def run(job: str, submit_ms: int, wait_min: float | None, cluster: str = "atlas", **more: Any) -> Run:
    start = None if wait_min is None else submit_ms + round(wait_min * MINUTE)
    state = RunState.PENDING if start is None else RunState.RUNNING
    known: dict[str, Any] = {"state": state, "start_ms": start, "gpus": 8.0, "gpu_type": "h100", "queue": "p5", **more}
    return Run(RunKey("1", cluster, job), "slurm", submit_ms=submit_ms, **known)


def past(number: int = 60, cluster: str = "atlas", least: float = 20, most: float = 40) -> list[Run]:
    draw = random.Random(3)
    return [
        run(f"{cluster}{place}", NOW - (number - place) * 60 * MINUTE, draw.uniform(least, most), cluster)
        for place in range(number)
    ]


def test_a_run_that_waits_is_told_when_it_starts() -> None:
    waiting = run("new", NOW - 5 * MINUTE, None)
    start = Queues([*past(), waiting], NOW).starts()[0].start
    assert start is not None
    assert NOW <= start.from_ms <= start.at_ms <= start.to_ms
    assert 15 * MINUTE <= start.at_ms - NOW <= 35 * MINUTE
    assert start.to_ms <= waiting.submit_ms + 40 * MINUTE


def test_who_has_waited_longer_than_anybody_is_not_told_the_past() -> None:
    waiting = run("new", NOW - 39 * MINUTE, None)
    start = Queues([*past(), waiting], NOW).starts()[0].start
    assert start is None or start.from_ms >= NOW


def test_clusters_are_queues_of_their_own() -> None:
    runs = [*past(), *past(cluster="fast", least=1, most=2)]
    queues = Queues(runs, NOW)
    slow, fast = (queues.expected(Wish(8, "h100", "p5", cluster=name))[0] for name in ("atlas", "fast"))
    assert slow is not None
    assert fast is not None
    assert fast.high_s <= 120 < 1200 <= slow.low_s


def test_a_wait_that_is_not_known_says_why() -> None:
    both = Queues([*past(), *past(cluster="fast")], NOW)
    assert (None, SEVERAL) == both.expected(Wish(8))
    assert (None, NO_QUEUE) == both.expected(Wish(8, cluster="other"))
    assert (None, TOO_FEW) == Queues(past(10), NOW).expected(Wish(8))
    assert (None, NO_QUEUE) == Queues([], NOW).expected(Wish(8))


def test_runs_without_gpus_say_nothing_of_those_that_wait_for_some() -> None:
    cpu = [run(f"c{place}", NOW - place * MINUTE - MINUTE, 0.0, gpus=0.0) for place in range(50)]
    assert (None, NO_QUEUE) == Queues(cpu, NOW).expected(Wish(8))


def test_a_withdrawn_run_waited_longer_than_it_was_seen_to() -> None:
    gone = [
        run(f"g{place}", NOW - (60 - place) * 60 * MINUTE, None, state=RunState.CANCELLED,
            end_ms=NOW - (60 - place) * 60 * MINUTE + 30 * MINUTE)
        for place in range(60)
    ]  # fmt: skip
    alone, beside = (Queues(runs, NOW).expected(Wish(8, "h100", "p5"))[0] for runs in (past(), [*past(), *gone]))
    assert alone is not None
    assert beside is not None
    assert alone.waits < beside.waits


def test_an_array_asks_for_the_gpus_of_one_task() -> None:
    small = [run(f"s{place}", NOW - (60 - place) * 60 * MINUTE, 2.0, gpus=1.0) for place in range(60)]
    array = run("array", NOW - MINUTE, None, gpus=64.0, tasks=64)
    start = Queues([*past(), *small, array], NOW).starts()[0].start
    assert start is not None
    assert start.at_ms - array.submit_ms <= 10 * MINUTE


def test_the_first_to_start_comes_first_and_what_is_not_known_last() -> None:
    late, soon = run("late", NOW - MINUTE, None), run("soon", NOW - 15 * MINUTE, None)
    other = run("other", NOW - 99 * MINUTE, None, "new-cluster")
    found = Queues([*past(), late, soon, other], NOW).starts()
    assert ["soon", "late", "other"] == [one.run.key.job for one in found]
    assert found[-1].start is None
