"""A FORECASTED budget hears of what comes at the close of the month while there is time."""

import asyncio
from decimal import Decimal
from typing import cast

import pytest
from tests.unit.costs.made_months import MadeBill, Organisation, month_of, outlooks_of

from trimtab.base.clock import ManualClock
from trimtab.budgets.judge import judge
from trimtab.budgets.measure import Measure
from trimtab.budgets.model import Budget, Notification, NotificationState, NotificationType, Standing
from trimtab.costs.explorer.explorer import Explorer
from trimtab.costs.read import CostReader

DAY = 86_400_000
MONTH = month_of(8)
OVER = Notification(NotificationType.FORECASTED, "GREATER_THAN", Decimal(100), "PERCENTAGE")


@pytest.fixture(scope="module")
def made() -> Organisation:
    """A month of about 100,000 of use that closes at 128,000 with support by tiers and tax of 20 %."""
    return Organisation(7, scale=92_400, tax=0.2, plan=0, currency="USD")


def standing(made: Organisation, day: int) -> Standing:
    """How a budget of 120,000 stands after `day` days of the month."""
    now = MONTH + day * DAY + 6 * 3_600_000
    form = {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "TimePeriod": {"Start": MONTH, "End": MONTH + 900 * DAY},
        "BudgetLimit": {"Amount": "120000", "Unit": "USD"},
    }
    reader = cast(CostReader, MadeBill(made, now))
    measure = Measure(reader, Explorer(reader), outlooks_of(made, MONTH, day), lambda _: None, ManualClock(now))
    return asyncio.run(measure.standing(Budget("1" * 12, "b", form, 0, 0)))


@pytest.mark.parametrize("day", [10, 20])
def test_a_budget_that_tax_and_support_pass_fires_before_they_come(made: Organisation, day: int) -> None:
    found = standing(made, day)
    came = made.came_to(MONTH)
    assert 127_500 < came < 129_500
    assert found.actual is not None
    assert found.actual.amount < 80_000
    assert found.forecast is not None
    assert abs(float(found.forecast.amount) / came - 1) < 0.05
    assert NotificationState.ALARM is judge(found, OVER)
