"""Calendar periods of a bill, and what they are compared with."""

from datetime import UTC, datetime

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.costs.explorer.spans import compared, fitting, named_span
from trimtab.costs.model import Granularity
from trimtab.costs.periods import is_month, periods, previous


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def span(start: str, end: str) -> tuple[int, int]:
    return ms(start), ms(end)


@pytest.mark.parametrize(
    ("of", "before"),
    [
        (("2026-08-01", "2026-09-01"), ("2026-07-01", "2026-08-01")),
        (("2026-03-01", "2026-04-01"), ("2026-02-01", "2026-03-01")),  # 31 days, and 28 before
        (("2026-01-01", "2026-04-01"), ("2025-10-01", "2026-01-01")),
        (("2026-08-10", "2026-08-17"), ("2026-08-03", "2026-08-10")),
    ],
)
def test_months_are_compared_with_months_and_days_with_days(of: tuple[str, str], before: tuple[str, str]) -> None:
    assert previous(*span(*of)) == span(*before)


def test_months_are_cut_at_the_ends() -> None:
    found = periods(*span("2025-12-15", "2026-02-03"), Granularity.MONTHLY)
    assert found == [
        span("2025-12-15", "2026-01-01"),
        span("2026-01-01", "2026-02-01"),
        span("2026-02-01", "2026-02-03"),
    ]
    assert [is_month(*one) for one in found] == [False, True, False]


def test_days_hours_and_the_whole() -> None:
    assert len(periods(*span("2026-02-01", "2026-03-01"), Granularity.DAILY)) == 28
    assert len(periods(*span("2026-02-01", "2026-02-02"), Granularity.HOURLY)) == 24
    assert periods(*span("2026-02-01", "2026-03-01"), Granularity.TOTAL) == [span("2026-02-01", "2026-03-01")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1m", ("2026-08-01", "2026-09-01")),
        ("3m", ("2026-06-01", "2026-09-01")),
        ("12m", ("2025-09-01", "2026-09-01")),
        ("all", ("2024-09-01", "2026-09-01")),
    ],
)
def test_named_ranges_end_with_the_bill(name: str, expected: tuple[str, str]) -> None:
    assert named_span(name, span("2024-09-07", "2026-08-11")) == span(*expected)


@pytest.mark.parametrize(
    ("of", "ends", "before", "cut"),
    [
        (("2026-11-01", "2026-12-01"), "2026-11-26", ("2026-10-01", "2026-10-26"), ("2026-11-01", "2026-11-26")),
        (("2026-03-01", "2026-04-01"), "2026-03-31", ("2026-02-01", "2026-03-01"), ("2026-03-01", "2026-03-31")),
        (("2026-10-01", "2026-12-01"), "2026-11-11", ("2026-08-01", "2026-09-11"), ("2026-10-01", "2026-11-11")),
        (("2026-11-01", "2026-12-01"), "2026-12-01", ("2026-10-01", "2026-11-01"), ("2026-11-01", "2026-12-01")),
        (("2026-11-20", "2026-11-27"), "2026-11-26", ("2026-11-13", "2026-11-20"), ("2026-11-20", "2026-11-27")),
        (("2026-11-01", "2026-12-01"), "2026-08-11", ("2026-10-01", "2026-11-01"), ("2026-11-01", "2026-12-01")),
    ],
)
def test_a_month_that_goes_on_is_compared_by_days(
    of: tuple[str, str], ends: str, before: tuple[str, str], cut: tuple[str, str]
) -> None:
    assert compared(span(*of), span("2025-01-01", ends)) == (span(*before), span(*cut))


def test_days_are_told_apart_for_a_quarter() -> None:
    assert fitting(span("2026-06-01", "2026-09-01")) is Granularity.DAILY
    assert fitting(span("2026-03-01", "2026-09-01")) is Granularity.MONTHLY
    with pytest.raises(InvalidInput):
        named_span("2m", span("2024-09-07", "2026-08-11"))
