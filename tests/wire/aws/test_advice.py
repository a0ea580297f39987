"""Support, Trusted Advisor and Cost Optimization Hub with boto3 against a live server, over planted faults."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from trimtab.client.advice import AdviceCalls
from trimtab.client.advice_wire import Decide
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import ResourceRecord

pytestmark = pytest.mark.wire
ACCOUNT, REGION = "123456789012", "us-east-1"
ADDRESS, OPEN, CLUSTER = "Z4AUBRNSmz", "HCP4007jGY", "trimtab-eks-extended-support"
_SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ["0.0.0.0/0"], "Ipv6Ranges": []}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = LiveServer(tmp_path_factory.mktemp("advice")).start()
    with Client(live.url, timeout_s=120) as client:
        Inventory(client).put(list(faults()), "test")
        AdviceCalls(client).refresh([])
    yield live
    live.stop()


def faults() -> Iterator[ResourceRecord]:
    tags = {"team": "search"}
    for name in ("eipalloc-1", "eipalloc-2"):
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:elastic-ip/{name}"
        yield ResourceRecord(arn=arn, name=name, tags=tags, attributes={"PublicIp": "198.51.100.7"})
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1"
    yield ResourceRecord(arn=arn, name="sg-1", tags=tags, attributes={"IpPermissions": [_SSH]})
    arn = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"
    attributes = {"version": "1.29", "endpointPublicAccess": False, "loggingTypes": ["audit"]}
    yield ResourceRecord(arn=arn, name="prod", tags=tags, attributes=attributes)


def client(server: LiveServer, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
    )


def test_support_tells_of_checks_and_what_they_found(server: LiveServer) -> None:
    support = client(server, "support")
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


def test_support_refreshes_a_check(server: LiveServer) -> None:
    support = client(server, "support")
    assert "enqueued" == support.refresh_trusted_advisor_check(checkId=OPEN)["status"]["status"]
    [status] = support.describe_trusted_advisor_check_refresh_statuses(checkIds=[OPEN])["statuses"]
    assert status["status"] in ("enqueued", "success")
    with pytest.raises(ClientError, match="There is no check nothing"):
        support.refresh_trusted_advisor_check(checkId="nothing")


def test_support_keeps_cases(server: LiveServer) -> None:
    support = client(server, "support")
    made = support.create_case(subject="Eight GPUs lost", communicationBody="XID 79 on gpu-07", severityCode="high")
    [case] = support.describe_cases(caseIdList=[made["caseId"]])["cases"]
    assert ("Eight GPUs lost", "opened") == (case["subject"], case["status"])
    assert "XID 79 on gpu-07" == case["recentCommunications"]["communications"][0]["body"]
    closed = support.resolve_case(caseId=made["caseId"])
    assert ("opened", "resolved") == (closed["initialCaseStatus"], closed["finalCaseStatus"])
    assert [] == support.describe_cases()["cases"]
    with pytest.raises(support.exceptions.CaseIdNotFound):
        support.resolve_case(caseId="case-0")


def test_trusted_advisor_pages_and_excludes(server: LiveServer) -> None:
    advisor = client(server, "trustedadvisor")
    pages = advisor.get_paginator("list_checks").paginate(pillar="security", PaginationConfig={"PageSize": 5})
    names = [one["name"] for page in pages for one in page["checkSummaries"]]
    assert len(names) == len(set(names)) > 5
    [found] = advisor.list_recommendations(checkIdentifier=f"arn:aws:trustedadvisor:::check/{ADDRESS}")[
        "recommendationSummaries"
    ]
    assert ("warning", 2) == (found["status"], found["resourcesAggregates"]["warningCount"])
    resources = advisor.list_recommendation_resources(recommendationIdentifier=found["arn"])
    first = resources["recommendationResourceSummaries"][0]
    asked = [{"arn": first["arn"], "isExcluded": True}, {"arn": "arn:aws:trustedadvisor:::x/none", "isExcluded": True}]
    told = advisor.batch_update_recommendation_resource_exclusion(recommendationResourceExclusions=asked)
    assert ["404"] == [one["errorCode"] for one in told["batchUpdateRecommendationResourceExclusionErrors"]]
    again = advisor.get_recommendation(recommendationIdentifier=ADDRESS)["recommendation"]
    assert (1, 1) == (again["resourcesAggregates"]["warningCount"], again["resourcesAggregates"]["excludedCount"])
    back = [{"arn": first["arn"], "isExcluded": False}]
    advisor.batch_update_recommendation_resource_exclusion(recommendationResourceExclusions=back)


def test_trusted_advisor_moves_a_recommendation_on(server: LiveServer) -> None:
    advisor = client(server, "trustedadvisor")
    advisor.update_recommendation_lifecycle(recommendationIdentifier=OPEN, lifecycleStage="in_progress")
    found = advisor.get_recommendation(recommendationIdentifier=OPEN)["recommendation"]
    assert "in_progress" == found["lifecycleStage"]
    with pytest.raises(advisor.exceptions.ValidationException, match="is required to dismiss"):
        advisor.update_recommendation_lifecycle(recommendationIdentifier=OPEN, lifecycleStage="dismissed")
    with pytest.raises(advisor.exceptions.ConflictException):
        advisor.update_recommendation_lifecycle(recommendationIdentifier=OPEN, lifecycleStage="resolved")
    with pytest.raises(advisor.exceptions.ResourceNotFoundException):
        advisor.get_recommendation(recommendationIdentifier="none")


def test_the_hub_lists_what_saves_money(server: LiveServer) -> None:
    hub = client(server, "cost-optimization-hub")
    [item] = hub.list_recommendations(filter={"actionTypes": ["Upgrade"]})["items"]
    assert ("prod", 365.0, "High") == (
        item["resourceId"],
        item["estimatedMonthlySavings"],
        item["implementationEffort"],
    )
    assert [] == hub.list_recommendations(filter={"restartNeeded": True})["items"]
    whole = hub.get_recommendation(recommendationId=item["recommendationId"])
    assert 30 == whole["costCalculationLookbackPeriodInDays"]
    summary = hub.list_recommendation_summaries(groupBy="ActionType", metrics=["SavingsPercentage"])
    assert [("Upgrade", 1)] == [(one["group"], one["recommendationCount"]) for one in summary["items"]]
    assert 365.0 == summary["estimatedTotalDedupedSavings"]
    with pytest.raises(hub.exceptions.ResourceNotFoundException):
        hub.get_recommendation(recommendationId="none")


def test_the_hub_keeps_preferences_and_enrollment(server: LiveServer) -> None:
    hub = client(server, "cost-optimization-hub")
    assert "AfterDiscounts" == hub.get_preferences()["savingsEstimationMode"]
    assert "BeforeDiscounts" == hub.update_preferences(savingsEstimationMode="BeforeDiscounts")["savingsEstimationMode"]
    hub.update_preferences(savingsEstimationMode="AfterDiscounts")
    hub.update_enrollment_status(status="Inactive")
    assert [] == hub.list_recommendations()["items"]
    assert "Inactive" == hub.list_enrollment_statuses()["items"][0]["status"]
    hub.update_enrollment_status(status="Active")
    period = {"start": "2026-01-01", "end": "2026-02-01"}
    assert [] == hub.list_efficiency_metrics(granularity="Monthly", timePeriod=period)["efficiencyMetricsByGroup"]


def test_rest_decides_and_exports(server: LiveServer) -> None:
    with Client(server.url) as rest:
        calls = AdviceCalls(rest)
        one = calls.listed(check=CLUSTER).advice[0]
        calls.decide(one.id, Decide("accepted", "next sprint"))
        assert ["accepted"] == [said.decision for said in calls.decisions(one.id)]
        assert ["accepted"] == [entry.state for entry in calls.savings().entries]
        calls.decide(one.id, Decide("reopened"))
        assert [] == calls.savings().entries
        text = b"".join(rest.stream("/rest/v1/advice.csv")).decode()
        assert 5 == len(text.splitlines())
        changed = calls.set_check(CLUSTER, {"standard": 20})
        assert 20 == changed.settings[0].value
        assert [one.id] == calls.refresh([CLUSTER]).gone
        calls.set_check(CLUSTER, {})
        assert [one.id] == calls.refresh([CLUSTER]).new
