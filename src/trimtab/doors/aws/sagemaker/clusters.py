"""Operations on HyperPod clusters: the clusters that schedulers report, their nodes with their health, their events."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import NotFound
from trimtab.base.ids import hash64
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.sagemaker.rooms import Row, SageMakerRooms, operations, page_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.fleet.health.notices import Notice, Topic
from trimtab.fleet.health.rules import REPEATS_MS
from trimtab.fleet.model import DAY_MS
from trimtab.inventory.runs.clusters import ZONE, clusters_in
from trimtab.inventory.runs.model import Condition, Node

EVENTS_MS = 90 * DAY_MS
"""How far back events are told: as AWS Health's."""
_GROUP = "sagemaker.amazonaws.com/instance-group-name"
_HEALTH = "sagemaker.amazonaws.com/node-health-status"
_STATUS: Mapping[Condition, str] = {Condition.DOWN: "Failure", Condition.POWERED_DOWN: "ShuttingDown"}
_INSTANCE = re.compile(r"i-[a-f0-9]{8}(?:[a-f0-9]{9})?")
_NO_NAME = re.compile(r"[^a-zA-Z0-9]+")
_UNKNOWN = "ml.unknown"


class Cluster(Struct, frozen=True):
    """A cluster with the nodes that there are, and since when its scheduler speaks of it."""

    account: str
    region: str
    reported: str
    created_ms: int
    nodes: Sequence[Node]

    @property
    def name(self) -> str:
        """Its name as AWS's names are: letters, digits and dashes."""
        return named(self.reported)

    @property
    def arn(self) -> str:
        """Its ARN, whose id follows from account and name."""
        id_ = f"{hash64(f'{self.account}/{self.reported}'):016x}"[:12]
        return f"arn:{partition_of(self.region)}:sagemaker:{self.region}:{self.account}:cluster/{id_}"


