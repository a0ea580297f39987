"""Quotas of GPUs that Kueue and KAI keep: ClusterQueue and LocalQueue (kueue.x-k8s.io), Queue (scheduling.run.ai).

Kueue   nominalQuota of GPU resources over all flavours; its cohort lends; the queues that name it are its
KAI     resources.gpu.quota; queues of one parent lend to each other; a parent's own quota is the sum of them
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.sources.kubernetes.gpus import share_of

_UNLIMITED = -1


class QueueQuota(Struct, frozen=True):
    """GPUs that a queue is entitled to; its cohort, and other names of it ("" and none where there are none)."""

    queue: str
    gpus: float
    cohort: str = ""
    names: tuple[str, ...] = ()


def quotas_of(objects: Sequence[Mapping[str, Any]]) -> list[QueueQuota]:
    """The quotas of the objects that keep some; all else is passed over."""
    locals_: dict[str, list[str]] = {}
    parents = {str(parent) for one in objects if _is_kai(one) and (parent := _map(one.get("spec")).get("parentQueue"))}
    for one in objects:
        if one.get("kind") == "LocalQueue":
            locals_.setdefault(str(_map(one.get("spec")).get("clusterQueue", "")), []).append(_name(one))
    found = []
    for one in objects:
        spec = _map(one.get("spec"))
        if one.get("kind") == "ClusterQueue":
            cohort = str(spec.get("cohortName") or spec.get("cohort") or "")
            found.append(QueueQuota(_name(one), _nominal(spec), cohort, tuple(locals_.get(_name(one), ()))))
        elif _is_kai(one) and _name(one) not in parents:
            quota = _number(_map(_map(spec.get("resources")).get("gpu")).get("quota"))
            if quota is not None and quota != _UNLIMITED:
                found.append(QueueQuota(_name(one), quota, str(spec.get("parentQueue") or "")))
    return found


def _nominal(spec: Mapping[str, Any]) -> float:
    total = 0.0
    for group in _list(spec.get("resourceGroups")):
        for flavor in _list(_map(group).get("flavors")):
            for resource in _list(_map(flavor).get("resources")):
                share = share_of(str(_map(resource).get("name", "")))
                total += (share or 0.0) * (_number(_map(resource).get("nominalQuota")) or 0.0)
    return total


def _is_kai(one: Mapping[str, Any]) -> bool:
    return one.get("kind") == "Queue" and str(one.get("apiVersion", "")).startswith("scheduling.run.ai/")


def _name(one: Mapping[str, Any]) -> str:
    return str(_map(one.get("metadata")).get("name", ""))


def _number(value: Any) -> float | None:
    try:
        return float(value) if value is not None and not isinstance(value, bool) else None
    except (TypeError, ValueError):
        return None


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
