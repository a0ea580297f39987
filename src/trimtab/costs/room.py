"""The room as doors and pages are given it."""

import asyncio
from pathlib import Path

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.ids import hash64
from trimtab.base.records import replace
from trimtab.base.uploads import Uploads
from trimtab.costs.allocation_tags import AllocationTags
from trimtab.costs.announced import ReadChanges
from trimtab.costs.currencies.room import Currencies
from trimtab.costs.currencies.store import RateStore
from trimtab.costs.explorer.explorer import Explorer
from trimtab.costs.export.focus import FocusExport
from trimtab.costs.imports.background import BackgroundImports
from trimtab.costs.imports.importer import Importer
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.imports.places import opener
from trimtab.costs.outlook import Outlooks
from trimtab.costs.read import CostReader
from trimtab.costs.reports import CostReports
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.timeseries.forecast.forecaster import Forecaster


class CostsRoom(Struct, frozen=True):
    """Everything that may be asked of bills."""

    reader: CostReader
    explorer: Explorer
    outlooks: Outlooks
    reports: CostReports
    importer: Importer
    imports: BackgroundImports
    ledger: ImportLedger
    uploads: Uploads
    focus: FocusExport
    allocation_tags: AllocationTags
    currencies: Currencies

    @classmethod
    def of(
        cls,
        telemetry: Telemetry,
        state: State,
        clock: Clock,
        data_dir: Path,
        *,
        embedded: bool,
        presentation_currency: str = "",
    ) -> "CostsRoom":
        """The room over open stores; `embedded` says whether the engine reads this machine's files itself."""
        ledger = ImportLedger(state, clock)
        uploads = Uploads(data_dir / "costs" / "uploads")
        importer = Importer(telemetry, ledger, data_dir / "costs" / "work", opener(uploads), embedded=embedded)
        reader = CostReader(telemetry)
        currencies = Currencies(RateStore(state, clock), presentation_currency)
        return cls(
            reader,
            Explorer(reader),
            Outlooks(reader, Forecaster(), clock, currencies=currencies),
            CostReports(state, clock),
            importer,
            BackgroundImports(importer, uploads),
            ledger,
            uploads,
            FocusExport(telemetry),
            AllocationTags(state, telemetry, clock),
            currencies,
        )

    async def generation(self, rules: int = 0) -> int:
        """A number that changes with every import, and with the version of the rules that divide the bill."""
        held = await asyncio.to_thread(self.ledger.held)
        return hash64(repr((rules, [(one.source, one.month, one.import_id, one.lines) for one in held]))) >> 16

    def knowing(self, announced: ReadChanges) -> "CostsRoom":
        """The room whose forecasts know what is announced of prices and commitments."""
        return replace(self, outlooks=self.outlooks.knowing(announced))

    def over(self, reader: CostReader) -> "CostsRoom":
        """The room with another reader: one that carries what allocation says."""
        return replace(self, reader=reader, explorer=Explorer(reader), outlooks=self.outlooks.over(reader))
