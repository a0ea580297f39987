"""Who waits and how long, and why GPUs are idle beside them."""

from typing import Any

import pytest

from trimtab.inventory.runs.model import Condition, Node, NodeStretch, Run, RunKey, RunState, Stretch
from trimtab.kpis.runs.placement import Idle, Place, use_of
from trimtab.kpis.runs.queue import report_of

HOUR = 3_600_000
T0 = 1_764_000_000_000


def run(job: str, gpus: float, nodes: int = 1, **more: Any) -> Run:
    found: dict[str, Any] = {"team": "search", "queue": "p5", "gpu_type": "h100", **more}
    return Run(RunKey("1", "atlas", job), "slurm", RunState.PENDING, T0, gpus=gpus, nodes=nodes, **found)


def place(name: str, idle: float, condition: Condition = Condition.UP, kind: str = "NVIDIA H100 80GB HBM3") -> Place:
    return Place("atlas", name, condition, 8.0, 8.0 - idle, kind, ("p5",) if "H100" in kind else ("p4d",))


def idle_of(places: list[Place], waiting: list[Run]) -> dict[Idle, float]:
    found: dict[Idle, float] = {}
    for use in use_of(places, waiting):
        for why, number in use.idle.items():
            found[why] = found.get(why, 0.0) + number
    return found


def test_nothing_waits_so_idle_gpus_are_free() -> None:
    assert {Idle.FREE: 11.0} == idle_of([place("a", 8), place("b", 3)], [])


def test_drained_and_reserved_nodes_are_no_use_whoever_waits() -> None:
    places = [place("a", 8, Condition.DRAINED), place("b", 8, Condition.DOWN), place("c", 4, Condition.RESERVED)]
    assert {Idle.DRAINED: 16.0, Idle.RESERVED: 4.0} == idle_of(places, [run("1", 1)])


def test_too_few_gpus_on_each_node_are_fragments() -> None:
    """Eight are idle together, and a run that needs eight on one node cannot start."""
    assert {Idle.FRAGMENTED: 8.0} == idle_of([place("a", 4), place("b", 4)], [run("1", 8)])


def test_too_few_whole_nodes_are_fragments_too() -> None:
    assert {Idle.FRAGMENTED: 8.0} == idle_of([place("a", 8), place("b", 0)], [run("1", 16, nodes=2)])


def test_what_would_fit_is_free_and_waits_for_another_reason() -> None:
    assert {Idle.FREE: 8.0, Idle.FRAGMENTED: 2.0} == idle_of([place("a", 8), place("b", 2)], [run("1", 8)])


def test_gpus_that_nobody_asks_for_are_of_the_wrong_type() -> None:
    places = [place("a", 0), place("b", 8, kind="NVIDIA A100-SXM4-40GB")]
    assert {Idle.WRONG_TYPE: 8.0} == idle_of(places, [run("1", 8)])
    assert {Idle.FREE: 8.0} == idle_of(places, [run("1", 8, gpu_type="a100", queue="p4d")])


def test_an_array_needs_the_gpus_of_one_task_at_a_time() -> None:
    assert {Idle.FREE: 2.0} == idle_of([place("a", 2)], [run("1", 14, tasks=7)])


def test_pending_hours_and_waits_by_team_and_reason() -> None:
    waits = run("1", 8)
    started = [
        Run(RunKey("1", "atlas", f"s{hours}"), "slurm", RunState.RUNNING, T0, team="search", gpus=4.0,
            start_ms=T0 + hours * HOUR)
        for hours in (1, 2, 3)
    ]  # fmt: skip
    stretches = {
        waits.key: [
            Stretch(T0, T0 + HOUR, RunState.PENDING, "Priority"),
            Stretch(T0 + HOUR, T0 + 2 * HOUR, RunState.PENDING, "Resources"),
        ],
        **{one.key: [Stretch(T0, one.start_ms or 0, RunState.PENDING, "Priority")] for one in started},
    }
    found = report_of([waits, *started], stretches, [], {}, T0, T0 + 4 * HOUR)
    by_reason = {one.reason: one for one in found.waiting}
    # 8 GPUs × 1 h, and 4 GPUs × (1 + 2 + 3) h
    assert pytest.approx(8 + 24) == by_reason["Priority"].gpu_hours
    assert (3, 2 * 3600.0, pytest.approx(2.9 * 3600)) == (
        by_reason["Priority"].started,
        by_reason["Priority"].wait_p50_s,
        by_reason["Priority"].wait_p95_s,
    )
    # it waits still: from one hour on, to the end of the range
    assert (1, 8.0, pytest.approx(24.0)) == (
        by_reason["Resources"].runs,
        by_reason["Resources"].gpus,
        by_reason["Resources"].gpu_hours,
    )
    assert (0, ()) == (found.nodes, found.timeline)


def test_the_timeline_shows_both_at_each_moment() -> None:
    node = Node("1", "atlas", "a", Condition.UP, gpus=8.0, gpu_type="H100", partitions=("p5",))
    states = {
        ("atlas", "a"): [
            NodeStretch("a", T0, T0 + 2 * HOUR, Condition.UP, "", 8.0, 8.0),
            NodeStretch("a", T0 + 2 * HOUR, T0 + 4 * HOUR, Condition.DRAINED, "XID 79", 8.0, 0.0),
        ]
    }
    found = report_of([run("1", 8)], {}, [node], states, T0, T0 + 4 * HOUR)
    first, last = found.timeline[0], found.timeline[-1]
    assert (8.0, 8.0, {}) == (first.pending, first.allocated, first.idle)
    assert (8.0, 0.0, {Idle.DRAINED: 8.0}) == (last.pending, last.allocated, last.idle)
    assert [(8.0, 0.0, {Idle.DRAINED: 8.0})] == [(use.gpus, use.allocated, use.idle) for use in found.gpus]
