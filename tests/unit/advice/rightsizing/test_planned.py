"""What a size adds in the plan beside what it saves at list prices, and that every resource is judged or named."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.advice.rightsizing.conftest import ACCOUNT, NOW_MS, REGION, Place
from tests.unit.advice.rightsizing.test_room import machines

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.finding import Finding as AdviceFinding
from trimtab.advice.rightsizing.model import Advised, Finding, Kind, Option
from trimtab.advice.rightsizing.planned import Planned, totals
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.rightsizing.store import INACTIVE
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.doors.aws.compute_optimizer import rooms
from trimtab.doors.aws.compute_optimizer.instances import get_ec2_instance_recommendations
from trimtab.doors.aws.compute_optimizer.others import get_idle_recommendations
from trimtab.doors.aws.compute_optimizer.preferences import (
    describe_recommendation_export_jobs,
    get_recommendation_summaries,
)
from trimtab.doors.aws.compute_optimizer.rooms import OptimizerRooms
from trimtab.doors.rest.rightsizing_answers import recommendation_answer

PLANNED = {"i-large": D("17.25"), "i-idle": D("0.00"), "i-dear": D("3.50")}
"""What the plan says that each adds: less than its list price, or nothing where a commitment is paid anyhow."""


@pytest.fixture
def room(place: Place, state: Any) -> RightsizingRoom:
    async def findings(scope: Scope) -> Sequence[AdviceFinding]:
        found = [one for judged in place.published for one in judged.findings]
        return [
            replace(one, cash=PLANNED[one.part], cost=D(100), cash_note="in the plan")
            for one in found
            if one.part in PLANNED
        ]

    machines(place)
    place.machine("bucket", "logs", "")
    place.fill()
    means = replace(place.room.means, open_findings=findings)
    place.room = RightsizingRoom.of(state, place.room.clock, means)
    asyncio.run(place.room.recompute(NOW_MS))
    return place.room


def asked(room: RightsizingRoom, call: Any, **request: Any) -> dict[str, Any]:
    context: Any = SimpleNamespace(
        principal=SimpleNamespace(scope=EVERYTHING), account=ACCOUNT, region=REGION, scope=EVERYTHING
    )
    answer: dict[str, Any] = asyncio.run(call(OptimizerRooms(room), request, context))
    return answer


def test_after_discounts_is_what_it_adds_in_the_plan_and_before_is_the_list_price(room: RightsizingRoom) -> None:
    told = asked(room, get_ec2_instance_recommendations)["instanceRecommendations"]
    [large] = [one for one in told if one["instanceArn"].endswith("i-large")]
    first, *others = large["recommendationOptions"]
    after = first["savingsOpportunityAfterDiscounts"]
    assert after == {
        "savingsOpportunityPercentage": 17.25, "estimatedMonthlySavings": {"currency": "USD", "value": 17.25},
    }  # fmt: skip
    assert first["savingsOpportunity"]["estimatedMonthlySavings"]["value"] > 200
    assert not any("savingsOpportunityAfterDiscounts" in one for one in others)  # the plan takes one size of it


def test_what_is_idle_saves_its_price_and_adds_what_the_plan_says(room: RightsizingRoom) -> None:
    [idle] = asked(room, get_idle_recommendations)["idleRecommendations"]
    assert idle["savingsOpportunity"]["estimatedMonthlySavings"]["value"] == pytest.approx(62.05)
    assert idle["savingsOpportunityAfterDiscounts"]["estimatedMonthlySavings"]["value"] == 0.0


def test_summaries_add_up_to_the_plan(room: RightsizingRoom) -> None:
    [summary] = asked(room, get_recommendation_summaries)["recommendationSummaries"]
    amounts = {
        name: summary[name]["estimatedMonthlySavings"]["value"]
        for name in ("savingsOpportunity", "idleSavingsOpportunity", "aggregatedSavingsOpportunity")
    }
    whole = float(totals(asyncio.run(room.worth(EVERYTHING)).values())["USD"])
    assert amounts == {
        "savingsOpportunity": 20.75, "idleSavingsOpportunity": 0.0, "aggregatedSavingsOpportunity": whole,
    }  # fmt: skip


def test_what_no_plan_has_has_no_figure_after_discounts() -> None:
    option = Advised(Option("m5.large", {}, D(1)), 1, 0.0, {}, D(10), 0.5, 0.0, 0.0)
    assert set(rooms.savings(option, None)) == {"savingsOpportunity"}
    assert set(rooms.savings(option, Planned(None, None, "USD"))) == {"savingsOpportunity"}
    unpriced = replace(option, saving=None, saving_share=None)
    assert set(rooms.savings(unpriced, Planned(D(3), None, "EUR"))) == {"savingsOpportunityAfterDiscounts"}


def test_the_api_has_both_figures_under_two_names(room: RightsizingRoom) -> None:
    worth = asyncio.run(room.worth(EVERYTHING))
    [kept] = [one for one in asyncio.run(room.store.listed(EVERYTHING)) if one.recommendation.subject.id == "i-large"]
    told = recommendation_answer(kept, worth)
    assert (told.planned, told.planned_currency, told.planned_note) == ("17.25", "USD", "in the plan")
    assert float(told.saving) > 200
    assert recommendation_answer(kept, {}).planned == ""


def test_every_resource_of_the_inventory_is_judged_or_named_with_the_reason(
    room: RightsizingRoom, place: Place
) -> None:
    place.machine("auto_scaling_group", "mixed", "", Instances=[{"InstanceType": "a"}, {"InstanceType": "b"}])
    place.machine("endpoint", "unread", "")
    asyncio.run(room.recompute(NOW_MS))
    judged = {one.recommendation.subject.path: one for one in asyncio.run(room.store.listed(EVERYTHING))}
    left = {path.rpartition("/")[2]: reason for path, _, reason in asyncio.run(room.left_out(EVERYTHING))}
    every = asyncio.run(place.inventory.resources.listed(EVERYTHING))
    assert {one.ref.id for one in every} == {path.rpartition("/")[2] for path in judged} | set(left)
    assert left == {
        "i-stopped": "it is stopped: it runs on no size now",
        "logs": "trimtab knows no sizes of the kind bucket",
        "mixed": "its machines are of several types, or of none that is known",
        "unread": "its variants and their types were not read",
    }
    unknown = [one.recommendation for one in judged.values() if one.recommendation.finding is Finding.UNAVAILABLE]
    assert {one.subject.id for one in unknown} == {"i-silent", "i-strange"}
    assert all(one.reason for one in unknown)


def test_an_account_that_takes_no_part_is_named(room: RightsizingRoom) -> None:
    asyncio.run(room.store.enrol(ACCOUNT, INACTIVE))
    reasons = {reason for _, kind, reason in asyncio.run(room.left_out(EVERYTHING)) if kind == "instance"}
    assert f"account {ACCOUNT} does not take part in right-sizing" in reasons
    assert asyncio.run(room.judge(EVERYTHING, Kind.INSTANCE, NOW_MS)) == []


@pytest.mark.parametrize("call", [get_ec2_instance_recommendations, get_idle_recommendations])
def test_a_filter_without_a_name_is_refused(room: RightsizingRoom, call: Any) -> None:
    with pytest.raises(InvalidInput, match="a filter has no name"):
        asked(room, call, filters=[{"values": ["EC2Instance"]}])
    assert (
        asked(room, get_idle_recommendations, filters=[{"name": "Finding", "values": ["x"]}])["idleRecommendations"]
        == []
    )


def test_export_jobs_are_filtered_by_names_too(room: RightsizingRoom) -> None:
    with pytest.raises(InvalidInput, match="a filter has no name"):
        asked(room, describe_recommendation_export_jobs, filters=[{"values": ["Complete"]}])
