"""Date intervals as Cost Explorer reads and writes them, and until when figures are estimates."""

from datetime import UTC, datetime

import pytest

from trimtab.costs.model import Granularity
from trimtab.doors.aws.cost_explorer.intervals import estimated, on_wire, read_interval, read_month
from trimtab.doors.aws.faults import AwsError


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("start", "end", "granularity"),
    [
        ("2026-08-01", "2026-09-01", Granularity.MONTHLY),
        ("2026-08-15", "2026-08-16", Granularity.DAILY),
        ("2026-08-01T00:00:00Z", "2026-08-02T00:00:00Z", Granularity.DAILY),
        ("2026-08-01T03:00:00Z", "2026-08-01T04:00:00Z", Granularity.HOURLY),
        ("2026-08-01", "2026-08-02", Granularity.HOURLY),
    ],
)
def test_intervals_are_read(start: str, end: str, granularity: Granularity) -> None:
    found = read_interval({"Start": start, "End": end}, granularity)
    assert found == (ms(start.rstrip("Z")), ms(end.rstrip("Z")))


@pytest.mark.parametrize(
    ("start", "end", "granularity", "told"),
    [
        ("2026-08-01T03:00:00Z", "2026-08-02", Granularity.DAILY, "Hourly timePeriod is not supported"),
        ("2026-08-01T03:30:00Z", "2026-08-02", Granularity.HOURLY, "whole hours"),
        ("2026-08-02", "2026-08-01", Granularity.DAILY, "Start date (and hour) should be before end date (and hour)"),
        ("yesterday", "2026-08-01", Granularity.DAILY, "Start time yesterday is invalid"),
        ("2026-13-01", "2027-01-01", Granularity.DAILY, "Start time 2026-13-01 is invalid"),
    ],
)
def test_what_is_none_is_told(start: str, end: str, granularity: Granularity, told: str) -> None:
    with pytest.raises(AwsError) as problem:
        read_interval({"Start": start, "End": end}, granularity)
    assert told in str(problem.value)


def test_comparisons_need_a_month() -> None:
    assert read_month({"Start": "2026-02-01", "End": "2026-03-01"}, "x") == (ms("2026-02-01"), ms("2026-03-01"))
    for start, end in (("2026-02-01", "2026-02-28"), ("2026-02-01", "2026-04-01"), ("2026-02-02", "2026-03-02")):
        with pytest.raises(AwsError, match="exactly one month"):
            read_month({"Start": start, "End": end}, "x")


def test_hours_are_written_as_instants() -> None:
    start, end = ms("2026-08-01"), ms("2026-08-01T01:00:00")
    assert on_wire(start, end, Granularity.HOURLY) == {"Start": "2026-08-01T00:00:00Z", "End": "2026-08-01T01:00:00Z"}
    assert on_wire(start, ms("2026-09-01")) == {"Start": "2026-08-01", "End": "2026-09-01"}


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-08-10", True), ("2026-09-05T23:59:59", True), ("2026-09-06", False), ("2027-01-01", False)],
)
def test_a_month_is_an_estimate_until_its_invoice(now: str, expected: bool) -> None:
    assert estimated(ms("2026-08-03"), ms("2026-08-04"), ms(now)) is expected
