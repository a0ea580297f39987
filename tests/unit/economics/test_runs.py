"""Who held which GPU, from what schedulers report: a run's cost is its GPU-hours × the node's price."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from tests.unit.economics.conftest import House, line

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.economics.months import bounds
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.rules.model import SharePolicy
from trimtab.economics.shared.model import Use
from trimtab.economics.shared.runs import RunMachines
from trimtab.economics.shared.split import split_machine
from trimtab.economics.use import OwnersUse
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.inventory.runs.nodes import NodeStore
from trimtab.inventory.runs.store import RunStore
from trimtab.store.state.database import State

HOUR = 3_600_000
DAY = bounds(202608)[0] + 2 * 24 * HOUR  # the third, on which the tests' lines are
KEY = ("111111111111", "hpc")


def run(job: str, team: str, start_h: float, end_h: float, *held: Held) -> Run:
    times = (round(DAY + start_h * HOUR), round(DAY + end_h * HOUR))
    gpus = sum(one.gpus for one in held)
    return Run(
        RunKey(*KEY, job),
        "slurm",
        RunState.COMPLETED,
        times[0],
        team=team,
        start_ms=times[0],
        end_ms=times[1],
        gpus=gpus,
        held=held,
    )


@pytest.fixture
def machines(state: State) -> RunMachines:
    runs, nodes = RunStore(state), NodeStore(state)
    reported = [
        run("1", "search", 0, 12, Held("gpu-1", 2, (0, 1))),
        run("2", "ads", 6, 24, Held("gpu-1", 1)),
        run("3", "data", 0, 6, Held("gpu-1", 0.5)),
    ]
    node = Node(*KEY, "gpu-1", Condition.UP, gpus=4, instance_id="i-gpu")
    seen = DAY + 48 * HOUR
    asyncio.run(runs.put(reported, seen))
    asyncio.run(nodes.put([node], DAY))
    asyncio.run(nodes.put([node], seen))
    return RunMachines(runs, nodes)


def test_hours_by_owner_are_the_runs_own_and_add_up(machines: RunMachines) -> None:
    [machine] = asyncio.run(machines.machines(["i-gpu", "i-other"], DAY, DAY + 24 * HOUR)).values()
    parts = split_machine(machine, DAY, DAY + 24 * HOUR, SharePolicy.ALLOCATED)
    hours = {(part.owner, part.use): part.gpu_ms / HOUR for part in parts}
    assert {
        ("search", Use.HELD): Fraction(24),
        ("ads", Use.HELD): Fraction(18),
        ("data", Use.HELD): Fraction(3),
        ("", Use.UNALLOCATED): Fraction(51),
    } == hours
    assert 4 * 24 == sum(hours.values())


def test_one_run_worked_out_by_hand(house: House, machines: RunMachines, state: State) -> None:
    # 4 GPUs for a day are 96 GPU-hours; the node cost 960, so a GPU-hour is 10. Run 2 held one GPU for 18 hours.
    house.bring([line(cost="960", line_item_resource_id="i-gpu", line_item_usage_type="BoxUsage:p4d.24xlarge")])
    room = EconomicsRoom.of(
        house.telemetry, state, ImportLedger(state, house.clock), ManualClock(bounds(202611)[0]), None, machines
    )
    asyncio.run(room.rules.apply("shared: [{name: nodes, when: {usage-type: {contains: p4d}}}]", "tester"))
    lines = {one.key.owner: one.amount for one in asyncio.run(room.statements.statement(202608)).lines}
    assert {"ads": Decimal(180), "search": Decimal(240), "data": Decimal(30), "unowned": Decimal(510)} == lines


def test_gpu_seconds_come_from_runs_and_other_use_from_metrics(machines: RunMachines) -> None:
    async def measured(metric: str, by: str, start_ms: int, end_ms: int) -> dict[str, float]:
        if metric != "tokens":
            raise InvalidInput("no such metric")
        return {"ads": 1.5, "search": 0.0}

    use = OwnersUse(machines, measured)
    month = bounds(202608)
    assert {"search": 86_400, "ads": 64_800, "data": 10_800} == asyncio.run(use.use("gpu-seconds", "team", *month))
    assert {"ads": Decimal("1.5")} == asyncio.run(use.use("tokens", "team", *month))
    with pytest.raises(InvalidInput):
        asyncio.run(use.use("steps", "team", *month))


def test_by_measured_use_a_run_pays_for_what_its_gpus_did(machines: RunMachines) -> None:
    async def activity(runs: Sequence[Run], start_ms: int, end_ms: int) -> dict[RunKey, float]:
        return {one.key: 0.25 for one in runs if one.team == "ads"}

    measured = RunMachines(machines._runs, machines._nodes, activity)
    [machine] = asyncio.run(measured.machines(["i-gpu"], DAY, DAY + 24 * HOUR)).values()
    parts = split_machine(machine, DAY, DAY + 24 * HOUR, SharePolicy.USED)
    hours = {(part.owner, part.use, part.assumed): part.gpu_ms / HOUR for part in parts}
    assert Fraction(9, 2) == hours["ads", Use.ACTIVE, False]
    assert Fraction(27, 2) == hours["", Use.IDLE, False]
    assert Fraction(24) == hours["search", Use.HELD, True]
    assert 4 * 24 == sum(hours.values())


def sliced(state: State, sm: dict[str, dict[str, float]], replicas: str = "4") -> RunMachines:
    """A node with one GPU on which pods take turns, a slice of a quarter each; `sm` is measured by job."""
    runs, nodes = RunStore(state), NodeStore(state)
    labels = {"nvidia.com/gpu.replicas": replicas}
    node = Node(*KEY, "gpu-2", Condition.UP, gpus=1, instance_id="i-sliced", labels=labels)
    reported = [run("1", "search", 0, 24, Held("gpu-2", 0.25)), run("2", "ads", 0, 24, Held("gpu-2", 0.5))]
    asyncio.run(runs.put(reported, DAY + 48 * HOUR))
    asyncio.run(nodes.put([node], DAY))
    asyncio.run(nodes.put([node], DAY + 48 * HOUR))

    async def measured(known: Sequence[Run], start_ms: int, end_ms: int) -> dict[tuple[RunKey, str], dict[str, float]]:
        return {(one.key, "gpu-2"): sm[one.key.job] for one in known if one.key.job in sm}

    return RunMachines(runs, nodes, sm_time=measured)


def hours(machines: RunMachines) -> dict[tuple[str, bool], Fraction]:
    [machine] = asyncio.run(machines.machines(["i-sliced"], DAY, DAY + 24 * HOUR)).values()
    parts = split_machine(machine, DAY, DAY + 24 * HOUR, SharePolicy.ALLOCATED)
    return {(part.owner, part.assumed): part.gpu_ms / HOUR for part in parts}


def test_turns_on_a_gpu_are_charged_by_measured_sm_time(state: State) -> None:
    # Three of four slices are taken, 18 of 24 hours: search had 0.6 of the SM time, ads 0.2 → 13.5 h and 4.5 h.
    assert {("search", False): Fraction(27, 2), ("ads", False): Fraction(9, 2), ("", False): Fraction(6)} == hours(
        sliced(state, {"1": {"GPU-9": 0.6}, "2": {"GPU-9": 0.2}})
    )


def test_a_pod_that_was_seen_doing_nothing_had_no_sm_time(state: State) -> None:
    assert {("search", False): Fraction(18), ("", False): Fraction(6)} == hours(
        sliced(state, {"1": {"GPU-9": 0.6}, "2": {}})
    )


def test_turns_that_nobody_measured_go_by_slices_and_are_assumed(state: State) -> None:
    assert {("search", True): Fraction(6), ("ads", True): Fraction(12), ("", False): Fraction(6)} == hours(
        sliced(state, {"1": {"GPU-9": 0.6}})
    )
