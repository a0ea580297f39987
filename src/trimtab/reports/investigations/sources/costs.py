"""Costs that rose: anomalies of the bill whose days meet the time."""

from collections.abc import Sequence

from trimtab.access.principal import Principal
from trimtab.base.coins import money
from trimtab.costs.anomalies.found import Wanted
from trimtab.costs.anomalies.model import Anomaly
from trimtab.costs.anomalies.telling import place
from trimtab.costs.read_sql import DAY_MS
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Level
from trimtab.reports.investigations.source import EntrySource, Readers


async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
    """Anomalies by the day on which they began; None where no bill was imported. Bills know days, not minutes."""
    first_ms = inquiry.start_ms // DAY_MS * DAY_MS
    found = await readers.cost_anomalies.listed(caller.scope, Wanted(first_ms))
    if not found and await readers.costs.extent() is None:
        return None
    return [_entry(one, inquiry) for one in found if one.finding.start_ms < inquiry.end_ms]


def _entry(one: Anomaly, inquiry: Inquiry) -> Entry:
    finding = one.finding
    where = finding.origin
    return Entry(
        kind=Kind.COST,
        at_ms=max(finding.start_ms, inquiry.start_ms),
        end_ms=None if finding.open else finding.end_ms,
        title=f"{place(finding)} cost {money(finding.impact.total, finding.currency)} more than expected",
        href=f"/cost-anomalies/{one.id}",
        detail=f"of {money(finding.impact.expected, finding.currency)} expected, by day",
        level=Level.WARN,
        weight=2.0,
        names=tuple(name for name in (finding.value, where.resource, where.service, where.account) if name),
    )


SOURCE = EntrySource("the bill", (Kind.COST,), read, "/connect")
