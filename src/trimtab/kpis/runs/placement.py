"""Idle GPUs at a moment, by why they are idle, beside the runs that wait for GPUs. Pure.

drained      on a node that is drained or down
reserved     on a node that is kept for somebody
wrong type   runs wait, and none of them may use this node: another GPU type, another partition
fragmented   runs that may use it wait, and none fits: too few GPUs left on the node, or too few such nodes
free         a run that waits would fit (what holds it back is its reason: priority, a limit), or none waits
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from trimtab.inventory.catalog.book import mentions
from trimtab.inventory.runs.model import Condition, Run

_ENOUGH = 1e-9


class Idle(StrEnum):
    """Why GPUs are idle."""

    FRAGMENTED = "fragmented"
    RESERVED = "reserved"
    DRAINED = "drained"
    WRONG_TYPE = "wrong type"
    FREE = "free"


class Place(Struct, frozen=True):
    """A node at a moment."""

    cluster: str
    name: str
    condition: Condition
    gpus: float
    allocated: float
    gpu_type: str
    partitions: tuple[str, ...]

    @property
    def idle(self) -> float:
        """GPUs that no run holds."""
        return max(self.gpus - self.allocated, 0.0)


class GpuUse(Struct, frozen=True):
    """The GPUs of one type at a moment: held, and idle by why."""

    gpu_type: str
    gpus: float
    allocated: float
    idle: Mapping[Idle, float]


def use_of(places: Iterable[Place], waiting: Sequence[Run]) -> list[GpuUse]:
    """The GPUs by type, the most first."""
    by_cluster: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        by_cluster[place.cluster].append(place)
    gpus: dict[str, float] = defaultdict(float)
    held: dict[str, float] = defaultdict(float)
    idle: dict[str, dict[Idle, float]] = defaultdict(lambda: defaultdict(float))
    for cluster, here in by_cluster.items():
        mine = [run for run in waiting if run.key.cluster == cluster and run.gpus > 0]
        for place, why in _reasons(here, mine):
            gpus[place.gpu_type] += place.gpus
            held[place.gpu_type] += min(place.allocated, place.gpus)
            if place.idle > 0:
                idle[place.gpu_type][why] += place.idle
    found = [GpuUse(type_, number, held[type_], dict(idle[type_])) for type_, number in gpus.items()]
    return sorted(found, key=lambda one: (-one.gpus, one.gpu_type))


def _reasons(places: Sequence[Place], waiting: Sequence[Run]) -> Iterable[tuple[Place, Idle]]:
    shapes = list({_shape(run): run for run in waiting}.values())
    usable = [place for place in places if place.condition is Condition.UP]
    fits = [_fitting(run, usable) for run in shapes]
    for place in places:
        if place.condition in (Condition.DRAINED, Condition.DOWN):
            yield place, Idle.DRAINED
        elif place.condition is Condition.RESERVED:
            yield place, Idle.RESERVED
        elif not shapes:
            yield place, Idle.FREE
        elif not any(_accepts(run, place) for run in shapes):
            yield place, Idle.WRONG_TYPE
        else:
            yield place, Idle.FREE if any(place.name in names for names in fits) else Idle.FRAGMENTED


def _shape(run: Run) -> tuple[float, int, str, str]:
    return _per_node(run), max(run.nodes, 1), run.gpu_type, run.queue


def _fitting(run: Run, places: Sequence[Place]) -> frozenset[str]:
    """The nodes on which a run would start now; none where there are too few of them."""
    names = [one.name for one in places if _accepts(run, one) and one.idle + _ENOUGH >= _per_node(run)]
    return frozenset(names) if len(names) >= max(run.nodes, 1) else frozenset()


def _per_node(run: Run) -> float:
    return run.gpus / max(run.tasks, 1) / max(run.nodes, 1)


def _accepts(run: Run, place: Place) -> bool:
    queues = [name for name in run.queue.split(",") if name]
    if queues and place.partitions and not set(queues) & set(place.partitions):
        return False
    if not run.gpu_type or not place.gpu_type:
        return True
    return mentions(place.gpu_type, run.gpu_type) or mentions(run.gpu_type, place.gpu_type)
