"""Where the bill is going: the daily amounts of a question, forecast from its own past.

Days that the bill has count as they are; the use of the others is forecast, and says how wrong this way of forecasting
was on the same amounts. What comes at the close of a month, or once in it, is a line of its own (`closing/`): put on
its usual day, or on the last day of a month that is past that. The month in which the bill ends is judged by closed
months, each asked about on the same day. Changes of prices and commitments that are announced (`announced.py`) move the
days from then on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.costs.announced import AppliedChange, ReadChanges, nothing_announced
from trimtab.costs.closing.charges import CHARGES, Charges, split
from trimtab.costs.closing.late import late_use
from trimtab.costs.closing.month import Ahead, Books, Closing, closing_of, falls_on, later_lines, money
from trimtab.costs.currencies.room import Currencies, by_day, in_words
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Granularity, Metric, Where
from trimtab.costs.periods import Period, month_start, next_month, periods
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.forecast.forecaster import Forecaster
from trimtab.timeseries.forecast.model import Forecast, Judged, Question, Sum, TooLittleHistory

_WEEK = (7,)
_HISTORY_DAYS = 400
"""A year and a month: the days after that say little of today's bill."""
_DAYS_AHEAD = 18 * 31
_REMEMBERED = 64
_REPLAYED = 12
"""Closed months that are asked about on the same day: a year, in which every season is once."""
_CENT = Decimal("0.01")
_Asked = tuple[float, int, bytes, int, tuple[tuple[int, int], ...], tuple[int, ...]]
_NOT_MONEY = frozenset({Metric.USAGE, Metric.NORMALIZED_USAGE, Metric.LINES})


@dataclass(frozen=True, slots=True)
class OutlookQuery:
    """`[start_ms, end_ms)` by day or month; `level` the share of outcomes that intervals are to hold (0 to 1)."""

    start_ms: int
    end_ms: int
    metric: Metric = Metric.UNBLENDED
    granularity: Granularity = Granularity.DAILY
    where: Filter | None = None
    level: float = 0.8
    currency: str = ""
    """In which amounts of several currencies are forecast, where rates say how; "" for the presentation currency."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a period is expected to come to. `known`: how much of it the bill has already."""

    start_ms: int
    end_ms: int
    mean: Decimal
    lower: Decimal
    upper: Decimal
    known: Decimal


@dataclass(frozen=True, slots=True)
class Outlook:
    """The answer. `known_until_ms`: where the bill ends and the forecast begins.

    `error`: Σ|actual − forecast| ÷ Σ|actual| by day when the same past was replayed from `origins` days; `coverage`:
    the share of those days inside their intervals; `weighed`: which models the answer is made of.
    """

    currency: str
    unit: str
    metric: Metric
    periods: tuple[Expected, ...]
    total: Expected
    known_until_ms: int
    level: float
    error: float
    coverage: float
    origins: int
    weighed: tuple[Judged, ...]
    changes: tuple[AppliedChange, ...] = ()
    note: str = ""
    """What of the bill is in other currencies, and what became of it."""
    closing: Closing | None = None
    """The month in which the bill ends as it will close; None of units, and where the question ends before it."""