@operations.add("ListClusters")
async def list_clusters(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """The clusters that schedulers report to trimtab."""
    text = request.get("NameContains", "").lower()
    found = [one for one in await clusters_of(rooms, context) if text in one.name.lower()]
    if request.get("TrainingPlanArn"):
        found = []  # no node of these is of a training plan
    found = _ordered(found, request, lambda one: one.created_ms, lambda one: one.name)
    shown, more = page_of(found, request)
    return {"ClusterSummaries": [_summary(one) for one in shown], **more}


@operations.add("DescribeCluster", job=True)
async def describe_cluster(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One cluster: its groups of nodes, and how many of each are up."""
    cluster = await _cluster(rooms, request, context)
    groups: dict[str, list[Node]] = {}
    for one in cluster.nodes:
        groups.setdefault(group_of(one), []).append(one)
    return {
        **_summary(cluster),
        "InstanceGroups": [_group(name, nodes) for name, nodes in sorted(groups.items())],
        "NodeRecovery": "None",
    }


@operations.add("ListClusterNodes", job=True)
async def list_cluster_nodes(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """The nodes of a cluster, as its scheduler last told of them."""
    cluster = await _cluster(rooms, request, context)
    launched = await _launched(rooms, cluster)
    text = request.get("InstanceGroupNameContains", "").lower()
    found = [one for one in cluster.nodes if text in group_of(one).lower()]
    found = _ordered(found, request, lambda one: launched[one.name], lambda one: one.name)
    shown, more = page_of(found, request)
    return {"ClusterNodeSummaries": [_node(one, launched[one.name]) for one in shown], **more}


@operations.add("DescribeClusterNode", job=True)
async def describe_cluster_node(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One node by its instance id or its name, with its labels and what its GPUs say of its health."""
    cluster = await _cluster(rooms, request, context)
    wanted = request.get("NodeId", ""), request.get("NodeLogicalId", "")
    node = next((one for one in cluster.nodes if wanted[0] == id_of(one) or wanted[1] == named(one.name)), None)
    if node is None:
        raise NotFound(f"Node {wanted[0] or wanted[1]} of cluster {cluster.name} does not exist.")
    launched = await _launched(rooms, cluster)
    notices = await _notices(rooms, cluster, REPEATS_MS)  # nothing older is open
    mine = [one for one in notices if one.machine.name == node.name and one.end_ms is None]
    labels = {**node.labels, _HEALTH: health_of(node, mine)}
    if faults := [one.code.lower() for one in mine if one.topic is Topic.FAULT]:
        labels["sagemaker.amazonaws.com/fault-types"] = faults[0]
    zone = node.labels.get(ZONE)
    return {
        "NodeDetails": {
            **_node(node, launched[node.name]),
            **({"Placement": {"AvailabilityZone": zone}} if zone else {}),
            "KubernetesConfig": {"CurrentLabels": labels},
        }
    }


@operations.add("ListClusterEvents", job=True)
async def list_cluster_events(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """What nodes of a cluster had to tell in the last 90 days: faults, times out of use, and what is to be done."""
    cluster = await _cluster(rooms, request, context)
    nodes = {one.name: one for one in cluster.nodes}
    after, before = request.get("EventTimeAfter", 0), request.get("EventTimeBefore", 1 << 62)
    found = [
        one
        for one in await _notices(rooms, cluster)
        if after <= one.start_ms <= before
        and request.get("ResourceType", "Instance") == "Instance"
        and not request.get("OperationId")
        and request.get("NodeId", "") in ("", id_of(nodes[one.machine.name]))
        and request.get("InstanceGroupName", "") in ("", group_of(nodes[one.machine.name]))
    ]
    if request.get("SortOrder", "Descending") == "Ascending":
        found.reverse()
    shown, more = page_of(found, request)
    return {"Events": [_event(one, cluster, nodes[one.machine.name]) for one in shown], **more}


@operations.add("DescribeClusterEvent", job=True)
async def describe_cluster_event(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One event of a cluster."""
    cluster = await _cluster(rooms, request, context)
    nodes = {one.name: one for one in cluster.nodes}
    for one in await _notices(rooms, cluster):
        if event_id(one) == request["EventId"]:
            shape = _event(one, cluster, nodes[one.machine.name])
            instance = {"FailureMessage": one.text, "NodeLogicalId": named(one.machine.name)}
            return {"EventDetails": {**shape, "EventDetails": {"EventMetadata": {"Instance": instance}}}}
    raise NotFound(f"Event {request['EventId']} of cluster {cluster.name} does not exist.")


def named(text: str) -> str:
    """A name of the fleet as names of AWS are: letters, digits, and single dashes between them."""
    return _NO_NAME.sub("-", text).strip("-")[:63] or "unnamed"


def id_of(node: Node) -> str:
    """The instance of a node; of one that is none, an id that looks like one and follows from its name."""
    if _INSTANCE.fullmatch(node.instance_id):
        return node.instance_id
    return f"i-{hash64(f'{node.account}/{node.cluster}/{node.name}'):017x}"


def group_of(node: Node) -> str:
    """The group of a node: what HyperPod's label says, else its first partition, else its type."""
    return named(node.labels.get(_GROUP) or next(iter(node.partitions), "") or node.instance_type or "nodes")


def health_of(node: Node, open_notices: Sequence[Notice]) -> str:
    """The health of a node in the words of HyperPod's label."""
    codes = {one.code for one in open_notices}
    if "GPU_RMA_DUE" in codes:
        return "UnschedulablePendingReplacement"
    if any(one.topic is Topic.FAULT and one.asked for one in open_notices):
        return "UnschedulablePendingReboot"
    out = node.condition in (Condition.DRAINED, Condition.DOWN, Condition.POWERED_DOWN)
    return "Unschedulable" if out else "Schedulable"


def event_id(notice: Notice) -> str:
    """The id of a notice as an event: a UUID."""
    text = notice.id + f"{hash64(notice.id):016x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


async def clusters_of(rooms: SageMakerRooms, context: CallContext) -> list[Cluster]:
    """The clusters of the caller's account in its region: where their nodes' labels say, else the server's own."""
    nodes = rooms.notices.nodes
    began = await nodes.began()
    found = []
    for name, some in clusters_in(context.region, await nodes.all(_scope(context)), rooms.notices.region).items():
        created_ms = began.get((context.account, name), some[0].seen_ms)
        found.append(Cluster(context.account, context.region, name, created_ms, some))
    return found


async def _cluster(rooms: SageMakerRooms, request: Request, context: CallContext) -> Cluster:
    """The cluster that a request names, or whose ARN it gives. Raises NotFound."""
    wanted = request["ClusterName"]
    for one in await clusters_of(rooms, context):
        if wanted in (one.name, one.arn):
            return one
    raise NotFound(f"Cluster {wanted} does not exist.")


async def _launched(rooms: SageMakerRooms, cluster: Cluster) -> dict[str, int]:
    """By node when it came."""
    now_ms = rooms.metrics.clock.now_ms()
    scope = Scope(frozenset({cluster.account}))
    lives = await rooms.notices.nodes.existed(scope, cluster.created_ms, now_ms)
    came = {one.name: one.came_ms for one in lives if one.cluster == cluster.reported}
    return {one.name: came.get(one.name, one.seen_ms) for one in cluster.nodes}


async def _notices(rooms: SageMakerRooms, cluster: Cluster, last_ms: int = EVENTS_MS) -> list[Notice]:
    """What the nodes that there are have to tell of the last time."""
    now_ms = rooms.metrics.clock.now_ms()
    _, found = await rooms.notices.read(Scope(frozenset({cluster.account})), now_ms - last_ms, now_ms)
    names = {one.name for one in cluster.nodes}
    mine = [one for one in found if one.machine.account == cluster.account and one.machine.cluster == cluster.reported]
    return [one for one in mine if one.machine.name in names]


def _scope(context: CallContext) -> Scope:
    return Scope(frozenset({context.account}), context.principal.scope.regions, context.principal.scope.rows)


def _ordered(
    found: Sequence[Row], request: Request, time_of: Callable[[Row], int], name_of: Callable[[Row], str]
) -> list[Row]:
    """Rows between the times of a request, in its order."""
    after, before = request.get("CreationTimeAfter", 0), request.get("CreationTimeBefore", 1 << 62)
    kept = [one for one in found if after <= time_of(one) <= before]
    by_name = request.get("SortBy") == "NAME"
    kept.sort(key=lambda one: (0 if by_name else time_of(one), name_of(one)))
    return kept[::-1] if request.get("SortOrder") == "Descending" else kept


def _summary(one: Cluster) -> dict[str, Any]:
    return {
        "ClusterArn": one.arn,
        "ClusterName": one.name,
        "CreationTime": one.created_ms,
        "ClusterStatus": "InService",
    }


def _group(name: str, nodes: Sequence[Node]) -> dict[str, Any]:
    up = sum(one.condition in (Condition.UP, Condition.RESERVED) for one in nodes)
    status = "InService" if up == len(nodes) else "Degraded" if up else "Failed"
    shape = {"InstanceGroupName": name, "CurrentCount": up, "TargetCount": len(nodes), "Status": status}
    kind = type_of(nodes[0])
    return shape if kind == _UNKNOWN else {**shape, "InstanceType": kind}


def type_of(node: Node) -> str:
    """The machine type of a node as SageMaker names it."""
    return f"ml.{node.instance_type.removeprefix('ml.')}" if node.instance_type else _UNKNOWN


def _node(one: Node, launched_ms: int) -> dict[str, Any]:
    status = {"Status": _STATUS.get(one.condition, "Running")}
    if said := ": ".join(text for text in (one.condition.value, one.reason) if text):
        status["Message"] = said
    return {
        "InstanceGroupName": group_of(one),
        "InstanceId": id_of(one),
        "NodeLogicalId": named(one.name),
        "InstanceType": type_of(one),
        "LaunchTime": launched_ms,
        "InstanceStatus": status,
    }


def _event(one: Notice, cluster: Cluster, node: Node) -> dict[str, Any]:
    return {
        "EventId": event_id(one),
        "ClusterArn": cluster.arn,
        "ClusterName": cluster.name,
        "InstanceGroupName": group_of(node),
        "InstanceId": id_of(node),
        "ResourceType": "Instance",
        "EventTime": one.start_ms,
        "Description": one.text,
        "EventLevel": "Info" if one.topic is Topic.DRAINED else "Error" if one.asked else "Warn",
    }
