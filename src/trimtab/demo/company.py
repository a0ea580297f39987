"""The simulated company: who there is, which machines they rent, and what runs where.

Three accounts, four teams, 60 nodes with 404 GPUs. Nodes of the account `ml-training` belong to a SLURM cluster; the
others to two Kubernetes clusters, in which every pod keeps its place. All of it is a function of the seed.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from msgspec import Struct

from trimtab.demo import catalog
from trimtab.demo.catalog import Machine
from trimtab.demo.endpoints import ENDPOINTS, Endpoint


class Account(Struct, frozen=True):
    """An account: 12 digits, its name, and the cluster that runs in it."""

    id: str
    name: str
    cluster: str


TRAINING = Account("111122223333", "ml-training", "atlas")
SERVING = Account("444455556666", "ml-serving", "serving-prod")
RESEARCH = Account("777788889999", "ml-research", "research")
ACCOUNTS = (TRAINING, SERVING, RESEARCH)
TEAMS = ("foundation", "assistant", "search", "vision")
REGION = "us-east-1"


class Node(Struct, frozen=True):
    """A machine. `first_gpu` is the number of its first GPU in `Company.gpus`."""

    name: str
    machine: Machine
    account: Account
    instance_id: str
    address: str
    first_gpu: int

    @property
    def gpus(self) -> range:
        """The numbers of its GPUs in `Company.gpus`."""
        return range(self.first_gpu, self.first_gpu + self.machine.gpus)


class Gpu(Struct, frozen=True):
    """A GPU: its node and its index there."""

    node: Node
    index: int
    uuid: str


class Pod(Struct, frozen=True):
    """What holds GPUs in Kubernetes. `use` says how it behaves; `endpoint` is there where it serves one."""

    name: str
    team: str
    app: str
    container: str
    use: str
    node: Node
    gpus: tuple[int, ...]
    endpoint: Endpoint | None = None


# What a pod does with its GPUs: serve an endpoint, work through batches at night, be somebody's notebook, train
# all day, or hold them and do nothing.
SERVE, BATCH, NOTEBOOK, TUNE, HOLD = "serve", "batch", "notebook", "tune", "hold"


class _Fleet(Struct, frozen=True):
    """Nodes in a row: `<prefix>-<first>` and on."""

    prefix: str
    first: int
    count: int
    machine: Machine
    account: Account


_FLEET = (
    _Fleet("p5", 1, 15, catalog.P5_48XLARGE, TRAINING),
    _Fleet("p5", 16, 2, catalog.P5_48XLARGE, SERVING),
    _Fleet("p5", 18, 3, catalog.P5_48XLARGE, RESEARCH),
    _Fleet("p4d", 1, 11, catalog.P4D_24XLARGE, TRAINING),
    _Fleet("p4d", 12, 3, catalog.P4D_24XLARGE, SERVING),
    _Fleet("g6", 1, 6, catalog.G6_48XLARGE, SERVING),
    _Fleet("g6", 7, 8, catalog.G6_12XLARGE, SERVING),
    _Fleet("g5", 1, 4, catalog.G5_48XLARGE, SERVING),
    _Fleet("g5", 5, 4, catalog.G5_12XLARGE, RESEARCH),
    _Fleet("g5", 9, 4, catalog.G5_XLARGE, RESEARCH),
)


class _App(Struct, frozen=True):
    """Pods that are no endpoint: `pods` of them on each of `nodes`, with `gpus` each."""

    name: str
    team: str
    container: str
    use: str
    nodes: tuple[str, ...]
    pods: int
    gpus: int


_APPS = (
    _App("moe-ablation", "vision", "trainer", HOLD, ("p5-18", "p5-19", "p5-20"), 1, 8),
    _App("embed-backfill", "search", "worker", BATCH, ("g6-04", "g6-05"), 4, 2),
    _App("caption-backfill", "vision", "worker", BATCH, ("g6-06",), 2, 2),  # half of the node is free
    _App("playground", "assistant", "notebook", NOTEBOOK, ("g6-11", "g6-12"), 4, 1),
    _App("guard-distill", "assistant", "trainer", TUNE, ("g6-13", "g6-14"), 1, 4),
    _App("detector-tune", "vision", "trainer", TUNE, ("g5-02", "g5-03", "g5-04"), 2, 4),
    _App("lab", "foundation", "notebook", NOTEBOOK, ("g5-05", "g5-06"), 4, 1),
    _App("lab", "vision", "notebook", NOTEBOOK, ("g5-07", "g5-08"), 2, 2),
    _App("lab", "search", "notebook", NOTEBOOK, ("g5-09", "g5-10", "g5-11"), 1, 1),  # g5-12 is free
)


@dataclass(frozen=True)
class Company:
    """Everything that stands still: made by `build`."""

    seed: int
    nodes: tuple[Node, ...]
    gpus: tuple[Gpu, ...]
    pods: tuple[Pod, ...]

    @cached_property
    def node_of(self) -> dict[str, Node]:
        """Nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def pod_of(self) -> dict[int, Pod]:
        """Pods by the number of a GPU that they hold."""
        return {gpu: pod for pod in self.pods for gpu in pod.gpus}

    @cached_property
    def replicas(self) -> tuple[tuple[Pod, Endpoint], ...]:
        """The pods that serve, with what they serve, endpoint by endpoint."""
        return tuple((pod, pod.endpoint) for pod in self.pods if pod.endpoint is not None)

    def partition(self, prefix: str) -> tuple[Node, ...]:
        """The nodes of the training account whose names start with `prefix`: a partition of SLURM."""
        return tuple(node for node in self.nodes if node.account is TRAINING and node.name.startswith(f"{prefix}-"))


