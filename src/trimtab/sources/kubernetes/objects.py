"""Kubernetes' objects, as far as runs and nodes are read from them (API reference v1: Pod, Node, Event of a watch)."""

from msgspec import Struct, field


class Meta(Struct, rename="camel"):
    """ObjectMeta."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str = ""
    deletion_timestamp: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Resources(Struct):
    """ResourceRequirements. Quantities are text."""

    limits: dict[str, str | int] = {}
    requests: dict[str, str | int] = {}


class Container(Struct):
    """Container."""

    name: str = ""
    resources: Resources = field(default_factory=Resources)


class PodSpec(Struct, rename="camel"):
    """PodSpec."""

    node_name: str = ""
    containers: list[Container] = []
    init_containers: list[Container] = []


class Condition(Struct, rename="camel"):
    """PodCondition and NodeCondition."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = ""


class Terminated(Struct, rename="camel"):
    """ContainerStateTerminated."""

    exit_code: int = 0
    reason: str = ""
    finished_at: str | None = ""


class ContainerState(Struct):
    """ContainerState."""

    terminated: Terminated | None = None


class ContainerStatus(Struct):
    """ContainerStatus."""

    name: str = ""
    state: ContainerState = field(default_factory=ContainerState)


class PodStatus(Struct, rename="camel"):
    """PodStatus."""

    phase: str = ""
    reason: str = ""
    start_time: str | None = ""
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []


class Pod(Struct):
    """Pod."""

    metadata: Meta = field(default_factory=Meta)
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class Taint(Struct):
    """Taint."""

    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Struct, rename="camel"):
    """NodeSpec."""

    unschedulable: bool = False
    taints: list[Taint] = []
    provider_id: str = field(default="", name="providerID")


class NodeStatus(Struct):
    """NodeStatus."""

    allocatable: dict[str, str | int] = {}
    conditions: list[Condition] = []


class Node(Struct):
    """Node."""

    metadata: Meta = field(default_factory=Meta)
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)
