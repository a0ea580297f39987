"""Budgets with days that are not billed yet: what counts, what is sure, and budgets on ML objects."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.budgets.judge import judge, surely
from trimtab.budgets.live import Estimated, MlObject, object_of
from trimtab.budgets.measure import Measure
from trimtab.budgets.model import Budget, Notification, NotificationState, NotificationType, Spend, Standing
from trimtab.costs.conditions import facets_of
from trimtab.costs.model import And, Dimension, Filter, Match, Not, Tag, Where
from trimtab.costs.outlook_model import Expected
from trimtab.economics.estimate.model import KNOWN
from unit.budgets.test_measure import Bill, at

DAY = 86_400_000
CROSSING = Notification(NotificationType.ACTUAL, "GREATER_THAN", Decimal(100))


@dataclass
class Live:
    """Twenty a day (or another number), of which `sure` of each is sure; asked questions are kept."""

    sure: Decimal | None = Decimal("0.9")
    daily: int = 20
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def open_days(self, scope: Any, where: Any, metric: Any, start_ms: int, end_ms: int, unit: str) -> Estimated:
        self.asked.append((start_ms, end_ms, unit))
        assert {one for one in facets_of(where) if isinstance(one, Dimension)} <= KNOWN  # else it estimates nothing
        since = at("2026-06-08")
        amount = Decimal(self.daily * max(0, (end_ms - max(start_ms, since)) // DAY))
        lower = None if self.sure is None else amount * self.sure
        return Estimated(amount, lower, None, 0.02, 28, since)

    async def of_object(self, scope: Any, what: MlObject, *span: Any) -> Estimated | None:
        self.asked.append((what, *span))
        known = what.names != ("nobody",)
        return Estimated(Decimal(70), Decimal(65), Decimal(75), 0.01, 28, span[0]) if known else None


def stands(live: Live, where: Filter | None = None, limit: str = "110") -> Standing:
    form = {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "TimePeriod": {"Start": at("2026-01-01"), "End": at("2087-06-15")},
        "BudgetLimit": {"Amount": limit, "Unit": "USD"},
    }
    bill = cast(Any, Bill("USD"))
    measure = Measure(bill, bill, bill, lambda _: where, ManualClock(at("2026-06-10") + 3_600_000), live)
    return asyncio.run(measure.standing(Budget("1" * 12, "b", form, 0, 0)))


def test_days_that_are_not_billed_count_at_their_estimate_and_no_day_twice() -> None:
    live = Live()
    found = stands(live)
    assert Spend(Decimal(7 * 10 + 3 * 20), "USD") == found.actual
    assert (Decimal(60), Decimal(70) + 54) == (found.estimated, found.actual_lower)
    assert (0.02, at("2026-06-08")) == (found.estimate_error, found.estimated_from_ms)
    assert [(at("2026-06-01"), at("2026-06-11"), "USD")] == live.asked


def test_what_the_bill_has_of_open_days_already_counts_where_their_estimate_is_less() -> None:
    found = stands(Live(daily=2))
    assert Spend(Decimal(10 * 10), "USD") == found.actual
    assert (Decimal(0), Decimal(100)) == (found.estimated, found.actual_lower)


@pytest.mark.parametrize(("sure", "acts"), [(Decimal("0.9"), True), (Decimal("0.5"), False), (None, False)])
def test_only_a_crossing_at_the_estimates_lower_bound_is_sure(sure: Decimal | None, acts: bool) -> None:
    found = stands(Live(sure))
    assert NotificationState.ALARM is judge(found, CROSSING)
    assert acts is surely(found, CROSSING)


def test_a_forecast_is_no_less_than_what_was_spent_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    async def low(self: Bill, scope: Any, query: Any) -> Any:
        total = Expected(query.start_ms, query.end_ms, Decimal(80), Decimal(75), Decimal(85), Decimal(70))
        return type("Found", (), {"total": total, "currency": "USD"})()

    monkeypatch.setattr(Bill, "ask", low)
    found = stands(Live())
    assert Spend(Decimal(130), "USD") == found.forecast
    assert (Decimal(124), Decimal(130)) == (found.forecast_lower, found.forecast_upper)


def test_a_budget_on_a_run_stands_at_what_the_run_cost() -> None:
    live = Live()
    found = stands(live, Where(Tag("trimtab:run"), ("48213",)), limit="60")
    assert (Spend(Decimal(70), "USD"), Decimal(65)) == (found.actual, found.actual_lower)
    assert surely(found, CROSSING)
    assert MlObject("run", ("48213",)) == live.asked[0][0]


def test_a_budget_on_what_nobody_knows_says_so() -> None:
    found = stands(Live(), Where(Tag("trimtab:model"), ("nobody",)))
    assert found.actual is None
    assert "nothing is known of the cost of model nobody" in found.problem


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, None),
        (Where(Tag("team"), ("search",)), None),
        (Where(Tag("trimtab:user"), ("mira",)), MlObject("user", ("mira",))),
        (
            And((Where(Tag("trimtab:model"), ("m",)), Where(Tag("trimtab:per"), ("1k-tokens",)))),
            MlObject("model", ("m",), "1k-tokens"),
        ),
    ],
)
def test_a_filter_names_an_object(where: Filter | None, expected: MlObject | None) -> None:
    assert expected == object_of(where)


@pytest.mark.parametrize(
    "where",
    [
        Not(Where(Tag("trimtab:run"), ("1",))),
        Where(Tag("trimtab:run"), ("1",), Match.CONTAINS),
        Where(Tag("trimtab:per"), ("1k-tokens",)),
        Where(Tag("trimtab:pod"), ("x",)),
        And((Where(Tag("trimtab:run"), ("1",)), Where(Tag("trimtab:model"), ("m",)))),
        And((Where(Dimension.SERVICE, ("S",)), Not(Where(Tag("trimtab:run"), ("1",))))),
    ],
)
def test_what_names_an_object_otherwise_is_refused(where: Filter) -> None:
    with pytest.raises(InvalidInput, match="trimtab:"):
        object_of(where)