def build(seed: int) -> Company:
    """The company of a seed."""
    nodes: list[Node] = []
    gpus: list[Gpu] = []
    for fleet in _FLEET:
        for number in range(fleet.first, fleet.first + fleet.count):
            name = f"{fleet.prefix}-{number:02d}"
            node = Node(
                name, fleet.machine, fleet.account, f"i-0{_hex(seed, name)[:16]}", _address(len(nodes)), len(gpus)
            )
            nodes.append(node)
            gpus += [Gpu(node, index, _uuid(seed, name, index)) for index in range(fleet.machine.gpus)]
    return Company(seed, tuple(nodes), tuple(gpus), tuple(_pods(seed, {node.name: node for node in nodes})))


def _pods(seed: int, nodes: dict[str, Node]) -> list[Pod]:
    pods: list[Pod] = []
    for endpoint in ENDPOINTS:
        places = _places(nodes, endpoint.nodes, endpoint.replicas // len(endpoint.nodes), endpoint.gpus)
        for number, (node, held) in enumerate(places):
            name = f"{endpoint.name}-{number}"
            pods.append(Pod(name, endpoint.team, endpoint.name, endpoint.server, SERVE, node, held, endpoint))
    for app in _APPS:
        for number, (node, held) in enumerate(_places(nodes, app.nodes, app.pods, app.gpus)):
            pods.append(Pod(f"{app.name}-{number}", app.team, app.name, app.container, app.use, node, held))
    return pods


def _places(nodes: dict[str, Node], names: tuple[str, ...], pods: int, gpus: int) -> list[tuple[Node, tuple[int, ...]]]:
    """The node and the GPUs of each of `pods` pods on each node, from the node's first GPU on."""
    return [
        (nodes[name], tuple(nodes[name].gpus[number * gpus : (number + 1) * gpus]))
        for name in names
        for number in range(pods)
    ]


def _hex(seed: int, text: str) -> str:
    return hashlib.blake2b(f"{seed}/{text}".encode(), digest_size=16).hexdigest()


def _uuid(seed: int, node: str, index: int) -> str:
    digits = _hex(seed, f"{node}/gpu{index}")
    return "GPU-" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _address(number: int) -> str:
    return f"10.20.{number // 200}.{10 + number % 200}"
