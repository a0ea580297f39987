"""Histories of budgets: the limit as it was, what was spent, and which periods are in."""

import asyncio
from decimal import Decimal
from typing import Any, cast

import pytest
from sqlalchemy import insert

from trimtab.base.clock import ManualClock
from trimtab.budgets.measure import Measure
from trimtab.budgets.model import Budget, Spend
from trimtab.budgets.performance import Performance
from trimtab.costs.periods import Period
from trimtab.store.state.database import State
from trimtab.store.state.tables import budget_periods
from unit.budgets.test_judge import at, budget

MONTHS = [at(f"2026-0{month}-01") for month in (1, 2, 3, 4)]


class Bill:
    """Ten a month, and nothing known of February."""

    async def spent(self, budget: Budget, period: Period, unit: str) -> Decimal | None:
        return None if period[0] == MONTHS[1] else Decimal(10)


@pytest.fixture
def performance(state: State) -> Performance:
    return Performance(state, ManualClock(at("2026-03-15")), cast(Measure, Bill()))


def months(performance: Performance, *span: int | None, **form: Any) -> list[tuple[int, Spend | None, Spend | None]]:
    periods = asyncio.run(performance.of(budget(**form), *span))
    return [(MONTHS.index(one.start_ms) + 1, one.budgeted, one.actual) for one in periods]


def usd(amount: str) -> Spend:
    return Spend(Decimal(amount), "USD")


LIMIT = {"Amount": "100", "Unit": "USD"}


def test_a_period_has_the_limit_that_was_recorded_then(performance: Performance, state: State) -> None:
    rows = [
        {"account": "0" * 12, "budget": "b", "start_ms": MONTHS[0], "budgeted": "80", "unit": "USD"},
        {"account": "1" * 12, "budget": "b", "start_ms": MONTHS[1], "budgeted": "1", "unit": "USD"},
    ]
    names = {column.name: 0 if "INT" in str(column.type) else "" for column in budget_periods.c}
    state.change_sync(lambda connection: [connection.execute(insert(budget_periods), names | row) for row in rows])
    assert [(3, usd("100"), usd("10")), (2, usd("100"), None), (1, usd("80"), usd("10"))] == months(
        performance, BudgetLimit=LIMIT
    )


@pytest.mark.parametrize(
    ("span", "expected"),
    [((MONTHS[1], MONTHS[2]), [2]), ((MONTHS[1] + 1, None), [3, 2]), ((None, MONTHS[1] + 1), [2, 1]), ((), [3, 2, 1])],
)
def test_periods_that_a_range_touches_are_in(
    performance: Performance, span: tuple[int | None, ...], expected: list[int]
) -> None:
    assert expected == [month for month, *_ in months(performance, *span, BudgetLimit=LIMIT)]


def test_without_a_limit_nothing_is_said_of_a_period(performance: Performance) -> None:
    assert [(3, None, None), (2, None, None), (1, None, None)] == months(performance)
