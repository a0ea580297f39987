"""Telemetry that was down is told from machines that stopped, and said in words."""

from decimal import Decimal

import numpy as np
import pytest
from tests.unit.economics.estimate.test_live import AUGUST, Told, at, bill, live, snapshot

from trimtab.access.scope import EVERYTHING
from trimtab.costs.model import Metric
from trimtab.costs.read_sql import DAY_MS, HOUR_MS
from trimtab.economics.estimate.base import hours_of_day
from trimtab.economics.estimate.model import Floats
from trimtab.economics.estimate.report import report_of
from trimtab.economics.estimate.silence import silences
from trimtab.store.state.database import State
from unit.economics.conftest import House, line

START = 1_767_225_600_000
LAST = START + 3 * DAY_MS


def fleet(machines: int = 10, days: int = 4) -> dict[str, Floats]:
    """Machines that run all the time."""
    return {f"i-{at}": np.ones(24 * days) for at in range(machines)}


def test_hours_in_which_most_of_a_fleet_is_silent_and_comes_back_count_as_run() -> None:
    hours = fleet()
    for number in range(6):
        hours[f"i-{number}"][3 * 24 + 4 : 3 * 24 + 14] = 0
    (found,) = silences(hours, START, LAST, LAST + DAY_MS)
    assert (LAST + 4 * HOUR_MS, LAST + 14 * HOUR_MS, 6, 10) == (
        found.start_ms,
        found.end_ms,
        found.machines,
        found.of,
    )
    assert "telemetry of 6 of 10 machines was silent from 04:00 to 14:00 UTC" in found.words
    assert {24.0} == set(hours_of_day(hours, START, LAST, LAST + DAY_MS).values())


def test_machines_that_stop_or_rest_every_night_are_not_silent() -> None:
    stopped, few, nightly = fleet(), fleet(), fleet()
    for number in range(6):
        stopped[f"i-{number}"][3 * 24 + 4 :] = 0
        nightly[f"i-{number}"].reshape(4, 24)[:, 2:8] = 0
    for number in range(3):
        few[f"i-{number}"][3 * 24 + 4 : 3 * 24 + 14] = 0
    for hours, ran in ((stopped, 4.0), (few, 14.0), (nightly, 18.0)):
        assert [] == silences(hours, START, LAST, LAST + DAY_MS)
        assert ran == hours_of_day(hours, START, LAST, LAST + DAY_MS)["i-0"]


def test_what_happens_on_the_first_day_is_believed() -> None:
    hours = fleet(days=1)
    for number in range(6):
        hours[f"i-{number}"][4:14] = 0
    assert [] == silences(hours, START, START, START + DAY_MS)


def test_hours_in_which_nobody_reports_are_silent_while_they_last() -> None:
    hours = fleet()
    for row in hours.values():
        row[3 * 24 + 4 :] = 0
    (found,) = silences(hours, START, LAST, LAST + 9 * HOUR_MS)
    assert (10, LAST + 9 * HOUR_MS) == (found.machines, found.end_ms)


class Down(Told):
    """Meters that were down from 04:00 to 20:00 of a day."""

    day = 19

    async def hours(self, start_ms: int, end_ms: int) -> dict[str, Floats]:
        """As told, without those hours."""
        found = dict(await super().hours(start_ms, end_ms))
        down = (AUGUST + (self.day - 1) * DAY_MS - start_ms) // HOUR_MS
        for row in found.values():
            row[max(0, down + 4) : max(0, down + 20)] = 0
        return found


def test_a_day_without_telemetry_says_so_and_is_no_error(house: House, state: State) -> None:
    house.bring(bill())
    at(house, 21, 6)
    report = report_of(snapshot(live(house, state, Down({"i-1": 24}))), EVERYTHING, Metric.BILLED, None)
    silent = [one for one in report.compared if one.silent]
    assert [AUGUST + 18 * DAY_MS] == [one.day_ms for one in silent]
    assert "telemetry of 1 of 1 machines was silent from 04:00 to 20:00 UTC" in silent[0].missing
    assert 16 == report.total[0].error.days
    assert () == report.missing


def test_an_open_day_without_telemetry_says_what_is_missing(house: House, state: State) -> None:
    house.bring(bill())
    at(house, 21, 22)
    meters = Down({"i-1": 24})
    meters.day = 21
    report = report_of(snapshot(live(house, state, meters)), EVERYTHING, Metric.BILLED, None)
    assert ("21 August: telemetry of 1 of 1 machines was silent from 04:00 to 20:00 UTC: they count as running as "
            "before and after",) == report.missing  # fmt: skip
    assert Decimal("44") == next(row.open_days for row in report.rows if row.name == "search")


def closing(month: str) -> list[dict[str, str]]:
    """Tax and support of a month, dated on its first day."""
    support = {"line_item_usage_type": "Support", "pricing_unit": ""}
    tax = line("Tax", "600", day=1, month=month)
    return [tax, line("Fee", "400", service="AWSSupportBusiness", day=1, month=month, **support)]


def test_the_first_of_a_month_is_compared_without_what_comes_at_the_close(house: House, state: State) -> None:
    house.bring([*_july(), *closing("2026-07"), *bill(9), *closing("2026-08")])
    at(house, 10, 6)
    report = report_of(snapshot(live(house, state, Told({"i-1": 24}))), EVERYTHING, Metric.BILLED, None)
    first = next(one for one in report.compared if one.day_ms == AUGUST)
    assert Decimal(53) == first.billed == first.estimated
    assert "without 1,000.00 USD of tax, support, credits and refunds" in first.missing
    assert not first.silent
    assert report.total[0].error.median == pytest.approx(0, abs=0.01)


def test_on_the_first_the_estimate_says_what_comes_later(house: House, state: State) -> None:
    house.bring([*bill(31), *closing("2026-08")])
    house.clock.at_ms = AUGUST + 31 * DAY_MS + 6 * HOUR_MS
    report = report_of(snapshot(live(house, state, Told({"i-1": 24}))), EVERYTHING, Metric.BILLED, None)
    assert Decimal("13.25") == report.total[0].today
    (said,) = report.missing
    assert said.startswith("the first: tax, support, credits and refunds, dated on that day, come at the close")
    assert "1,000.00 USD the last time" in said


def _july() -> list[dict[str, str]]:
    """The days of `bill` a month before."""
    dates = ("line_item_usage_start_date", "line_item_usage_end_date")
    period = {
        "bill_billing_period_start_date": "2026-07-01T00:00:00Z",
        "bill_billing_period_end_date": "2026-08-01T00:00:00Z",
    }
    return [{**one, **period, **{name: one[name].replace("-08-", "-07-") for name in dates}} for one in bill(31)]
