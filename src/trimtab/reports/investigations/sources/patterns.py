"""Patterns of log lines that are new, gone, or come at another rate."""

from collections.abc import Sequence
from urllib.parse import urlencode

from trimtab.access.principal import Principal
from trimtab.logs.patterns.anomalies import LogAnomaly, Priority, Suppression, Unusual
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Level
from trimtab.reports.investigations.source import EntrySource, Readers

_WORDS = {Unusual.NEW: "New lines", Unusual.GONE: "No more lines", Unusual.RATE: "Another rate of lines"}
_LEVELS = {Priority.HIGH: Level.BAD, Priority.MEDIUM: Level.WARN, Priority.LOW: Level.PLAIN}
_WEIGHTS = {Priority.HIGH: 3.0, Priority.MEDIUM: 2.0, Priority.LOW: 1.0}


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """The unusual patterns that nobody suppressed and that began within the time; None where no log group is."""
    found = await readers.patterns.listed(caller.scope, inquiry.start_ms, inquiry.end_ms)
    if not found and not await readers.patterns.groups.everywhere(1):
        return None
    shown = (one for one in found if one.state is Suppression.ACTIVE and inquiry.holds(one.first_ms))
    return [_entry(one, inquiry) for one in shown]


def _entry(one: LogAnomaly, inquiry: Inquiry) -> Entry:
    span = {"from": inquiry.start_ms, "to": inquiry.end_ms}
    lines = f"/logs?{urlencode({**span, 'tab': 'patterns', 'group': one.log_group})}"
    return Entry(
        kind=Kind.LOG,
        at_ms=one.first_ms,
        end_ms=None if one.active else one.last_ms,
        title=f"{_WORDS[one.unusual]} in {one.log_group}: {one.template}",
        href=f"/anomalies/{one.id}" if one.unusual is Unusual.RATE else lines,
        detail=one.description or one.example,
        level=_LEVELS[one.priority],
        weight=_WEIGHTS[one.priority],
        names=(one.log_group, *(part for part in one.log_group.split("/") if part)),
    )


SOURCE = EntrySource("logs", (Kind.LOG,), read, "/connect")
