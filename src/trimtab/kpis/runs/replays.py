"""What waits would have been with more or fewer GPUs, or other quotas: a range of recorded runs, queued once more.

Three queues stand side by side: as recorded, replayed with the GPUs that there are, and replayed with the change.
The second differs from the first by what a replay does not know (drains, priorities, reservations); the difference of
the third from the second is what the change does. Runs of one cluster, GPUs by what the catalogue calls them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.capacity.queues.model import Job, Replayed, Terms
from trimtab.capacity.queues.replay import replay
from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.inventory.catalog.book import Catalog
from trimtab.inventory.catalog.model import GpuPrice
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Condition, Node, Run
from trimtab.kpis.runs.job_prices import price_of

MOST_RUNS = 5000
"""Runs of one replay, the newest: it takes some seconds."""
_HOUR_S = 3600.0
_USABLE = frozenset({Condition.UP, Condition.RESERVED})
UNNAMED = "GPU"


class Change(Struct, frozen=True):
    """What is changed: GPUs more (or fewer, negative) of a type ("": of the one with the most), and quotas of teams."""

    gpus: float = 0.0
    gpu_type: str = ""
    quotas: Mapping[str, float] = {}


class Waits(Struct, frozen=True):
    """Waits of runs that were submitted in the range, s; None where none of them started.

    `gpu_hours` were waited for in the range; `unstarted` runs had not started at its end, or never can.
    """

    runs: int
    unstarted: int
    gpu_hours: float
    mean_s: float | None
    p50_s: float | None
    p95_s: float | None
    held_share: float | None = None
    """GPU-hours held ÷ GPU-hours that there were; null of what was recorded."""


class Pool(Struct, frozen=True):
    """GPUs of one type: how many there are, and how many with the change. `known_by`: nodes, or the most ever held."""

    gpu_type: str
    gpus: float
    changed: float
    known_by: str


class TeamWaits(Struct, frozen=True):
    """One team's waits in the three queues."""

    team: str
    recorded: Waits
    replayed: Waits
    changed: Waits


class QueueReplay(Struct, frozen=True):
    """The three queues of a range. `price` is of an hour of one GPU of the changed type; `extra_cost` of the range."""

    cluster: str
    start_ms: int
    end_ms: int
    pools: tuple[Pool, ...]
    recorded: Waits
    replayed: Waits
    changed: Waits
    teams: tuple[TeamWaits, ...]
    price: GpuPrice | None
    extra_cost: Decimal | None
    notes: tuple[str, ...]


async def read(
    room: InventoryRoom, scope: Scope, start_ms: int, end_ms: int, change: Change, cluster: str, now_ms: int
) -> QueueReplay:
    """The replay. Raises InvalidInput, NotFound, Unavailable."""
    end_ms = min(end_ms, now_ms)
    if end_ms <= start_ms:
        raise InvalidInput("cannot replay the queue: the range has not begun; expected one that has", field="start")
    runs = await room.runs.listed(scope, RunFilter(start_ms=start_ms, end_ms=end_ms, cluster=cluster), MOST_RUNS)
    clusters = sorted({run.key.cluster for run in runs if run.gpus > 0})
    if len(clusters) > 1:
        names = ", ".join(clusters)
        raise InvalidInput(f"cannot replay several queues at once: expected one of {names}", field="cluster")
    if not clusters:
        raise NotFound("no run of that range held or wanted GPUs; try a longer range, or another cluster")
    nodes = await room.nodes.all(scope, clusters[0])
    played = Recorded(room.catalog, [run for run in runs if run.gpus > 0], nodes, start_ms, end_ms)
    found = await asyncio.to_thread(played.replay, change)
    if not change.gpus:
        return found
    price = price_of(await room.pricing(), nodes, _changed(found.pools), "", "", clusters[0], now_ms)
    hours = Decimal(end_ms - start_ms) / 3_600_000
    each = price.per_gpu_hour
    more = sum(Decimal(f"{pool.changed - pool.gpus:g}") for pool in found.pools)
    cost = None if each is None else each * hours * more
    return replace(found, price=price, extra_cost=cost)


def _changed(pools: Sequence[Pool]) -> str:
    return next((pool.gpu_type for pool in pools if pool.changed != pool.gpus and pool.gpu_type != UNNAMED), "")


