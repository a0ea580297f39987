"""Runs that began, ended or failed."""

from collections.abc import Iterator, Sequence

from trimtab.access.principal import Principal
from trimtab.economics.around import run_page
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunState
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Level
from trimtab.reports.investigations.source import EntrySource, Readers
from trimtab.reports.written.parts.runs import BROKEN

_MOST = 1_000
_PLAIN = frozenset((RunState.COMPLETED, RunState.CANCELLED))


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """Beginnings and ends within the time; None where no scheduler tells of runs."""
    wanted = RunFilter(start_ms=inquiry.start_ms, end_ms=inquiry.end_ms)
    found = await readers.runs.listed(caller.scope, wanted, _MOST)
    if not found and not await readers.runs.listed(caller.scope, RunFilter(), 1):
        return None
    return [entry for run in found for entry in _entries(run, inquiry)]


def _entries(run: Run, inquiry: Inquiry) -> Iterator[Entry]:
    if run.start_ms is not None and inquiry.holds(run.start_ms):
        yield _entry(run, run.start_ms, f"began on {run.gpus:g} GPUs", Level.PLAIN)
    if run.end_ms is not None and inquiry.holds(run.end_ms):
        level = Level.BAD if run.state in BROKEN else Level.PLAIN
        yield _entry(run, run.end_ms, "ended" if run.state in _PLAIN else f"ended: {run.state}", level)


def _entry(run: Run, at_ms: int, what: str, level: Level) -> Entry:
    whose = ", ".join(one for one in (run.team, run.user) if one)
    reason = run.reason if level is Level.BAD else ""
    return Entry(
        kind=Kind.RUN,
        at_ms=at_ms,
        title=f"{run.name or run.key.job} {what}",
        href=run_page(run),
        detail=" · ".join(one for one in (f"job {run.key.job}", whose, reason) if one),
        level=level,
        weight=min(run.gpus / 64, 1.0) + (2.5 if level is Level.BAD else 0.5),
        names=(run.key.job, run.name, run.team, run.user, run.queue, *nodes_of(run)),
    )


def nodes_of(run: Run) -> list[str]:
    """The machines that it held."""
    return list(dict.fromkeys((*run.node_names, *(part.node for part in run.held if part.node))))


SOURCE = EntrySource("runs", (Kind.RUN,), read, "/connect")
