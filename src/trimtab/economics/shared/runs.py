"""Who held which GPU when, from what schedulers reported of runs and nodes.

A node is a machine of the bill by its instance id, else by its name. A run that names its GPUs holds those; one of
which only the number is known holds the node's free ones, in order. Runs say nothing of SM time: what shares a GPU is
split evenly, and marked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from trimtab.access.scope import EVERYTHING
from trimtab.economics.shared.model import Holding, Machine, Outage, Sharing
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Held, Node, Run
from trimtab.inventory.runs.nodes import NodeStore
from trimtab.inventory.runs.store import RunStore

_MOST_RUNS = 200_000


@dataclass(frozen=True, slots=True)
class _Part:
    """What a run held of one node."""

    owner: str
    held: Held
    start_ms: int
    end_ms: int


class RunMachines:
    """The machines whose runs are known."""

    def __init__(self, runs: RunStore, nodes: NodeStore) -> None:
        self._runs = runs
        self._nodes = nodes

    async def machines(self, resources: Sequence[str], start_ms: int, end_ms: int) -> Mapping[str, Machine]:
        """Those of `resources` that are nodes with GPUs, with who held them in the time."""
        wanted = set(resources)
        nodes = {name: node for node in await self._nodes.all(EVERYTHING) if (name := _resource(node, wanted))}
        if not nodes:
            return {}
        parts = await self._parts(start_ms, end_ms)
        down = await self._nodes.out_of_use(EVERYTHING, start_ms, end_ms)
        return {
            name: machine_of(node, parts.get(node.name, ()), down.get(node.name, ()))
            for name, node in nodes.items()
            if node.gpus >= 1
        }

    async def gpu_seconds(self, start_ms: int, end_ms: int) -> dict[str, Decimal]:
        """GPU-seconds that each owner's runs held; empty where no run is known."""
        found: dict[str, Decimal] = {}
        for run in await self._runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS):
            seconds = Decimal(str(run.gpu_seconds(start_ms, end_ms)))
            if run.team and seconds:
                found[run.team] = found.get(run.team, Decimal(0)) + seconds
        return found

    async def _parts(self, start_ms: int, end_ms: int) -> dict[str, list[_Part]]:
        found: dict[str, list[_Part]] = defaultdict(list)
        for run in await self._runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS):
            for part in _parts_of(run, end_ms):
                found[part.held.node].append(part)
        return found


def machine_of(node: Node, parts: Iterable[_Part], down: Iterable[tuple[int, int]]) -> Machine:
    """A node's GPUs, what was held of them, and when they were out of use."""
    devices = tuple(str(at) for at in range(ceil(node.gpus)))
    free_from = dict.fromkeys(devices, 0)
    holdings: list[Holding] = []
    for part in sorted(parts, key=lambda one: (one.start_ms, one.end_ms, one.owner)):
        for device, share in _devices(part.held, devices, free_from, part.start_ms):
            free_from[device] = max(free_from[device], part.end_ms)
            sharing = Sharing.WHOLE if share == 1 else Sharing.MIG
            holdings.append(Holding(device, part.owner, part.start_ms, part.end_ms, sharing, share))
    outages = [Outage(device, start, end) for device in devices for start, end in down]
    return Machine(devices, holdings, outages)


def _devices(
    held: Held, devices: Sequence[str], free_from: Mapping[str, int], start_ms: int
) -> list[tuple[str, Fraction]]:
    """The GPUs that a run holds, each with the part of it."""
    named = [str(at) for at in held.indexes if str(at) in free_from]
    if named:
        return [(device, Fraction(1)) for device in named]
    whole = int(held.gpus)
    by_freedom = sorted(devices, key=lambda device: (max(free_from[device] - start_ms, 0), int(device)))
    found = [(device, Fraction(1)) for device in by_freedom[:whole]]
    rest = Fraction(str(held.gpus)) - whole
    if rest and whole < len(by_freedom):
        found.append((by_freedom[whole], rest))
    return found


def _parts_of(run: Run, end_ms: int) -> Iterable[_Part]:
    owner = run.team or run.user
    held = run.held or tuple(Held(name, run.gpus / len(run.node_names)) for name in run.node_names)
    for part in held:
        begun = part.start_ms if part.start_ms is not None else run.start_ms
        ended = part.end_ms if part.end_ms is not None else run.end_ms
        if begun is not None and part.gpus:
            yield _Part(owner, part, begun, end_ms if ended is None else ended)


def _resource(node: Node, wanted: set[str]) -> str:
    """The name by which the bill knows a node; "" where it does not."""
    names = [node.instance_id, node.name]
    for name in names:
        if name and name in wanted:
            return name
    return next((one for one in wanted if node.instance_id and one.endswith("/" + node.instance_id)), "")