class Outlooks:
    """Asks the bill for its past and the forecaster for its future."""

    def __init__(
        self,
        reader: CostReader,
        forecaster: Forecaster,
        clock: Clock,
        announced: ReadChanges = nothing_announced,
        currencies: Currencies | None = None,
    ) -> None:
        self._announced = announced
        self._currencies = currencies
        self._reader = reader
        self._forecaster = forecaster
        self._clock = clock
        self._answered: dict[_Asked, Forecast] = {}

    def over(self, reader: CostReader) -> "Outlooks":
        """The same over another reader."""
        return Outlooks(reader, self._forecaster, self._clock, self._announced, self._currencies)

    def knowing(self, announced: ReadChanges) -> "Outlooks":
        """The same with what is announced of prices and commitments."""
        return Outlooks(self._reader, self._forecaster, self._clock, announced, self._currencies)

    async def ask(self, scope: Scope, query: OutlookQuery) -> Outlook:
        """The outlook. Of several currencies it is in one where rates say how, else of the only one with enough of a
        past; `note` names the others. Raises TooLittleHistory, InvalidInput (bounds, currencies), Unavailable.
        """
        extent = await self._reader.extent()
        if extent is None:
            raise TooLittleHistory("cannot forecast: no bill has been imported; `trimtab import FILE` imports one")
        known_until = min(extent[1], self._clock.now_ms() // DAY_MS * DAY_MS)
        _check(query, known_until)
        start = max(extent[0], known_until - _HISTORY_DAYS * DAY_MS)
        of_money = query.metric not in _NOT_MONEY
        until = next_month(known_until) if of_money else known_until
        by = CHARGES if of_money else ()
        rows = await self._reader.costs(
            scope, CostQuery(start, until, (query.metric,), Granularity.DAILY, by, query.where)
        )
        some = sorted({row.currency for row in rows if row.amounts[0]}) if of_money else []
        note = ""
        if len(some) > 1:
            rows, note = await self._in_one(query, rows)
            if not note:
                return await self._of_any(scope, query, some)
        elif some:
            others = sorted({row.currency for row in rows} - set(some))
            rows = [row for row in rows if row.currency == some[0]]
            note = f"of {' and '.join(others)} nothing was billed" if others else ""
        charges = split(rows, start, known_until, until) if of_money else _use_alone(rows, start, known_until)
        if not charges.use:
            raise TooLittleHistory("cannot forecast: the bill has no amount that passes the filter")
        spans = (*periods(query.start_ms, query.end_ms, query.granularity), (query.start_ms, query.end_ms))
        ahead = _UseAhead()
        if query.end_ms > known_until and any(charges.use):
            ahead = await self._ahead(query, charges, spans)
        books = Books.of(charges, rows[0].currency, self._clock.now_ms())
        changes = await self._changes(scope, query, known_until)
        return replace(_outlook(query, rows, books, spans, ahead, changes), note=note)

    async def _in_one(self, query: OutlookQuery, rows: list[CostRow]) -> tuple[list[CostRow], str]:
        """Daily rows of several currencies in one, and how; as they are, and "", where rates do not say."""
        if self._currencies is None:
            return rows, ""
        whole = await self._currencies.together(by_day(rows), query.currency)
        if whole is None or whole.missing:
            return rows, ""
        some = [row for row in rows if row.amounts[0]]
        return await self._currencies.rows_in(some, whole.currency), in_words(whole)

    async def _of_any(self, scope: Scope, query: OutlookQuery, currencies: Sequence[str]) -> Outlook:
        """The outlook of the only currency that has enough of a past. Raises InvalidInput where several have."""
        found: list[Outlook] = []
        short: dict[str, TooLittleHistory] = {}
        for currency in currencies:
            only = Where(Dimension.CURRENCY, (currency,))
            try:
                found.append(
                    await self.ask(scope, replace(query, where=And((query.where, only)) if query.where else only))
                )
            except TooLittleHistory as problem:
                short[currency] = problem
        if len(found) > 1:
            raise InvalidInput(
                f"cannot forecast: the bill is in {' and '.join(currencies)}, which are never added; filter by "
                "CURRENCY, or set TRIMTAB_PRESENTATION_CURRENCY and import rates with `trimtab costs rates import`"
            )
        if not found:
            raise short[currencies[0]]
        return replace(found[0], note="; ".join(f"{name} is left out: {why}" for name, why in short.items()))

    async def _changes(self, scope: Scope, query: OutlookQuery, known_until: int) -> tuple[AppliedChange, ...]:
        """What is announced for days that are forecast, by what a day of the lines that it is about cost last week."""
        found = []
        for change in await self._announced():
            if not known_until <= change.at_ms < query.end_ms or query.metric in _NOT_MONEY:
                continue
            parts = tuple(part for part in (query.where, change.where) if part is not None)
            span = known_until - _WEEK[0] * DAY_MS, known_until
            asked = CostQuery(*span, (query.metric,), where=And(parts) if parts else None)
            rows = await self._reader.costs(scope, asked)
            a_day = sum((row.amounts[0] for row in rows), Decimal(0)) / _WEEK[0]
            if a_day:
                more = (a_day * (change.factor - 1)).quantize(_CENT)
                found.append(AppliedChange(change.at_ms // DAY_MS * DAY_MS, change.note, more))
        return tuple(found)

    async def _ahead(self, query: OutlookQuery, charges: Charges, spans: Sequence[Period]) -> "_UseAhead":
        """The use of the days ahead: those of the month in which the bill ends replayed on the same day of closed
        months, later ones as far as the question goes.
        """
        known, end = charges.known_until_ms, next_month(charges.known_until_ms)
        near_ms = min(end, query.end_ms)
        use = np.array([float(one) for one in charges.use])
        use += late_use(charges.services, len(use))
        cuts = []
        at = month_start(known)
        while at > charges.start_ms:
            at = month_start(at - 1)
            cuts.append((min(at + known - month_start(known), next_month(at)) - charges.start_ms) // DAY_MS)
        near = await self._forecast(query.level, charges.start_ms, use, near_ms, spans, tuple(cuts[:_REPLAYED]))
        far = None
        if query.end_ms > end:
            far = await self._forecast(query.level, charges.start_ms, use, query.end_ms, _after(spans, end))
        return _UseAhead(near, far)

    async def _forecast(
        self,
        level: float,
        start_ms: int,
        use: npt.NDArray[np.float64],
        end_ms: int,
        spans: Sequence[Period],
        cuts: tuple[int, ...] = (),
    ) -> Forecast:
        """The forecast of daily use until `end_ms`; the same question about the same amounts is answered once."""
        known = start_ms + len(use) * DAY_MS
        groups = tuple(_steps((first, min(last, end_ms)), known) for first, last in (*spans, (known, end_ms)))
        asked = (level, start_ms, use.tobytes(), end_ms, groups, cuts)
        found = self._answered.get(asked)
        if found is None:
            ahead = (end_ms - known) // DAY_MS
            calendar = calendar_of(start_ms, len(use) + ahead)
            least = 0.0 if use.min() >= 0 else -np.inf
            found = await self._forecaster.predict(Question(use, ahead, _WEEK, level, calendar, least, groups, cuts))
            if len(self._answered) >= _REMEMBERED:
                self._answered.pop(next(iter(self._answered)))
            self._answered[asked] = found
        return found


@dataclass(frozen=True, slots=True)
class _Range:
    """An amount with bounds."""

    mean: Decimal = Decimal(0)
    lower: Decimal = Decimal(0)
    upper: Decimal = Decimal(0)


def _range(found: Sum | None) -> _Range:
    return _Range() if found is None else _Range(money(found.mean), money(found.lower), money(found.upper))


@dataclass(frozen=True, slots=True)
class _UseAhead:
    """Forecasts of use: of the month in which the bill ends, and of what is asked after it; None where nothing is."""

    near: Forecast | None = None
    far: Forecast | None = None

    def of_span(self, at: int) -> tuple["_Range", "_Range"]:
        """The days ahead in the span asked for as the `at`-th: of the month in which the bill ends, and later."""
        near, far = (None if one is None else one.sums[at] for one in (self.near, self.far))
        return _range(near), _range(far)

    def of_month(self, start_ms: int) -> Ahead:
        """The days that are left of the month in which the bill ends; `start_ms`: the first day of the bill."""
        if self.near is None:
            return Ahead()
        rest = self.near.sums[-1]
        days = [start_ms + cut * DAY_MS for cut in self.near.cuts]
        return Ahead(rest.mean, rest.upper - rest.mean, dict(zip(days, rest.replayed, strict=True)))

    def a_day(self, known_ms: int, first_ms: int, last_ms: int) -> float:
        """The mean of the days of `[first, last)` that were forecast; of all that were where none of them is."""
        steps = (self.far or self.near).mean if self.near is not None else np.zeros(0)
        first, last = _steps((first_ms, last_ms), known_ms)
        some = steps[first:last]
        return float(some.mean()) if len(some) else float(steps.mean()) if len(steps) else 0.0


def _after(spans: Sequence[Period], start_ms: int) -> tuple[Period, ...]:
    """The parts of spans from `start_ms` on; an empty one for a span that ends before."""
    return tuple((max(first, start_ms), max(last, start_ms)) for first, last in spans)


def calendar_of(start_ms: int, days: int) -> npt.NDArray[np.bool_]:
    """Which days from `start_ms` are the first, the second or the last of their month."""
    first = to_datetime(start_ms)
    marks = []
    for at in range(days):
        day = first + timedelta(days=at)
        marks.append((day.day == 1, day.day == 2, (day + timedelta(days=1)).day == 1))
    return np.array(marks, dtype=np.bool_)


def _check(query: OutlookQuery, known_until_ms: int) -> None:
    if query.granularity not in (Granularity.DAILY, Granularity.MONTHLY):
        raise InvalidInput(f"cannot forecast by {query.granularity}: expected DAILY or MONTHLY", field="granularity")
    if query.start_ms >= query.end_ms or query.start_ms % DAY_MS or query.end_ms % DAY_MS:
        raise InvalidInput("cannot forecast: expected whole days, and an end after the start", field="end")
    if query.end_ms - known_until_ms > _DAYS_AHEAD * DAY_MS:
        raise InvalidInput(f"cannot forecast more than {_DAYS_AHEAD} days after the bill ends", field="end")
    if not 0.5 < query.level < 1:
        raise InvalidInput(f"cannot forecast with level {query.level}: expected 0.51 to 0.99", field="level")


def _use_alone(rows: Sequence[CostRow], start_ms: int, end_ms: int) -> Charges:
    """Rows of units as use by day, which nothing else is split from."""
    amounts = [Decimal(0)] * ((end_ms - start_ms) // DAY_MS)
    for row in rows:
        amounts[(row.start_ms - start_ms) // DAY_MS] += row.amounts[0]
    first = next((at for at, amount in enumerate(amounts) if amount), len(amounts))
    return Charges(start_ms + first * DAY_MS, tuple(amounts[first:]), {}, {})


def _steps(span: Period, known_until_ms: int) -> tuple[int, int]:
    """The steps of the horizon that a span has; none where the bill has it all."""
    first, last = (max(0, (bound - known_until_ms) // DAY_MS) for bound in span)
    return first, last


def _outlook(
    query: OutlookQuery,
    rows: Sequence[CostRow],
    books: Books,
    spans: Sequence[Period],
    ahead: _UseAhead,
    changes: Sequence[AppliedChange],
) -> Outlook:
    known = books.charges.known_until_ms
    months = _closings(books, ahead, query.level) if query.end_ms >= next_month(known) else {}
    extras = _extras(books, months, ahead, query)
    expected = [_expected(books, months, span, ahead.of_span(at), extras, changes) for at, span in enumerate(spans)]
    units = {row.unit for row in rows}
    forecast = ahead.far or ahead.near
    return Outlook(
        currency=rows[0].currency,
        unit=units.pop() if len(units) == 1 else "N/A",
        metric=query.metric,
        periods=tuple(expected[:-1]),
        total=expected[-1],
        known_until_ms=known,
        level=query.level,
        error=forecast.error if forecast else 0.0,
        coverage=forecast.coverage if forecast else 1.0,
        origins=forecast.origins if forecast else 0,
        weighed=forecast.candidates if forecast else (),
        changes=tuple(changes),
        closing=months.get(month_start(known)) if query.metric not in _NOT_MONEY else None,
    )


def _closings(books: Books, ahead: _UseAhead, level: float) -> dict[int, Closing]:
    """The months that are not over: only that in which the bill ends has days ahead."""
    rest = {books.open[-1]: ahead.of_month(books.charges.start_ms)}
    return {month: closing_of(books, month, rest.get(month, Ahead()), level) for month in books.open}


@dataclass(frozen=True, slots=True)
class _Extra:
    """What a line is still expected to add, and the day that it is put on."""

    day_ms: int
    adds: _Range


def _extras(books: Books, months: Mapping[int, Closing], ahead: _UseAhead, query: OutlookQuery) -> list[_Extra]:
    """What lines are expected to add to the bill, of months that are not over and of later ones."""
    found = []
    for month, closing in months.items():
        for line in closing.lines:
            if line.name in books.charges.lines:
                day = falls_on(books, line.name, month)
                adds = (one - line.so_far for one in (line.expected, line.lower, line.upper))
                found.append(_Extra(day, _Range(*adds)))
    start, known = books.charges.start_ms, books.charges.known_until_ms
    for at, missing in enumerate(late_use(books.charges.services, len(books.charges.use)).tolist()):
        if missing and months:
            found.append(_Extra(start + at * DAY_MS, _Range(money(missing), Decimal(0), money(2 * missing))))
    month = next_month(known)
    while month < query.end_ms and books.charges.lines:
        use = ahead.a_day(known, month, next_month(month)) * ((next_month(month) - month) // DAY_MS)
        for line in later_lines(books, month, use, query.level):
            day = falls_on(books, line.name, month)
            found.append(_Extra(day, _Range(line.expected, line.lower, line.upper)))
        month = next_month(month)
    return found


def _expected(
    books: Books,
    months: Mapping[int, Closing],
    span: Period,
    use: tuple[_Range, _Range],
    extras: Sequence[_Extra],
    changes: Sequence[AppliedChange],
) -> Expected:
    """What a span comes to. Of a month of which it has all that is not known, bounds are those of that month."""
    first, last = span
    known_ms, known = books.charges.known_until_ms, books.charges.known(first, last)
    whole = {month: one for month, one in months.items()
             if first <= min(known_ms, one.end_ms - DAY_MS) and one.end_ms <= last}  # fmt: skip
    inside = [one for one in extras if first <= one.day_ms < last]
    loose = [one.adds for one in inside if month_start(one.day_ms) not in whole]
    loose.append(use[1])
    if month_start(known_ms) not in whole:
        loose.append(use[0])
    mean = known + use[0].mean + use[1].mean + sum((one.adds.mean for one in inside), Decimal(0))
    below = [one.mean - one.lower for one in loose] + [one.expected - one.lower for one in whole.values()]
    above = [one.upper - one.mean for one in loose] + [one.upper - one.expected for one in whole.values()]
    moved = _moved(changes, max(first, known_ms), last)
    least = Decimal(0) if min(books.charges.use) >= 0 and known >= 0 else None
    ends = mean + moved, mean - sum(below, Decimal(0)) + moved, mean + sum(above, Decimal(0)) + moved
    mean, lower, upper = (one if least is None else max(one, least) for one in ends)
    return Expected(first, last, mean, lower, upper, known)


def _moved(changes: Sequence[AppliedChange], start_ms: int, end_ms: int) -> Decimal:
    """By how much changes move the days of `[start, end)`."""
    days = ((change, max(0, end_ms - max(start_ms, change.at_ms)) // DAY_MS) for change in changes)
    return sum((change.per_day * number for change, number in days), Decimal(0))