class Recorded:
    """The runs and nodes of a cluster in a range, ready to be replayed. Pure."""

    def __init__(
        self, catalog: Catalog, runs: Sequence[Run], nodes: Sequence[Node], start_ms: int, end_ms: int
    ) -> None:
        self._catalog, self.start_ms, self.end_ms = catalog, start_ms, end_ms
        self.nodes = [node for node in nodes if node.gpus > 0 and node.condition in _USABLE]
        self.notes: list[str] = []
        self.pools, self.known_by = self._pools(runs)
        self.runs = {f"{at}": run for at, run in enumerate(runs)}
        self.jobs = [job for key, run in self.runs.items() if (job := self._job(key, run)) is not None]

    def replay(self, change: Change) -> QueueReplay:
        """The three queues."""
        pools = self._with(change)
        before = replay(self.jobs, Terms(self.pools), self.end_ms / 1000)
        after = replay(self.jobs, Terms(pools, change.quotas), self.end_ms / 1000)
        largest = sorted(self.pools.items(), key=lambda one: -one[1])
        held = [Pool(name, gpus, pools[name], self.known_by) for name, gpus in largest]
        starts = (self._recorded(), before.starts, after.starts)
        teams = sorted({self.runs[job.key].team for job in self._submitted()})
        return QueueReplay(
            cluster=next(iter(self.runs.values())).key.cluster,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            pools=tuple(held),
            recorded=self._waits(starts[0]),
            replayed=self._waits(starts[1], self.pools),
            changed=self._waits(starts[2], pools),
            teams=tuple(TeamWaits(team or UNOWNED, *(self._waits(one, team=team) for one in starts)) for team in teams),
            price=None,
            extra_cost=None,
            notes=tuple(self._notes(after)),
        )

    def _with(self, change: Change) -> dict[str, float]:
        pools = dict(self.pools)
        if change.gpus:
            name = self._pool_of(change.gpu_type, "") if change.gpu_type else max(pools, key=lambda one: pools[one])
            pools[name] = pools.get(name, 0.0) + change.gpus
            if pools[name] < 0:
                there = f"there are {self.pools.get(name, 0.0):g} of {name}"
                raise InvalidInput(f"cannot take away {-change.gpus:g} GPUs: {there}", field="gpus")
            self.pools.setdefault(name, 0.0)
        return pools

    def _pools(self, runs: Sequence[Run]) -> tuple[dict[str, float], str]:
        """GPUs by type: of the nodes that are in use; where none is known, the most that runs held at once."""
        sums: dict[str, float] = defaultdict(float)
        for node in self.nodes:
            sums[self._named(node.gpu_type)] += node.gpus
        if sums:
            return dict(sums), "nodes"
        moments: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for run in runs:
            if run.start_ms is not None:
                moments[self._named(run.gpu_type)] += [(run.start_ms, run.gpus), (run.end_ms or self.end_ms, -run.gpus)]
        for name, changes in moments.items():
            level = most = 0.0
            for _, step in sorted(changes):
                level += step
                most = max(most, level)
            sums[name] = most
        return dict(sums), "the most that runs held at once"

    def _named(self, text: str) -> str:
        known = self._catalog.accelerator(text) if text else None
        return known.name if known is not None else text or UNNAMED

    def _pool_of(self, gpu_type: str, queue: str) -> str:
        """The pool that a run waits for: of its type; where it names none, of its queue's nodes, or the largest."""
        name = self._named(gpu_type)
        if name in self.pools or not self.pools:
            return name
        loose = [pool for pool in self.pools if gpu_type and gpu_type.casefold() in pool.casefold()]
        if loose:
            return max(loose, key=lambda pool: self.pools[pool])
        if gpu_type:
            return name
        queues = {self._named(node.gpu_type) for node in self.nodes if queue in node.partitions}
        return max(queues or set(self.pools), key=lambda pool: self.pools.get(pool, 0.0))

    def _job(self, key: str, run: Run) -> Job | None:
        """A run as a job; None of one that was withdrawn, or whose length nobody knows."""
        if run.start_ms is None:
            return None
        end_ms = run.end_ms if run.end_ms is not None else max(self.end_ms, run.start_ms)
        return Job(
            key=key,
            submit_s=run.submit_ms / 1000,
            length_s=max(end_ms - run.start_ms, 0) / 1000,
            gpus=run.gpus,
            pool=self._pool_of(run.gpu_type, run.queue),
            team=run.team,
            begun_s=run.start_ms / 1000 if run.start_ms < self.start_ms else None,
        )

    def _submitted(self) -> list[Job]:
        """Jobs that did not run already when the range began."""
        return [job for job in self.jobs if job.begun_s is None]

    def _recorded(self) -> dict[str, float | None]:
        starts = {job.key: self.runs[job.key].start_ms for job in self.jobs}
        return {key: None if start is None or start >= self.end_ms else start / 1000 for key, start in starts.items()}

    def _waits(
        self, starts: Mapping[str, float | None], pools: Mapping[str, float] | None = None, team: str | None = None
    ) -> Waits:
        jobs = [job for job in self._submitted() if team is None or job.team == team]
        begin_s, end_s = self.start_ms / 1000, self.end_ms / 1000
        waits = [start - job.submit_s for job in jobs if (start := starts.get(job.key)) is not None]
        hours = sum(job.gpus * max((_or(starts.get(job.key), end_s)) - max(job.submit_s, begin_s), 0.0) for job in jobs)
        middle, high = (float(np.percentile(waits, at)) for at in (50, 95)) if waits else (None, None)
        share = None
        if pools is not None and sum(pools.values()) > 0:
            held = sum(
                job.gpus * max(min(start + job.length_s, end_s) - max(start, begin_s), 0.0)
                for job in self.jobs
                if (start := starts.get(job.key)) is not None
            )
            share = held / (sum(pools.values()) * (end_s - begin_s))
        mean = float(np.mean(waits)) if waits else None
        return Waits(len(jobs), len(jobs) - len(waits), hours / _HOUR_S, mean, middle, high, share)

    def _notes(self, after: Replayed) -> list[str]:
        gone = len(self.runs) - len(self.jobs)
        found = []
        if gone:
            found.append(f"{gone} runs never started, so nobody knows how long they would run: they are left out")
        if after.too_large:
            found.append(f"{len(after.too_large)} runs ask for more than there is with the change: they never start")
        if len(self.runs) >= MOST_RUNS:
            found.append(f"only the newest {MOST_RUNS:,} runs of the range are replayed")
        found.append("GPUs of a type are taken to be in one place, and priorities to be the order of submission")
        return found


def _or(value: float | None, other: float) -> float:
    return other if value is None else min(value, other)
