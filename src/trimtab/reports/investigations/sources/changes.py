"""Changes and deploys in the audit."""

from collections.abc import Sequence

from trimtab.access.principal import Principal
from trimtab.audit.changes import speaks_of, summary
from trimtab.audit.conditions import AuditQuery
from trimtab.audit.model import AuditEvent
from trimtab.economics.around import is_deploy
from trimtab.reports.investigations.model import Entry, Inquiry, Kind
from trimtab.reports.investigations.source import EntrySource, Readers

_OWN = "Investigation"
"""Calls that keep notes change nothing that anybody investigates."""
_DEPLOY_WEIGHT, _CHANGE_WEIGHT = 3.0, 1.0


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """The changes that did not fail: those that speak of the subject, and the newest of all."""
    audit, scope, span = readers.audit, caller.scope, (inquiry.start_ms, inquiry.end_ms)
    await audit.reader.fresh()
    newest = await audit.changes.within(scope, *span)
    about = await audit.changes.about(scope, *span, inquiry.names)
    events = {(one.account, one.id): one for one in (*about, *newest) if _OWN not in one.name}
    if not events and not (await audit.reader.page(scope, AuditQuery(0, readers.clock.now_ms()), 1)).events:
        return None
    return [_entry(one, inquiry) for one in events.values()]


def _entry(event: AuditEvent, inquiry: Inquiry) -> Entry:
    deploy = is_deploy(event.name)
    return Entry(
        kind=Kind.DEPLOY if deploy else Kind.CHANGE,
        at_ms=event.time_ms,
        title=summary(event),
        href=f"/audit/events/{event.id}",
        detail=event.source.removesuffix(".amazonaws.com"),
        weight=_DEPLOY_WEIGHT if deploy else _CHANGE_WEIGHT,
        names=tuple(word for word in inquiry.names if speaks_of(event, word)),
    )


SOURCE = EntrySource("the audit", (Kind.DEPLOY, Kind.CHANGE), read, "/audit", bound=False)
