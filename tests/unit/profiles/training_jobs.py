"""Operations of made-up training jobs, timed one by one from the schedule: what the analysis must find out again.

The schedule is Megatron's (one forward, one backward; interleaved where a stage has several chunks). Times follow from
the schedule's own dependencies with `graphlib`, one data-parallel rank and step at a time: slow, plain, and made
without the analysis.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import numpy as np

from trimtab.profiles import pipeline
from trimtab.profiles.operations import Operations, arrange

Node = tuple[str, int, int]
"""Type, stage, place among its type."""
Length = Callable[[str, int, int, int], float]
"""Seconds of an operation by type, dp rank, stage and step."""
_COLUMNS = ("dp_rank", "stage", "rank", "step", "start_ts", "duration", "seq_id", "mc", "gmc")


@dataclass(frozen=True)
class Job:
    """The shape of a job. `microbatches` is a multiple of `pp` where a stage has several chunks."""

    dp: int = 2
    pp: int = 2
    vpp: int = 1
    microbatches: int = 4
    steps: int = 2
    overlap: bool = False


def operations(job: Job, length: Length) -> Operations:
    """The job as the reader arranges it."""
    rows = made(job, length)
    columns = {name: np.array([row[name] for row in rows], np.float64) for name in _COLUMNS}
    return arrange(columns, [row["optype"] for row in rows], "made")


def made(job: Job, length: Length) -> list[dict[str, Any]]:
    """A row an operation, as a profiler records it."""
    lengths = {
        (node, dp, step): length(node[0], dp, node[1], step)
        for node in _nodes(job)
        for dp in range(job.dp)
        for step in range(job.steps)
    }
    starts, ends = timed(job, lengths)
    chunks = _nodes(job)
    return [
        {
            "dp_rank": dp,
            "stage": node[1],
            "rank": dp * job.pp + node[1],
            "step": 10 * step + 7,
            "optype": node[0],
            "start_ts": 100.0 * step + starts[key],
            "duration": ends[key] - starts[key],
            "seq_id": node[2],
            "mc": chunks[node],
            "gmc": chunks[node] * job.pp + node[1] if chunks[node] >= 0 and "compute" in node[0] else -1,
        }
        for key in lengths
        for node, dp, step in [key]
    ]


def step_times(job: Job, lengths: Mapping[Any, float]) -> np.ndarray:
    """Seconds of each step."""
    _, ends = timed(job, lengths)
    return np.array(
        [max(end for (_, _, of), end in ends.items() if of == step) for step in range(job.steps)], np.float64
    )


def timed(job: Job, lengths: Mapping[Any, float]) -> tuple[dict[Any, float], dict[Any, float]]:
    """When each operation starts and ends, by (node, dp rank, step). Of communication a length is the transfer's."""
    waits, groups = _dependencies(job)
    group_of = {node: at for at, group in enumerate(groups) for node in group}
    starts: dict[Any, float] = {}
    ends: dict[Any, float] = {}
    graph: dict[Any, set[Any]] = defaultdict(set)
    for node in _nodes(job):
        mine = group_of.get(node, node)
        graph[mine] |= {group_of.get(before, before) for before in waits[node]}
    order = list(TopologicalSorter(graph).static_order())
    for step in range(job.steps):
        for unit in order:
            members = groups[unit] if isinstance(unit, int) else [unit]
            for dp in range(job.dp):
                for node in members:
                    starts[node, dp, step] = max([ends[one, dp, step] for one in waits[node]], default=0.0)
            for dp in range(job.dp):
                across = range(job.dp) if members[0][0] in _OVER_DP else [dp]
                last = max(starts[node, other, step] for node in members for other in across)
                for node in members:
                    begin = last if isinstance(unit, int) else starts[node, dp, step]
                    ends[node, dp, step] = begin + lengths[node, dp, step]
    return starts, ends


_OVER_DP = (pipeline.GATHER, pipeline.REDUCE, pipeline.SEPARATE, pipeline.CLIP)


