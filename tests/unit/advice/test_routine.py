"""The whole loop over a real state and a bill by hand: found, accepted, applied, measured, told of once a month."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.facts import DAY_MS, Watch
from trimtab.advice.finding import Finding, Judgement, Pillar, Undecided
from trimtab.advice.gather.facts_reader import FactsReader
from trimtab.advice.knobs import KnobStore
from trimtab.advice.ledger.keeper import Change, LedgerKeeper
from trimtab.advice.ledger.model import EntryState, Grade
from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.plan.model import Plan
from trimtab.advice.routine import Routine
from trimtab.advice.standing import DIGEST, Decision, Wanted
from trimtab.advice.store import FindingStore
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.costs.explorer import eligible
from trimtab.costs.explorer.commitments import CommitmentUse
from trimtab.costs.explorer.explorer import Slice
from trimtab.costs.model import CostQuery, CostRow, Dimension, Facet, Filter, Granularity, Tag
from trimtab.costs.read import PowerCost
from trimtab.costs.room import CostsRoom
from trimtab.inventory.readings import Whole
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource
from trimtab.inventory.room import InventoryRoom
from trimtab.metrics.model import Kind
from trimtab.metrics.read import MetricReader
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

START = 20_400 * DAY_MS + 3 * 3_600_000  # 03:00 UTC
ACCOUNT, REGION = "111122223333", "us-east-1"
VOLUME, OTHER = "vol-0a1", "vol-0b2"


class Bill:
    """Volumes of 2.00 a day until one is deleted, a GPU node, and 50.00 of transfer between zones."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.deleted_ms = 1 << 60
        self.ended_ms = 1 << 60

    async def extent(self) -> tuple[int, int]:
        return START - 360 * DAY_MS, min(self.clock.now_ms(), self.ended_ms) // DAY_MS * DAY_MS

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        assert query.start_ms < query.end_ms
        if Dimension.RESOURCE_ID not in query.group_by or "DataTransfer" in str(query.where):
            return []
        rows = []
        step = DAY_MS if query.granularity is Granularity.DAILY else query.end_ms - query.start_ms
        for start in range(query.start_ms, query.end_ms, step):
            for name in (VOLUME, OTHER):
                until = min(start + step, self.deleted_ms if name == VOLUME else 1 << 60)
                amount = Decimal(2) * max(until - start, 0) / DAY_MS
                rows.append(
                    self._row(query, start, start + step, f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{name}", amount)
                )
        return rows

    def _row(self, query: CostQuery, start: int, end: int, resource: str, amount: Decimal) -> CostRow:
        known: dict[Facet, str] = {
            Dimension.RESOURCE_ID: resource,
            Dimension.SERVICE: "AmazonEC2",
            Tag("team"): "search",
        }
        keys = tuple(known.get(facet, "") for facet in query.group_by)
        return CostRow(start, end, keys, "USD", "", 1, tuple(amount for _ in query.metrics))

    async def power(self, scope: Scope, start_ms: int, end_ms: int) -> list[PowerCost]:
        return []

    async def commitments(self, scope: Scope, span: tuple[int, int], where: Filter) -> dict[Slice, CommitmentUse]:
        assert where == eligible.AWS
        return {
            Slice(*span, ("Savings Plan", "arn:aws:savingsplans::1:savingsplan/sp-1", "AWS"), "USD"): CommitmentUse(
                total=Decimal(100), used=Decimal(60)
            )
        }


class World:
    def __init__(self, state: State) -> None:
        self.clock = ManualClock(START)
        self.bill = Bill(self.clock)
        self.fleet = Fleet()
        self.state = state
        self.inventory = InventoryRoom.of(state, self.clock)
        self.changes: list[tuple[str, Change]] = []
        self.planned: list[Plan] = []
        costs = cast(CostsRoom, SimpleNamespace(reader=self.bill, explorer=self.bill))
        reader = cast(MetricReader, self.fleet)
        self.fleet.fresh = self.fresh  # type: ignore[attr-defined]  # the reader's own, of which the fleet has none
        facts = FactsReader(self.inventory, reader, self.fleet.registry, costs, self.watches, self.owner, self.clock)
        self.findings, knobs = FindingStore(state, self.clock), KnobStore(state)
        self.ledger = LedgerKeeper(LedgerStore(state), costs, self.change, self.clock, self.plans)
        self.routine = Routine(state, self.clock, self.findings, facts, self.ledger, knobs)

    async def fresh(self) -> bool:
        return True

    async def watches(self, scope: Scope) -> Sequence[Watch]:
        return []

    async def owner(self) -> Facet:
        return Tag("team")

    async def plans(self) -> list[Plan]:
        return self.planned

    async def change(self, resource: str, start_ms: int, end_ms: int) -> Change | None:
        return next((one for name, one in self.changes if name == resource), None)

    def has(self, *names: str) -> None:
        found = [self.volume(name) for name in names]
        whole = Whole(ACCOUNT, REGION, ["ec2:volume"], found, "aws", self.clock.now_ms())
        asyncio.run(self.inventory.readings.keep(whole))

    def volume(self, name: str) -> Resource:
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{name}"
        state = "available" if name == VOLUME else "in-use"
        attributes = {
            "State": state,
            "Size": 700,
            "VolumeType": "gp3",
            "CreateTime": START - 90 * DAY_MS,
            "Encrypted": True,
        }
        return Resource(parse_arn(arn), name, "", "gp3", {}, "aws", 0, arn, attributes)

    def found(self, **wanted: str) -> dict[str, Any]:
        listed = asyncio.run(self.findings.listed(EVERYTHING, Wanted(**wanted)))
        return {one.finding.name: one for one in listed}


@pytest.fixture
def world(state: State) -> World:
    return World(state)


def test_advice_is_found_applied_and_graded(world: World) -> None:
    world.has(VOLUME, OTHER)
    asyncio.run(world.routine.recompute())
    one = world.found(check="DAvU99Dc4C")[VOLUME]
    # 60.00 in 30 days: 60 × 730 / 720
    assert (Decimal("60.83"), "search", "ec2:volume") == (one.finding.cash, one.finding.owner, one.finding.kind)
    decided = asyncio.run(world.findings.decide(EVERYTHING, one.finding.id, Decision.ACCEPTED, "ada"))
    asyncio.run(world.ledger.accepted(decided))
    world.clock.advance(86_400)
    world.changes.append((VOLUME, Change(world.clock.now_ms(), "DeleteVolume", "jonas")))
    world.bill.deleted_ms = world.clock.now_ms() // DAY_MS * DAY_MS
    world.has(OTHER)
    asyncio.run(world.routine.recompute())
    assert {} == world.found(check="DAvU99Dc4C")
    [line] = asyncio.run(world.ledger.store.listed(EVERYTHING))
    assert EntryState.APPLIED is line.state
    assert "the resource is gone from the inventory; jonas called DeleteVolume" == line.proof
    world.clock.advance(9 * 86_400)
    asyncio.run(world.routine.recompute())
    [line] = asyncio.run(world.ledger.store.listed(EVERYTHING))
    # 2.00 a day before, nothing since: 2 × 730 / 24 a month, on eight whole days
    assert (EntryState.MEASURED, Decimal("60.83"), Decimal("16.00")) == (line.state, line.realised, line.realised_total)
    assert Grade.AS_PREDICTED is line.grade


def test_what_a_recommender_does_not_find_any_more_was_applied_unless_it_could_not_judge(world: World) -> None:
    """As of sizes: it publishes by itself, at night and also when somebody presses its button."""
    size = Finding(
        "sizes", Pillar.COST, "aws/1/r/instance/i-1", "instance", "i-1", "1", "r", "m5 would do", cash=Decimal(9)
    )
    lost = replace(size, resource="aws/1/r/instance/i-2", name="i-2")
    judged = [Judgement("sizes", (size, lost)), Judgement("sizes", (), (Undecided(lost.resource, "no metrics"),))]

    async def recommend(now_ms: int) -> None:
        await world.findings.publish(judged[:1] if len(judged) > 1 else judged)
        judged[:-1] = []

    world.routine.recomputing.append(recommend)
    asyncio.run(world.routine.recompute())
    assert asyncio.run(world.ledger.store.listed(EVERYTHING)) == []
    asyncio.run(world.routine.recompute())
    [line] = asyncio.run(world.ledger.store.listed(EVERYTHING))
    assert (line.resource, line.state, line.proof) == (
        size.resource,
        EntryState.APPLIED,
        "its check does not find it any more",
    )


def test_what_was_accepted_and_is_gone_between_two_nights_was_applied(world: World) -> None:
    size = Finding(
        "sizes", Pillar.COST, "aws/1/r/instance/i-1", "instance", "i-1", "1", "r", "m5 would do", cash=Decimal(9)
    )
    asyncio.run(world.findings.publish([Judgement("sizes", (size,))]))
    asyncio.run(
        world.ledger.accepted(asyncio.run(world.findings.decide(EVERYTHING, size.id, Decision.ACCEPTED, "ada")))
    )
    asyncio.run(world.findings.publish([Judgement("sizes", ())]))
    asyncio.run(world.routine.recompute())
    [line] = asyncio.run(world.ledger.store.listed(EVERYTHING))
    assert (line.state, line.predicted) == (EntryState.APPLIED, Decimal(9))


def test_where_the_newest_bill_is_old_nothing_is_measured_yet(world: World) -> None:
    world.has(VOLUME, OTHER)
    asyncio.run(world.routine.recompute())
    world.has(OTHER)
    asyncio.run(world.routine.recompute())
    world.bill.ended_ms = START - 90 * DAY_MS
    assert 0 == asyncio.run(world.ledger.measure())
    [line] = asyncio.run(world.ledger.store.listed(EVERYTHING))
    assert EntryState.APPLIED is line.state


def test_what_cannot_be_judged_any_more_is_not_applied(world: World) -> None:
    world.has(VOLUME)
    asyncio.run(world.routine.recompute())
    unread = replace(world.volume(VOLUME), attributes={})
    asyncio.run(world.inventory.readings.keep(Whole(ACCOUNT, REGION, ["ec2:volume"], [unread], "aws", 0)))
    asyncio.run(world.routine.recompute())
    assert [] == asyncio.run(world.ledger.store.listed(EVERYTHING))


def test_an_idle_gpu_is_told_of_by_its_metrics_and_a_waiting_server_is_not(world: World) -> None:
    times = [START - at * 300_000 for at in range(1, 12 * 24)][::-1]
    for uuid, pod in (("GPU-1", "trainer-0"), ("GPU-2", "llm-0")):
        labels = {
            "UUID": uuid,
            "Hostname": "p5-01",
            "pod": pod,
            "namespace": "vision",
            "modelName": "NVIDIA H100 80GB HBM3",
        }
        world.fleet.add("DCGM_FI_PROF_SM_ACTIVE", 0.0, times=times, labels=labels)
    labels = {"pod": "llm-0", "namespace": "vision", "model_name": "llama"}
    world.fleet.add("vllm:num_requests_running", 2.0, times=times, labels=labels, kind=Kind.GAUGE)
    asyncio.run(world.routine.recompute(["trimtab-idle-gpu"]))
    [one] = world.found(check="trimtab-idle-gpu").values()
    assert ("GPU-1", 730.0) == (one.finding.resource.rpartition("/")[2], one.finding.gpu_hours)


def test_a_commitment_that_idles_is_found_in_the_bill(world: World) -> None:
    asyncio.run(world.routine.recompute(["trimtab-on-demand-beside-idle-commitment"]))
    [one] = world.found().values()
    assert "40% of it is paid and not used" == one.finding.summary


def test_the_night_computes_once_and_the_digest_goes_once_a_month(world: World) -> None:
    world.has(VOLUME)
    asyncio.run(world.routine.turn())
    asyncio.run(world.routine.turn())
    assert 1 == len(asyncio.run(world.findings.runs()))
    world.clock.advance(86_400)
    asyncio.run(world.routine.turn())
    assert 2 == len(asyncio.run(world.findings.runs()))
    query = select(outbox.c.kind).where(outbox.c.kind == DIGEST)
    assert 1 == len(world.state.read_sync(lambda connection: connection.execute(query).all()))


def test_a_refresh_that_was_asked_for_is_done_at_the_next_turn(world: World) -> None:
    asyncio.run(world.routine.turn())
    world.clock.advance(60)
    asyncio.run(world.findings.asked("DAvU99Dc4C"))
    asyncio.run(world.routine.turn())
    assert "DAvU99Dc4C" == asyncio.run(world.findings.runs())[0].what


def test_a_threshold_that_was_changed_counts(world: World) -> None:
    asyncio.run(world.routine.knobs.set("trimtab-on-demand-beside-idle-commitment", {"unused": 50}))
    asyncio.run(world.routine.recompute())
    assert {} == world.found()


def test_hours_lost_to_errors_name_node_cause_and_place(world: World) -> None:
    hours = [START - at * 3_600_000 for at in range(1, 7)][::-1]
    for uuid, xid in (("GPU-1", 79.0), ("GPU-2", 31.0), ("GPU-3", 74.0), ("GPU-4", 136.0)):
        labels = {"UUID": uuid, "Hostname": "p5-07", "modelName": "NVIDIA H100 80GB HBM3"}
        world.fleet.add("DCGM_FI_DEV_XID_ERRORS", xid, times=hours, labels=labels, account=ACCOUNT)
    asyncio.run(world.routine.recompute(["trimtab-gpu-hours-lost"]))
    found = asyncio.run(world.findings.listed(EVERYTHING))
    lost = {"XID 79": 6.08, "NVLink (XID 74)": 6.08, "XID 136": 6.08}
    assert lost == {one.finding.part: one.finding.gpu_hours for one in found}
    assert {(ACCOUNT, "eu", "p5-07")} == {(one.finding.account, one.finding.region, one.finding.name) for one in found}
