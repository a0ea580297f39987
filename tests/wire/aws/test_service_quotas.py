"""boto3's Service Quotas against a live server: quotas of an account that was read, and of teams of own clusters."""

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import NodeRecord, ReportNodes, ResourceRecord
from trimtab.client.queue_quotas_wire import KeepQuotas, TeamQuota
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire
ACCOUNT = "123456789012"
CODE = "L-417A185B"


def client_of(server: LiveServer, service: str, region: str = "us-east-1") -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client(service, endpoint_url=server.url, region_name=region, **keys)


@pytest.fixture(scope="module")
def quotas(server: LiveServer) -> Any:
    """Service Quotas where the account's instances of P type have a quota of 192 vCPUs (96 by default)."""
    read(server, 192.0)
    return client_of(server, "service-quotas")


def read(server: LiveServer, value: float, code: str = CODE, **more: Any) -> None:
    """What a read of the account tells of a quota."""
    facts = {
        "ServiceCode": "ec2", "ServiceName": "Amazon EC2", "QuotaCode": code, "Value": value, "Unit": "None",
        "QuotaName": f"Running On-Demand P instances {code}", "Adjustable": True, "DefaultValue": 96.0,
        "UsageMetric": {"Namespace": "AWS/Usage", "Name": "ResourceCount", "Statistic": "Maximum",
            "Dimensions": {"Service": "EC2"}},
    }  # fmt: skip
    arn = f"arn:aws:servicequotas:us-east-1:{ACCOUNT}:quota/ec2/{code}"
    with Client(server.url) as client:
        Inventory(client).put([ResourceRecord(arn=arn, name=code, type="ec2", attributes={**facts, **more})])


def test_list_services_and_service_quotas_tell_what_was_read(quotas: Any) -> None:
    assert "Amazon EC2" == {one["ServiceCode"]: one["ServiceName"] for one in quotas.list_services()["Services"]}["ec2"]
    (one,) = quotas.list_service_quotas(ServiceCode="ec2", QuotaCode=CODE)["Quotas"]
    assert (192.0, True, "ACCOUNT") == (one["Value"], one["Adjustable"], one["QuotaAppliedAtLevel"])
    assert {"MetricNamespace": "AWS/Usage", "MetricName": "ResourceCount", "MetricDimensions": {"Service": "EC2"},
            "MetricStatisticRecommendation": "Maximum"} == one["UsageMetric"]  # fmt: skip
    assert one == quotas.get_service_quota(ServiceCode="ec2", QuotaCode=CODE)["Quota"]
    assert f"arn:aws:servicequotas:us-east-1:{ACCOUNT}:ec2/{CODE}" == one["QuotaArn"]


def test_defaults_are_those_that_aws_gives(quotas: Any, server: LiveServer) -> None:
    assert 96.0 == quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode=CODE)["Quota"]["Value"]
    listed = quotas.list_aws_default_service_quotas(ServiceCode="ec2")["Quotas"]
    assert {CODE: 96.0} == {one["QuotaCode"]: one["Value"] for one in listed if one["QuotaCode"] == CODE}


def test_what_was_never_read_is_no_resource(quotas: Any, server: LiveServer) -> None:
    with pytest.raises(ClientError, match=r"NoSuchResourceException.*service neptune"):
        quotas.list_service_quotas(ServiceCode="neptune")
    with pytest.raises(ClientError, match=r"NoSuchResourceException.*quota L-0"):
        quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-00000000")
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        client_of(server, "service-quotas", "eu-west-1").get_service_quota(ServiceCode="ec2", QuotaCode=CODE)
    with pytest.raises(ClientError, match="InvalidPaginationTokenException"):
        quotas.list_services(NextToken="AAAA")


