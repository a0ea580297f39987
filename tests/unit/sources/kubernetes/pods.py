"""Pods and nodes as an API server gives them."""

from typing import Any

UUID_A, UUID_B = "GPU-aaaaaaaa-1111-2222-3333-444444444444", "GPU-bbbbbbbb-1111-2222-3333-444444444444"


def pod(
    name: str,
    *,
    gpus: int | str = 1,
    resource: str = "nvidia.com/gpu",
    node: str = "",
    phase: str = "Pending",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    namespace: str = "vision",
    ended: dict[str, Any] | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """A pod with one container."""
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-25T10:05:00Z"}
    waits = {
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: x}, "
        "2 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available",
    }  # fmt: skip
    status: dict[str, Any] = {"phase": phase, "conditions": [scheduled if node else waits]}
    if reason:
        status["reason"] = reason
    if ended is not None:
        status["containerStatuses"] = [{"name": "main", "state": {"terminated": ended}}]
    return {
        "metadata": {
            "namespace": namespace,
            "uid": f"uid-{name}",
            "creationTimestamp": "2026-11-25T10:00:00Z",
            "labels": labels or {},
            "annotations": annotations or {},
        },
        "spec": {
            **({"nodeName": node} if node else {}),
            "containers": [{"name": "main", "resources": {"limits": {resource: str(gpus), "cpu": "8"}}}],
        },
        "status": status,
    }


def node(
    *, gpus: int = 8, ready: bool = True, cordoned: bool = False, taints: Any = (), **labels: str
) -> dict[str, Any]:
    """A GPU node."""
    return {
        "metadata": {"labels": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", **labels}},
        "spec": {
            "providerID": "aws:///us-east-1a/i-0abc",
            **({"unschedulable": True} if cordoned else {}),
            **({"taints": list(taints)} if taints else {}),
        },
        "status": {
            "allocatable": {"nvidia.com/gpu": str(gpus), "cpu": "190", "memory": "2000Gi"},
            "conditions": [{"type": "Ready", "status": "True" if ready else "Unknown", "message": "kubelet stopped"}],
        },
    }
