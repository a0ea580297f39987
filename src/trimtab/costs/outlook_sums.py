"""What periods are expected to come to, from the bill's days, the forecast of use and the lines of months. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.costs.announced import AppliedChange
from trimtab.costs.closing.late import late_use
from trimtab.costs.closing.month import Ahead, Books, Closing, closing_of, falls_on, later_lines, money
from trimtab.costs.model import CostRow, Metric
from trimtab.costs.outlook_model import Expected, Outlook, OutlookQuery
from trimtab.costs.periods import Period, month_start, next_month
from trimtab.costs.read_sql import DAY_MS
from trimtab.timeseries.forecast.model import Forecast, Sum

NOT_MONEY = frozenset({Metric.USAGE, Metric.NORMALIZED_USAGE, Metric.LINES})


class _Range(Struct, frozen=True):
    """An amount with bounds."""

    mean: Decimal = Decimal(0)
    lower: Decimal = Decimal(0)
    upper: Decimal = Decimal(0)


def _range(found: Sum | None) -> _Range:
    return _Range() if found is None else _Range(money(found.mean), money(found.lower), money(found.upper))


class UseAhead(Struct, frozen=True):
    """Forecasts of use: of the month in which the bill ends, and of what is asked after it; None where nothing is."""

    near: Forecast | None = None
    far: Forecast | None = None

    def of_span(self, at: int) -> tuple[_Range, _Range]:
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
        first, last = steps_of((first_ms, last_ms), known_ms)
        some = steps[first:last]
        return float(some.mean()) if len(some) else float(steps.mean()) if len(steps) else 0.0


def steps_of(span: Period, known_until_ms: int) -> tuple[int, int]:
    """The steps of the horizon that a span has; none where the bill has it all."""
    first, last = (max(0, (bound - known_until_ms) // DAY_MS) for bound in span)
    return first, last


def outlook_of(
    query: OutlookQuery,
    rows: Sequence[CostRow],
    books: Books,
    spans: Sequence[Period],
    ahead: UseAhead,
    changes: Sequence[AppliedChange],
) -> Outlook:
    """The answer: each span that is asked for (the last is the whole), and the month in which the bill ends."""
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
        closing=months.get(month_start(known)) if query.metric not in NOT_MONEY else None,
    )


def _closings(books: Books, ahead: UseAhead, level: float) -> dict[int, Closing]:
    """The months that are not over: only that in which the bill ends has days ahead."""
    rest = {books.open[-1]: ahead.of_month(books.charges.start_ms)}
    return {month: closing_of(books, month, rest.get(month, Ahead()), level) for month in books.open}


class _Extra(Struct, frozen=True):
    """What a line is still expected to add, and the day that it is put on."""

    day_ms: int
    adds: _Range


def _extras(books: Books, months: Mapping[int, Closing], ahead: UseAhead, query: OutlookQuery) -> list[_Extra]:
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
