"""Who held which GPU when, from what schedulers reported of runs and nodes.

A node is a machine of the bill by its instance id, else by its name. A run that names its GPUs holds those; one of
which only the number is known holds the node's free ones, in order. What takes turns on a GPU is split by the SM time
of each run's processes where it is measured (its mean while the run held it), else evenly, and marked. How busy a run's
GPUs were is its mean over all of them.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil

from trimtab.access.scope import EVERYTHING
from trimtab.economics.shared.model import Holding, Machine, Outage, Sharing
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Held, Node, Run, RunKey
from trimtab.inventory.runs.nodes import NodeStore
from trimtab.inventory.runs.store import RunStore

_MOST_RUNS = 200_000
TEAM = "team"
"""The tag that schedulers know by themselves: an account of SLURM, a label of Kubernetes."""
OwnerOf = Callable[[Run], str]
"""Names the owner of what a run holds."""
ActivityReader = Callable[[Sequence[Run], int, int], Awaitable[Mapping[RunKey, float]]]
"""(runs, start, end in ms) → the mean activity of each run's GPUs, 0 to 1, where it is known."""
SmTimeReader = Callable[[Sequence[Run], int, int], Awaitable[Mapping[tuple[RunKey, str], Mapping[str, float]]]]
"""(runs, start, end in ms) → by run and node its mean share of the SM time of each GPU there (by index, else by
another name), where that is measured."""
_REPLICAS = "nvidia.com/gpu.replicas"
"""The label of a node whose GPUs are offered several times over, to take turns on."""
_Taken = tuple[int, int, Fraction]
"""From, to, and how much of a GPU."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What a run held of one node."""

    owner: str
    held: Held
    start_ms: int
    end_ms: int
    active: Fraction | None = None
    sm: Mapping[str, float] | None = None

    def sm_share(self, device: str) -> Fraction | None:
        """Its share of a GPU's SM time; where it does not say which GPUs it held, of each its mean."""
        if self.sm is None:
            return None
        known = self.held.indexes and any(name.isdecimal() for name in self.sm)
        share = self.sm.get(device, 0.0) if known else sum(self.sm.values()) / max(1, ceil(self.held.gpus))
        return Fraction(share).limit_denominator(10_000)


class RunMachines:
    """The machines whose runs are known."""

    def __init__(
        self,
        runs: RunStore,
        nodes: NodeStore,
        activity: ActivityReader | None = None,
        sm_time: SmTimeReader | None = None,
    ) -> None:
        """Without `activity` nobody measured how busy the GPUs were, without `sm_time` whose work it was."""
        self._sm_time = sm_time
        self._runs = runs
        self._nodes = nodes
        self._activity = activity

    async def machines(
        self, resources: Sequence[str], start_ms: int, end_ms: int, owner_of: OwnerOf | None = None
    ) -> Mapping[str, Machine]:
        """Those of `resources` that are nodes with GPUs, with who held them in the time: by its team, else its user,
        or as `owner_of` names the owner of a run."""
        wanted = set(resources)
        nodes = {name: node for node in await self._nodes.all(EVERYTHING) if (name := _resource(node, wanted))}
        if not nodes:
            return {}
        parts = await self._parts(start_ms, end_ms, owner_of or _payer)
        down = await self._nodes.out_of_use(EVERYTHING, start_ms, end_ms)
        return {
            name: machine_of(node, parts.get(node.name, ()), down.get(node.name, ()))
            for name, node in nodes.items()
            if node.gpus >= 1
        }

    async def gpu_seconds(self, by: str, start_ms: int, end_ms: int) -> dict[str, Decimal]:
        """GPU-seconds that runs held, by their team or another tag of theirs; empty where no run is known."""
        found: dict[str, Decimal] = {}
        for run in await self._runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS):
            seconds = Decimal(str(run.gpu_seconds(start_ms, end_ms)))
            owner = run.tags.get(by, "") or (run.team if by == TEAM else "")
            if owner and seconds:
                found[owner] = found.get(owner, Decimal(0)) + seconds
        return found

    async def _parts(self, start_ms: int, end_ms: int, owner_of: OwnerOf) -> dict[str, list[_Part]]:
        found: dict[str, list[_Part]] = defaultdict(list)
        runs = await self._runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS)
        active = await self._activity(runs, start_ms, end_ms) if self._activity else {}
        sm_time = await self._sm_time(runs, start_ms, end_ms) if self._sm_time else {}
        for run in runs:
            share = active.get(run.key)
            known = None if share is None else Fraction(share).limit_denominator(10_000)
            for part in _parts_of(run, owner_of(run), end_ms, known):
                found[part.held.node].append(replace(part, sm=sm_time.get((run.key, part.held.node))))
        return found


