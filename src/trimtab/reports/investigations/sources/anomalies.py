"""Series that left what their own history makes expect, by occasion."""

from collections.abc import Sequence

from trimtab.access.principal import Principal
from trimtab.anomalies.naming import called
from trimtab.anomalies.occasions import Occasion, occasions
from trimtab.anomalies.sentence import what_happened
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Level
from trimtab.reports.investigations.source import EntrySource, Readers

_WEIGHT = 2.0


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """Occasions that began or went on within the time; None where the detector has not looked yet."""
    room = readers.anomalies
    found = await room.found.in_range(caller.scope, inquiry.start_ms, inquiry.end_ms)
    if not found and await room.progress.last() is None:
        return None
    known = [(one, room.registry.readable(caller.scope, one.series)) for one in found if not one.is_slight]
    return [_entry(one) for one in occasions([(one, series) for one, series in known if series is not None])]


def _entry(one: Occasion) -> Entry:
    anomaly, series = one.lead
    others = len(one.members) - 1
    more = f"and {others} more of {one.place.words}" if others else one.place.words
    names = [value for _, of in one.members for _, value in of.identity.dimensions]
    return Entry(
        kind=Kind.ANOMALY,
        at_ms=one.start_ms,
        end_ms=None if one.open else one.end_ms,
        title=what_happened(series, anomaly),
        href=f"/anomalies/{anomaly.id}",
        detail=more,
        level=Level.WARN,
        weight=_WEIGHT + anomaly.rank / 100,
        names=tuple(dict.fromkeys((called(series), series.identity.namespace, *names))),
    )


SOURCE = EntrySource("the detector of anomalies", (Kind.ANOMALY,), read, "/anomalies")