def _schedule(job: Job, stage: int) -> list[tuple[str, int]]:
    """(direction, chunk) of a stage's computations in order."""
    total = job.microbatches * job.vpp
    ahead = job.pp - stage - 1
    warm = min(ahead if job.vpp == 1 else ahead * 2 + (job.vpp - 1) * job.pp, total)
    forward = [("forward", at % (job.pp * job.vpp) // job.pp) for at in range(total)]
    backward = [("backward", job.vpp - 1 - chunk) for _, chunk in forward]
    order = forward[:warm]
    for at in range(total - warm):
        order += [forward[warm + at], backward[at]]
    return order + backward[total - warm :]


def _nodes(job: Job) -> dict[Node, int]:
    """Every operation of a rank of each stage, and its chunk (-1: none)."""
    found: dict[Node, int] = {}
    for stage in range(job.pp):
        count: dict[str, int] = defaultdict(int)
        for direction, chunk in _schedule(job, stage):
            for kind in ("recv", "compute", "send"):
                name = f"{direction}-{kind}"
                edge = (
                    chunk * job.pp + stage + {"recv": -1, "send": 1}.get(kind, 0) * (1 if direction[0] == "f" else -1)
                )
                if kind == "compute" or 0 <= edge < job.pp * job.vpp or job.vpp > 1:
                    found[name, stage, count[name]] = chunk if kind == "compute" else -1
                    count[name] += 1
        for chunk in range(job.vpp):
            found[pipeline.GATHER, stage, chunk] = chunk
            found[pipeline.REDUCE, stage, chunk] = job.vpp - 1 - chunk
        for kind in (pipeline.COLLECTOR, pipeline.NORM, pipeline.CLIP, pipeline.OPTIMIZER):
            found[kind, stage, 0] = -1
        if stage in (0, job.pp - 1):
            found[pipeline.EMBEDDING, stage, 0] = -1
        if job.overlap:
            found[pipeline.SEPARATE, stage, 0] = -1
    return found


def _dependencies(job: Job) -> tuple[dict[Node, list[Node]], list[list[Node]]]:
    """What each operation waits for on its rank, and which end together."""
    nodes = _nodes(job)
    waits: dict[Node, list[Node]] = defaultdict(list)
    sides: dict[Any, list[Node]] = defaultdict(list)
    for stage in range(job.pp):
        order = _schedule(job, stage)
        seen: dict[str, int] = defaultdict(int)
        microbatch: dict[tuple[str, int], int] = defaultdict(int)
        before: Node | None = None
        computes: list[Node] = []
        for direction, chunk in order:
            at, turn = seen[direction], microbatch[direction, chunk]
            seen[direction] += 1
            microbatch[direction, chunk] += 1
            compute = (f"{direction}-compute", stage, at)
            waits[compute] += [before] if before else []
            before = compute
            computes.append(compute)
            way = 1 if direction == "forward" else -1
            for kind in ("recv", "send"):
                numbered = [n for n in nodes if n[0] == f"{direction}-{kind}" and n[1] == stage]
                place = at if len(numbered) == seen_total(job) else None
                edge = chunk * job.pp + stage + (way if kind == "send" else -way)
                inner = 0 <= edge < job.pp * job.vpp
                if place is None:
                    continue
                node = (f"{direction}-{kind}", stage, place)
                if place:
                    waits[node].append((node[0], stage, place - 1))
                if kind == "send":
                    waits[node].append(compute)
                else:
                    waits[compute].append(node)
                    if at:
                        waits[node].append((f"{direction}-compute", stage, at - 1))
                here = chunk * job.pp + stage
                key = (direction, min(here, edge), turn) if inner else (direction, kind, here, turn)
                sides[key].append(node)
        first = next(n for n, node in enumerate(computes) if node[0] == pipeline.BACKWARD)
        for kind in (pipeline.BACKWARD_RECV, pipeline.BACKWARD_SEND):
            if first >= 2 and (kind, stage, 0) in nodes:
                waits[kind, stage, 0].append(computes[first - 2])
        _ends(job, stage, computes, nodes, waits)
    groups = list(sides.values())
    groups.append([node for node in nodes if node[0] == pipeline.EMBEDDING])
    groups.append([node for node in nodes if node[0] == pipeline.CLIP])
    groups += [[node] for node in nodes if node[0] in (pipeline.GATHER, pipeline.REDUCE, pipeline.SEPARATE)]
    return waits, groups


def seen_total(job: Job) -> int:
    """Computations of one direction of a stage."""
    return job.microbatches * job.vpp


def _ends(job: Job, stage: int, computes: list[Node], nodes: Mapping[Node, int], waits: dict[Node, list[Node]]) -> None:
    gathers = [(pipeline.GATHER, stage, chunk) for chunk in range(job.vpp)]
    reduces = [(pipeline.REDUCE, stage, place) for place in range(job.vpp)]
    for before, node in itertools.pairwise(gathers):
        waits[node].append(before)
    for chunk, node in enumerate(gathers):
        first = next(one for one in computes if one[0] == pipeline.FORWARD and nodes[one] == chunk)
        waits[first].append(node)
    collector = (pipeline.COLLECTOR, stage, 0)
    waits[collector].append(computes[-1])
    tail: list[Node] = [(pipeline.NORM, stage, 0)]
    if (pipeline.EMBEDDING, stage, 0) in nodes:
        tail.append((pipeline.EMBEDDING, stage, 0))
    before = [collector]
    waits[reduces[0]].append(gathers[-1])
    for one, node in itertools.pairwise(reduces):
        waits[node].append(one)
    if job.overlap:
        for node in reduces:
            last = [one for one in computes if one[0] == pipeline.BACKWARD and nodes[one] == nodes[node]][-1]
            waits[node].append(last)
        before.append(reduces[-1])
        tail.append((pipeline.SEPARATE, stage, 0))
    else:
        tail += reduces
    for node in [*tail, (pipeline.CLIP, stage, 0), (pipeline.OPTIMIZER, stage, 0)]:
        waits[node] += before
        before = [node]
