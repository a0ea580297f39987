"""What a process without a port tells of itself, by way of the state database; the server shows it with its own."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct, field
from sqlalchemy import Connection, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import Unavailable
from trimtab.jobs.book import JobBook, JobReport
from trimtab.jobs.lag import LoopLag
from trimtab.store.state.database import State
from trimtab.store.state.schema.jobs import process_reports

EVERY_S = 10.0
STALE_MS = 60_000
"""A report that is older says nothing of now."""


class ProcessReport(Struct, frozen=True):
    """A process at a time (ms): how late its event loop was at worst in a minute (s), and its jobs."""

    process: str
    at_ms: int
    lag_s: float
    jobs: list[JobReport]


class Reporting(Struct, frozen=True):
    """Of this process."""

    process: str
    clock: Clock
    book: JobBook
    lag: LoopLag

    @classmethod
    def of(cls, process: str, clock: Clock) -> "Reporting":
        """Of a process by name, with nothing noted yet."""
        return cls(process, clock, JobBook(clock), LoopLag(clock))

    def now(self) -> ProcessReport:
        """The report of this moment."""
        return ProcessReport(self.process, self.clock.now_ms(), self.lag.worst_s, self.book.reports())

    async def write(self, state: State) -> None:
        """Tell it. Raises Unavailable."""
        report = self.now()
        values = {"at_ms": report.at_ms, "form": msgspec.json.encode(report).decode()}

        def put(connection: Connection) -> None:
            mine = process_reports.c.process == report.process
            if not connection.execute(update(process_reports).where(mine).values(values)).rowcount:
                connection.execute(insert(process_reports).values(process=report.process, **values))

        await state.change(put)


async def read_reports(state: State, now_ms: int) -> list[ProcessReport]:
    """What was told lately, by process. Raises Unavailable."""
    query = select(process_reports.c.form).where(process_reports.c.at_ms >= now_ms - STALE_MS)
    rows = await state.read(
        lambda connection: connection.execute(query.order_by(process_reports.c.process)).scalars().all()
    )
    return [typed.decode(row, type=ProcessReport) for row in rows]


class Told(Struct):
    """What other processes told, as last read."""

    state: State
    clock: Clock
    reports: list[ProcessReport] = field(default_factory=list)

    async def refresh(self) -> None:
        """Read it again. Raises Unavailable."""
        self.reports = await read_reports(self.state, self.clock.now_ms())


def check_ages(reports: Iterable[ProcessReport]) -> None:
    """Raise Unavailable, with their names, where jobs are late."""
    late = [(report.process, job) for report in reports for job in report.jobs if job.late]
    if late:
        words = [f"{job.name!r} ({process}) has not ended for {job.age_s:.0f} s" for process, job in late]
        raise Unavailable(f"jobs are late: {', '.join(words)}")
