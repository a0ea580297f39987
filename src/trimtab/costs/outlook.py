"""Where the bill is going: the daily amounts of a question, forecast from its own past.

Days that the bill has count as they are; the use of the others is forecast, and says how wrong this way of forecasting
was on the same amounts. What comes at the close of a month, or once in it, is a line of its own (`closing/`): put on
its usual day, or on the last day of a month that is past that. The month in which the bill ends is judged by closed
months, each asked about on the same day. Changes of prices and commitments that are announced (`announced.py`) move the
days from then on.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.announced import AppliedChange, ReadChanges, nothing_announced
from trimtab.costs.closing.charges import CHARGES, Charges, split
from trimtab.costs.closing.late import late_use
from trimtab.costs.closing.month import Books
from trimtab.costs.currencies.room import Currencies, by_day, in_words
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Granularity, Where
from trimtab.costs.outlook_model import Outlook, OutlookQuery
from trimtab.costs.outlook_sums import NOT_MONEY, UseAhead, outlook_of, steps_of
from trimtab.costs.periods import Period, month_start, next_month, periods
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.forecast.forecaster import Forecaster
from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory

_WEEK = (7,)
_HISTORY_DAYS = 400
"""A year and a month: the days after that say little of today's bill."""
_DAYS_AHEAD = 18 * 31
_REMEMBERED = 64
_REPLAYED = 12
"""Closed months that are asked about on the same day: a year, in which every season is once."""
_CENT = Decimal("0.01")
_Asked = tuple[float, int, bytes, int, tuple[tuple[int, int], ...], tuple[int, ...]]


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
        of_money = query.metric not in NOT_MONEY
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
        ahead = UseAhead()
        if query.end_ms > known_until and any(charges.use):
            ahead = await self._ahead(query, charges, spans)
        books = Books.of(charges, rows[0].currency, self._clock.now_ms())
        changes = await self._changes(scope, query, known_until)
        return replace(outlook_of(query, rows, books, spans, ahead, changes), note=note)

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
            if not known_until <= change.at_ms < query.end_ms or query.metric in NOT_MONEY:
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

    async def _ahead(self, query: OutlookQuery, charges: Charges, spans: Sequence[Period]) -> UseAhead:
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
        return UseAhead(near, far)

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
        groups = tuple(steps_of((first, min(last, end_ms)), known) for first, last in (*spans, (known, end_ms)))
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
