"""The panel of what is not billed yet: the month with its lines, and what the estimate lacks."""

import asyncio
from types import SimpleNamespace

import pytest
from tests.unit.costs.made_months import DAY, MadeBill, Organisation, month_of, outlooks_of

from trimtab.access.scope import EVERYTHING
from trimtab.base.records import replace
from trimtab.costs.model import Metric
from trimtab.costs.outlook_model import OutlookQuery
from trimtab.costs.periods import next_month
from trimtab.economics.estimate.report import EstimateReport
from trimtab.web.costs.ahead import Ahead, ahead_of, facts_of
from trimtab.web.site import _environment

MONTH = month_of(8)
NOW = MONTH + 20 * DAY + 3_600_000
VIEW = SimpleNamespace(ranged=lambda path: path)


@pytest.fixture(scope="module")
def ahead() -> Ahead:
    made = Organisation(7, scale=92_400, tax=0.2, plan=0, currency="USD")
    query = OutlookQuery(MONTH, next_month(next_month(MONTH)))
    found = asyncio.run(outlooks_of(made, MONTH, 20).ask(EVERYTHING, query))
    return Ahead(None, found, None, "", "USD", "30 September")


def shown(ahead: Ahead, now_ms: int = NOW) -> str:
    return _environment().get_template("parts/costs_ahead.html").render(view=VIEW, **facts_of(ahead, now_ms))


def test_the_month_is_told_by_its_lines_with_bounds_and_the_error_of_closed_months(ahead: Ahead) -> None:
    page = shown(ahead)
    assert ahead.outlook is not None
    closing = ahead.outlook.closing
    assert closing is not None
    assert f"<b>{closing.expected:,.0f} USD</b>" in page
    assert f"Bounds of 80 %: {closing.lower:,.0f} to {closing.upper:,.0f} USD." in page
    assert f"of {closing.replayed} closed months" in page
    for line in closing.lines:
        assert f'<th scope="row">{line.name.words}</th>' in page
        assert f"<b>{line.expected:,.2f}</b>" in page
    assert "the tiers of AWS Business support on use" in page
    assert "/figures/month_line" in page


def test_in_a_month_of_which_the_bill_has_nothing_the_lines_of_another_are_not_shown(ahead: Ahead) -> None:
    assert "Bounds of 80 %" not in shown(ahead, next_month(MONTH) + DAY)


@pytest.mark.parametrize(("months", "ahead_months"), [(2, 1), (6, 2)])
def test_a_short_bill_is_forecast_to_the_end_of_its_month(months: int, ahead_months: int) -> None:
    """After two months the next month cannot be told, and this one can."""
    made, month = Organisation(7, scale=92_400, currency="USD"), month_of(months)
    now = month + 6 * 3_600_000
    room = SimpleNamespace(outlooks=outlooks_of(made, month, 0), reader=MadeBill(made, now))
    found = asyncio.run(ahead_of(room, None, EVERYTHING, Metric.UNBLENDED, None, now))  # type: ignore[arg-type]
    assert found.outlook is not None
    assert month_of(months + ahead_months) == found.outlook.periods[-1].end_ms
    assert "" == found.problem
    assert facts_of(found, now)["month"]["mean"] > 0


def test_what_the_estimate_lacks_is_said(ahead: Ahead) -> None:
    report = EstimateReport(NOW, NOW, Metric.BILLED, (), (), (), 0, missing=("1 May: telemetry was silent",))
    assert "Not in the estimate: 1 May: telemetry was silent." in shown(replace(ahead, report=report))
