"""What is not on the bill: days that are estimated, with the past error beside them, and where the month is going."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import to_datetime
from trimtab.base.coins import coins, money
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.charts.outlook import OutlookChart, OutlookDay, draw_outlook
from trimtab.costs.closing.month import Closing
from trimtab.costs.model import And, CostQuery, Dimension, Filter, Granularity, Metric, Where
from trimtab.costs.outlook_model import Outlook, OutlookQuery
from trimtab.costs.periods import month_start, next_month
from trimtab.costs.read_sql import DAY_MS
from trimtab.costs.room import CostsRoom
from trimtab.economics.estimate.live import LiveEstimates, Snapshot, part_of
from trimtab.economics.estimate.model import Line
from trimtab.economics.estimate.report import EstimateReport, report_of
from trimtab.timeseries.forecast.model import TooLittleHistory
from trimtab.web.costs.pictures import Drawing

_BACK_DAYS = 35
_EFFECTIVE = frozenset({Metric.EFFECTIVE, Metric.AMORTIZED, Metric.NET_AMORTIZED})


class Ahead(Struct, frozen=True):
    """The panel. `problem` says why there is no forecast; `outlook` is of whole days to the end of the next month, or
    of this one where the bill is too short for more.
    """

    report: EstimateReport | None
    outlook: Outlook | None
    drawing: Drawing | None
    problem: str
    currency: str
    month_end: str


async def ahead_of(
    room: CostsRoom, live: LiveEstimates | None, scope: Scope, metric: Metric, where: Filter | None, now_ms: int
) -> Ahead:
    """What lies ahead of a question. Raises QueryAborted, Unavailable."""
    snapshot = await live.snapshot() if live is not None else None
    told = Metric.EFFECTIVE if metric in _EFFECTIVE else Metric.BILLED
    report = report_of(snapshot, scope, told, None, where) if snapshot is not None else None
    start, month = month_start(now_ms), next_month(now_ms)
    currency = await _currency(room, scope, metric, where, now_ms)
    narrowed = _in_currency(where, currency)
    ends = f"{to_datetime(month - 1):%-d %B}"
    try:
        try:
            query = OutlookQuery(start, next_month(month), metric, Granularity.DAILY, narrowed)
            found = await room.outlooks.ask(scope, query)
        except TooLittleHistory:
            found = await room.outlooks.ask(scope, replace(query, end_ms=month))
    except (TooLittleHistory, InvalidInput) as problem:
        return Ahead(report, None, None, str(problem), currency, ends)
    back = found.known_until_ms - _BACK_DAYS * DAY_MS
    rows = await room.reader.costs(
        scope, CostQuery(back, found.known_until_ms, (metric,), Granularity.DAILY, where=narrowed)
    )
    known = {row.start_ms: row.amounts[0] for row in rows}
    estimated = _estimated(snapshot, scope, told, narrowed) if snapshot is not None else {}
    return Ahead(report, found, _drawing(found, known, estimated, back, currency), "", currency, ends)


def facts_of(ahead: Ahead, now_ms: int) -> dict[str, Any]:
    """The panel as its template takes it: the month as billed, estimated and forecast together."""
    facts: dict[str, Any] = {"ahead": ahead, "month": None, "rows": ahead.report.rows if ahead.report else ()}
    if ahead.outlook is not None:
        last = next_month(month_start(now_ms))
        days = [one for one in ahead.outlook.periods if one.start_ms < last]
        known = sum((one.known for one in days), Decimal(0))
        facts["month"] = {
            "known": known,
            "mean": sum((one.mean for one in days), Decimal(0)),
            "error": ahead.outlook.error,
            "coverage": ahead.outlook.coverage,
            "origins": ahead.outlook.origins,
            "changes": [(f"{to_datetime(one.at_ms):%-d %B}", one.note, one.per_day) for one in ahead.outlook.changes],
            "closing": _closing(ahead.outlook.closing, last),
            "models": ", ".join(f"{one.name} {one.weight:.0%}" for one in ahead.outlook.weighed[:3]),
        }
    return facts


def _closing(found: Closing | None, end_ms: int) -> Closing | None:
    """The lines of the month that ends at `end_ms`; None where the bill ends in another."""
    return found if found is not None and found.end_ms == end_ms else None


async def _currency(room: CostsRoom, scope: Scope, metric: Metric, where: Filter | None, now_ms: int) -> str:
    """The currency with most of the last weeks' cost: amounts of two are never added."""
    end = (now_ms // DAY_MS + 1) * DAY_MS
    rows = await room.reader.costs(scope, CostQuery(end - _BACK_DAYS * DAY_MS, end, (metric,), where=where))
    return max(rows, key=lambda row: row.amounts[0]).currency if rows else "USD"


def _in_currency(where: Filter | None, currency: str) -> Filter:
    only = Where(Dimension.CURRENCY, (currency,))
    return only if where is None else And((where, only))


def _estimated(snapshot: Snapshot, scope: Scope, metric: Metric, where: Filter) -> dict[int, Decimal]:
    """By day what is estimated of the lines that are meant."""
    facets = snapshot.facets

    def value(line: Line) -> Decimal:
        share = facets.share(line.key, where) if line.key.seen_by(scope) else 0.0
        return part_of(line.amount(metric) or Decimal(0), share)

    found: dict[int, Decimal] = {}
    for line in snapshot.lines:
        found[line.day_ms] = found.get(line.day_ms, Decimal(0)) + value(line)
    return found


def _drawing(
    found: Outlook, known: dict[int, Decimal], estimated: dict[int, Decimal], back: int, currency: str
) -> Drawing:
    days: list[OutlookDay] = []
    for at in range(back, found.known_until_ms, DAY_MS):
        amount = known.get(at, Decimal(0))
        title, span = f"{_day(at)}: {money(amount, currency)} billed", (at, at + DAY_MS)
        days.append(OutlookDay(_label(at), title, float(amount), span=span))
    for one in found.periods:
        if one.start_ms < found.known_until_ms:
            continue
        now = estimated.get(one.start_ms)
        so_far = f", {coins(now, currency)} estimated so far" if now is not None else ""
        title = (
            f"{_day(one.start_ms)}: {coins(one.mean, currency)} expected, "
            f"80 % {coins(one.lower, currency)} to {coins(one.upper, currency)}{so_far}"
        )
        guess = float(one.mean), float(one.lower), float(one.upper)
        days.append(
            OutlookDay(_label(one.start_ms), title, None if now is None else float(now), now is not None, *guess)
        )
    label = f"Cost by day, {currency}: {sum(one.mean is None for one in days)} billed days and a forecast of the others"
    wide = draw_outlook(OutlookChart(days, currency, label, 1080, 220))
    short: Sequence[OutlookDay] = days[-45:]
    return Drawing(wide, draw_outlook(OutlookChart(short, currency, label, 340, 200)))


def _label(ms: int) -> str:
    return f"{to_datetime(ms):%-d %b}"


def _day(ms: int) -> str:
    return f"{to_datetime(ms):%a %-d %b}"
