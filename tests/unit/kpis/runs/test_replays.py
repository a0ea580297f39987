"""A recorded queue once more, with more GPUs, fewer, and quotas."""

from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.inventory.catalog.book import load
from trimtab.inventory.runs.model import Condition, Node, Run, RunKey, RunState
from trimtab.kpis.runs.replays import Change, QueueReplay, Recorded

HOUR = 3_600_000
T0 = 1_764_000_000_000
DAY = 24 * HOUR


def run(job: str, submit_h: float, start_h: float | None, length_h: float = 2, gpus: float = 8, **more: Any) -> Run:
    start = None if start_h is None else T0 + round(start_h * HOUR)
    end = None if start is None else start + round(length_h * HOUR)
    known: dict[str, Any] = {"start_ms": start, "end_ms": end, "gpu_type": "h100", "team": "vision", **more}
    return Run(RunKey("1", "atlas", job), "slurm", RunState.COMPLETED, T0 + round(submit_h * HOUR), gpus=gpus, **known)


def node(name: str, gpus: float = 8, **more: Any) -> Node:
    known: dict[str, Any] = {"gpu_type": "NVIDIA H100 80GB HBM3", **more}
    return Node("1", "atlas", name, known.pop("condition", Condition.UP), gpus=gpus, **known)


def replayed(runs: list[Run], nodes: list[Node], change: Change = Change()) -> QueueReplay:  # noqa: B008  # frozen
    return Recorded(load(), runs, nodes, T0, T0 + DAY).replay(change)


RUNS = [run("a", 0, 0), run("b", 0, 5), run("c", 0, 9)]
"""Three runs of all GPUs, submitted together: with one node they wait 0, 2 and 4 hours, recorded were 0, 5 and 9."""


def test_three_queues_stand_side_by_side() -> None:
    found = replayed(RUNS, [node("n")], Change(8, "h100"))
    assert (14 * 3600 / 3, 2 * 3600, 2 * 3600 / 3) == (
        found.recorded.mean_s,
        found.replayed.mean_s,
        found.changed.mean_s,
    )
    assert (14 * 8, 6 * 8, 2 * 8) == (found.recorded.gpu_hours, found.replayed.gpu_hours, found.changed.gpu_hours)
    assert (6 / 24, 6 / 48) == (found.replayed.held_share, found.changed.held_share)
    assert [("H100", 8.0, 16.0, "nodes")] == [
        (one.gpu_type, one.gpus, one.changed, one.known_by) for one in found.pools
    ]


def test_fewer_gpus_than_a_run_needs_never_start_it() -> None:
    found = replayed(RUNS, [node("n")], Change(-1))
    assert (3, None) == (found.changed.unstarted, found.changed.mean_s)
    assert any("ask for more than there is" in note for note in found.notes)
    with pytest.raises(InvalidInput, match="cannot take away 9 GPUs: there are 8"):
        replayed(RUNS, [node("n")], Change(-9))


def test_a_quota_holds_a_team_back() -> None:
    runs = [run("a", 0, 0, gpus=4), run("b", 0, 0, gpus=4), run("c", 1, 1, gpus=4, team="nlp")]
    found = replayed(runs, [node("n")], Change(quotas={"vision": 4}))
    by_team = {one.team: (one.replayed.mean_s, one.changed.mean_s) for one in found.teams}
    assert {"vision": (0.0, 3600.0), "nlp": (3600.0, 0.0)} == by_team


def test_gpus_of_machines_out_of_use_do_not_count_and_without_nodes_the_most_ever_held_does() -> None:
    drained = [node("n"), node("m", condition=Condition.DRAINED)]
    assert [8.0] == [one.gpus for one in replayed(RUNS, drained).pools]
    (pool,) = replayed([run("a", 0, 0), run("b", 1, 1), run("c", 5, 5)], []).pools
    assert (16.0, "the most that runs held at once") == (pool.gpus, pool.known_by)


def test_a_run_that_names_no_type_waits_for_those_of_its_queue() -> None:
    nodes = [node("n", partitions=("p5",)), node("m", 4, gpu_type="NVIDIA L4", partitions=("small",))]
    runs = [run("a", 0, 0, gpus=8), run("b", 0, 0, gpus=4, gpu_type="", queue="small")]
    assert 0 == replayed(runs, nodes).replayed.mean_s


def test_what_ran_when_the_range_began_holds_its_gpus_and_is_no_wait() -> None:
    found = replayed([run("old", -3, -1, 5), run("new", 0, 4)], [node("n")])
    assert (1, 4 * 3600) == (found.replayed.runs, found.replayed.mean_s)


def test_withdrawn_runs_are_left_out_and_told() -> None:
    found = replayed([*RUNS, run("gone", 0, None)], [node("n")])
    assert (3, True) == (found.replayed.runs, any("1 runs never started" in note for note in found.notes))
