"""The two Kubernetes clusters as kube-state-metrics shows them: nodes, and who holds which GPUs since when."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from trimtab.demo import demand
from trimtab.demo.block import Block, Labels
from trimtab.demo.company import HOLD, REGION, RESEARCH, TRAINING, Account, Node, Pod
from trimtab.demo.feed import Family, Moment
from trimtab.demo.noise import Floats, Times
from trimtab.demo.world import World

GPU = {"resource": "nvidia_com_gpu", "unit": "integer"}
HELD_FOR_MS = 23 * 86_400_000
"""How long before the anchor pods got their GPUs: longer than the history."""
_PENDING = ("search", "video-eval-0")
"""Team and name of a pod that waits for the GPUs that another team holds."""


class KubernetesFeed:
    """kube-state-metrics of both clusters."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pods = world.company.pods
        self._nodes = [node for node in world.company.nodes if node.account is not TRAINING]
        # Constants first, then what changes with a rollout: labels with the values that they have from some time on.
        constant = [*self._of_nodes(), *self._of_pods(), *self._waiting()]
        self._constant = Family([row[0] for row in constant], [row[1] for row in constant])
        self._values = np.array([[row[2]] for row in constant])
        self._versions = list(self._of_versions())
        self._images = Family([row[0] for row in self._versions], [row[1] for row in self._versions])
        self._created = Family(
            [pod.node.account for pod in self._pods],
            [{"__name__": "kube_pod_created", **_named(pod), **_scraped(pod.node.account)} for pod in self._pods],
        )

    def blocks(self, moment: Moment) -> Iterator[Block]:
        """Constants, images and creation times."""
        times = moment.slab.times[moment.slab.slow]
        yield from self._constant.blocks(times, np.broadcast_to(self._values, (len(self._values), len(times))))
        images = [np.where((times >= start) & (times < end), 1.0, np.nan) for _, _, start, end in self._versions]
        yield from self._images.blocks(times, np.array(images))
        yield from self._created.blocks(times, np.array([self._since(pod, times) for pod in self._pods]))

    def _of_nodes(self) -> Iterator[tuple[Account, Labels, float]]:
        for node in self._nodes:
            for labels, value in (
                ({"__name__": "kube_node_info", "provider_id": _provider_id(node)}, 1.0),
                ({"__name__": "kube_node_labels", "label_node_kubernetes_io_instance_type": node.machine.type}, 1.0),
                ({"__name__": "kube_node_status_allocatable", **GPU}, float(node.machine.gpus)),
                ({"__name__": "kube_node_spec_unschedulable"}, 0.0),
                ({"__name__": "kube_node_status_condition", "condition": "Ready", "status": "true"}, 1.0),
            ):
                yield node.account, {**labels, "node": node.name, **_scraped(node.account)}, value

    def _of_pods(self) -> Iterator[tuple[Account, Labels, float]]:
        for pod in self._pods:
            name, at = _named(pod), {"container": pod.container, "node": pod.node.name}
            for labels, value in (
                ({"__name__": "kube_pod_container_resource_requests", **at, **GPU}, float(len(pod.gpus))),
                ({"__name__": "kube_pod_status_phase", "phase": "Running"}, 1.0),
                ({"__name__": "kube_pod_labels", "label_team": pod.team, "label_app": pod.app}, 1.0),
            ):
                yield pod.node.account, {**labels, **name, **_scraped(pod.node.account)}, value

    def _waiting(self) -> Iterator[tuple[Account, Labels, float]]:
        namespace, name = _PENDING
        who = {"namespace": namespace, "pod": name, **_scraped(RESEARCH)}
        asked = {"__name__": "kube_pod_container_resource_requests", "container": "trainer", **GPU}
        yield RESEARCH, {**asked, **who}, 8.0
        yield RESEARCH, {"__name__": "kube_pod_status_phase", "phase": "Pending", **who}, 1.0

    def _of_versions(self) -> Iterator[tuple[Account, Labels, int, int]]:
        """The images that each pod ran, with the time from and before which it did."""
        for pod in self._pods:
            changes = [0, *(demand.deploys(self._world, pod.endpoint) if pod.endpoint else ()), 1 << 62]
            for number, (start, end) in enumerate(pairwise(changes)):
                image = f"registry.example.com/{pod.team}/{pod.app}:1.{number}.0"
                labels = {"__name__": "kube_pod_container_info", "container": pod.container, "image": image}
                yield pod.node.account, {**labels, **_named(pod), **_scraped(pod.node.account)}, start, end

    def _since(self, pod: Pod, times: Times) -> Floats:
        """When a pod was made, in seconds since the epoch: by its last rollout, or long ago."""
        old = self._world.anchor_ms - (HELD_FOR_MS if pod.use == HOLD else 2 * HELD_FOR_MS)
        made = np.full(len(times), float(old // 1000))
        for when in demand.deploys(self._world, pod.endpoint) if pod.endpoint else ():
            made[times >= when] = when // 1000
        return made


def _named(pod: Pod) -> dict[str, str]:
    return {"namespace": pod.team, "pod": pod.name}


def _scraped(account: Account) -> dict[str, str]:
    return {"cluster": account.cluster, "instance": "kube-state-metrics:8080", "job": "kube-state-metrics"}


def _provider_id(node: Node) -> str:
    return f"aws:///{REGION}a/{node.instance_id}"
