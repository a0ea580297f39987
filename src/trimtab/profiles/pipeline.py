"""What waits for what in one step of pipeline-parallel training: a graph of operations, simulated over arrays.

The rules are those of the paper (Lin et al., "Understanding Stragglers in Large Model Training Using What-if Analysis",
OSDI 2025, arXiv 2505.05713) and of the schedules of Megatron that it describes:

- a stage computes one microbatch after another, in the order of the trace; each kind of send or receive, and the
  collectives over data-parallel ranks, keep an order of their own;
- a computation waits for what it receives; a receive is posted after the computation before, a send after its own;
- a send and its receive end together: after both have begun, and the time of the transfer;
- parameters are gathered before the first forward of their chunk, gradients reduced after the last backward of theirs
  (where they overlap with it), otherwise after all of it;
- the norm of gradients is of everybody, and the optimizer ends the step.

All ranks and steps share the graph: it is read from the first rank of the first step.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from trimtab.base.errors import InvalidInput
from trimtab.profiles.operations import Operations

FORWARD, BACKWARD = "forward-compute", "backward-compute"
FORWARD_SEND, FORWARD_RECV = "forward-send", "forward-recv"
BACKWARD_SEND, BACKWARD_RECV = "backward-send", "backward-recv"
GATHER, REDUCE, SEPARATE = "params-all-gather", "grads-reduce-scatter", "separate-grads-all-reduce"
NORM, EMBEDDING = "layernorm-grads-all-reduce", "embedding-grads-all-reduce"
CLIP, OPTIMIZER, COLLECTOR = "optimizer-clip-main-grad", "optimizer", "gc"
TRANSFERS = (FORWARD_SEND, FORWARD_RECV, BACKWARD_SEND, BACKWARD_RECV)
COMMUNICATION = frozenset({*TRANSFERS, GATHER, REDUCE, SEPARATE, NORM, EMBEDDING, CLIP})
"""What moves data: its ideal length is the median, since a few slow transfers make its mean mean little."""
KNOWN = COMMUNICATION | {FORWARD, BACKWARD, OPTIMIZER, COLLECTOR}
_OVER_RANKS = frozenset({GATHER, REDUCE, SEPARATE, CLIP})
_PEER = {
    FORWARD_SEND: (FORWARD_RECV, 1),
    FORWARD_RECV: (FORWARD_SEND, -1),
    BACKWARD_SEND: (BACKWARD_RECV, -1),
    BACKWARD_RECV: (BACKWARD_SEND, 1),
}
"""By transfer what its other side is, and how many stages on that is."""
_SKEW_S = 5e-5
"""Clocks of ranks differ by that much: less is no order."""
_BEFORE_S = 1e-2
"""A transfer that ends this long before its other side began is a record out of place: it took no time."""

Floats = NDArray[np.float64]


class _Unit(Struct, frozen=True):
    """Operations that end together (one, or the sides of a communication), and of each what it waits for."""

    members: tuple[int, ...]
    waits: tuple[NDArray[np.int64], ...]
    over_ranks: bool


class Graph(Struct, frozen=True):
    """Units in an order in which each comes after what it waits for. `communicates` is of each node."""

    units: tuple[_Unit, ...]
    communicates: NDArray[np.bool_]

    def transfers(self, found: Operations) -> Floats:
        """How long each operation took by itself, in seconds, by (node, dp rank, step).

        A communication's time counts from when its last side began: before that it waits for others.
        """
        lengths = found.end - found.start
        for unit in self.units:
            if self.communicates[unit.members[0]]:
                members = list(unit.members)
                last = found.start[members].max(axis=0)
                if unit.over_ranks:
                    last = last.max(axis=0, keepdims=True)
                took = found.end[members] - last
                lengths[members] = np.where(took <= -_BEFORE_S, 0.0, took)
        return lengths

    def step_times(self, lengths: Floats) -> Floats:
        """How long each step takes, in seconds, when operations take `lengths` and start as soon as they may."""
        ends = np.empty_like(lengths)
        for unit in self.units:
            begins = None
            for waits in unit.waits:
                if len(waits):
                    begin = ends[waits].max(axis=0) if len(waits) > 1 else ends[waits[0]]
                    begins = begin if begins is None else np.maximum(begins, begin)
            if begins is not None and unit.over_ranks:
                begins = begins.max(axis=0, keepdims=True)
            for member in unit.members:
                ends[member] = lengths[member] if begins is None else begins + lengths[member]
        steps: Floats = ends.max(axis=(0, 1))
        return steps


class _Stage:
    """The nodes of one stage by type, in the order of the trace's first rank and step."""

    def __init__(self, found: Operations, stage: int) -> None:
        start, end = found.start[:, 0, 0], found.end[:, 0, 0]
        nodes = np.flatnonzero(found.stage_of == stage)
        self.order = sorted(nodes.tolist(), key=lambda at: (start[at], found.seq_of[at], found.type_of[at]))
        self.by_type: dict[str, list[int]] = defaultdict(list)
        for at in self.order:
            self.by_type[found.types[found.type_of[at]]].append(at)
        self.start, self.end = start, end
        both = (FORWARD, BACKWARD)
        self.computes = [at for at in self.order if found.types[found.type_of[at]] in both]

    def by_number(self, found: Operations, kind: str) -> list[int]:
        """Nodes of a type by their place in it."""
        return sorted(self.by_type.get(kind, ()), key=lambda at: int(found.seq_of[at]))


