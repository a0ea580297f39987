"""One run worked out by hand, and what is said where less is known.

Two nodes of two H100 each, four hours from 01:00 (START + 1 h) to 05:00, submitted at 00:30:

    n1/0   30 min idle, 3 h at 80 %, 30 min idle         n1/1   the same
    n2/0   4 h at 80 %                                   n2/1   never busy

    GPU-hours   2 nodes × 2 GPUs × 4 h                          = 16
    active      2 × 3 h × 0.8 + 4 h × 0.8 + 0                   =  8.0   → 8 / 16 = 50 %
    cost        16 GPU-h × 2.50 USD                             = 40.00 USD
    idle start  2 × 0.5 h = 1 GPU-h                             =  2.50 USD
    idle tail   2 × 0.5 h = 1 GPU-h                             =  2.50 USD
    unused      n2/1, 4 GPU-h                                   = 10.00 USD  ← the largest
"""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet, direct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.fleet.money import Prices, no_estimates
from trimtab.fleet.phases.pace import RankPaces
from trimtab.inventory.catalog.model import PriceBasis, Rate, RateKind, RateUnit
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.kpis.runs.losses import LossKind
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import RunReport
from trimtab.store.state.database import State

BEGUN, ENDED = START + HOUR, START + 5 * HOUR
KEY = RunKey("1", "atlas", "48213")
RUN = Run(
    KEY,
    "slurm",
    RunState.COMPLETED,
    BEGUN - 30 * MINUTE,
    name="pretrain",
    user="mira",
    team="foundation",
    queue="p5",
    reason="Resources",
    exit_code=0,
    start_ms=BEGUN,
    end_ms=ENDED,
    gpus=4.0,
    gpu_type="h100",
    nodes=2,
    node_names=("n1", "n2"),
    held=(Held("n1", 2.0, (0, 1)), Held("n2", 2.0, (0, 1))),
)
WORK = [0.0] * 30 + [0.8] * 180 + [0.0] * 30
LEVELS: Mapping[tuple[str, str], list[float] | float] = {
    ("n1", "0"): WORK,
    ("n1", "1"): WORK,
    ("n2", "0"): 0.8,
    ("n2", "1"): 0.0,
}


class Bill:
    """Rows of a bill, as the costs room answers."""

    def __init__(self, rows: Any = ()) -> None:
        self.rows = list(rows)

    async def hours_apart(self, *asked: Any) -> list[Any]:
        return []

    async def costs(self, scope: Scope, query: Any) -> list[Any]:
        return self.rows

    async def values(self, *asked: Any) -> list[Any]:
        return [SimpleNamespace(value="Hrs")] if self.rows else []


def reports_of(room: InventoryRoom, fleet: Fleet, now_ms: int, bill: Any = None) -> RunReports:
    """Reports over a ledger that is made on the spot."""
    asked = bill or Bill()

    async def bill_of(day: int) -> str:
        return "a bill" if asked.rows else ""

    ledger = replace(direct(fleet, now_ms, room), prices=Prices(asked, room, no_estimates, bill_of))
    return RunReports(cast("Any", fleet), fleet.registry, room, ledger, ManualClock(now_ms))


@pytest.fixture
def room(tmp_path: Path) -> Any:
    state = State.open("", tmp_path)
    yield InventoryRoom.of(state, ManualClock())
    state.close()


def fleet_of(levels: Mapping[tuple[str, str], list[float] | float] = LEVELS, **labels: str) -> Fleet:
    fleet = Fleet()
    times = [BEGUN + number * MINUTE for number in range(240)]
    for (node, index), values in levels.items():
        named = {"Hostname": f"{node}.example.com", "gpu": index, "UUID": f"GPU-{node}-{index}", **labels}
        fleet.add("DCGM_FI_PROF_SM_ACTIVE", values, times=times, labels=named)
    # Another run had these GPUs before and after: nothing of it may count.
    for node, index in levels:
        other = {"Hostname": f"{node}.example.com", "gpu": index, "UUID": f"GPU-{node}-{index}", "hpc_job": "1"}
        before = [START + number * MINUTE for number in range(60)]
        after = [ENDED + number * MINUTE for number in range(60)]
        fleet.add("DCGM_FI_PROF_SM_ACTIVE", 1.0, times=before + after, labels=other)
    return fleet


