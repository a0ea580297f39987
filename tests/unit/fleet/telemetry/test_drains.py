"""Nodes that a scheduler took out of use make their GPUs down while nothing holds them."""

from collections.abc import Sequence

import numpy as np
import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.drains import Drains, out_of_use
from trimtab.fleet.telemetry.scheduled import Scheduled
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis.model import GroupKpis


def told(*times: tuple[int, int], node: str = "n1") -> Drains:
    async def drains(scope: Scope, start_ms: int, end_ms: int) -> dict[str, Sequence[tuple[int, int]]]:
        return {node: times}

    return drains


def only(fleet: Fleet, drains: Drains) -> GroupKpis:
    (group,) = fleet.report(scheduled=Scheduled(drains=drains)).groups
    return group


def test_half_an_hour_of_drain_is_half_a_gpu_hour_down() -> None:
    fleet = Fleet()
    fleet.add("DCGM_FI_PROF_SM_ACTIVE", 0.0, labels={"UUID": "GPU-1", "Hostname": "n1.example.com", "gpu": "0"})
    group = only(fleet, told((START + 30 * MINUTE, START + HOUR)))
    assert (1.0, 0.5) == (group.get("gpu_hours_paid").value, group.get("gpu_hours_down").value)
    assert "drained node" in [one.source for one in group.get("gpu_hours_down").inputs]


def test_a_gpu_that_works_is_not_down_because_its_node_drains() -> None:
    fleet = Fleet()
    fleet.add("DCGM_FI_PROF_SM_ACTIVE", 0.9, labels={"UUID": "GPU-1", "Hostname": "n1", "gpu": "0"})
    assert 0.0 == only(fleet, told((START, START + HOUR))).get("gpu_hours_down").value


def test_other_nodes_are_not_touched() -> None:
    fleet = Fleet()
    fleet.add("DCGM_FI_PROF_SM_ACTIVE", 0.0, labels={"UUID": "GPU-1", "Hostname": "n2", "gpu": "0"})
    assert 0.0 == only(fleet, told((START, START + HOUR))).get("gpu_hours_down").value


@pytest.mark.parametrize(
    ("start", "end", "steps"), [(0, 60, [1, 0, 0]), (31, 91, [0, 1, 0]), (0, 180, [1, 1, 1]), (0, 20, [0, 0, 0])]
)
def test_a_step_counts_by_its_middle(start: int, end: int, steps: list[int]) -> None:
    grid = Grid(START, START + 3 * MINUTE, 60)
    found = out_of_use({"10.0.0.5": [(START + start * 1000, START + end * 1000)]}, ["10.0.0.5", "10.0.0.6"], grid)
    np.testing.assert_array_equal(np.array([steps, [0, 0, 0]], bool), found)
