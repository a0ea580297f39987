"""The part of the room as doors, pages and jobs are given it."""

from pathlib import Path

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.reports.written.catalogue import ask_of, template_of
from trimtab.reports.written.document import Document
from trimtab.reports.written.facts import Facts
from trimtab.reports.written.store import ReportStore
from trimtab.reports.written.template import document_of
from trimtab.reports.written.writing import Mail, ReportWriter
from trimtab.store.state.database import State

_LOOK_S = 30.0  # asks what is due; most often nothing is


class WrittenReports(Struct, frozen=True):
    """Everything that may be asked of written reports."""

    facts: Facts
    store: ReportStore
    writer: ReportWriter
    lock: Lock
    clock: Clock
    public_url: str

    @classmethod
    def of(cls, state: State, facts: Facts, mail: Mail, data_dir: Path, public_url: str) -> "WrittenReports":
        """The room over a state database and the readers."""
        clock, store = facts.clock, ReportStore(state, facts.clock)
        writer = ReportWriter(state, store, facts, mail, data_dir / "exports", clock, public_url)
        return cls(facts, store, writer, Lock(state, clock, "written reports"), clock, public_url)

    async def write(
        self, scope: Scope, template: str, *, owner: str = "", start_ms: int | None = None, end_ms: int | None = None
    ) -> Document:
        """A report now. Raises InvalidInput, QueryAborted, Unavailable."""
        chosen = template_of(template)
        ask = ask_of(chosen, scope, self.clock.now_ms(), owner=owner, start_ms=start_ms, end_ms=end_ms)
        return await document_of(chosen, self.facts, ask)

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        async def write() -> None:
            if self.lock.held:
                await self.writer.turn()

        return [
            Job("hold the lock of the written reports", LEASE_MS / 3000, self.lock.renew),
            Job("write reports that are due", _LOOK_S, write),
        ]