def report(
    room: InventoryRoom,
    fleet: Fleet,
    run: Run = RUN,
    bill: Any = None,
    now_ms: int = ENDED + 60_000,
    pace: RankPaces | None = None,
) -> RunReport:
    async def paces(scope: Scope, runs: Sequence[Run]) -> Mapping[RunKey, RankPaces]:
        return {} if pace is None else {one.key: pace for one in runs}

    async def work() -> RunReport:
        await room.rates.put([Rate(RateKind.PRICE, "gpu:H100", RateUnit.GPU_HOUR, Decimal("2.5"), "USD", 0)])
        await room.runs.put([run], now_ms)
        reports = replace(reports_of(room, fleet, now_ms, bill), paces=paces)
        return await reports.one(EVERYTHING, run.key.job)

    return asyncio.run(work())


def test_the_run_worked_out_by_hand(room: InventoryRoom) -> None:
    found = report(room, fleet_of())
    assert 16.0 == found.gpu_hours == found.known_hours
    assert pytest.approx(8.0) == found.active_hours
    assert pytest.approx(0.5) == found.active_share
    assert (30 * MINUTE, ("SM_ACTIVE",), "GPU indexes of the scheduler") == (
        found.wait_ms,
        found.measured_by,
        found.gpus_known_by,
    )
    assert ({"USD": Decimal("40.000")}, (PriceBasis.RATE_CARD,)) == (found.cost.amounts, found.cost.bases)
    losses = {one.loss.kind: one for one in found.losses}
    assert {LossKind.UNUSED_GPUS: 4.0, LossKind.IDLE_START: 1.0, LossKind.IDLE_TAIL: 1.0} == pytest.approx(
        {kind: one.loss.gpu_hours for kind, one in losses.items()}
    )
    assert found.largest_loss is not None
    assert LossKind.UNUSED_GPUS == found.largest_loss.loss.kind
    assert Decimal("10.00") == round(found.largest_loss.amounts["USD"], 2)
    assert Decimal("2.50") == round(losses[LossKind.IDLE_TAIL].amounts["USD"], 2)
    assert "1 GPU of the run did nothing for 4.0 h: ask for fewer GPUs" == found.largest_loss.words
    assert "2 GPUs idle for 30 min each on average" in losses[LossKind.IDLE_TAIL].words
    assert [("Resources", BEGUN - 30 * MINUTE, BEGUN)] == [
        (one.reason, one.from_ms, one.to_ms) for one in found.stretches
    ]


def test_it_is_settled_a_minute_after_its_end(room: InventoryRoom) -> None:
    assert report(room, fleet_of(), now_ms=ENDED + 60_000).settled
    assert not report(room, fleet_of(), replace(RUN, name="again"), now_ms=ENDED + 59_000).settled


def test_the_job_label_of_the_gpu_metrics_tells_which_gpus_where_the_scheduler_does_not(room: InventoryRoom) -> None:
    counts = replace(RUN, held=(Held("n1", 2.0), Held("n2", 2.0)))
    found = report(room, fleet_of(hpc_job="48213"), counts)
    assert ("job label of the GPU metrics", pytest.approx(0.5)) == (found.gpus_known_by, found.active_share)


def test_pod_labels_tell_which_gpus(room: InventoryRoom) -> None:
    part = Held("n1", 2.0, pod="vision/trainer-0")
    pod = replace(RUN, key=RunKey("1", "research", "vision/trainer-0"), scheduler="kubernetes", held=(part,), gpus=2.0)
    levels = {("n1", "0"): 0.5, ("n1", "1"): 0.5, ("n1", "2"): 1.0}
    fleet = fleet_of({("n1", "2"): 1.0})
    for index in ("0", "1"):
        named = {"Hostname": "n1", "gpu": index, "UUID": f"GPU-n1-{index}", "namespace": "vision", "pod": "trainer-0"}
        times = [BEGUN + number * MINUTE for number in range(240)]
        fleet.add("DCGM_FI_PROF_SM_ACTIVE", levels["n1", index], times=times, labels=named)
    found = report(room, fleet, pod)
    assert ("pod label of the GPU metrics", pytest.approx(0.5)) == (found.gpus_known_by, found.active_share)


