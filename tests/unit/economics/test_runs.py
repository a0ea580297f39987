"""Who held which GPU, from what schedulers report: a run's cost is its GPU-hours × the node's price."""

import asyncio
from decimal import Decimal
from fractions import Fraction
from typing import cast

import numpy as np
import pytest
from tests.unit.economics.conftest import House, line

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.economics.months import bounds
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.rules.model import SharePolicy
from trimtab.economics.shared.machines import FleetMachines
from trimtab.economics.shared.model import Use, under
from trimtab.economics.use import OwnersUse
from trimtab.fleet.claims import holder_name
from trimtab.fleet.direct import DirectLedger
from trimtab.fleet.gather import FactsReader, is_sliced
from trimtab.fleet.known import Known
from trimtab.fleet.telemetry.day import GpuRow, TelemetryDay
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
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


class Measured:
    """Telemetry that says one activity of every GPU of a node, and each run's share of SM time."""

    def __init__(self, inventory: InventoryRoom, active: dict[str, float], sm: dict[str, dict[str, float]]) -> None:
        self.inventory, self.active, self.sm = inventory, active, sm

    async def known(self, start_ms: int, end_ms: int) -> Known:
        runs = await self.inventory.runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), 100)
        lives = await self.inventory.nodes.existed(EVERYTHING, start_ms, end_ms)
        nodes = await self.inventory.nodes.all(EVERYTHING)
        sliced = frozenset((one.account, one.cluster, one.name) for one in nodes if is_sliced(one))
        shares = {(holder_name(one), "gpu-2"): self.sm[one.key.job] for one in runs if one.key.job in self.sm}
        known = Known(start_ms, end_ms, end_ms, lives, runs, None, (), sliced, shares)
        if not self.active:
            return known
        steps = (end_ms - start_ms) // HOUR
        rows = [GpuRow(f"GPU-{at}", "gpu-1", at, KEY[0], 1.0, start_ms, end_ms) for at in self.active]
        values = np.array([[share] * steps for share in self.active.values()])
        nothing = np.full(values.shape, -1)
        seen = np.ones(values.shape, np.bool_)
        day = TelemetryDay(start_ms, HOUR, rows, values, nothing, nothing, nothing, nothing, seen, (), (), ())
        return replace(known, telemetry=day)


def over(
    state: State, active: dict[str, float] | None = None, sm: dict[str, dict[str, float]] | None = None
) -> FleetMachines:
    """The machines of a ledger that is made on the spot."""
    clock = ManualClock(DAY + 48 * HOUR)
    inventory = InventoryRoom.of(state, clock)
    facts = cast("FactsReader", Measured(inventory, active or {}, sm or {}))
    return FleetMachines(DirectLedger(facts, clock), inventory.runs)


@pytest.fixture
def machines(state: State) -> FleetMachines:
    runs, nodes = RunStore(state), NodeStore(state)
    reported = [
        run("1", "search", 0, 12, Held("gpu-1", 2, (0, 1))),
        run("2", "ads", 6, 24, Held("gpu-1", 1)),
        run("3", "data", 0, 6, Held("gpu-1", 0.5)),
    ]
    node = Node(*KEY, "gpu-1", Condition.UP, gpus=4, instance_id="i-gpu")
    asyncio.run(runs.put(reported, DAY + 48 * HOUR))
    asyncio.run(nodes.put([node], DAY))
    return over(state)


def hours_of(machines: FleetMachines, name: str, policy: SharePolicy) -> dict[tuple[str, Use, bool], Fraction]:
    [days] = asyncio.run(machines.machines([name, "i-other"], DAY, DAY + 24 * HOUR)).values()
    found: dict[tuple[str, Use, bool], Fraction] = {}
    for one in under(days[DAY], policy):
        key = one.owner, one.use, one.assumed
        found[key] = found.get(key, Fraction(0)) + one.gpu_ms / HOUR
    return found


