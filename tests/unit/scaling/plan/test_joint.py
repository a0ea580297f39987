"""The joint plan of type, policy and purchase option."""

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.capacity.curve import Curve, CurvePoint, Interval
from trimtab.scaling.plan.buying import Use, best_level, monthly, use_of
from trimtab.scaling.plan.joint import capacity_of, joint_plan, marked_front
from trimtab.scaling.plan.model import Choice, Offer, Plan, Question, Server
from trimtab.scaling.plan.outlook import outlook
from trimtab.scaling.plan.zones import gone, short_share, spared

TICKS = 2 * 1440
YEAR = Offer("1 year", Decimal("0.7"), 1, "published")


def curve(fastest_ms: float, most: float) -> Curve:
    """A server whose p99 doubles at half of `most`, and so on."""
    points = []
    for share in (0.2, 0.4, 0.6, 0.8, 0.9):
        latency = fastest_ms / (1 - share)
        known = {"p99": Interval(latency, latency, latency)}
        points.append(CurvePoint(most * share, most * share, 1.0, known, Interval(1, 1, 1)))
    return Curve(tuple(points))


def server(name: str, fastest_ms: float, most: float, price: str, **more: object) -> Server:
    """A measured type."""
    return Server(name, curve(fastest_ms, most), Decimal(price), offers=(YEAR,), basis="a test", **more)  # type: ignore[arg-type] # named as the fields are


def demand() -> np.ndarray:
    """Two days with nights."""
    hour = np.arange(TICKS) % 1440 / 60
    return 20 + 80 * np.exp(-(((hour - 14) / 4) ** 2))


SMALL, LARGE = server("small", 20, 20, "1"), server("large", 8, 60, "2.5")
SLOW = server("slow", 90, 200, "0.1")


@pytest.fixture(scope="module")
def asked() -> Question:
    """A question over three measured types."""
    return Question(demand(), (SMALL, LARGE, SLOW), slo_ms=80.0, allowed=0.01)


@pytest.fixture(scope="module")
def plan(asked: Question) -> Plan:
    """Its answer."""
    return joint_plan(asked)


def test_a_level_is_worth_committing_to_where_it_is_used_more_than_its_share_of_the_price() -> None:
    hours = np.array([1, 1, 1, 2, 2, 2, 2, 3, 3, 4])  # 2 or more in 7 of 10 hours, 3 or more in 3 of 10
    use = Use(hours * 60, 60)
    assert 2 == best_level(use, Offer("cheap", Decimal("0.69")))
    assert 1 == best_level(use, Offer("dear", Decimal("0.71")))
    assert 0 == best_level(use, Offer("dearer than on demand", Decimal("1.01")))


def test_money_is_exact_on_whole_ticks() -> None:
    use = use_of(np.array([1.0] * 60 + [3.0] * 60), 60.0)
    price = Decimal("0.123456789")
    assert price * 4 * 365 == monthly(use, price)
    assert (price * Decimal("0.7") * 2 + price * 2) * 365 == monthly(use, price, 1, YEAR)
    assert 3 == use.peak


def test_the_front_holds_what_nothing_beats(plan: Plan) -> None:
    front = plan.front
    assert front
    assert sorted(front, key=lambda one: one.monthly) == front
    assert all(after.risk < before.risk for before, after in pairwise(front))
    assert not any(other.monthly <= one.monthly and other.risk < one.risk for one in front for other in plan.choices)


def test_the_best_is_the_cheapest_within_the_objective(plan: Plan) -> None:
    assert plan.best is not None
    assert plan.best.risk <= 0.01
    assert plan.best.monthly == min(one.monthly for one in plan.choices if one.within)
    assert plan.best.least <= plan.best.monthly <= plan.best.most


def test_a_type_that_never_meets_the_objective_is_left_out_with_a_reason(plan: Plan) -> None:
    told = {one.type: one for one in plan.measured}
    assert told["slow"].capacity is None
    assert "does not meet 80 ms" in told["slow"].why
    assert all(one.type != "slow" for one in plan.choices)
    assert any("slow cannot meet" in one for one in plan.words)


