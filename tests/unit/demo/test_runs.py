from itertools import pairwise

import pytest
from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS

from trimtab.demo import world
from trimtab.demo.company import TEAMS
from trimtab.demo.runs import FAILED, PARTITIONS, Run
from trimtab.demo.world import DRAINED_AFTER_MS, FAILING_NODE, World


def started(made: World) -> list[Run]:
    return [run for run in made.runs if run.start_ms < ANCHOR_MS]


def test_a_node_has_one_run_at_a_time(made: World) -> None:
    for node in made.company.nodes:
        spans = sorted((run.start_ms, run.end_ms) for run in made.runs if node in run.nodes)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_every_run_has_an_owner_an_id_of_its_own_and_the_nodes_it_asked_for(made: World) -> None:
    assert len(made.runs) == len({run.id for run in made.runs})
    for run in started(made):
        assert run.team in TEAMS
        assert run.size == len(set(run.nodes))
        assert run.submit_ms <= run.start_ms < run.end_ms


def test_a_drained_node_runs_nothing_and_fails_what_it_ran(made: World) -> None:
    drained = made.failed_ms + DRAINED_AFTER_MS
    on_it = [run for run in started(made) if any(node.name == FAILING_NODE for node in run.nodes)]
    assert on_it
    assert max(run.end_ms for run in on_it) <= drained
    assert [FAILED] == [run.state for run in on_it if run.end_ms == drained]


def test_partitions_are_busy_and_runs_wait(made: World) -> None:
    history = ANCHOR_MS - made.start_ms
    for partition in PARTITIONS:
        nodes = len(made.company.partition(partition))
        mine = [run for run in started(made) if run.partition == partition]
        used = sum((min(run.end_ms, ANCHOR_MS) - max(run.start_ms, made.start_ms)) * run.size for run in mine)
        assert 0.85 < used / nodes / history <= 1
        assert [run for run in made.runs if run.partition == partition and run.submit_ms <= ANCHOR_MS < run.start_ms]


def test_the_queue_goes_on_after_the_history(made: World) -> None:
    for hours in (24, 7 * 24):
        when = ANCHOR_MS + hours * HOUR_MS
        assert [run for run in made.runs if run.start_ms <= when < run.end_ms]


def test_a_world_is_the_same_each_time(made: World) -> None:
    assert made == world.create(7, ANCHOR_MS)


@pytest.mark.parametrize("hours", [0, 134, 137, 154])  # of these three days the run would have ended well
def test_the_run_that_lost_its_gpu_failed_by_the_time_its_node_was_drained(hours: int) -> None:
    made = world.create(7, ANCHOR_MS + hours * 3_600_000)
    drained_ms = made.failed_ms + world.DRAINED_AFTER_MS
    there = [one for one in made.runs if any(node.name == world.FAILING_NODE for node in one.nodes)]
    losers = [one for one in there if one.start_ms < made.failed_ms < one.end_ms]
    assert [(one.state, one.end_ms <= drained_ms) for one in losers] == [(FAILED, True)] * len(losers)
