"""The ledger over a real engine, a state database, bills made by hand, and telemetry in memory."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.unit.economics.conftest import csv_of
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.costs.files.folder import LocalFolder
from trimtab.costs.imports.importer import Importer, ImportRequest
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.read import CostReader
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.frame import Costed, Frame, Totals, totals
from trimtab.fleet.model import DAY_MS
from trimtab.fleet.money import Estimates, no_estimates
from trimtab.fleet.room import FleetRoom, Sources
from trimtab.inventory.room import InventoryRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_costs import COST_TABLES
from trimtab.store.telemetry.schema_fleet import FLEET_TABLES

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@dataclass
class House:
    """Everything that a test of the ledger touches."""

    room: FleetRoom
    inventory: InventoryRoom
    telemetry: Fleet
    importer: Importer
    clock: ManualClock
    folder: Path
    engine: Telemetry
    state: State

    def bring(self, lines: Sequence[Mapping[str, str]], source: str = "cur") -> None:
        """Import a bill; the months that it holds replace what the source held of them."""
        path = self.folder / "bill.csv"
        path.write_bytes(csv_of(lines))
        assert self.importer.run(ImportRequest(str(path), source=source)).receipt is not None
        self.clock.advance(10_000)

    def frame(self, start_ms: int, end_ms: int, step_ms: int = DAY_MS, scope: Scope = EVERYTHING) -> Frame:
        self.clock.advance(31_000)  # nothing of what was asked before is remembered
        return run(self.room.ledger.frame(scope, start_ms, end_ms, step_ms))

    def totals(self, start_ms: int, end_ms: int) -> Totals:
        return totals(self.frame(start_ms, end_ms))

    def costed(self, start_ms: int, end_ms: int, basis: Basis = DEFAULT) -> Costed:
        self.clock.advance(31_000)
        return run(self.room.ledger.costed(EVERYTHING, start_ms, end_ms, basis))

    def again(self) -> "House":
        """As after a restart: everything is read anew."""
        return house_of(self.engine, self.state, self.folder, self.clock, self.telemetry)


def house_of(
    engine: Telemetry,
    state: State,
    folder: Path,
    clock: ManualClock,
    telemetry: Fleet,
    estimates: Estimates = no_estimates,
) -> House:
    ledger = ImportLedger(state, clock)
    importer = Importer(engine, ledger, folder / "work", lambda location, _: LocalFolder(Path(location)), embedded=True)
    inventory = InventoryRoom.of(state, clock)
    sources = Sources(telemetry, telemetry.registry, inventory, CostReader(engine), ledger.held, estimates)
    room = FleetRoom.of(engine, sources, clock)
    return House(room, inventory, telemetry, importer, clock, folder, engine, state)


def emptied(engine: Telemetry) -> None:
    """Nothing of an earlier test is left."""
    engine.truncate([table.name for table in (*COST_TABLES, *FLEET_TABLES)])
