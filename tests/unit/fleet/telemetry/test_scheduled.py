"""Runs that a scheduler tells of say who held a GPU, where the metrics do not."""

from collections.abc import Sequence

import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.scheduled import Holding, Scheduled
from trimtab.kpis.model import Level

HALF = START + 30 * MINUTE


def told(*holdings: Holding) -> Scheduled:
    async def ask(scope: Scope, start_ms: int, end_ms: int) -> Sequence[Holding]:
        return holdings

    return Scheduled(holdings=ask)


def fleet_of(*indexes: str, value: float = 0.0, **labels: str) -> Fleet:
    fleet = Fleet()
    for index in indexes:
        named = {"UUID": f"GPU-{index}", "Hostname": "n1.example.com", "gpu": index, **labels}
        fleet.add("DCGM_FI_PROF_SM_ACTIVE", value, labels=named)
    return fleet


def hours(
    fleet: Fleet, scheduled: Scheduled, level: Level = Level.TEAM
) -> dict[str, tuple[float | None, float | None]]:
    groups = fleet.report(level, scheduled=scheduled).groups
    return {one.group: (one.get("gpu_hours_paid").value, one.get("gpu_hours_allocated").value) for one in groups}


@pytest.mark.parametrize(
    "holding",
    [
        Holding("n1", START, HALF, "search", indexes=("0",)),
        Holding("elsewhere", START, HALF, "search", uuids=("GPU-0",)),
        Holding("n1", START, HALF, "search", whole=True),
    ],
)
def test_a_run_holds_its_gpus_for_its_team(holding: Holding) -> None:
    found = hours(fleet_of("0"), told(holding))
    assert {"search": (0.5, 0.5), "unowned": (0.5, None)} == found


def test_a_count_without_indexes_claims_no_gpu() -> None:
    found = hours(fleet_of("0", "1"), told(Holding("n1", START, START + HOUR, "search")))
    assert {"unowned"} == set(found)


def test_a_label_of_the_metrics_names_the_team_before_the_scheduler() -> None:
    found = hours(fleet_of("0", team="vision"), told(Holding("n1", START, START + HOUR, "search", indexes=("0",))))
    assert {"vision": (1.0, 1.0)} == found


def test_other_gpus_of_the_node_stay_as_they_are() -> None:
    found = hours(fleet_of("0", "1"), told(Holding("n1", START, START + HOUR, "search", indexes=("0",))))
    assert (1.0, 1.0) == found["search"]
    assert 1.0 == found["unowned"][0]
