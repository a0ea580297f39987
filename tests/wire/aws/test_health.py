"""boto3's AWS Health against a live server: faults of GPUs, machines that are out of use, and what they say."""

import time
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from patience import until
from trimtab.client import wire
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import HeldGpus, NodeRecord, ReportNodes, ReportRuns, RunRecord
from trimtab.client.runs import Runs

pytestmark = pytest.mark.wire
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def health(server: LiveServer) -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("health", endpoint_url=server.url, region_name="us-east-1", **keys)


@pytest.fixture(scope="module")
def nodes(server: LiveServer) -> list[str]:
    """Of three nodes one is drained for two hours, one is down since an hour, and one has an XID 48."""
    known = uuid.uuid4().hex[:6]
    names, cluster = [f"{word}{known}" for word in ("drained", "down", "broken")], f"c{known}"
    instance = f"i-{uuid.uuid4().hex[:17]}"
    start = int(time.time() * 1000) // 60_000 * 60_000 - 6 * HOUR_MS
    of = {"gpus": 8.0, "gpu_type": "H100", "instance_type": "p5.48xlarge"}

    def record(name: str, condition: Any, reason: str = "") -> NodeRecord:
        return NodeRecord(name, condition, reason=reason, instance_id=instance if name == names[1] else "", **of)

    drained, down, broken = names
    with Client(server.url) as client:
        for hours, some in (
            (0, [record(one, "up") for one in names]),
            (1, [record(drained, "drained", "firmware")]),
            (2, [record(drained, "drained", "firmware 2")]),
            (3, [record(drained, "up")]),
            (5, [record(down, "down", "Not responding")]),
        ):
            Inventory(client).put_nodes(ReportNodes(cluster, some, seen_ms=start + hours * HOUR_MS))
        held = [HeldGpus(broken, 1, [2])]
        run = RunRecord("7", "running", start, name="pretrain", start_ms=start, gpus=1, nodes=1, node_names=[broken],
                        held=held)  # fmt: skip
        Runs(client).report(ReportRuns(cluster, "slurm", [run]))
        labels = {"UUID": f"GPU-{broken}", "gpu": "2", "Hostname": broken}
        client.put(
            "dcgm",
            [
                wire.Datum(name="DCGM_FI_DEV_XID_ERRORS", value=value, time=start + m * 60_000, dimensions=labels)
                for m, value in ((0, 0.0), (119, 0.0), (120, 48.0))
            ],
        )
        client.query("dcgm", "DCGM_FI_DEV_XID_ERRORS", fresh=True)
    return [drained, instance, broken, str(start)]


def events(health: Any, *entities: str, **more: Any) -> list[dict[str, Any]]:
    return list(health.describe_events(filter={"entityValues": list(entities), **more})["events"])


def test_describe_events_tells_faults_drains_and_machines_that_are_down(health: Any, nodes: list[str]) -> None:
    drained, instance, broken, start = nodes
    found = until(lambda: (some := events(health, drained, instance, broken)) and len(some) == 3 and some, "the events")
    at = {one["eventTypeCode"]: one for one in found}
    assert {"CLUSTER_MACHINE_DRAINED", "EC2_MACHINE_DOWN", "CLUSTER_GPU_XID_48"} == set(at)
    maintained, down, fault = (
        at[name] for name in ("CLUSTER_MACHINE_DRAINED", "EC2_MACHINE_DOWN", "CLUSTER_GPU_XID_48")
    )
    times = [round(maintained[name].timestamp() * 1000) - int(start) for name in ("startTime", "endTime")]
    assert [HOUR_MS, 3 * HOUR_MS] == times  # two reasons, one time
    assert ("scheduledChange", "closed", "INFORMATIONAL") == (
        maintained["eventTypeCategory"], maintained["statusCode"], maintained["actionability"],
    )  # fmt: skip
    assert ("issue", "open", "ACTION_REQUIRED") == (
        down["eventTypeCategory"],
        down["statusCode"],
        down["actionability"],
    )
    assert "endTime" not in down
    assert ("open", "ACTION_REQUIRED") == (fault["statusCode"], fault["actionability"])
    assert [found[0]["arn"]] == [down["arn"]]  # the newest first
    assert [down["arn"]] == [one["arn"] for one in events(health, drained, instance, services=["EC2"])]
    assert [maintained["arn"]] == [one["arn"] for one in events(health, drained, instance, eventStatusCodes=["closed"])]
    late = [{"from": down["startTime"]}]
    assert [down["arn"]] == [one["arn"] for one in events(health, drained, instance, broken, startTimes=late)]
    assert [] == events(health, drained, tags={"team": ["a"]})
    assert [] == events(health, drained, regions=["eu-west-1"])
    first = health.describe_events(filter={"entityValues": [drained, instance, broken]}, maxResults=2)
    rest = health.describe_events(
        filter={"entityValues": [drained, instance, broken]}, maxResults=2, nextToken=first["nextToken"]
    )
    assert [one["arn"] for one in found] == [one["arn"] for one in first["events"] + rest["events"]]
    with pytest.raises(ClientError, match="InvalidPaginationToken"):
        health.describe_events(nextToken="AAAA")
    with pytest.raises(ClientError, match="UnsupportedLocale"):
        health.describe_events(locale="tlh")


