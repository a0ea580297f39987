"""Who is suspected: changes before the time that speak of the subject, and components that traces and logs blame."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.audit.changes import ChangeBefore
from trimtab.bottlenecks.read import Choice, through
from trimtab.bottlenecks.room import RootCauses
from trimtab.reports.investigations.model import MINUTE_MS, Inquiry
from trimtab.reports.investigations.source import Readers
from trimtab.reports.investigations.timeline import with_parts

_SHOWN = 8
_OWN = "Investigation"


class Suspects(Struct, frozen=True):
    """`changes` before the time, the likeliest first; `causes` of the time `trouble` against the `normal` before it.

    `causes` is None where there are no traces to look at.
    """

    changes: Sequence[ChangeBefore]
    causes: RootCauses | None
    trouble: Choice
    normal: Choice


async def suspects(readers: Readers, caller: Principal, inquiry: Inquiry) -> Suspects:
    """Raises QueryAborted, Unavailable."""
    inquiry = await with_parts(readers, caller, inquiry)
    trouble, normal = windows_of(inquiry, readers.clock.now_ms())
    changes, causes = await asyncio.gather(
        _changes(readers, caller, inquiry),
        readers.bottlenecks.root_causes(caller.scope, trouble, normal),
    )
    return Suspects(changes, causes if causes.traces and causes.normal_traces else None, trouble, normal)


def windows_of(inquiry: Inquiry, now_ms: int) -> tuple[Choice, Choice]:
    """The time since the moment, and the time before it; the last half of what is over where the moment is now."""
    service = inquiry.subject.service
    end_ms = min(inquiry.end_ms, now_ms)
    start_ms = min(inquiry.start_ms, end_ms - 2 * MINUTE_MS)
    middle_ms = inquiry.at_ms if end_ms - inquiry.at_ms >= MINUTE_MS else (start_ms + end_ms) // 2
    expression = through(service) if service else ""
    return Choice(middle_ms, end_ms, expression), Choice(start_ms, middle_ms, expression)


async def _changes(readers: Readers, caller: Principal, inquiry: Inquiry) -> list[ChangeBefore]:
    """None for callers who are bound to tags: the audit is of the whole account."""
    if caller.bound:
        return []
    found = await readers.audit.changes.before(
        caller.scope, inquiry.at_ms, words=inquiry.names, window_ms=inquiry.around_ms, limit=2 * _SHOWN
    )
    return [one for one in found if _OWN not in one.event.name][:_SHOWN]
