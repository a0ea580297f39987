"""A server whose every page with tiles has something to show: made-up telemetry, and rooms of money over a bill."""

import asyncio
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from tests.unit.economics.conftest import Told, csv_of, every_kind
from tests.unit.economics.unit.test_objects import Facts, Ledgers

from browser.pretend import ACCOUNT, REGION, build_state
from gates import open_gate
from trimtab.advice.finding import Finding, Judgement, Pillar
from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.store import FindingStore
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.batch.report import Report
from trimtab.batch.store import JobStore, KeptJob
from trimtab.costs.files.folder import LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.room import CostsRoom
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.shared.model import Use
from trimtab.economics.unit.room import UnitCosts
from trimtab.inference.result import Interval, Level, LoadTest, Overhead
from trimtab.inference.room import InferenceRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_costs import COST_TABLES
from trimtab.web.app import WebState
from unit.economics.unit.made import DAY, START, ledger, piece, run

JOB, GPU = "0f2a9c1e7b3d4f60", Finding(
    "DAvU99Dc4C", Pillar.COST, "aws/1/us-east-1/volume/vol-1", "ec2:volume", "vol-1", ACCOUNT, REGION, "attached to "
    "nothing", owner="research", cash=Decimal(8), gpu_hours=730.0,
)  # fmt: skip


class Quiet(Facts):
    """Facts of runs that say nothing but what models served."""

    async def nobody(self, *asked: Any) -> dict[str, Any]:
        return {}

    activity = hosts = epochs = nobody


def every_room(engine: Telemetry, state: State, folder: Path) -> WebState:
    """The server; its bill is of the running month."""
    clock = ManualClock()
    for table in COST_TABLES:
        engine.command(f"TRUNCATE TABLE {table.name}")
    made = build_state(3, clock, gpus=True)
    costs = CostsRoom.of(engine, state, clock, folder, embedded=True)
    _bill(engine, costs, folder)
    told = Told()
    return replace(
        made,
        costs=costs,
        economics=EconomicsRoom.of(engine, state, costs.ledger, clock, told, told),
        units=_units(),
        batch=_batch(state, clock),
        inference=_inference(state, clock, folder),
        advice=_advice(state, clock),
    )


def _bill(engine: Telemetry, costs: CostsRoom, folder: Path) -> None:
    path = folder / "bill.csv"
    path.write_bytes(csv_of(every_kind("2025-11")))
    importer = Importer(engine, costs.ledger, folder / "work", lambda at, _: LocalFolder(Path(at)), embedded=True)
    assert importer.run(ImportRequest(str(path), source="cur")).receipt is not None


def _units() -> UnitCosts:
    one = run("48791")
    slices = [piece("1/atlas/48791", Use.ACTIVE, "500"), piece("1/atlas/48791", Use.IDLE, "200", day=6)]
    return UnitCosts(cast("Any", Ledgers(ledger([one], slices))), cast("Any", Quiet()), ManualClock(START + 7 * DAY))


def _batch(state: State, clock: ManualClock) -> Any:
    now, store = clock.now_ms() - 60_000, JobStore(state, clock)
    report = msgspec.json.encode(Report(id=JOB, name="captions", status="InProgress", started_ms=now)).decode()
    asyncio.run(store.put(KeptJob(JOB, ACCOUNT, REGION, "records", "captions", "InProgress", now, now, report)))
    return SimpleNamespace(recorder=SimpleNamespace(store=store))


def _inference(state: State, clock: ManualClock, folder: Path) -> InferenceRoom:
    room = InferenceRoom.of(state, clock, folder, ACCOUNT, REGION, open_gate())
    flat = Interval(20, 20, 20)
    level = Level(9, 9, 9, 1.0, 10.0, 1000, 0.0, "meets", Interval(1, 1, 1), {"p99": flat}, {}, tokens_per_s=900)
    over, best = Overhead(30.0, 0.1, 0.1, False), Interval(9, 8.8, 9.2)
    test = LoadTest("llm", "http://m", "http", "capacity", 1, 60, 50, 0.99, [level], over, best)
    asyncio.run(room.tests.record(ACCOUNT, "llm", clock.now_ms(), test))
    return room


def _advice(state: State, clock: ManualClock) -> Any:
    findings = FindingStore(state, clock)
    asyncio.run(findings.publish((Judgement(GPU.check, (GPU,), (), 5),)))

    async def warnings() -> dict[str, str]:
        return {}

    return SimpleNamespace(findings=findings, warnings=warnings, ledger=SimpleNamespace(store=LedgerStore(state)))
