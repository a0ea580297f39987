"""Where the bill is going: the daily amounts of a question, forecast from its own past.

Days that the bill has count as they are; the rest is forecast, and says how wrong this way of forecasting was on the
same amounts. The first, second and last day of a month are known to be different (fees, support, closings). Changes of
prices and commitments that are announced (`announced.py`) move the days from then on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.costs.announced import AppliedChange, ReadChanges, nothing_announced
from trimtab.costs.currencies.room import Currencies, by_day, in_words
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Granularity, Metric, Where
from trimtab.costs.periods import Period, periods
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.forecast.forecaster import Forecaster
from trimtab.timeseries.forecast.model import Forecast, Judged, Question, TooLittleHistory

_WEEK = (7,)
_HISTORY_DAYS = 400
"""A year and a month: the days after that say little of today's bill."""
_DAYS_AHEAD = 18 * 31
_REMEMBERED = 64
_CENT = Decimal("0.01")
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
        self._answered: dict[tuple[OutlookQuery, int, tuple[Decimal, ...]], Forecast] = {}

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
        daily = CostQuery(start, known_until, (query.metric,), Granularity.DAILY, where=query.where)
        rows = await self._reader.costs(scope, daily)
        money = query.metric not in _NOT_MONEY
        some = sorted({row.currency for row in rows if row.amounts[0]}) if money else []
        note = ""
        if len(some) > 1:
            rows, note = await self._in_one(query, rows)
            if not note:
                return await self._of_any(scope, query, some)
        elif some:
            others = sorted({row.currency for row in rows} - set(some))
            rows = [row for row in rows if row.currency == some[0]]
            note = f"of {' and '.join(others)} nothing was billed" if others else ""
        amounts = _by_day(rows, start, known_until)
        if not amounts:
            raise TooLittleHistory("cannot forecast: the bill has no amount that passes the filter")
        spans = periods(query.start_ms, query.end_ms, query.granularity)
        forecast = None
        if query.end_ms > known_until:
            forecast = await self._forecast(query, known_until, amounts, spans)
        changes = await self._changes(scope, query, known_until)
        return replace(_outlook(query, rows, amounts, known_until, spans, forecast, changes), note=note)

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

    async def _forecast(
        self, query: OutlookQuery, known_until: int, amounts: Sequence[Decimal], spans: Sequence[Period]
    ) -> Forecast:
        """The forecast of daily amounts; the same question about the same amounts is answered once."""
        asked = (query, known_until, tuple(amounts))
        found = self._answered.get(asked)
        if found is None:
            ahead = (query.end_ms - known_until) // DAY_MS
            found = await self._forecaster.predict(
                Question(
                    np.array([float(one) for one in amounts]),
                    ahead,
                    _WEEK,
                    query.level,
                    calendar_of(known_until - len(amounts) * DAY_MS, len(amounts) + ahead),
                    0.0 if min(amounts) >= 0 else -np.inf,
                    tuple(_steps(span, known_until) for span in (*spans, (query.start_ms, query.end_ms))),
                )
            )
            if len(self._answered) >= _REMEMBERED:
                self._answered.pop(next(iter(self._answered)))
            self._answered[asked] = found
        return found


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


def _by_day(rows: Sequence[CostRow], start_ms: int, end_ms: int) -> list[Decimal]:
    """An amount a day, the days without lines as 0."""
    amounts = [Decimal(0)] * ((end_ms - start_ms) // DAY_MS)
    for row in rows:
        amounts[(row.start_ms - start_ms) // DAY_MS] += row.amounts[0]
    while amounts and not amounts[0]:
        amounts.pop(0)  # what was not bought yet is no history of it
    return amounts


def _steps(span: Period, known_until_ms: int) -> tuple[int, int]:
    """The steps of the horizon that a span has; none where the bill has it all."""
    first, last = (max(0, (bound - known_until_ms) // DAY_MS) for bound in span)
    return first, last


def _outlook(
    query: OutlookQuery,
    rows: Sequence[CostRow],
    amounts: Sequence[Decimal],
    known_until_ms: int,
    spans: Sequence[Period],
    forecast: Forecast | None,
    changes: Sequence[AppliedChange] = (),
) -> Outlook:
    begin = known_until_ms - len(amounts) * DAY_MS
    every = [*spans, (query.start_ms, query.end_ms)]
    expected = []
    for at, (first, last) in enumerate(every):
        cut = amounts[max(0, (first - begin) // DAY_MS) : max(0, (last - begin) // DAY_MS)]
        known = sum(cut, Decimal(0))
        ahead = forecast.sums[at] if forecast else None
        mean, lower, upper = (
            (known + _money(one) for one in (ahead.mean, ahead.lower, ahead.upper)) if ahead else (known, known, known)
        )
        moved = _moved(changes, max(first, known_until_ms), last)
        least = Decimal(0) if min(amounts) >= 0 else None
        ends = (mean + moved, lower + moved, upper + moved)
        mean, lower, upper = (one if least is None else max(one, least) for one in ends)
        expected.append(Expected(first, last, mean, lower, upper, known))
    units = {row.unit for row in rows}
    return Outlook(
        currency=rows[0].currency,
        unit=units.pop() if len(units) == 1 else "N/A",
        metric=query.metric,
        periods=tuple(expected[:-1]),
        total=expected[-1],
        known_until_ms=known_until_ms,
        level=query.level,
        error=forecast.error if forecast else 0.0,
        coverage=forecast.coverage if forecast else 1.0,
        origins=forecast.origins if forecast else 0,
        weighed=forecast.candidates if forecast else (),
        changes=tuple(changes),
    )


def _moved(changes: Sequence[AppliedChange], start_ms: int, end_ms: int) -> Decimal:
    """By how much changes move the days of `[start, end)`."""
    days = ((change, max(0, end_ms - max(start_ms, change.at_ms)) // DAY_MS) for change in changes)
    return sum((change.per_day * number for change, number in days), Decimal(0))


def _money(amount: float) -> Decimal:
    """An estimate, to the cent: more digits would say more than is known."""
    return Decimal(str(amount)).quantize(_CENT)
