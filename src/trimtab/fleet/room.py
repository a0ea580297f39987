"""The room as other rooms, doors and pages are given it: the ledger over the stores."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.costs.model import Held
from trimtab.costs.read import CostReader
from trimtab.fleet.bills import BilledDays, BillMarks
from trimtab.fleet.gather import FactsReader
from trimtab.fleet.keeper import LedgerKeeper
from trimtab.fleet.ledger import FleetLedger
from trimtab.fleet.money import Estimates, Prices, no_estimates
from trimtab.fleet.store import FleetStore
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import MatrixReader
from trimtab.inventory.room import InventoryRoom
from trimtab.store.telemetry.client import Telemetry


class Sources(Struct, frozen=True):
    """What the ledger reads. `held` lists what the bill's sources hold; it blocks."""

    reader: MatrixReader
    registry: Registry
    inventory: InventoryRoom
    bills: CostReader
    held: Callable[[], Sequence[Held]]
    estimates: Estimates = no_estimates


class FleetRoom(Struct, frozen=True):
    """Everything that may be asked of the fleet."""

    ledger: FleetLedger
    keeper: LedgerKeeper
    facts: FactsReader
    prices: Prices

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self.ledger.forget()

    @classmethod
    def of(cls, telemetry: Telemetry, sources: Sources, clock: Clock) -> "FleetRoom":
        """The room over open stores."""
        marks = BillMarks(sources.held, clock)
        facts = FactsReader(sources.reader, sources.registry, sources.inventory, sources.bills, clock)
        store = FleetStore(telemetry)
        billed = BilledDays(marks, facts.billed)
        keeper = LedgerKeeper(facts, store, sources.inventory.marks, billed, clock, begun_ms=clock.now_ms())
        prices = Prices(sources.bills, sources.inventory, sources.estimates, marks)
        return cls(FleetLedger(keeper, store, prices, sources.inventory.runs, clock), keeper, facts, prices)
