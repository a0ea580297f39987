"""The time line: every source is asked at the same time, and what does not answer is named."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from trimtab.access.principal import Principal
from trimtab.base.errors import NotFound, QueryAborted, Unavailable
from trimtab.base.records import replace
from trimtab.reports.investigations.model import Absent, Entry, Inquiry, TimeLine
from trimtab.reports.investigations.source import EntrySource, Readers
from trimtab.reports.investigations.sources import (
    alarms,
    anomalies,
    changes,
    costs,
    faults,
    patterns,
    runs,
    scaling,
    traces,
)
from trimtab.reports.investigations.sources.runs import nodes_of

SOURCES: Sequence[EntrySource] = tuple(
    one.SOURCE for one in (changes, scaling, alarms, anomalies, patterns, traces, runs, faults, costs)
)
MOST = 200
"""Entries that are shown: a page that can be read. What is about the subject and what weighs most is kept."""
_ABOUT_WEIGHT = 10.0


async def time_line(readers: Readers, caller: Principal, inquiry: Inquiry) -> TimeLine:
    """Everything that happened, in order of time. Of kinds that are switched off only the number is told."""
    inquiry = await with_parts(readers, caller, inquiry)
    answers = await asyncio.gather(*(_asked(one, readers, caller, inquiry) for one in SOURCES))
    absent = [one for one in answers if isinstance(one, Absent)]
    found = [_marked(one, inquiry) for some in answers if not isinstance(some, Absent) for one in some]
    counts = Counter(one.kind for one in found)
    wanted = [one for one in found if one.kind in inquiry.kinds and (one.about or not inquiry.only)]
    kept = sorted(wanted, key=lambda one: _rank(one, inquiry))[:MOST]
    kept.sort(key=lambda one: (one.at_ms, one.kind, one.href))
    return TimeLine(inquiry, kept, counts, absent, len(wanted) - len(kept))


async def with_parts(readers: Readers, caller: Principal, inquiry: Inquiry) -> Inquiry:
    """The inquiry with the names of what belongs to its subject: the machines of a run are its own."""
    job = inquiry.subject.run
    if not job:
        return inquiry
    try:
        run = await readers.runs.one(caller.scope, job)
    except NotFound:  # the time line says what happened all the same
        return inquiry
    return replace(inquiry, names=tuple(dict.fromkeys((*inquiry.names, *(run.name,) * bool(run.name), *nodes_of(run)))))


async def _asked(
    source: EntrySource, readers: Readers, caller: Principal, inquiry: Inquiry
) -> Sequence[Entry] | Absent:
    if caller.bound and not source.bound:
        return Absent(source.name, "is of the whole account, and this sign-in sees some tags only")
    try:
        found = await source.read(readers, caller, inquiry)
    except (QueryAborted, Unavailable) as problem:
        return Absent(source.name, f"did not answer: {problem}")
    return Absent(source.name, "nothing has come yet", source.connect) if found is None else found


def _marked(entry: Entry, inquiry: Inquiry) -> Entry:
    return replace(entry, about=True) if inquiry.is_about(entry.names) else entry


def _rank(entry: Entry, inquiry: Inquiry) -> tuple[float, int]:
    return -(entry.weight + _ABOUT_WEIGHT * entry.about), abs(entry.at_ms - inquiry.at_ms)
