"""The queue of a range: who waits for how many GPUs, why and how long, beside what is idle at the same moments."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Node, NodeStretch, Run, RunKey, RunState, Stretch
from trimtab.inventory.runs.store import UNKNOWN_REASON
from trimtab.kpis.runs.placement import GpuUse, Idle, Place, use_of

MOST_RUNS = 20_000
"""Runs of a range that are looked at: a month of a large cluster; the newest where there are more."""
AT_ONCE = "started at once"
"""Instead of a reason, of runs that did not wait."""
MOMENTS = 96
"""Moments of the timeline: every quarter of an hour of a day."""


class Waiting(Struct, frozen=True):
    """Runs of one team that wait, or waited, mostly for one reason. Waits in seconds; None where no run's wait ended.

    `gpus` and `runs` are those that wait at the moment; `gpu_hours` what was waited for in the range; waits are of runs
    that started in it.
    """

    team: str
    reason: str
    runs: int
    gpus: float
    gpu_hours: float
    started: int
    wait_p50_s: float | None
    wait_p95_s: float | None


class Moment(Struct, frozen=True):
    """GPUs at a moment: waited for, held, and idle by why."""

    at_ms: int
    pending: float
    allocated: float
    idle: Mapping[Idle, float]


class QueueReport(Struct, frozen=True):
    """The queue of `[start_ms, end_ms)`, and the GPUs at its end. `nodes` 0: no cluster has reported its nodes."""

    start_ms: int
    end_ms: int
    waiting: tuple[Waiting, ...]
    gpus: tuple[GpuUse, ...]
    timeline: tuple[Moment, ...]
    nodes: int

    @property
    def gpu_hours(self) -> float:
        """GPU-hours that were waited for."""
        return sum(one.gpu_hours for one in self.waiting)


async def read(room: InventoryRoom, scope: Scope, start_ms: int, end_ms: int, cluster: str = "") -> QueueReport:
    """The queue of a range. Raises Unavailable."""
    wanted = RunFilter(start_ms=start_ms, end_ms=end_ms, cluster=cluster)
    runs = [run for run in await room.runs.listed(scope, wanted, MOST_RUNS) if run.gpus > 0]
    stretches = await room.runs.stretches(run.key for run in runs)
    nodes = await room.nodes.all(scope, cluster)
    states = await room.nodes.stretches(scope, start_ms, end_ms)
    return report_of(runs, stretches, nodes, states, start_ms, end_ms)


def report_of(
    runs: Sequence[Run],
    stretches: Mapping[RunKey, Sequence[Stretch]],
    nodes: Sequence[Node],
    states: Mapping[tuple[str, str], Sequence[NodeStretch]],
    start_ms: int,
    end_ms: int,
) -> QueueReport:
    """The same, of what was read. Pure."""
    snapshot = Snapshot(runs, nodes, states)
    at_end = snapshot.at(end_ms - 1)
    step = max((end_ms - start_ms) // MOMENTS, 1)
    moments = tuple(snapshot.moment(at) for at in range(start_ms + step - 1, end_ms, step)) if nodes else ()
    return QueueReport(
        start_ms,
        end_ms,
        _waiting(runs, stretches, start_ms, end_ms),
        tuple(use_of(*at_end)),
        moments,
        len(nodes),
    )


class Snapshot(Struct, frozen=True):
    """Runs and nodes of a range, to be looked at as they were at any moment of it."""

    runs: Sequence[Run]
    nodes: Sequence[Node]
    states: Mapping[tuple[str, str], Sequence[NodeStretch]]

    def at(self, at_ms: int) -> tuple[list[Place], list[Run]]:
        """The nodes and the waiting runs of a moment."""
        return [place for node in self.nodes if (place := self._place(node, at_ms))], _waiting_at(self.runs, at_ms)

    def moment(self, at_ms: int) -> Moment:
        """The sums of a moment."""
        places, waiting = self.at(at_ms)
        idle: dict[Idle, float] = defaultdict(float)
        used = use_of(places, waiting)
        for one in used:
            for why, number in one.idle.items():
                idle[why] += number
        pending = sum(run.gpus for run in waiting)
        return Moment(at_ms, pending, sum(one.allocated for one in used), dict(idle))

    def _place(self, node: Node, at_ms: int) -> Place | None:
        """A node at a moment: as it was then, or as it is now where it was last seen before that."""
        known = [one for one in self.states.get((node.cluster, node.name), ()) if one.from_ms <= at_ms]
        if not known:
            return None
        last = known[-1]
        facts = (last.condition, last.gpus, last.allocated)
        return Place(node.cluster, node.name, *facts, node.gpu_type, node.partitions) if last.gpus else None


def _waiting_at(runs: Sequence[Run], at_ms: int) -> list[Run]:
    found = []
    for run in runs:
        until = run.start_ms if run.start_ms is not None else run.end_ms
        if run.submit_ms <= at_ms and (until is None or at_ms < until):
            found.append(run)
    return found


def _waiting(
    runs: Sequence[Run], stretches: Mapping[RunKey, Sequence[Stretch]], start_ms: int, end_ms: int
) -> tuple[Waiting, ...]:
    hours: dict[tuple[str, str], float] = defaultdict(float)
    waits: dict[tuple[str, str], list[float]] = defaultdict(list)
    now: dict[tuple[str, str], list[float]] = defaultdict(list)
    waiting = {run.key for run in _waiting_at(runs, end_ms - 1)}
    for run in runs:
        team = run.team or UNOWNED
        parts = _to_the_end(stretches.get(run.key, ()), run, end_ms)
        for part in parts:
            seconds = (min(part.to_ms, end_ms) - max(part.from_ms, start_ms)) / 1000
            if seconds > 0:
                hours[team, part.reason] += run.gpus * seconds / 3600
        main = max(parts, key=lambda part: part.to_ms - part.from_ms).reason if parts else UNKNOWN_REASON
        if run.key in waiting:
            now[team, parts[-1].reason if parts else UNKNOWN_REASON].append(run.gpus)
        elif run.start_ms is not None and start_ms <= run.start_ms < end_ms:
            waits[team, main if run.wait_ms(end_ms) > 0 else AT_ONCE].append(run.wait_ms(end_ms) / 1000)
    keys = dict.fromkeys([*hours, *now, *waits])
    found = [_row(key, now.get(key, []), hours.get(key, 0.0), waits.get(key, [])) for key in keys]
    return tuple(sorted(found, key=lambda one: (-one.gpu_hours, one.team, one.reason)))


def _to_the_end(parts: Sequence[Stretch], run: Run, end_ms: int) -> list[Stretch]:
    """The stretches of a run; one that waits still does so at the end of the range, whenever somebody looked."""
    if not parts or run.state is not RunState.PENDING:
        return list(parts)
    return [*parts[:-1], replace(parts[-1], to_ms=max(parts[-1].to_ms, end_ms))]


def _row(key: tuple[str, str], now: Sequence[float], hours: float, waits: Sequence[float]) -> Waiting:
    middle, high = (float(np.percentile(waits, at)) for at in (50, 95)) if waits else (None, None)
    return Waiting(*key, len(now), sum(now), hours, len(waits), middle, high)