class _Builder:
    """Collects what waits for what; `pairs` are the sides of transfers that belong together."""

    def __init__(self, found: Operations) -> None:
        self.found = found
        self.stages = [_Stage(found, stage) for stage in range(len(found.stages))]
        self.waits: dict[int, list[int]] = defaultdict(list)
        self.groups: list[list[int]] = []
        self.over_ranks: set[int] = set()
        self.pairs: dict[tuple[str, int, int], list[int]] = defaultdict(list)

    def build(self) -> Graph:
        """The graph. Raises InvalidInput where operations wait for each other in a circle."""
        for place, stage in enumerate(self.stages):
            if not stage.computes:
                raise InvalidInput(
                    f"cannot analyse stage {self.found.stages[place]}: it has neither {FORWARD} nor {BACKWARD}"
                )
            self.chain(stage.computes)
            for kind in TRANSFERS:
                self.chain(stage.by_type.get(kind, ()))
                self.match(place, stage, kind)
            self.first_backward(stage)
            self.collectives(place, stage)
            self.step_end(stage)
        self.groups += list(self.pairs.values())
        for kind, across in ((EMBEDDING, False), (CLIP, True)):
            members = [at for stage in self.stages for at in stage.by_type.get(kind, ())]
            if members:
                self.groups.append(members)
                self.over_ranks.update(members if across else ())
        return self.ordered()

    def chain(self, nodes: Sequence[int], after: Sequence[int] = ()) -> None:
        """Each after the one before it, the first after `after`."""
        before = list(after)
        for node in nodes:
            self.waits[node] += before
            before = [node]

    def match(self, place: int, stage: _Stage, kind: str) -> None:
        """Transfers of one kind with the computations that make or need what they carry, and with their other side.

        Profilers record transfers that never happened: before the first or after the last computation, and of the first
        or last chunk of the model. They have no other side.
        """
        direction = FORWARD if kind in (FORWARD_SEND, FORWARD_RECV) else BACKWARD
        receives = kind in (FORWARD_RECV, BACKWARD_RECV)
        computes = stage.by_number(self.found, direction)
        transfers = stage.by_type.get(kind, [])
        if not computes or not transfers:
            return
        last_start = max(stage.start[at] for at in computes)
        first_end = min(stage.end[at] for at in computes)
        if receives:
            real = [at for at in transfers if stage.start[at] <= last_start + _SKEW_S]
        else:
            real = [at for at in transfers if stage.end[at] >= first_end - _SKEW_S]
        self.groups += [[at] for at in transfers if at not in set(real)]
        skipped = 1 if receives and len(real) + 1 == len(computes) else 0
        stages = len(self.stages)
        chunks = 1 + max(int(self.found.chunk.max()), 0)
        other, ahead = _PEER[kind]
        paired = 0
        for at, compute in zip(real, computes[skipped:], strict=False):
            if receives:
                self.waits[compute].append(at)
                number = computes.index(compute)
                if number:
                    self.waits[at].append(computes[number - 1])
            else:
                self.waits[at].append(compute)
            chunk = int(self.found.global_chunk[compute])
            if chunk < 0:
                chunk = max(int(self.found.chunk[compute]), 0) * stages + place
            if not 0 <= chunk + ahead < chunks * stages:
                self.groups.append([at])
                continue
            sends, receiver = (other, place) if receives else (kind, (place + ahead) % stages)
            self.pairs[(sends, receiver, paired)].append(at)
            paired += 1
        self.groups += [[at] for at in real[len(computes) - skipped :]]

    def first_backward(self, stage: _Stage) -> None:
        """The first transfers of gradients are posted with the last forward but one before the first backward."""
        first = next((n for n, at in enumerate(stage.computes) if self.kind(at) == BACKWARD), 0)
        if first >= 2:
            for kind in (BACKWARD_RECV, BACKWARD_SEND):
                numbered = stage.by_number(self.found, kind)
                self.waits_for(numbered[:1], stage.computes[first - 2])

    def collectives(self, place: int, stage: _Stage) -> None:
        """Gathers and reductions of each chunk, in their order, around its computations."""
        found = self.found
        gathers, reduces = stage.by_number(found, GATHER), stage.by_number(found, REDUCE)
        self.chain([at for at in stage.order if self.kind(at) in (GATHER, REDUCE)])
        for at in (*gathers, *reduces, *stage.by_type.get(SEPARATE, ())):
            self.groups.append([at])
            self.over_ranks.add(at)
        seen: set[int] = set()
        for at in reversed(gathers):
            chunk = int(found.chunk[at])
            firsts = [one for one in stage.by_type.get(FORWARD, ()) if int(found.chunk[one]) == chunk]
            if chunk not in seen and firsts:
                self.waits[firsts[0]].append(at)
            seen.add(chunk)
        seen = set()
        for at in reduces if self.overlaps else ():
            chunk = int(found.chunk[at])
            lasts = [one for one in stage.by_type.get(BACKWARD, ()) if int(found.chunk[one]) == chunk]
            if chunk not in seen and lasts:
                self.waits[at].append(max(lasts, key=lambda one: stage.end[one]))
            seen.add(chunk)

    @property
    def overlaps(self) -> bool:
        """Whether gradients are reduced while others are still computed: what is left is then reduced apart."""
        return any(stage.by_type.get(SEPARATE) for stage in self.stages)

    def step_end(self, stage: _Stage) -> None:
        """What follows the last computation of a stage."""
        found = self.found
        last = max(stage.computes, key=lambda one: stage.end[one])
        collector = stage.by_number(found, COLLECTOR)
        self.chain(collector, [last])
        after = [*(collector[-1:] or [last])]
        reduces = stage.by_number(found, REDUCE)
        kinds = (NORM, EMBEDDING)
        ends = [at for kind in kinds for at in stage.by_number(found, kind)]
        if self.overlaps:
            after += reduces[-1:]
            ends += stage.by_number(found, SEPARATE)
        else:
            ends += reduces
        ends += [at for kind in (CLIP, OPTIMIZER) for at in stage.by_number(found, kind)]
        self.chain(ends, after)

    def waits_for(self, nodes: Sequence[int], before: int) -> None:
        """Each of some nodes waits for one."""
        for node in nodes:
            self.waits[node].append(before)

    def kind(self, node: int) -> str:
        """A node's type."""
        return self.found.types[int(self.found.type_of[node])]

    def ordered(self) -> Graph:
        """Units in an order in which they can be simulated."""
        nodes = len(self.found.type_of)
        unit_of = np.full(nodes, -1, np.int64)
        units: list[list[int]] = []
        for group in self.groups:
            for node in group:
                unit_of[node] = len(units)
            units.append(group)
        communicates = unit_of >= 0
        for node in np.flatnonzero(~communicates).tolist():
            unit_of[node] = len(units)
            units.append([node])
        needs = [{int(unit_of[one]) for at in unit for one in self.waits[at]} - {n} for n, unit in enumerate(units)]
        order = _in_order(needs)
        if len(order) < len(units):
            raise InvalidInput(
                "cannot simulate this job: its operations wait for each other in a circle; the schedule of its pipeline"
                " is none that is known here"
            )
        made = [self.unit(units[at]) for at in order]
        return Graph(tuple(made), communicates)

    def unit(self, members: Sequence[int]) -> _Unit:
        """A unit of some nodes."""
        inner = set(members)
        waits = tuple(np.array(sorted(set(self.waits[at]) - inner), np.int64) for at in members)
        return _Unit(tuple(members), waits, members[0] in self.over_ranks)


def build(found: Operations) -> Graph:
    """The graph of a job's step. Raises InvalidInput for a schedule that is none of those known."""
    return _Builder(found).build()


def _in_order(needs: Sequence[set[int]]) -> list[int]:
    """Numbers in an order in which each comes after all that it needs; those in circles are missing."""
    followers: Mapping[int, list[int]] = defaultdict(list)
    missing = [len(one) for one in needs]
    for at, one in enumerate(needs):
        for before in one:
            followers[before].append(at)
    ready = [at for at, count in enumerate(missing) if not count]
    for at in ready:
        for after in followers[at]:
            missing[after] -= 1
            if not missing[after]:
                ready.append(after)
    return ready
