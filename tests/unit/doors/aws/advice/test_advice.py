"""Support, Trusted Advisor and Cost Optimization Hub with boto3, over planted faults."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.advice.finding import Action, Finding, Judgement, Pillar
from trimtab.advice.room import AdviceRoom, Means
from trimtab.advice.standing import Wanted
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.costs.model import CostQuery, CostRow
from trimtab.costs.room import CostsRoom
from trimtab.doors.aws.advice.cost_hub_types import DETAILS, TYPES, resource_type
from trimtab.doors.aws.advice.efficiency import efficiency
from trimtab.doors.aws.advice.service import build
from trimtab.doors.aws.gateway import Gateway, GatewayOptions
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource
from trimtab.inventory.room import InventoryRoom
from trimtab.store.state.database import State

ACCOUNT, REGION = "123456789012", "us-east-1"
ADDRESS, OPEN, CLUSTER = "Z4AUBRNSmz", "HCP4007jGY", "trimtab-eks-extended-support"
_SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ["0.0.0.0/0"], "Ipv6Ranges": []}
Client = Callable[[str], Any]


class NoKeys:
    """Knows no key."""

    def secret_of(self, access_key_id: str) -> None:
        return None


async def nothing(*_: Any, **__: Any) -> Any:
    return None


async def no_alarms(_: Any) -> list[Any]:
    return []


@pytest.fixture
def client(room: AdviceRoom, serve: Callable[[Any], str], make_client: Callable[..., Any]) -> Client:
    url = serve(Gateway(GatewayOptions(build(room), NoKeys(), room.clock, ACCOUNT, REGION, False)))
    return lambda service: make_client(url, service)


@pytest.fixture
def room(state: State) -> AdviceRoom:
    """Advice over planted faults, computed once."""
    clock, fleet = ManualClock(), Fleet()
    inventory = InventoryRoom.of(state, clock)
    asyncio.run(inventory.resources.put(list(faults()), clock.now_ms()))
    costs = cast(CostsRoom, SimpleNamespace(reader=SimpleNamespace(extent=nothing)))
    reader = SimpleNamespace(fresh=nothing, statistics=fleet.statistics)
    means = Means(inventory, cast(Any, reader), fleet.registry, costs, cast(Any, None), no_alarms, nothing)
    room = AdviceRoom.of(state, clock, means)
    asyncio.run(room.routine.recompute())
    return room


def arn(id_: str) -> str:
    return f"arn:aws:trustedadvisor::{ACCOUNT}:recommendation/{id_}"


def faults() -> Iterator[Resource]:
    for name in ("eipalloc-1", "eipalloc-2"):
        yield resource(f"arn:aws:ec2:{REGION}:{ACCOUNT}:elastic-ip/{name}", name, PublicIp="198.51.100.7")
    yield resource(f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1", "sg-1", IpPermissions=[_SSH])
    cluster = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"
    yield resource(cluster, "prod", version="1.29", endpointPublicAccess=False, loggingTypes=["audit"])


def resource(arn: str, name: str, **attributes: Any) -> Resource:
    return Resource(parse_arn(arn), name, "search", "", {"team": "search"}, "test", 0, arn, attributes)


def test_support_tells_of_checks_and_what_they_found(client: Client) -> None:
    support = client("support")
    checks = {one["id"]: one for one in support.describe_trusted_advisor_checks(language="en")["checks"]}
    assert 60 <= len(checks)
    assert "cost_optimizing" == checks[ADDRESS]["category"]
    result = support.describe_trusted_advisor_check_result(checkId=ADDRESS)["result"]
    assert ("warning", 2, 2) == (
        result["status"],
        result["resourcesSummary"]["resourcesProcessed"],
        result["resourcesSummary"]["resourcesFlagged"],
    )
    columns = dict(zip(checks[ADDRESS]["metadata"], result["flaggedResources"][0]["metadata"], strict=True))
    assert "search" == columns["Owner"]
    assert columns["Fix"].startswith("aws ec2 release-address")
    summaries = support.describe_trusted_advisor_check_summaries(checkIds=[OPEN, CLUSTER])["summaries"]
    assert ["error", "warning"] == [one["status"] for one in summaries]
    assert 365.0 == summaries[1]["categorySpecificSummary"]["costOptimizing"]["estimatedMonthlySavings"]


def test_support_refreshes_a_check(client: Client) -> None:
    support = client("support")
    assert "enqueued" == support.refresh_trusted_advisor_check(checkId=OPEN)["status"]["status"]
    [status] = support.describe_trusted_advisor_check_refresh_statuses(checkIds=[OPEN])["statuses"]
    assert status["status"] in ("enqueued", "success")
    with pytest.raises(ClientError, match="There is no check nothing"):
        support.refresh_trusted_advisor_check(checkId="nothing")


def test_support_keeps_cases(client: Client) -> None:
    support = client("support")
    made = support.create_case(subject="Eight GPUs lost", communicationBody="XID 79 on gpu-07", severityCode="high")
    [case] = support.describe_cases(caseIdList=[made["caseId"]])["cases"]
    assert ("Eight GPUs lost", "opened") == (case["subject"], case["status"])
    assert "XID 79 on gpu-07" == case["recentCommunications"]["communications"][0]["body"]
    closed = support.resolve_case(caseId=made["caseId"])
    assert ("opened", "resolved") == (closed["initialCaseStatus"], closed["finalCaseStatus"])
    assert [] == support.describe_cases()["cases"]
    with pytest.raises(support.exceptions.CaseIdNotFound):
        support.resolve_case(caseId="case-0")


def test_trusted_advisor_pages_and_excludes(client: Client) -> None:
    advisor = client("trustedadvisor")
    pages = advisor.get_paginator("list_checks").paginate(pillar="security", PaginationConfig={"PageSize": 5})
    names = [one["name"] for page in pages for one in page["checkSummaries"]]
    assert len(names) == len(set(names)) > 5
    [found] = advisor.list_recommendations(checkIdentifier=f"arn:aws:trustedadvisor:::check/{ADDRESS}")[
        "recommendationSummaries"
    ]
    assert ("warning", 2) == (found["status"], found["resourcesAggregates"]["warningCount"])
    resources = advisor.list_recommendation_resources(recommendationIdentifier=found["arn"])
    first = resources["recommendationResourceSummaries"][0]
    asked = [
        {"arn": first["arn"], "isExcluded": True},
        {"arn": f"arn:aws:trustedadvisor::{ACCOUNT}:recommendation-resource/x/none", "isExcluded": True},
    ]
    told = advisor.batch_update_recommendation_resource_exclusion(recommendationResourceExclusions=asked)
    assert ["404"] == [one["errorCode"] for one in told["batchUpdateRecommendationResourceExclusionErrors"]]
    again = advisor.get_recommendation(recommendationIdentifier=arn(ADDRESS))["recommendation"]
    assert (1, 1) == (again["resourcesAggregates"]["warningCount"], again["resourcesAggregates"]["excludedCount"])
    back = [{"arn": first["arn"], "isExcluded": False}]
    advisor.batch_update_recommendation_resource_exclusion(recommendationResourceExclusions=back)


def test_trusted_advisor_moves_a_recommendation_on(client: Client) -> None:
    advisor = client("trustedadvisor")
    advisor.update_recommendation_lifecycle(recommendationIdentifier=arn(OPEN), lifecycleStage="in_progress")
    found = advisor.get_recommendation(recommendationIdentifier=arn(OPEN))["recommendation"]
    assert "in_progress" == found["lifecycleStage"]
    with pytest.raises(advisor.exceptions.ValidationException, match="is required to dismiss"):
        advisor.update_recommendation_lifecycle(recommendationIdentifier=arn(OPEN), lifecycleStage="dismissed")
    with pytest.raises(advisor.exceptions.ConflictException):
        advisor.update_recommendation_lifecycle(recommendationIdentifier=arn(OPEN), lifecycleStage="resolved")
    with pytest.raises(advisor.exceptions.ResourceNotFoundException):
        advisor.get_recommendation(recommendationIdentifier=arn("none"))


def test_the_hub_lists_what_saves_money(client: Client) -> None:
    hub = client("cost-optimization-hub")
    [item] = hub.list_recommendations(filter={"actionTypes": ["Upgrade"]})["items"]
    assert ("prod", 365.0, "High") == (
        item["resourceId"],
        item["estimatedMonthlySavings"],
        item["implementationEffort"],
    )
    assert [] == hub.list_recommendations(filter={"restartNeeded": True})["items"]
    whole = hub.get_recommendation(recommendationId=item["recommendationId"])
    for told in (item, whole):  # AWS has no type of a cluster
        assert not {"currentResourceType", "recommendedResourceType"} & set(told)
        assert told["resourceArn"] == f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"
    assert 30 == whole["costCalculationLookbackPeriodInDays"]
    summary = hub.list_recommendation_summaries(groupBy="ActionType", metrics=["SavingsPercentage"])
    assert [("Upgrade", 1)] == [(one["group"], one["recommendationCount"]) for one in summary["items"]]
    assert 365.0 == summary["estimatedTotalDedupedSavings"]
    with pytest.raises(hub.exceptions.ResourceNotFoundException):
        hub.get_recommendation(recommendationId="none")


def test_what_trusted_advisor_and_support_estimate_adds_up_to_the_plan(client: Client, room: AdviceRoom) -> None:
    """The check says 365.00 of the cluster and the plan that 120.50 of it leave the invoice: the plan counts."""
    [cluster] = asyncio.run(room.findings.listed(EVERYTHING, Wanted(check=CLUSTER)))
    worth = {cluster.finding.id: (Decimal(365), Decimal("120.50"), "in the plan")}
    asyncio.run(room.findings.value("USD", worth))
    pages = client("trustedadvisor").get_paginator("list_recommendations").paginate()
    told = [one for page in pages for one in page["recommendationSummaries"]]
    sums = [one["pillarSpecificAggregates"]["costOptimizing"] for one in told if one.get("pillarSpecificAggregates")]
    assert sum(one["estimatedMonthlySavings"] for one in sums) == 120.5
    support = client("support").describe_trusted_advisor_check_summaries(checkIds=[CLUSTER])["summaries"]
    assert support[0]["categorySpecificSummary"]["costOptimizing"]["estimatedMonthlySavings"] == 120.5
    hub = client("cost-optimization-hub").list_recommendation_summaries(groupBy="ActionType")
    assert hub["estimatedTotalDedupedSavings"] == 120.5


def test_the_hubs_total_after_discounts_is_that_of_all_advice(client: Client, room: AdviceRoom) -> None:
    """Eight GPUs of a machine have its name each, and a part of what stopping it adds to the plan."""
    gpus = tuple(
        Finding(
            "trimtab-idle-gpu", Pillar.COST, f"local/{ACCOUNT}/{REGION}/gpu/GPU-{n}", "gpu", "p5-18", ACCOUNT, REGION,
            "idle", action=Action.STOP, cash=Decimal(100), cost=Decimal(130),
        )
        for n in range(8)
    )  # fmt: skip
    beside = replace(gpus[0], check="trimtab-beside", action=Action.SCALE_IN, cash=Decimal(5))
    judged = Judgement("trimtab-idle-gpu", gpus), Judgement("trimtab-beside", (beside,))
    asyncio.run(room.findings.publish(judged))
    hub = client("cost-optimization-hub")
    every = hub.list_recommendations(includeAllRecommendations=True)["items"]
    listed = sum(one["estimatedMonthlySavings"] for one in every)
    assert len({one["resourceArn"] for one in every if one["actionType"] == "Stop"}) == 8
    summary = hub.list_recommendation_summaries(groupBy="ActionType")
    assert summary["estimatedTotalDedupedSavings"] == listed
    assert {one["group"]: one["estimatedMonthlySavings"] for one in summary["items"]}["Stop"] == 800
    hub.update_preferences(savingsEstimationMode="BeforeDiscounts")
    before = hub.list_recommendation_summaries(groupBy="ActionType")
    assert {one["group"]: one["estimatedMonthlySavings"] for one in before["items"]}["Stop"] == 8 * 130


def test_the_hub_keeps_preferences_and_enrollment(client: Client) -> None:
    hub = client("cost-optimization-hub")
    assert "AfterDiscounts" == hub.get_preferences()["savingsEstimationMode"]
    assert "BeforeDiscounts" == hub.update_preferences(savingsEstimationMode="BeforeDiscounts")["savingsEstimationMode"]
    hub.update_preferences(savingsEstimationMode="AfterDiscounts")
    hub.update_enrollment_status(status="Inactive")
    assert [] == hub.list_recommendations()["items"]
    assert "Inactive" == hub.list_enrollment_statuses()["items"][0]["status"]
    hub.update_enrollment_status(status="Active")
    period = {"start": "2026-02-01", "end": "2026-01-01"}
    with pytest.raises(hub.exceptions.ValidationException, match="must begin before it ends"):
        hub.list_efficiency_metrics(granularity="Monthly", timePeriod=period)


def test_the_hub_advises_no_commitment_of_another_provider(client: Client, room: AdviceRoom) -> None:
    kinds = {"aws": "COMPUTE_SP", "gcp": "GOOGLE_FLEXIBLE_CUD"}
    found = [
        Finding(
            "trimtab-purchase-plan", Pillar.COST, f"{provider}/{ACCOUNT}//purchase/{kind}", "commitment", kind, ACCOUNT,
            "", "commit", part=kind, cash=Decimal(100), estimate=Decimal(100), currency="USD",
            action=Action.BUY_SAVINGS_PLAN,
        )
        for provider, kind in kinds.items()
    ]  # fmt: skip
    asyncio.run(room.findings.publish([Judgement("trimtab-purchase-plan", tuple(found))]))
    items = client("cost-optimization-hub").list_recommendations()["items"]
    assert ["COMPUTE_SP"] == [one["resourceId"] for one in items if one["actionType"] == "PurchaseSavingsPlans"]


def test_every_type_of_the_hub_is_one_of_awss(client: Client) -> None:
    model = client("cost-optimization-hub").meta.service_model
    assert set(model.shape_for("ResourceType").enum) >= TYPES
    assert set(model.shape_for("ResourceDetails").members) >= set(DETAILS.values())
    advised = {
        ("SAGEMAKER_SP", Action.BUY_SAVINGS_PLAN): "SageMakerSavingsPlans",
        ("DATABASE_SP", Action.BUY_SAVINGS_PLAN): "",
        ("db.r6g.large AmazonRDS us-east-1 1y NO_UPFRONT", Action.BUY_RESERVATION): "RdsReservedInstances",
        ("m5.large AmazonEC2 us-east-1 1y NO_UPFRONT", Action.BUY_RESERVATION): "Ec2ReservedInstances",
    }
    for (words, action), type_ in advised.items():
        one = Finding("buy", Pillar.COST, "aws/1", "commitment", "one", ACCOUNT, "", "buy", part=words, advised=words,
                      action=action)  # fmt: skip
        assert resource_type(one) == type_


def test_a_summary_of_the_hub_adds_no_currencies_up(client: Client, room: AdviceRoom) -> None:
    found = [
        Finding(
            "trimtab-idle-gpu", Pillar.COST, f"local/{ACCOUNT}//gpu/GPU-{n}", "gpu", f"own-{n}", ACCOUNT, "", "idle",
            action=Action.STOP, cash=Decimal(1000), cost=Decimal(2000), currency="EUR",
        )
        for n in range(2)
    ]  # fmt: skip
    asyncio.run(room.findings.publish([Judgement("trimtab-idle-gpu", tuple(found))]))
    summary = client("cost-optimization-hub").list_recommendation_summaries(groupBy="ActionType")
    assert (summary["currencyCode"], summary["estimatedTotalDedupedSavings"]) == ("EUR", 2000.0)
    assert [(one["group"], one["recommendationCount"]) for one in summary["items"]] == [("Stop", 2)]


def test_efficiency_is_of_the_currency_of_the_most_spend() -> None:
    async def costs(scope: Any, query: CostQuery) -> list[CostRow]:
        return [
            CostRow(query.start_ms, query.end_ms, (), name, "", 1, (Decimal(amount),))
            for name, amount in (("EUR", 7300), ("USD", 100))
        ]

    room = cast(CostsRoom, SimpleNamespace(reader=SimpleNamespace(costs=costs)))
    asked = {"timePeriod": {"start": "2026-01", "end": "2026-02"}, "granularity": "Monthly"}
    saved = {"EUR": Decimal(730), "USD": Decimal(90)}
    [found] = asyncio.run(efficiency(room, EVERYTHING, asked, saved, 1_790_000_000_000))
    assert found["metricsByTime"] == [{"score": 89.81, "savings": 744.0, "spend": 7300.0, "timestamp": "2026-01-01"}]