def machine_of(node: Node, parts: Iterable[_Part], down: Iterable[tuple[int, int]]) -> Machine:
    """A node's GPUs, what was held of them, and when they were out of use."""
    devices = tuple(str(at) for at in range(ceil(node.gpus)))
    taken: dict[str, list[_Taken]] = {device: [] for device in devices}
    holdings: list[Holding] = []
    sliced = node.labels.get(_REPLICAS, "1") not in ("", "1")
    # Those that name their GPUs first, so that nobody is put where they are.
    for part in sorted(parts, key=lambda one: (not one.held.indexes, one.start_ms, one.end_ms, one.owner)):
        for device, share in _devices(part, taken):
            taken[device].append((part.start_ms, part.end_ms, share))
            sharing = Sharing.TIME_SLICED if sliced else Sharing.WHOLE if share == 1 else Sharing.MIG
            times, sm_share = (part.start_ms, part.end_ms), part.sm_share(device)
            holdings.append(Holding(device, part.owner, *times, sharing, share, part.active, sm_share))
    outages = [Outage(device, start, end) for device in devices for start, end in down]
    return Machine(devices, holdings, outages)


def _devices(part: _Part, taken: Mapping[str, Sequence[_Taken]]) -> list[tuple[str, Fraction]]:
    """The GPUs that a run holds, each with the part of it: those it names, else the ones that are freest."""
    named = [str(at) for at in part.held.indexes if str(at) in taken]
    if named:
        return [(device, Fraction(1)) for device in named]
    used = {device: _peak(held, part.start_ms, part.end_ms) for device, held in taken.items()}
    by_freedom = sorted(taken, key=lambda device: (used[device], int(device)))
    whole = int(part.held.gpus)
    found = [(device, Fraction(1)) for device in by_freedom[:whole]]
    rest = Fraction(str(part.held.gpus)) - whole
    others = by_freedom[whole:]
    if rest and others:
        # Parts of a GPU go where others already are and still fit, so that whole ones stay whole.
        fits = [device for device in others if used[device] + rest <= 1]
        found.append((max(fits, key=lambda device: (used[device], -int(device)), default=others[0]), rest))
    return found


def _peak(held: Sequence[_Taken], start_ms: int, end_ms: int) -> Fraction:
    """The most of a GPU that is taken at any moment of a time."""
    inside = [one for one in held if one[0] < end_ms and one[1] > start_ms]
    moments = {max(begin, start_ms) for begin, _, _ in inside}
    at_once = (sum((share for begin, end, share in inside if begin <= at < end), Fraction(0)) for at in moments)
    return max(at_once, default=Fraction(0))


def _payer(run: Run) -> str:
    return run.team or run.user


def _parts_of(run: Run, owner: str, end_ms: int, active: Fraction | None) -> Iterable[_Part]:
    held = run.held or tuple(Held(name, run.gpus / len(run.node_names)) for name in run.node_names)
    for part in held:
        begun = part.start_ms if part.start_ms is not None else run.start_ms
        ended = part.end_ms if part.end_ms is not None else run.end_ms
        if begun is not None and part.gpus:
            yield _Part(owner, part, begun, end_ms if ended is None else ended, active)


def _resource(node: Node, wanted: set[str]) -> str:
    """The name by which the bill knows a node; "" where it does not."""
    names = [node.instance_id, node.name]
    for name in names:
        if name and name in wanted:
            return name
    return next((one for one in wanted if node.instance_id and one.endswith("/" + node.instance_id)), "")