def test_describe_event_details_says_why_and_what_to_do(health: Any, nodes: list[str]) -> None:
    (fault,) = until(lambda: events(health, nodes[2]), "the fault")
    missing = fault["arn"][:-16] + "0" * 16
    told = health.describe_event_details(eventArns=[fault["arn"], missing])
    (one,) = told["successfulSet"]
    assert one["eventDescription"]["latestDescription"].startswith(f"XID 48 on GPU 2 of {nodes[2]}: ")
    assert "drain the machine and reset the GPU" in one["eventDescription"]["latestDescription"]
    assert ("2", nodes[2]) == (one["eventMetadata"]["gpu"], one["eventMetadata"]["node"])
    assert [(missing, "InvalidEventArn")] == [(one["eventArn"], one["errorName"]) for one in told["failedSet"]]
    (drained,) = events(health, nodes[0])
    (said,) = health.describe_event_details(eventArns=[drained["arn"]])["successfulSet"]
    assert f"{nodes[0]} is taken out of use: firmware; firmware 2" == said["eventDescription"]["latestDescription"]


def test_describe_affected_entities_and_aggregates_name_the_machines(health: Any, nodes: list[str]) -> None:
    drained, instance, _, _ = nodes
    found = until(lambda: (some := events(health, drained, instance)) and len(some) == 2 and some, "the events")
    arns = [one["arn"] for one in found]
    entities = health.describe_affected_entities(filter={"eventArns": arns})["entities"]
    assert [(instance, "IMPAIRED"), (drained, "RESOLVED")] == [
        (one["entityValue"], one["statusCode"]) for one in entities
    ]
    assert f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}" == entities[0]["entityArn"]
    impaired = health.describe_affected_entities(filter={"eventArns": arns, "statusCodes": ["RESOLVED"]})["entities"]
    assert [drained] == [one["entityValue"] for one in impaired]
    counts = health.describe_entity_aggregates(eventArns=arns)["entityAggregates"]
    assert [(arns[0], {"IMPAIRED": 1}), (arns[1], {"RESOLVED": 1})] == [
        (one["eventArn"], one["statuses"]) for one in counts
    ]
    sums = health.describe_event_aggregates(aggregateField="eventTypeCategory", filter={"eventArns": arns})
    assert {"issue": 1, "scheduledChange": 1} == {
        one["aggregateValue"]: one["count"] for one in sums["eventAggregates"]
    }


def test_describe_event_types_lists_every_code_that_an_event_can_have(health: Any, nodes: list[str]) -> None:
    pages = health.get_paginator("describe_event_types").paginate(filter={"services": ["CLUSTER"]})
    kinds = {one["code"]: one["category"] for page in pages for one in page["eventTypes"]}
    assert ("issue", "scheduledChange", "accountNotification") == (
        kinds["CLUSTER_GPU_XID_79"], kinds["CLUSTER_MACHINE_DRAINED"], kinds["CLUSTER_GPU_RMA_DUE"],
    )  # fmt: skip
    for one in events(health, *nodes[:3]):
        assert one["service"] == "EC2" or kinds[one["eventTypeCode"]] == one["eventTypeCategory"]
