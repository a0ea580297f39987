"""The room as other rooms, doors and pages are given it: the ledger over the stores."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from trimtab.base.clock import Clock, to_datetime
from trimtab.base.ids import hash64
from trimtab.costs.model import Held
from trimtab.costs.read import CostReader
from trimtab.fleet.gather import FactsReader
from trimtab.fleet.keeper import LedgerKeeper
from trimtab.fleet.ledger import FleetLedger
from trimtab.fleet.model import DAY_MS
from trimtab.fleet.money import Estimates, Prices, no_estimates
from trimtab.fleet.store import FleetStore
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import MatrixReader
from trimtab.inventory.room import InventoryRoom
from trimtab.store.telemetry.client import Telemetry

_FRESH_MS = 2_000
"""How long the list of what bills hold is remembered: a page asks for it many times."""


class Sources(Struct, frozen=True):
    """What the ledger reads. `held` lists what the bill's sources hold; it blocks."""

    reader: MatrixReader
    registry: Registry
    inventory: InventoryRoom
    bills: CostReader
    held: Callable[[], Sequence[Held]]
    estimates: Estimates = no_estimates


class BillMarks(Struct):
    """What the bill of a day's month is made of: it changes when any of it is imported again."""

    held: Callable[[], Sequence[Held]]
    clock: Clock
    _marks: dict[int, str] | None = None
    _at_ms: int = 0

    async def __call__(self, day: int) -> str:
        """The mark of a day (since 1970); "" where no bill of its month or the months beside it is held."""
        now_ms = self.clock.now_ms()
        if self._marks is None or now_ms - self._at_ms > _FRESH_MS:
            found: dict[int, list[tuple[str, int, int]]] = {}
            for one in await asyncio.to_thread(self.held):
                found.setdefault(one.month, []).append((one.source, one.import_id, one.lines))
            self._marks = {month: f"{hash64(repr(sorted(some))):x}" for month, some in found.items()}
            self._at_ms = now_ms
        when = to_datetime(day * DAY_MS)
        # Lines of a day may be billed in the month before or after: late use, and periods that are not months.
        months = [when.year * 12 + when.month - 1 + away for away in (-1, 0, 1)]
        return "".join(self._marks.get(month // 12 * 100 + month % 12 + 1, "") for month in months)


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
        marks: Callable[[int], Awaitable[str]] = BillMarks(sources.held, clock)
        facts = FactsReader(sources.reader, sources.registry, sources.inventory, sources.bills, clock)
        store = FleetStore(telemetry)
        keeper = LedgerKeeper(facts, store, sources.inventory.marks, marks, clock)
        prices = Prices(sources.bills, sources.inventory, sources.estimates, marks)
        return cls(FleetLedger(keeper, store, prices, sources.inventory.runs, clock), keeper, facts, prices)
