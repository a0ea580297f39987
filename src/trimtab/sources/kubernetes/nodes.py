"""Nodes with GPUs: what they may be used for, their GPUs, and how many of them pods hold."""

from collections.abc import Iterable, Mapping

from trimtab.client.inventory_wire import ConditionName, NodeRecord
from trimtab.sources.kubernetes.gpus import REPLICAS_LABEL, gpus_of
from trimtab.sources.kubernetes.objects import Node

_TYPE = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_GPU = ("nvidia.com/gpu.product", "cloud.google.com/gke-accelerator", "amd.com/gpu.product-name")
_KEPT = (
    REPLICAS_LABEL,
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "karpenter.sh/nodepool",
    "karpenter.sh/capacity-type",
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
)
_NOT_KEPT_FOR = ("nvidia.com/gpu", "amd.com/gpu", "node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Taints that reserve nothing: GPU nodes keep pods without GPUs away, and Kubernetes marks its own conditions."""


def replicas_of(node: Node | None) -> int:
    """How many pods may share one of a node's GPUs in turns."""
    text = node.metadata.labels.get(REPLICAS_LABEL, "") if node is not None else ""
    return int(text) if text.isdecimal() and int(text) > 0 else 1


def record_of(node: Node, allocated: float) -> NodeRecord | None:
    """A node's record; None for one without GPUs."""
    there = gpus_of(node.status.allocatable, replicas_of(node))
    if not there and not allocated:
        return None
    labels = node.metadata.labels
    condition, reason = _condition(node)
    return NodeRecord(
        name=node.metadata.name,
        condition=condition,
        state="Ready" if condition != "down" else "NotReady",
        reason=reason,
        gpus=there,
        allocated=min(allocated, there) if there else 0.0,
        gpu_type=_first(labels, _GPU),
        instance_type=_first(labels, _TYPE),
        instance_id=node.spec.provider_id.rpartition("/")[2],
        labels={key: labels[key] for key in (*_KEPT, *_TYPE) if labels.get(key)},
    )


def _condition(node: Node) -> tuple[ConditionName, str]:
    ready = next((one for one in node.status.conditions if one.type == "Ready"), None)
    if ready is not None and ready.status != "True":
        return "down", ready.message or ready.reason
    if node.spec.unschedulable:
        return "drained", "cordoned"
    for taint in node.spec.taints:
        if taint.effect in ("NoSchedule", "NoExecute") and not taint.key.startswith(_NOT_KEPT_FOR):
            return "reserved", f"taint {taint.key}" + (f"={taint.value}" if taint.value else "")
    return "up", ""


def _first(labels: Mapping[str, str], names: Iterable[str]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")