def test_hours_by_owner_are_the_runs_own_and_add_up(machines: FleetMachines) -> None:
    hours = hours_of(machines, "i-gpu", SharePolicy.ALLOCATED)
    assert {
        ("search", Use.HELD, False): Fraction(24),
        ("ads", Use.HELD, True): Fraction(18),
        ("data", Use.HELD, True): Fraction(3),
        ("", Use.UNALLOCATED, False): Fraction(51),
    } == hours
    assert 4 * 24 == sum(hours.values())


def test_a_day_on_which_a_machine_did_not_exist_has_no_parts(machines: FleetMachines) -> None:
    [days] = asyncio.run(machines.machines(["i-gpu"], DAY - 24 * HOUR, DAY + 24 * HOUR)).values()
    assert [DAY] == list(days)


def test_one_run_worked_out_by_hand(house: House, machines: FleetMachines, state: State) -> None:
    # 4 GPUs for a day are 96 GPU-hours; the node cost 960, so a GPU-hour is 10. Run 2 held one GPU for 18 hours.
    house.bring([line(cost="960", line_item_resource_id="i-gpu", line_item_usage_type="BoxUsage:p4d.24xlarge")])
    room = EconomicsRoom.of(
        house.telemetry, state, ImportLedger(state, house.clock), ManualClock(bounds(202611)[0]), None, machines
    )
    asyncio.run(room.rules.apply("shared: [{name: nodes, when: {usage-type: {contains: p4d}}}]", "tester"))
    lines = {one.key.owner: one.amount for one in asyncio.run(room.statements.statement(202608)).lines}
    assert {"ads": Decimal(180), "search": Decimal(240), "data": Decimal(30), "unowned": Decimal(510)} == lines


def test_gpu_seconds_come_from_runs_and_other_use_from_metrics(machines: FleetMachines) -> None:
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


def test_by_measured_use_a_run_pays_for_what_its_gpus_did(machines: FleetMachines, state: State) -> None:
    measured = over(state, active={"2": 0.25, "3": 0.25})
    hours = hours_of(measured, "i-gpu", SharePolicy.USED)
    assert Fraction(9, 2) == hours["ads", Use.ACTIVE, True]
    assert Fraction(24) == hours["search", Use.HELD, True]
    assert 4 * 24 == sum(hours.values())


def sliced(state: State, sm: dict[str, dict[str, float]]) -> dict[tuple[str, bool], Fraction]:
    """A node with one GPU on which pods take turns, a slice of a quarter each; `sm` is measured by job."""
    labels = {"nvidia.com/gpu.replicas": "4"}
    node = Node(*KEY, "gpu-2", Condition.UP, gpus=1, instance_id="i-sliced", labels=labels)
    reported = [run("1", "search", 0, 24, Held("gpu-2", 0.25)), run("2", "ads", 0, 24, Held("gpu-2", 0.5))]
    asyncio.run(RunStore(state).put(reported, DAY + 48 * HOUR))
    asyncio.run(NodeStore(state).put([node], DAY))
    hours = hours_of(over(state, sm=sm), "i-sliced", SharePolicy.ALLOCATED)
    return {(owner, assumed): amount for (owner, _, assumed), amount in hours.items()}


def test_turns_on_a_gpu_are_charged_by_measured_sm_time(state: State) -> None:
    # Three of four slices are taken, 18 of 24 hours: search had 0.6 of the SM time, ads 0.2 → 13.5 h and 4.5 h.
    assert {("search", False): Fraction(27, 2), ("ads", False): Fraction(9, 2), ("", False): Fraction(6)} == sliced(
        state, {"1": {"GPU-9": 0.6}, "2": {"GPU-9": 0.2}}
    )


def test_a_pod_that_was_seen_doing_nothing_had_no_sm_time(state: State) -> None:
    assert {("search", False): Fraction(18), ("", False): Fraction(6)} == sliced(state, {"1": {"GPU-9": 0.6}, "2": {}})


def test_turns_that_nobody_measured_go_by_slices_and_are_assumed(state: State) -> None:
    assert {("search", True): Fraction(6), ("ads", True): Fraction(12), ("", False): Fraction(6)} == sliced(
        state, {"1": {"GPU-9": 0.6}}
    )
