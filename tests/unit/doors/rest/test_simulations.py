import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.errors import InvalidInput
from trimtab.client import scaling_wire as wire
from trimtab.doors.rest.simulations import Simulating, operations
from trimtab.doors.rest.spec import Call, NoQuery
from trimtab.metrics.expressions.model import Query, Result
from trimtab.scaling.demand import DemandAsked, read_demand

MINUTE = 60_000


class Stored:
    """An evaluator that knows one metric: 600 requests a minute from the third minute on."""

    async def evaluate(
        self, scope: Scope, queries: Sequence[Query], start_ms: int, end_ms: int, linked: Scope | None = None
    ) -> list[Result]:
        times = np.arange(start_ms + 2 * MINUTE, end_ms, MINUTE)
        return [Result(queries[0].id, "requests", times, np.full(len(times), 600.0), period_s=60)]


class Clock:
    def now_ms(self) -> int:
        return 1_767_571_200_000


def answer(operation: int, body: object) -> object:
    made = operations(Simulating(Stored(), Clock()))[operation]  # type: ignore[arg-type] # a clock that stands
    asked = msgspec.convert(body, made.body)  # type: ignore[type-var] # a struct
    principal = Principal("tester", None, Role.ADMIN, EVERYTHING)
    return asyncio.run(made.handler(Call(principal, NoQuery(), asked, {}, {})))  # type: ignore[arg-type] # a coroutine


def test_policies_are_answered_beside_the_cheapest_plan() -> None:
    asked = [{"kind": "target-tracking"}, {"kind": "fixed"}]
    found = answer(0, {"demand": [10.0] * 50 + [30.0] * 50, "policies": asked,
                       "pools": [{"capacity": 5, "price_per_hour": "1.20"}], "points": 20})  # fmt: skip
    assert isinstance(found, wire.SimulationAnswer)
    assert (100, 20, [2.0] * 10 + [6.0] * 10) == (found.ticks, len(found.demand), found.needed)
    assert f"{Decimal('1.20') * (50 * 2 + 50 * 6) / 60:.4f}" == found.oracle_cost
    tracking, fixed = found.policies
    assert (6, 0.0, 1.5) == (fixed.peak, fixed.violating, fixed.cost_vs_oracle)
    assert 0 < tracking.violating < 0.25  # until what the jump needs is launched
    assert "÷ 0.50" in tracking.moments[-1].why


def test_a_metric_of_the_store_is_the_demand() -> None:
    found = answer(0, {"metric": {"namespace": "shop", "name": "requests", "start": "-1h"},
                       "policies": [{"kind": "portfolio"}]})  # fmt: skip
    assert isinstance(found, wire.SimulationAnswer)
    assert (58, 10.0) == (found.ticks, found.demand[0])
    assert Clock().now_ms() - 58 * MINUTE == found.start_ms


def test_what_is_promised_of_a_portfolio_is_answered_with_its_reason() -> None:
    hours = [10.0 + at % 24 for at in range(24 * 12)]
    asked = {"demand": hours, "tick_s": 3600, "pools": [{"capacity": 1}], "policies": [{}, {"kind": "fixed"}]}
    found = answer(0, asked)
    assert isinstance(found, wire.SimulationAnswer)
    promise = found.policies[0].promise
    assert promise is not None
    assert (7 * 24, "kept-so-far", True) == (promise.since, promise.reason, promise.kept)
    assert found.policies[1].promise is None
    short = answer(0, {**asked, "demand": hours[:100]})
    assert isinstance(short, wire.SimulationAnswer)
    promise = short.policies[0].promise
    assert promise is not None
    assert (None, "short-past", None) == (promise.since, promise.reason, promise.kept)
    assert "4 whole days" in promise.words


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"policies": [{}]}, "demand or a metric"),
        ({"demand": [], "policies": [{}]}, "empty"),
        ({"demand": [1.0], "policies": [{"kind": "magic"}]}, "magic"),
        ({"demand": [1.0], "least": 5, "most": 2, "policies": [{}]}, "least"),
        ({"metric": {"namespace": "a", "name": "b"}, "tick_s": 61, "policies": [{}]}, "61"),
    ],
)
def test_what_cannot_be_simulated_is_said(body: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        answer(0, body)


def test_a_metric_without_values_is_said() -> None:
    class Empty(Stored):
        async def evaluate(
            self, scope: Scope, queries: Sequence[Query], start_ms: int, end_ms: int, linked: Scope | None = None
        ) -> list[Result]:
            return []

    with pytest.raises(InvalidInput, match="no values above 0"):
        asyncio.run(read_demand(Empty(), EVERYTHING, DemandAsked("a", "b", {}, "Sum", 0, 10 * MINUTE), 60))


def test_provisioned_concurrency_is_planned() -> None:
    starts = [at * 1000 for at in range(0, 4 * 3600, 2)]
    found = answer(1, {"starts_ms": starts, "durations_ms": [5000] * len(starts)})
    assert isinstance(found, wire.ProvisionedPlan)
    assert ("0.6", 3) == (found.break_even, found.peak)
    assert ["on demand", "target tracking at 70%"] == [one.name for one in found.served[:2]]
    assert 4 == len(found.levels)
    assert found.levels[-1].level >= 2
    with pytest.raises(InvalidInput, match="as many durations"):
        answer(1, {"starts_ms": [1, 2], "durations_ms": [1]})
