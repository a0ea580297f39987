"""The life of capacity reservations and blocks by boto3, over nodes that a scheduler reports."""

import time
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import HeldGpus, NodeRecord, ReportNodes, ReportRuns, RunRecord
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire
LINUX = "Linux/UNIX"
HOUR_MS = 3_600_000


def client(server: LiveServer, service: str) -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client(service, endpoint_url=server.url, region_name="us-east-1", **keys)


@pytest.fixture(scope="module")
def ec2(server: LiveServer) -> Any:
    return client(server, "ec2")


@pytest.fixture
def machines(server: LiveServer) -> dict[str, Any]:
    """What asks for machines of a type of its own, of which there are two; a run holds one of them."""
    name = uuid.uuid4().hex[:8]
    type_, start = f"p5.{name}", int(time.time() * 1000) - HOUR_MS
    nodes = [NodeRecord(f"{name}-{at}", "up", gpus=8.0, gpu_type="H100", instance_type=type_) for at in range(2)]
    held = [HeldGpus(nodes[0].name, 8)]
    run = RunRecord("7", "running", start, start_ms=start, gpus=8, nodes=1, node_names=[nodes[0].name], held=held)
    with Client(server.url) as reporter:
        Inventory(reporter).put_nodes(ReportNodes(name, nodes, seen_ms=start))
        Runs(reporter).report(ReportRuns(name, "slurm", [run]))
    return {"InstanceType": type_, "InstancePlatform": LINUX}


def code(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**asked)
    return str(caught.value.response["Error"]["Code"])


def test_a_reservation_is_made_read_tagged_cancelled_and_made_again(
    server: LiveServer, ec2: Any, machines: dict[str, Any]
) -> None:
    specified = [{"ResourceType": "capacity-reservation", "Tags": [{"Key": "team", "Value": "a"}]}]
    wish = {**machines, "InstanceCount": 2}
    assert code(ec2.create_capacity_reservation, **wish, DryRun=True) == "DryRunOperation"
    wrong = [{"ResourceType": "instance", "Tags": []}]
    assert code(ec2.create_capacity_reservation, **wish, TagSpecifications=wrong) == "InvalidParameterValue"
    made = ec2.create_capacity_reservation(**wish, TagSpecifications=specified)["CapacityReservation"]
    id_, arn = made["CapacityReservationId"], made["CapacityReservationArn"]
    assert ("active", 2, 1) == (made["State"], made["TotalInstanceCount"], made["AvailableInstanceCount"])
    assert code(ec2.create_capacity_reservation, **wish) == "InsufficientInstanceCapacity"
    by_tag = [{"Name": "tag:team", "Values": ["a"]}, {"Name": "instance-type", "Values": [machines["InstanceType"]]}]
    assert [made] == ec2.describe_capacity_reservations(Filters=by_tag)["CapacityReservations"]
    usage = ec2.get_capacity_reservation_usage(CapacityReservationId=id_)
    assert [1] == [one["UsedInstanceCount"] for one in usage["InstanceUsages"]]
    ec2.create_tags(Resources=[id_], Tags=[{"Key": "stage", "Value": "b"}])
    ec2.delete_tags(Resources=[id_], Tags=[{"Key": "team"}])
    of_it = [{"Name": "resource-id", "Values": [id_]}]
    assert [("stage", "b")] == [(one["Key"], one["Value"]) for one in ec2.describe_tags(Filters=of_it)["Tags"]]
    tagging = client(server, "resourcegroupstaggingapi")
    found = tagging.get_resources(ResourceTypeFilters=["ec2:capacity-reservation"], TagFilters=[{"Key": "stage"}])
    assert arn in [one["ResourceARN"] for one in found["ResourceTagMappingList"]]
    ec2.cancel_capacity_reservation(CapacityReservationId=id_)
    [gone] = ec2.describe_capacity_reservations(CapacityReservationIds=[id_])["CapacityReservations"]
    assert ("cancelled", 0) == (gone["State"], gone["AvailableInstanceCount"])
    assert code(ec2.cancel_capacity_reservation, CapacityReservationId=id_) == "InvalidCapacityReservationState"
    again = ec2.create_capacity_reservation(**wish)["CapacityReservation"]
    assert again["CapacityReservationId"] != id_
    assert again["Tags"] == []
    ec2.cancel_capacity_reservation(CapacityReservationId=again["CapacityReservationId"])


def test_a_block_is_offered_bought_read_and_not_cancelled(ec2: Any, machines: dict[str, Any]) -> None:
    asked = {"InstanceType": machines["InstanceType"], "InstanceCount": 2, "CapacityDurationHours": 24}
    [offer] = ec2.describe_capacity_block_offerings(**asked)["CapacityBlockOfferings"]
    wish = {"CapacityBlockOfferingId": offer["CapacityBlockOfferingId"], "InstancePlatform": LINUX}
    assert code(ec2.purchase_capacity_block, **wish, DryRun=True) == "DryRunOperation"
    bought = ec2.purchase_capacity_block(**wish)
    [block], id_ = bought["CapacityBlocks"], bought["CapacityReservation"]["CapacityReservationId"]
    assert [block] == ec2.describe_capacity_blocks(CapacityBlockIds=[block["CapacityBlockId"]])["CapacityBlocks"]
    assert [id_] == block["CapacityReservationIds"]
    assert code(ec2.purchase_capacity_block, **wish) == "InsufficientInstanceCapacity"
    assert code(ec2.cancel_capacity_reservation, CapacityReservationId=id_) == "OperationNotPermitted"
