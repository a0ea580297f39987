"""Thresholds, periods, limits and filters of budgets: pure."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from trimtab.base.errors import InvalidInput
from trimtab.budgets import calendar, limits
from trimtab.budgets.filters import expression_of, metric_of, where_of
from trimtab.budgets.judge import judge, surely
from trimtab.budgets.model import Budget, Notification, NotificationState, NotificationType, Spend, Standing, TimeUnit
from trimtab.costs.model import Dimension, Metric, Not, Where

OK, ALARM = NotificationState.OK, NotificationState.ALARM
ACTUAL, FORECASTED = NotificationType.ACTUAL, NotificationType.FORECASTED


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def standing(actual: str | None = "80", forecast: str | None = None, lower: str | None = None) -> Standing:
    def spend(amount: str | None) -> Spend | None:
        return None if amount is None else Spend(Decimal(amount), "USD")

    bound = None if lower is None else Decimal(lower)
    return Standing(0, 1, 1, spend("100"), spend(actual), spend(forecast), bound)


def budget(unit: str = "MONTHLY", start: str = "2026-01-01", end: str = "2087-06-15", **form: Any) -> Budget:
    whole = {"BudgetType": "COST", "TimeUnit": unit, "TimePeriod": {"Start": at(start), "End": at(end)}, **form}
    return Budget("0" * 12, "b", whole, 0, 0)


@pytest.mark.parametrize(
    ("comparison", "threshold", "kind", "expected"),
    [
        ("GREATER_THAN", "79.99", "PERCENTAGE", ALARM),
        ("GREATER_THAN", "80", "PERCENTAGE", OK),
        ("GREATER_THAN", "80", "ABSOLUTE_VALUE", OK),
        ("LESS_THAN", "80.01", "ABSOLUTE_VALUE", ALARM),
        ("LESS_THAN", "80", "PERCENTAGE", OK),
        ("EQUAL_TO", "80", "PERCENTAGE", ALARM),
        ("EQUAL_TO", "81", "PERCENTAGE", OK),
    ],
)
def test_a_threshold_is_crossed_strictly(comparison: str, threshold: str, kind: str, expected: object) -> None:
    assert expected is judge(standing(), Notification(ACTUAL, comparison, Decimal(threshold), kind))


def test_what_is_not_known_changes_no_state() -> None:
    assert judge(standing(actual=None), Notification(ACTUAL, "GREATER_THAN", Decimal(1))) is None
    assert judge(standing(), Notification(FORECASTED, "GREATER_THAN", Decimal(1))) is None


def test_nothing_is_sure_below_the_threshold() -> None:
    assert not surely(standing("80"), Notification(ACTUAL, "GREATER_THAN", Decimal(80)))
    assert surely(standing("80.01"), Notification(ACTUAL, "GREATER_THAN", Decimal(80)))


def test_a_forecast_is_sure_only_at_its_lower_bound() -> None:
    crossing = Notification(FORECASTED, "GREATER_THAN", Decimal(100))
    assert judge(standing(forecast="120", lower="95"), crossing) is ALARM
    assert not surely(standing(forecast="120", lower="95"), crossing)
    assert surely(standing(forecast="120", lower="101"), crossing)


@given(some.sampled_from(list(TimeUnit)), some.integers(at("2020-01-01"), at("2030-01-01")))
def test_every_moment_is_in_its_period_and_periods_meet(unit: TimeUnit, moment: int) -> None:
    start = calendar.first_start(unit, moment)
    end = calendar.after(unit, start)
    assert start <= moment < end
    assert calendar.first_start(unit, end) == end
    assert calendar.before(unit, end) == start


def test_periods_are_cut_at_the_budgets_start_and_end() -> None:
    one = budget("QUARTERLY", "2026-02-10", "2026-08-20")
    assert calendar.period_at(one, at("2026-03-01")) == (at("2026-02-10"), at("2026-04-01"))
    assert calendar.period_at(one, at("2026-08-01")) == (at("2026-07-01"), at("2026-08-20"))
    assert calendar.period_at(one, at("2026-08-20")) is None
    assert [first for first, _ in calendar.periods_until(one, at("2027-01-01"), 9)] == [
        at("2026-07-01"),
        at("2026-04-01"),
        at("2026-02-10"),
    ]


def test_planned_limits_hold_from_their_month_and_the_last_goes_on() -> None:
    planned = {str(at(day) // 1000): {"Amount": amount, "Unit": "USD"} for day, amount in PLAN}
    one = budget(PlannedBudgetLimits=planned)
    assert limits.fixed(one, at("2026-02-01")) == Spend(Decimal(20), "USD")
    assert limits.fixed(one, at("2026-09-01")) == Spend(Decimal(30), "USD")
    assert limits.fixed(one, at("2025-12-01")) is None


PLAN = [("2026-01-01", "10"), ("2026-02-01", "20"), ("2026-03-01", "30")]


def test_a_historical_limit_is_the_average_of_the_periods_that_had_costs() -> None:
    assert limits.average([Decimal(0), Decimal(10), Decimal(0), Decimal("20.01")]) == Decimal("10.00")
    assert limits.average([Decimal(0)]) is None
    wanted = {"AutoAdjustType": "HISTORICAL", "HistoricalOptions": {"BudgetAdjustmentPeriod": 2}}
    assert limits.history_wanted(budget(AutoAdjustData=wanted), at("2026-05-07")) == [
        (at("2026-03-01"), at("2026-04-01")),
        (at("2026-04-01"), at("2026-05-01")),
    ]


def test_cost_filters_are_an_expression() -> None:
    filters = {"Service": ["A", "B"], "TagKeyValue": ["user:team$ml", "user:team$web"], "tag:run": ["r1"]}
    assert expression_of(filters) == {
        "And": [
            {"Dimensions": {"Key": "SERVICE", "Values": ["A", "B"]}},
            {"Tags": {"Key": "team", "Values": ["ml", "web"]}},
            {"Tags": {"Key": "run", "Values": ["r1"]}},
        ]
    }
    with pytest.raises(InvalidInput, match="cannot filter by Colour"):
        expression_of({"Colour": ["red"]})
    with pytest.raises(InvalidInput, match=r"expected key\$value"):
        expression_of({"TagKeyValue": ["team"]})


def test_cost_types_choose_the_metric_and_leave_charges_out() -> None:
    form = {"BudgetType": "COST", "CostTypes": {"IncludeTax": False, "IncludeCredit": False, "UseAmortized": True}}
    assert metric_of(form) is Metric.AMORTIZED
    assert where_of(form, lambda _: None) == Not(Where(Dimension.RECORD_TYPE, ("Credit", "Tax")))
    assert where_of({"BudgetType": "COST"}, lambda _: None) is None
    assert metric_of({"BudgetType": "COST", "Metrics": ["NetUnblendedCost"]}) is Metric.NET_UNBLENDED
