"""Calendar periods of a bill, UTC: months and days, cut at what was asked for; and what came before a period."""

from datetime import UTC, date, datetime, time

from trimtab.base.clock import to_datetime, to_ms
from trimtab.costs.model import CostQuery, Granularity
from trimtab.costs.read_sql import DAY_MS, HOUR_MS

Period = tuple[int, int]
"""`[start, end)` in milliseconds."""


def day_ms(day: date) -> int:
    """The start of a day."""
    return to_ms(datetime.combine(day, time(), UTC))


def month_start(ms: int) -> int:
    """The start of the month that `ms` is in."""
    when = to_datetime(ms)
    return day_ms(date(when.year, when.month, 1))


def next_month(ms: int) -> int:
    """The start of the month after the one that `ms` is in."""
    when = to_datetime(ms)
    return day_ms(date(when.year + when.month // 12, when.month % 12 + 1, 1))


def month_before(ms: int) -> int:
    """The start of the month before the one that `ms` is in."""
    return month_start(month_start(ms) - 1)


def is_month(start_ms: int, end_ms: int) -> bool:
    """Whether a period is one calendar month."""
    return month_start(start_ms) == start_ms and next_month(start_ms) == end_ms


def periods(start_ms: int, end_ms: int, granularity: Granularity) -> list[Period]:
    """Every period of `granularity` in `[start_ms, end_ms)`; months are cut at its ends."""
    if granularity is Granularity.TOTAL:
        return [(start_ms, end_ms)]
    found, at = [], start_ms
    while at < end_ms:
        if granularity is Granularity.MONTHLY:
            after = min(next_month(at), end_ms)
        else:
            after = at + (HOUR_MS if granularity is Granularity.HOURLY else DAY_MS)
        found.append((at, after))
        at = after
    return found


def period_of(query: CostQuery, start_ms: int) -> Period:
    """The period of an answer that starts at `start_ms`, cut at what was asked for."""
    match query.granularity:
        case Granularity.TOTAL:
            return query.start_ms, query.end_ms
        case Granularity.MONTHLY:
            return max(start_ms, query.start_ms), min(next_month(start_ms), query.end_ms)
        case Granularity.DAILY:
            return start_ms, start_ms + DAY_MS
        case Granularity.HOURLY:
            return start_ms, start_ms + HOUR_MS


def previous(start_ms: int, end_ms: int) -> Period:
    """What a period is compared with: as many whole months before whole months, else as many days before."""
    if month_start(start_ms) != start_ms or month_start(end_ms) != end_ms:
        return 2 * start_ms - end_ms, start_ms
    first, at = start_ms, start_ms
    while at < end_ms:
        at, first = next_month(at), month_before(first)
    return first, start_ms
