"""boto3's compute-optimizer against a live server: all 17 operations, over machines whose use came through the door."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from patience import until
from trimtab.client import inventory_wire
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.rightsizing import Rightsizing
from trimtab.client.wire import Datum
from trimtab.doors.aws.compute_optimizer.service import operations

pytestmark = pytest.mark.wire
ACCOUNT = "123456789012"
ROOT = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/"
LARGE, SMALL = "i-0c0ffee0000000001", "i-0c0ffee0000000002"


@pytest.fixture(scope="module")
def optimizer(server: LiveServer) -> Any:
    made = {"endpoint_url": server.url, "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    now_ms = int(datetime.now(UTC).timestamp()) // 3600 * 3_600_000
    times = [now_ms - hour * 3_600_000 for hour in range(1, 13 * 24)]
    with Client(server.url, timeout_s=120) as client:
        for id_, cpu in ((LARGE, 8.0), (SMALL, 97.0)):
            for namespace, name, level in (("AWS/EC2", "CPUUtilization", cpu), ("CWAgent", "mem_used_percent", 12.0)):
                client.put(
                    namespace,
                    [
                        Datum(
                            name=name,
                            value=level + math.sin(at / 1e7),
                            time=at,
                            unit="Percent",
                            dimensions={"InstanceId": id_},
                        )
                        for at in times
                    ],
                )
        found = [
            inventory_wire.ResourceRecord(provider="aws", account=ACCOUNT, region="us-east-1", kind="instance",
                                          id=id_, name=id_[-1], owner="ml", type="m5.2xlarge")
            for id_ in (LARGE, SMALL)
        ]  # fmt: skip
        Inventory(client).put(found, "test")
        optimise = Rightsizing(client)
        until(lambda: optimise.recompute("ec2-instance").recommendations >= 2, "both machines get advice")
    return boto3.client("compute-optimizer", **made, **keys)


def test_every_operation_is_there(optimizer: Any) -> None:
    assert len(operations._added) == 17
    assert optimizer.get_enrollment_status()["status"] == "Active"


def test_instances_are_found_with_reasons_and_options(optimizer: Any) -> None:
    found = {one["instanceArn"]: one for one in optimizer.get_ec2_instance_recommendations()["instanceRecommendations"]}
    large, small = found[ROOT + LARGE], found[ROOT + SMALL]
    assert large["finding"] == "Overprovisioned"
    assert "CPUOverprovisioned" in large["findingReasonCodes"]
    option = large["recommendationOptions"][0]
    assert option["savingsOpportunity"]["estimatedMonthlySavings"]["value"] > 100
    assert 0 <= option["performanceRisk"] <= 4
    assert {one["name"] for one in option["projectedUtilizationMetrics"]} >= {"Cpu", "Memory"}
    assert small["finding"] == "Underprovisioned"
    told = optimizer.get_ec2_instance_recommendations(filters=[{"name": "Finding", "values": ["Underprovisioned"]}])
    assert [one["instanceArn"] for one in told["instanceRecommendations"]] == [ROOT + SMALL]
    first = optimizer.get_ec2_instance_recommendations(maxResults=1)
    rest = optimizer.get_ec2_instance_recommendations(maxResults=1, nextToken=first["nextToken"])
    assert {one["instanceArn"] for page in (first, rest) for one in page["instanceRecommendations"]} == set(found)
    errors = optimizer.get_ec2_instance_recommendations(instanceArns=[ROOT + "i-none"])["errors"]
    assert errors[0]["code"] == "ResourceNotFoundException"


def test_what_use_would_be_on_the_options(optimizer: Any) -> None:
    end = datetime.now(UTC)
    told = optimizer.get_ec2_recommendation_projected_metrics(
        instanceArn=ROOT + LARGE, stat="Average", period=3600, startTime=end - timedelta(days=2), endTime=end
    )["recommendedOptionProjectedMetrics"]
    names = {metric["name"]: metric for metric in told[0]["projectedMetrics"]}
    assert len(names["Cpu"]["timestamps"]) == len(names["Cpu"]["values"]) > 40
    assert 10 < max(names["Cpu"]["values"]) < 100


def test_summaries_and_other_kinds(optimizer: Any) -> None:
    [summary] = [
        one
        for one in optimizer.get_recommendation_summaries()["recommendationSummaries"]
        if one["recommendationResourceType"] == "Ec2Instance"
    ]
    assert {one["name"] for one in summary["summaries"]} == {"Overprovisioned", "Underprovisioned"}
    assert optimizer.get_auto_scaling_group_recommendations()["autoScalingGroupRecommendations"] == []
    assert optimizer.get_ebs_volume_recommendations()["volumeRecommendations"] == []
    assert optimizer.get_lambda_function_recommendations()["lambdaFunctionRecommendations"] == []
    assert optimizer.get_ecs_service_recommendations()["ecsServiceRecommendations"] == []
    assert optimizer.get_idle_recommendations()["idleRecommendations"] == []
    with pytest.raises(optimizer.exceptions.ResourceNotFoundException):
        optimizer.get_ecs_service_recommendation_projected_metrics(
            serviceArn="arn:aws:ecs:us-east-1:1:service/a/b", stat="Average", period=3600, startTime=0, endTime=1
        )


def test_preferences(optimizer: Any) -> None:
    scope = {"name": "AccountId", "value": ACCOUNT}
    threshold = [{"metricName": "CpuUtilization", "metricParameters": {"threshold": "P90", "headroom": "PERCENT_0"}}]
    optimizer.put_recommendation_preferences(
        resourceType="Ec2Instance", scope=scope, lookBackPeriod="DAYS_32", utilizationPreferences=threshold
    )
    [told] = optimizer.get_recommendation_preferences(resourceType="Ec2Instance")["recommendationPreferencesDetails"]
    assert told["lookBackPeriod"] == "DAYS_32"
    held = optimizer.get_effective_recommendation_preferences(resourceArn=ROOT + LARGE)
    assert held["utilizationPreferences"] == threshold
    optimizer.delete_recommendation_preferences(
        resourceType="Ec2Instance", scope=scope,
        recommendationPreferenceNames=["LookBackPeriodPreference", "UtilizationPreferences"],
    )  # fmt: skip
    left = optimizer.get_recommendation_preferences(resourceType="Ec2Instance")
    assert left["recommendationPreferencesDetails"] == []
    with pytest.raises(optimizer.exceptions.InvalidParameterValueException):
        optimizer.put_recommendation_preferences(resourceType="Ec2Instance", scope=scope)
    with pytest.raises(ClientError, match="nextToken"):
        optimizer.get_recommendation_preferences(resourceType="Ec2Instance", nextToken="x")


def test_exports(optimizer: Any) -> None:
    job = optimizer.export_ec2_instance_recommendations(s3DestinationConfig={"bucket": "sizes", "keyPrefix": "a"})
    assert job["s3Destination"]["key"].startswith("a/compute-optimizer/")
    [told] = optimizer.describe_recommendation_export_jobs(jobIds=[job["jobId"]])["recommendationExportJobs"]
    assert told["status"] == "Complete", told
    with pytest.raises(optimizer.exceptions.ResourceNotFoundException):
        optimizer.describe_recommendation_export_jobs(jobIds=["none"])


def test_an_account_can_opt_out_and_in(optimizer: Any) -> None:
    optimizer.update_enrollment_status(status="Inactive")
    try:
        with pytest.raises(optimizer.exceptions.OptInRequiredException):
            optimizer.get_recommendation_summaries()
    finally:
        optimizer.update_enrollment_status(status="Active")
    with pytest.raises(optimizer.exceptions.InvalidParameterValueException):
        optimizer.update_enrollment_status(status="Pending")


def test_cost_explorer_recommends_within_the_family_by_its_rule(optimizer: Any, server: LiveServer) -> None:
    made = {"endpoint_url": server.url, "region_name": "us-east-1"}
    explorer = boto3.client("ce", aws_access_key_id="a", aws_secret_access_key="b", **made)
    same = {"RecommendationTarget": "SAME_INSTANCE_FAMILY", "BenefitsConsidered": True}
    answer = explorer.get_rightsizing_recommendation(Service="AmazonEC2", Configuration=same)
    [told] = [one for one in answer["RightsizingRecommendations"] if one["CurrentInstance"]["ResourceId"] == LARGE]
    targets = told["ModifyRecommendationDetail"]["TargetInstances"]
    names = [one["ResourceDetails"]["EC2ResourceDetails"]["InstanceType"] for one in targets]
    assert names == ["m5.xlarge", "m5.large"]
    assert float(targets[0]["EstimatedMonthlySavings"]) == pytest.approx(0.192 * 730, abs=0.02)
    with pytest.raises(ClientError, match="Service must be AmazonEC2"):
        explorer.get_rightsizing_recommendation(Service="AmazonRDS")