def test_counts_alone_leave_the_utilisation_unknown_and_the_cost_known(room: InventoryRoom) -> None:
    """One of two GPUs of each node: nothing says which."""
    counts = replace(RUN, gpus=2.0, held=(Held("n1", 1.0), Held("n2", 1.0)))
    found = report(room, fleet_of(), counts)
    assert (None, None, ()) == (found.active_hours, found.active_share, found.losses)
    assert "utilisation unknown" in found.unknown
    assert {"USD": Decimal("20.000")} == found.cost.amounts


def test_counts_are_enough_where_it_held_whole_nodes(room: InventoryRoom) -> None:
    counts = replace(RUN, held=(Held("n1", 2.0), Held("n2", 2.0)))
    found = report(room, fleet_of(), counts)
    assert ("whole nodes", pytest.approx(0.5)) == (found.gpus_known_by, found.active_share)


def test_the_bill_comes_before_the_own_rate(room: InventoryRoom) -> None:
    class Row:
        currency, start_ms = "EUR", START // 86_400_000 * 86_400_000

        def __init__(self, name: str) -> None:
            self.keys = (name,)
            self.amounts = (Decimal(99), Decimal(98), Decimal(32))  # net amortised: 8 hours at 4.00 EUR

    async def nodes() -> None:
        known = [Node("1", "atlas", name, Condition.UP, gpus=2.0, instance_id=f"i-{name}") for name in ("n1", "n2")]
        await room.nodes.put(known, START)

    asyncio.run(nodes())
    found = report(room, fleet_of(), bill=Bill([Row("i-n1"), Row("i-n2")]), now_ms=START + 8 * HOUR)
    assert ({"EUR": Decimal("32.000")}, (PriceBasis.BILL,)) == (found.cost.amounts, found.cost.bases)
    assert ("billed for i-n1", "billed for i-n2") == found.cost.notes


def test_an_unknown_price_is_unknown_with_a_reason(room: InventoryRoom) -> None:
    found = report(room, fleet_of(), replace(RUN, gpu_type="mi300x"))
    assert ({}, 16.0) == (found.cost.amounts, found.cost.unpriced_hours)
    assert "neither an own rate nor an instance type is known for mi300x" in found.cost.reason


def test_a_run_whose_gpus_never_worked(room: InventoryRoom) -> None:
    found = report(room, fleet_of(dict.fromkeys(LEVELS, 0.0)))
    assert found.largest_loss is not None
    assert (LossKind.NEVER_USED, pytest.approx(16.0)) == (
        found.largest_loss.loss.kind,
        found.largest_loss.loss.gpu_hours,
    )


def test_low_activity_is_measured_against_one_half(room: InventoryRoom) -> None:
    found = report(room, fleet_of(dict.fromkeys(LEVELS, 0.2)))
    assert found.largest_loss is not None
    assert LossKind.LOW_ACTIVITY == found.largest_loss.loss.kind
    assert pytest.approx(16 * (1 - 0.2 / 0.5)) == found.largest_loss.loss.gpu_hours


def test_half_of_the_gpus_would_do_where_memory_and_activity_say_so(room: InventoryRoom) -> None:
    fleet = fleet_of(dict.fromkeys(LEVELS, 0.3))
    times = [BEGUN + number * MINUTE for number in range(240)]
    for node, index in LEVELS:
        named = {"Hostname": node, "gpu": index, "UUID": f"GPU-{node}-{index}"}
        fleet.add("DCGM_FI_DEV_FB_USED", 20_000.0, times=times, labels=named)
        fleet.add("DCGM_FI_DEV_FB_FREE", 60_000.0, times=times, labels=named)
    found = {one.loss.kind: one for one in report(room, fleet).losses}
    assert pytest.approx(8.0) == found[LossKind.OVERSIZED].loss.gpu_hours
    assert "2 of 4 GPUs would do" in found[LossKind.OVERSIZED].words


def test_in_a_list_what_others_did_in_the_first_and_last_steps_does_not_count(room: InventoryRoom) -> None:
    early = replace(RUN, key=RunKey("1", "atlas", "1"), start_ms=START, end_ms=START + HOUR, submit_ms=START)

    async def work() -> dict[str, float | None]:
        await room.runs.put([RUN, early], ENDED)
        fleet = fleet_of()
        reports = reports_of(room, fleet, ENDED)
        from_list = await reports.reports(EVERYTHING, [RUN, early])
        return {one.run.key.job: one.active_share for one in from_list}

    assert {"48213": pytest.approx(0.5, abs=0.01), "1": pytest.approx(1.0)} == asyncio.run(work())
