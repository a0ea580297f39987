"""What the scaling engine did: replicas that came and went."""

from collections.abc import Sequence

from trimtab.access.principal import Principal
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Level
from trimtab.reports.investigations.source import EntrySource, Readers
from trimtab.scaling.engine.activities import Wanted
from trimtab.scaling.engine.model import Activity, Status

_FAILED = (Status.FAILED, Status.UNFULFILLED)


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """The activities that began within the time; None where nothing is scaled."""
    wanted = Wanted(since_ms=inquiry.start_ms, until_ms=inquiry.end_ms)
    found = await readers.activities.listed(caller.scope, wanted)
    if not found and not await readers.targets.listed(caller.scope):
        return None
    return [_entry(one) for one in found]


def _entry(one: Activity) -> Entry:
    moved = f": {one.before} → {one.after} replicas" if one.before is not None and one.after is not None else ""
    resource = one.key.resource
    return Entry(
        kind=Kind.SCALING,
        at_ms=one.start_ms,
        end_ms=one.end_ms,
        title=f"{resource}{moved or f': {one.description}'}",
        href="/scaling",
        detail=one.message or one.cause,
        level=Level.WARN if one.status in _FAILED else Level.PLAIN,
        weight=2.0,
        names=(resource, resource.rpartition("/")[2]),
    )


SOURCE = EntrySource("scaling", (Kind.SCALING,), read, "/scaling", bound=False)