def test_twice_the_traffic_needs_about_twice_the_money(asked: Question, plan: Plan) -> None:
    twice = joint_plan(replace(asked, traffic=2.0))
    assert plan.best is not None
    assert twice.best is not None
    assert 1.4 < twice.best.monthly / plan.best.monthly < 2.1


def test_a_dearer_type_is_left_for_the_other(asked: Question, plan: Plan) -> None:
    assert plan.best is not None
    changed = joint_plan(replace(asked, prices={plan.best.type: 10.0}))
    assert changed.best is not None
    assert changed.best.type != plan.best.type
    assert changed.best.monthly >= plan.best.monthly


def test_a_plan_for_a_lost_zone_costs_more_and_bears_it(asked: Question, plan: Plan) -> None:
    safe = joint_plan(replace(asked, zone_fails=True))
    assert plan.best is not None
    assert safe.best is not None
    assert safe.best.zone_risk <= 0.01 < plan.best.zone_risk
    assert safe.best.monthly > plan.best.monthly


def test_spot_is_cheaper_and_riskier_the_more_it_is_interrupted(asked: Question) -> None:
    def with_spot(rate: float) -> Choice:
        spot = replace(SMALL, offers=(), spot_per_hour=Decimal("0.3"), interruptions=rate)
        found = joint_plan(replace(asked, servers=(spot,), allowed=0.5))
        same = [one for one in found.choices if one.spot_share and one.policy == "target tracking 50%"]
        return min(same, key=lambda one: one.monthly)

    calm, wild = with_spot(0.0), with_spot(6.0)
    assert 0 < calm.spot_share < 1
    assert wild.risk > calm.risk


def test_capacity_is_the_sure_end_of_what_was_measured_at_that_objective() -> None:
    known = replace(SMALL, curve=replace(SMALL.curve, capacity=Interval(14, 12.5, 15)), slo_ms=80.0)
    question = Question(demand(), (known,), slo_ms=80.0)
    assert 12.5 == capacity_of(known, question)
    looser = replace(question, slo_ms=200.0)  # the interval is of another objective: the curve tells
    assert capacity_of(known, looser) == known.curve.rate_at(200.0, "p99")


def test_the_outlook_follows_a_trend_and_doubts_without_one() -> None:
    days = np.repeat(np.exp(0.02 * np.arange(28)), 24)
    grown = outlook(days, 3600.0)
    assert 1.6 < grown.middle < 1.9  # 2 % a day from the middle of the four weeks to the middle of the next 30 days
    assert grown.low < grown.middle < grown.high
    short = outlook(np.ones(48), 3600.0)
    assert 1.0 == short.middle
    assert short.high > 1.3


def test_zones_and_what_their_loss_leaves() -> None:
    ready = np.array([3.0, 4.0, 7.0])
    assert [1, 2, 3] == gone(ready, 3).tolist()
    assert [5, 6, 11] == spared(ready, 3).tolist()
    share = short_share(np.array([10.0, 10.0, 20.0]), ready, gone(ready, 3), 5.0)
    assert 0.0 == share
    assert 1 / 3 == short_share(np.array([10.0, 15.0, 20.0]), ready, gone(ready, 3), 5.0)


def test_a_question_without_types_or_with_impossible_numbers_is_refused() -> None:
    with pytest.raises(InvalidInput, match="0 measured types"):
        Question(demand(), (), slo_ms=10.0)
    with pytest.raises(InvalidInput, match="factors above 0"):
        Question(demand(), (SMALL,), slo_ms=10.0, traffic=0.0)
    with pytest.raises(InvalidInput, match="zones"):
        Question(demand(), (SMALL,), slo_ms=10.0, zones=0)


def test_of_equals_only_one_is_on_the_front(plan: Plan) -> None:
    assert plan.best is not None
    marked = marked_front([plan.best, replace(plan.best, policy="the same again")], zone_fails=False, allowed=0.01)
    assert [True, False] == [one.on_front for one in marked]
