"""The clusters of a region: where the labels of their nodes say, else where the server is."""

from collections.abc import Iterable, Mapping

from trimtab.inventory.runs.model import Condition, Node

_REGION = "topology.kubernetes.io/region"
ZONE = "topology.kubernetes.io/zone"


def clusters_in(region: str, nodes: Iterable[Node], server_region: str) -> Mapping[str, list[Node]]:
    """By cluster of a region its nodes that have power."""
    by_name: dict[str, list[Node]] = {}
    for one in nodes:
        if one.condition is not Condition.POWERED_DOWN:
            by_name.setdefault(one.cluster, []).append(one)
    return {name: some for name, some in by_name.items() if _region(some, server_region) == region}


def _region(nodes: Iterable[Node], server_region: str) -> str:
    return next((one.labels[_REGION] for one in nodes if one.labels.get(_REGION)), server_region)
