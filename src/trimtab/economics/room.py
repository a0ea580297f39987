"""The room as doors and pages are given it."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.costs.cells import CellReader
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.economics.divisions import Divisions
from trimtab.economics.frozen import FrozenMonths
from trimtab.economics.ports import MachineReader, NoMachines, NoUse, UseReader
from trimtab.economics.preview import Previewer
from trimtab.economics.reader import AllocatedReader
from trimtab.economics.rules.store import RulesStore
from trimtab.economics.statements.book import StatementBook
from trimtab.economics.statements.reader import StatementReader
from trimtab.economics.tags.reports import TagReports
from trimtab.economics.weights import Weigher
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry


class EconomicsRoom(Struct, frozen=True):
    """Everything that may be asked of whose the bill is."""

    rules: RulesStore
    statements: StatementReader
    bills: AllocatedReader
    tags: TagReports
    previews: Previewer
    divisions: Divisions

    def forget(self) -> None:
        """Empty what is remembered of bills and rules: called when everything is wiped."""
        self.statements.forget()
        self.bills.forget()

    @classmethod
    def of(
        cls,
        telemetry: Telemetry,
        state: State,
        ledger: ImportLedger,
        clock: Clock,
        use: UseReader | None = None,
        machines: MachineReader | None = None,
    ) -> "EconomicsRoom":
        """The room over open stores and the ports to what measures use."""
        cells = CellReader(telemetry)
        rules = RulesStore(state, clock)
        weigher = Weigher(cells, use or NoUse(), machines or NoMachines())
        book = StatementBook(state)
        statements = StatementReader(rules, book, weigher, ledger, clock)
        divisions = Divisions(weigher, ledger, clock)
        return cls(
            rules,
            statements,
            AllocatedReader(telemetry, rules, divisions, FrozenMonths(book)),
            TagReports(telemetry, rules, divisions),
            Previewer(rules, statements),
            divisions,
        )
