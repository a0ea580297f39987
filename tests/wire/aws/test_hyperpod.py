"""boto3's HyperPod clusters against a live server: the clusters that schedulers report, their nodes, their events."""

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
INSTANCE = "i-0123456789abcdef0"


@pytest.fixture(scope="module")
def sagemaker(server: LiveServer) -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("sagemaker", endpoint_url=server.url, region_name="us-east-1", **keys)


@pytest.fixture(scope="module")
def cluster(server: LiveServer) -> str:
    """Four nodes of two partitions: one is up since two hours ago, one has an XID 48, one is drained, one is off."""
    name = f"pod{uuid.uuid4().hex[:8]}"
    start = int(time.time() * 1000) // 60_000 * 60_000 - 6 * HOUR_MS
    of = {"gpus": 8.0, "gpu_type": "H100", "instance_type": "p5.48xlarge", "partitions": ["train_a"]}
    broken = NodeRecord(f"{name}-2", "up", **of)
    nodes = [
        broken,
        NodeRecord(f"{name}-3", "drained", reason="firmware", **{**of, "partitions": ["dev"]}),
        NodeRecord(f"{name}-4", "powered down", **of),
    ]
    first = NodeRecord(
        f"{name}-1", "up", instance_id=INSTANCE, labels={"topology.kubernetes.io/zone": "us-east-1b"}, **of
    )
    with Client(server.url) as client:
        inventory = Inventory(client)
        inventory.put_nodes(ReportNodes(name, nodes, seen_ms=start))
        inventory.put_nodes(ReportNodes(name, [first, *nodes], seen_ms=start + 4 * HOUR_MS))
        held = [HeldGpus(broken.name, 1, [2])]
        run = RunRecord("7", "running", start, start_ms=start, gpus=1, nodes=1, node_names=[broken.name], held=held)
        Runs(client).report(ReportRuns(name, "slurm", [run]))
        labels = {"UUID": f"GPU-{broken.name}", "gpu": "2", "Hostname": broken.name}
        client.put(
            "dcgm",
            [
                wire.Datum(name="DCGM_FI_DEV_XID_ERRORS", value=value, time=start + m * 60_000, dimensions=labels)
                for m, value in ((0, 0.0), (119, 0.0), (120, 48.0))
            ],
        )
        client.query("dcgm", "DCGM_FI_DEV_XID_ERRORS", fresh=True)
    return name


def test_list_clusters_and_describe_cluster_tell_groups_of_nodes(sagemaker: Any, cluster: str) -> None:
    (one,) = sagemaker.list_clusters(NameContains=cluster)["ClusterSummaries"]
    assert (cluster, "InService") == (one["ClusterName"], one["ClusterStatus"])
    for name in (cluster, one["ClusterArn"]):
        found = sagemaker.describe_cluster(ClusterName=name)
        assert one["ClusterArn"] == found["ClusterArn"]
    groups = [
        (
            group["InstanceGroupName"],
            group["CurrentCount"],
            group["TargetCount"],
            group["Status"],
            group["InstanceType"],
        )
        for group in found["InstanceGroups"]
    ]
    assert [("dev", 0, 1, "Failed", "ml.p5.48xlarge"), ("train-a", 2, 2, "InService", "ml.p5.48xlarge")] == groups
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.describe_cluster(ClusterName="nobody")
    plan = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/nobody"
    assert [] == sagemaker.list_clusters(NameContains=cluster, TrainingPlanArn=plan)["ClusterSummaries"]


def test_list_cluster_nodes_tells_their_status_and_since_when_they_are_there(sagemaker: Any, cluster: str) -> None:
    found = sagemaker.list_cluster_nodes(ClusterName=cluster, SortBy="NAME")["ClusterNodeSummaries"]
    told = [(one["NodeLogicalId"], one["InstanceStatus"]) for one in found]
    assert [
        (f"{cluster}-1", {"Status": "Running", "Message": "up"}),
        (f"{cluster}-2", {"Status": "Running", "Message": "up"}),
        (f"{cluster}-3", {"Status": "Running", "Message": "drained: firmware"}),
    ] == told
    assert INSTANCE == found[0]["InstanceId"]
    assert 4 * 3600 == (found[0]["LaunchTime"] - found[1]["LaunchTime"]).total_seconds()
    last = sagemaker.list_cluster_nodes(ClusterName=cluster, SortOrder="Descending")["ClusterNodeSummaries"][0]
    assert f"{cluster}-1" == last["NodeLogicalId"]
    dev = sagemaker.list_cluster_nodes(ClusterName=cluster, InstanceGroupNameContains="dev")["ClusterNodeSummaries"]
    assert [f"{cluster}-3"] == [one["NodeLogicalId"] for one in dev]


def test_describe_cluster_node_tells_its_health(sagemaker: Any, cluster: str) -> None:
    status, fault = "sagemaker.amazonaws.com/node-health-status", "sagemaker.amazonaws.com/fault-types"

    def labels(**asked: str) -> dict[str, str]:
        node = sagemaker.describe_cluster_node(ClusterName=cluster, **asked)["NodeDetails"]
        return dict(node["KubernetesConfig"]["CurrentLabels"])

    assert "UnschedulablePendingReboot" == until(
        lambda: (said := labels(NodeLogicalId=f"{cluster}-2")[status]) != "Schedulable" and said, "the fault is told"
    )
    assert "gpu_xid_48" == labels(NodeLogicalId=f"{cluster}-2")[fault]
    assert {status: "Schedulable", "topology.kubernetes.io/zone": "us-east-1b"} == labels(NodeId=INSTANCE)
    assert "Unschedulable" == labels(NodeLogicalId=f"{cluster}-3")[status]
    node = sagemaker.describe_cluster_node(ClusterName=cluster, NodeId=INSTANCE)["NodeDetails"]
    assert "us-east-1b" == node["Placement"]["AvailabilityZone"]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.describe_cluster_node(ClusterName=cluster, NodeLogicalId=f"{cluster}-4")


def test_list_cluster_events_and_describe_cluster_event_tell_faults_and_drains(sagemaker: Any, cluster: str) -> None:
    def listed(**asked: Any) -> list[dict[str, Any]]:
        return list(sagemaker.list_cluster_events(ClusterName=cluster, **asked)["Events"])

    fault, drain = until(lambda: (some := listed()) and len(some) == 2 and some, "both events")
    assert ("Error", "Info") == (fault["EventLevel"], drain["EventLevel"])
    assert f"XID 48 on GPU 2 of {cluster}-2" in fault["Description"]
    assert [drain] == listed(InstanceGroupName="dev")
    assert [drain, fault] == listed(SortOrder="Ascending")
    assert [fault] == listed(NodeId=fault["InstanceId"])
    assert [] == listed(ResourceType="Cluster")
    told = sagemaker.describe_cluster_event(ClusterName=cluster, EventId=drain["EventId"])["EventDetails"]
    assert (f"{cluster}-3 is taken out of use: firmware", drain["EventTime"]) == (
        told["EventDetails"]["EventMetadata"]["Instance"]["FailureMessage"], told["EventTime"],
    )  # fmt: skip
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.describe_cluster_event(ClusterName=cluster, EventId="3fa85f64-5717-4562-b3fc-2c963f66afa6")
