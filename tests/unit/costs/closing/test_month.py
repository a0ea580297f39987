"""An open month as it will close, judged by closed months that were asked about on the same day."""

import asyncio
from decimal import Decimal

import numpy as np
import pytest
from tests.unit.costs.made_months import START, Here, MadeBill, Organisation, month_of, outlooks_of

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.costs.closing.charges import Charges, Kind, LineName
from trimtab.costs.closing.month import Ahead, Books, Closing, ExpectedLine, closing_of, falls_on, later_lines
from trimtab.costs.model import Granularity
from trimtab.costs.outlook import Outlooks
from trimtab.costs.outlook_model import Outlook, OutlookQuery
from trimtab.costs.periods import next_month
from trimtab.timeseries.forecast.intervals import replayed_width
from trimtab.timeseries.forecast.model import Forecast, Question

DAY = 86_400_000
TAX, SUPPORT = LineName(Kind.TAX), LineName(Kind.SUPPORT)


def charges(months: int, passed: int, *, a_day: float = 1_000, tax: float = 0.2, known: int | None = None) -> Charges:
    """So many closed months of use with tax on their first day, and days of an open one; of the last closed months
    `known` have their tax, all by default.
    """
    start, open_ms = START, month_of(months)
    days = (open_ms - start) // DAY + passed
    use = [Decimal(str(a_day))] * days
    taxes = [Decimal(0)] * ((next_month(open_ms) - start) // DAY)
    for at in range(months if known is None else known):
        length = (month_of(at + 1) - month_of(at)) // DAY
        taxes[(month_of(at) - start) // DAY] = Decimal(str(round(tax * a_day * length, 2)))
    return Charges(start, tuple(use), {"EC2": np.full(days, a_day)}, {TAX: tuple(taxes)})


def closing(months: int, passed: int, ahead: Ahead) -> Closing:
    of = charges(months, passed)
    return closing_of(Books.of(of, "USD", of.known_until_ms + 3_600_000), month_of(months), ahead, 0.8)


def replays(months: int, passed: int, off: list[float]) -> dict[int, tuple[float, float]]:
    """What was said and came of the rest of each closed month: what was said is `off` by a share."""
    found = {}
    for at, share in enumerate(off):
        rest = (month_of(at + 1) - month_of(at)) // DAY - passed
        found[month_of(at) + passed * DAY] = (1_000.0 * rest * (1 + share), 1_000.0 * rest)
    return found


def test_tax_that_comes_at_the_close_is_expected_on_the_whole_month() -> None:
    found = closing(8, 10, Ahead(20_000.0, 500.0, replays(8, 10, [0.0] * 8)))  # September 2025
    (line,) = found.lines
    assert (TAX, 0, 6_000) == (line.name, line.so_far, line.expected)
    assert (10_000, 20_000, 36_000) == (found.use, found.ahead, found.expected)
    assert (8, 5, "") == (found.closed, found.replayed, found.note)
    assert 36_000 == found.lower == found.upper


def test_the_interval_is_what_closed_months_were_off_on_the_same_day() -> None:
    off = [0.5, 0.5, 0.5, 0.03, -0.03, 0.06, -0.06, 0.03]
    found = closing(8, 10, Ahead(20_000.0, 500.0, replays(8, 10, off)))
    # 3 to 6 % of two thirds of the month, by the fifth of six ranks: the months that knew little do not count.
    assert Decimal("0.035") < (found.upper - found.expected) / found.expected < Decimal("0.045")
    assert found.error is not None
    assert 0.015 < found.error < 0.03
    assert found.expected - found.lower == found.upper - found.expected


def test_days_past_are_no_matter_of_doubt() -> None:
    off = [0.0, 0.0, 0.0, 0.3, -0.3, 0.6, -0.6, 0.3]
    early = closing(8, 5, Ahead(25_000.0, 500.0, replays(8, 5, off)))
    late = closing(8, 25, Ahead(5_000.0, 500.0, replays(8, 25, off)))
    assert late.upper - late.expected < (early.upper - early.expected) / 3


def test_a_month_comes_to_what_it_has_at_least() -> None:
    off = [0.0, 0.0, 0.0, 30.0, -0.9, 30.0, -0.9, 30.0]
    found = closing(8, 29, Ahead(1_000.0, 500.0, replays(8, 29, off)))
    assert found.known == found.lower < found.expected < found.upper


def test_without_a_closed_month_nothing_is_known_of_the_close() -> None:
    of = charges(0, 10)
    found = closing_of(Books.of(of, "USD", of.known_until_ms), START, Ahead(20_000.0, 500.0, {}), 0.8)
    assert (30_000, 29_500, 30_500) == (found.expected, found.lower, found.upper)
    assert "no month of this bill is closed" in found.note
    assert found.error is None


def test_of_one_closed_month_half_of_what_is_to_come_is_in_doubt() -> None:
    found = closing(1, 10, Ahead(18_000.0, 500.0, {}))
    assert (28_000 + 5_600, 500 + 2_800) == (found.expected, found.upper - found.expected)
    assert "1 closed months are few" in found.note


def test_a_month_that_lacks_its_tax_is_not_closed_in_its_first_days() -> None:
    of = charges(6, 3, known=5)
    books = Books.of(of, "USD", of.known_until_ms)
    assert (month_of(5), month_of(6)) == books.open
    assert 5 == len(books.closed)
    found = closing_of(books, month_of(5), Ahead(), 0.8)
    assert (30_000, 6_000) == (found.use, found.lines[0].expected)
    later = Books.of(charges(6, 15, known=5), "USD", month_of(6) + 15 * DAY)
    assert (6, (month_of(6),)) == (len(later.closed), later.open)


def test_what_is_still_to_come_is_put_on_its_usual_day_or_the_last() -> None:
    of = charges(6, 10)
    books = Books.of(of, "USD", of.known_until_ms)
    assert next_month(month_of(6)) - DAY == falls_on(books, TAX, month_of(6))
    assert month_of(7) == falls_on(books, TAX, month_of(7))
    assert [Decimal(6_200)] == [line.expected for line in later_lines(books, month_of(7), 31_000.0, 0.8)]


def test_the_quantile_lies_between_ranks_and_few_errors_are_wide() -> None:
    assert pytest.approx(8) == replayed_width(np.arange(1.0, 10.0), 0.8)
    assert pytest.approx(4 + 0.8) == replayed_width(np.arange(1.0, 6.0), 0.8)
    assert replayed_width(np.array([1.0, -1.0]), 0.8) > 1.8
    assert np.isnan(replayed_width(np.array([]), 0.8))


@pytest.fixture(scope="module")
def asked() -> tuple[Outlook, float]:
    """An organisation with support and tax at the close, twenty days into a month, and what the month came to."""
    made = Organisation(3, scale=90_000, tax=0.2, plan=0, currency="USD")
    month = month_of(8)
    query = OutlookQuery(month, next_month(next_month(month)), granularity=Granularity.MONTHLY)
    return asyncio.run(outlooks_of(made, month, 20).ask(EVERYTHING, query)), made.came_to(month)


def test_a_month_is_expected_to_close_where_it_closed(asked: tuple[Outlook, float]) -> None:
    outlook, came = asked
    found, (period, after) = outlook.closing, outlook.periods
    assert found is not None
    assert abs(float(found.expected) / came - 1) < 0.03
    assert (found.expected, found.lower, found.upper) == (period.mean, period.lower, period.upper)
    lines = {line.name.kind: line for line in found.lines}
    assert lines[Kind.TAX].expected > Decimal("0.15") * found.use
    assert 0 == lines[Kind.TAX].so_far == lines[Kind.SUPPORT].so_far
    assert outlook.total.mean == period.mean + after.mean
    assert after.mean > Decimal("0.9") * period.mean  # tax and support of the month after are in it too


def test_parts_are_the_whole(asked: tuple[Outlook, float]) -> None:
    found = asked[0].closing
    assert found is not None
    assert found.expected == found.use + found.ahead + sum((line.expected for line in found.lines), Decimal(0))
    assert found.known == found.use + sum((line.so_far for line in found.lines), Decimal(0))


class Asked(Here):
    """A forecaster that keeps what it was asked."""

    def __init__(self) -> None:
        self.questions: list[Question] = []

    async def predict(self, question: Question) -> Forecast:
        """The forecast."""
        self.questions.append(question)
        return await super().predict(question)


def test_the_days_ahead_are_forecast_from_days_without_what_is_late_and_judged_on_the_same_day() -> None:
    made, asked = Organisation(0), Asked()
    month = month_of(8)
    now = month + 20 * DAY + 3_600_000
    bill = MadeBill(made, now)
    outlooks = Outlooks(bill, asked, ManualClock(now))  # type: ignore[arg-type]  # what is asked of them
    found = asyncio.run(outlooks.ask(EVERYTHING, OutlookQuery(month, next_month(month))))
    (question,) = asked.questions
    last = sum(one.amount for one in bill.rows if START + (one.day + 1) * DAY == bill.end_ms and one.record == "Usage")
    assert question.history[-1] > 1.05 * last
    assert [month_of(at) + 20 * DAY for at in range(7, -1, -1)] == [START + cut * DAY for cut in question.cuts]
    assert found.closing is not None
    late = _line(found.closing, Kind.LATE)
    assert pytest.approx(float(question.history.sum()) - float(late.expected), rel=1e-6) == sum(
        one.amount for one in bill.rows if one.record == "Usage"
    )


def _line(found: Closing, kind: Kind) -> ExpectedLine:
    return next(line for line in found.lines if line.name.kind is kind)


def test_days_add_up_to_the_month() -> None:
    made = Organisation(3, scale=90_000, tax=0.2, plan=0, currency="USD")
    month = month_of(8)
    outlooks = outlooks_of(made, month, 20)
    query = OutlookQuery(month, next_month(month))
    found = asyncio.run(outlooks.ask(EVERYTHING, query))
    assert found.closing is not None
    assert pytest.approx(float(found.closing.expected), abs=0.5) == float(sum(one.mean for one in found.periods))
    last = found.periods[-1]
    assert last.mean > _line(found.closing, Kind.TAX).expected
    assert last.lower < last.mean < last.upper
    rest = asyncio.run(outlooks.ask(EVERYTHING, OutlookQuery(month + 20 * DAY, next_month(month))))
    assert rest.total.upper - rest.total.mean == found.total.upper - found.total.mean