def test_a_request_for_more_is_told_to_a_rule_and_approved_once_the_quota_is_as_high(
    quotas: Any, server: LiveServer
) -> None:
    code = f"L-{uuid.uuid4().hex[:8].upper()}"
    read(server, 100.0, code)
    asked = quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode=code, DesiredValue=500)["RequestedQuota"]
    assert ("PENDING", 500.0, code) == (asked["Status"], asked["DesiredValue"], asked["QuotaCode"])
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode=code, DesiredValue=600)
    with pytest.raises(ClientError, match=r"IllegalArgumentException.*greater than the current quota value of 100"):
        quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode=code, DesiredValue=100)
    of_quota = {"ServiceCode": "ec2", "QuotaCode": code}
    listed = quotas.list_requested_service_quota_change_history_by_quota(**of_quota)["RequestedQuotas"]
    assert [asked] == listed
    assert asked in quotas.list_requested_service_quota_change_history(Status="PENDING")["RequestedQuotas"]
    read(server, 400.0, code)
    assert "PENDING" == quotas.get_requested_service_quota_change(RequestId=asked["Id"])["RequestedQuota"]["Status"]
    read(server, 500.0, code)
    after = quotas.get_requested_service_quota_change(RequestId=asked["Id"])["RequestedQuota"]
    assert ("APPROVED", True) == (after["Status"], after["LastUpdated"] > asked["LastUpdated"])
    pending = quotas.list_requested_service_quota_change_history(Status="PENDING")["RequestedQuotas"]
    assert asked["Id"] not in [one["Id"] for one in pending]
    fixed = f"L-{uuid.uuid4().hex[:8].upper()}"
    read(server, 5.0, fixed, Adjustable=False)
    with pytest.raises(ClientError, match="not adjustable"):
        quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode=fixed, DesiredValue=6)
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        quotas.get_requested_service_quota_change(RequestId="0nobody")


def test_a_request_is_an_event_of_the_default_bus(quotas: Any, server: LiveServer) -> None:
    events, code = client_of(server, "events"), f"L-{uuid.uuid4().hex[:8].upper()}"
    pattern = {"source": ["aws.servicequotas"], "detail": {"QuotaCode": [code]}}
    archive = f"a{code.lower()}"
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    events.create_archive(ArchiveName=archive, EventSourceArn=bus, EventPattern=json.dumps(pattern))
    read(server, 1.0, code)
    quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode=code, DesiredValue=2)
    assert 1 == events.describe_archive(ArchiveName=archive)["EventCount"]


def test_the_gpus_of_teams_of_a_cluster_are_quotas_that_rise_where_they_are_kept(
    quotas: Any, server: LiveServer
) -> None:
    cluster = f"c{uuid.uuid4().hex[:8]}"
    with Client(server.url) as client:
        Inventory(client).put_nodes(ReportNodes(cluster, [NodeRecord("n1", "up", gpus=8.0, gpu_type="H100")]))
        runs = Runs(client)
        runs.keep_quotas(KeepQuotas([TeamQuota("vision", gpus=4.0), TeamQuota("speech lab", share=0.25)], cluster))
        service = f"cluster-{cluster}"
        values = {one["QuotaCode"]: one["Value"] for one in quotas.list_service_quotas(ServiceCode=service)["Quotas"]}
        assert {"gpus-vision": 4.0, "gpus-speech-lab": 2.0} == values
        assert [] == quotas.list_aws_default_service_quotas(ServiceCode=service)["Quotas"]
        with pytest.raises(ClientError, match="no default value"):
            quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode="gpus-vision")
        asked = quotas.request_service_quota_increase(ServiceCode=service, QuotaCode="gpus-vision", DesiredValue=6)
        runs.keep_quotas(KeepQuotas([TeamQuota("vision", gpus=6.0)], cluster))
    found = quotas.get_requested_service_quota_change(RequestId=asked["RequestedQuota"]["Id"])["RequestedQuota"]
    assert ("APPROVED", f"Cluster {cluster}") == (found["Status"], found["ServiceName"])
