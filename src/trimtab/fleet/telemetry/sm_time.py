"""What share of GPUs' SM time the processes of runs had: what divides a GPU that several hold in turns.

Processes are told by the job or the pod that the agent or HAMi names with them (`slurm.job.id`, `k8s.pod.uid`,
`namespace` and `pod`, before its metrics were renamed `podnamespace` and `podname`). A run that holds a GPU of a node
whose processes are told, and has none there, had none of its time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found, Registry
from trimtab.fleet.telemetry.devices import JOB_LABELS, first, index_of_gpu, pod_of
from trimtab.fleet.telemetry.identity import host_of, short_host
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Floats, Grid
from trimtab.inventory.runs.model import Held, Run, RunKey
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

_AVERAGE = parse_statistic("Average")
_POD_UID = "k8s.pod.uid"
Place = tuple[RunKey, str]
"""A run, and a node as it names it."""
Shares = Mapping[Place, Mapping[str, float]]
"""Of a run on a node: its mean share of the SM time of each GPU there (by index, else as the series names it)."""


class _Holders(Struct):
    """The parts of runs by whatever may name them in a series."""

    jobs: dict[str, list[tuple[Run, Held]]] = field(default_factory=lambda: defaultdict(list))
    pods: dict[str, list[tuple[Run, Held]]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, runs: Sequence[Run]) -> "_Holders":
        holders = cls()
        for run in runs:
            for part in run.held or tuple(Held(name, run.gpus / len(run.node_names)) for name in run.node_names):
                holders.jobs[run.key.job].append((run, part))
                for name in {part.pod, part.pod_uid} - {""}:
                    holders.pods[name].append((run, part))
        return holders

    def find(self, one: Found) -> list[tuple[Run, Held]]:
        """Who a process belongs to; of jobs whose ids are the same on two clusters, who was on its node."""
        pairs, host = one.series.dimensions, short_host(host_of(one.series))
        pod = self.pods.get(pairs.get(_POD_UID, "")) or self.pods.get(pod_of(one.series))
        if pod:
            return pod
        found = self.jobs.get(first(pairs, JOB_LABELS), [])
        return [(run, part) for run, part in found if not host or short_host(part.node) == host]


async def read(
    reader: Reader, registry: Registry, scope: Scope, runs: Sequence[Run], start_ms: int, end_ms: int
) -> Shares:
    """The shares of `runs` within `[start_ms, end_ms)`, where processes are told. Raises QueryAborted, Unavailable."""
    spans = [span for run in runs for part in run.held if (span := _span(run, part, start_ms, end_ms))]
    finder = Finder(registry, scope, start_ms)
    told = _once([one for one in finder.all(concepts.PROCESS_SHARE) if _names_holder(one)]) if spans else []
    if not told:
        return {}
    grid = Grid.over(min(span[0] for span in spans), max(span[1] for span in spans))
    holders = _Holders.of(runs)
    asked = [(run, part, one) for one in told for run, part in holders.find(one)]
    requests = [StatRequest((one.series.id,), _AVERAGE, grid.step_s) for *_, one in asked]
    answers = await reader.statistics(scope, requests, grid.start_ms, grid.end_ms) if requests else []
    found: dict[Place, dict[str, float]] = defaultdict(dict)
    for (run, part, one), answer in zip(asked, answers, strict=True):
        if span := _span(run, part, start_ms, end_ms):
            index, shares = index_of_gpu(one.series), found[run.key, part.node]
            shares[index] = shares.get(index, 0.0) + _mean(grid.place(answer, 0.0) * one.metric.scale, grid, span)
    watched = {short_host(host) for one in told if (host := host_of(one.series))}
    for run in runs:
        for part in run.held:
            if short_host(part.node) in watched:
                found.setdefault((run.key, part.node), {})  # no process of it was seen there
    return found


def _once(told: list[Found]) -> list[Found]:
    """Without what HAMi sends of a pod under the old name beside the new one: it is the same time."""
    renamed = {pod_of(one.series) for one in told if one.metric.name == concepts.HAMI_SHARE}
    return [one for one in told if one.metric.name != concepts.HAMI_SHARE_BEFORE or pod_of(one.series) not in renamed]


def _names_holder(one: Found) -> bool:
    pairs = one.series.dimensions
    return bool(pairs.get(_POD_UID) or pod_of(one.series) or first(pairs, JOB_LABELS))


def _span(run: Run, part: Held, start_ms: int, end_ms: int) -> tuple[int, int] | None:
    begun = part.start_ms if part.start_ms is not None else run.start_ms
    ended = part.end_ms if part.end_ms is not None else run.end_ms
    if begun is None:
        return None
    first_, last = max(begun, start_ms), min(end_ms if ended is None else ended, end_ms)
    return (first_, last) if first_ < last else None


def _mean(row: Floats, grid: Grid, span: tuple[int, int]) -> float:
    """The mean of a row over a span; where nothing was sent the process was not there."""
    size = grid.step_s * 1000
    inside = row[(span[0] - grid.start_ms) // size : -(-(span[1] - grid.start_ms) // size)]
    return float(np.mean(inside)) if len(inside) else 0.0
