"""A recorded queue once more, with other GPUs or other quotas: first come, first served, with backfill.

The job that came first starts as soon as its pool has its GPUs. Until then it has a reservation for the moment at which
enough will have ended, and later jobs start before it only if they do not delay it (EASY backfill: Lifka 1995). A job
whose team is at its quota waits without a reservation, as in SLURM under GrpTRES, and delays nobody.

GPUs of a pool are alike and in one place: what nodes cannot hold together is not seen. Lengths are what they were;
a scheduler knows time limits only, so that its backfill does a little less.
"""

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Sequence

from trimtab.capacity.queues.model import Job, Replayed, Terms

LOOKED_AT = 500
"""Waiting jobs behind the first that are tried at each moment (SLURM's bf_max_job_test)."""
_EPSILON = 1e-9


def replay(jobs: Sequence[Job], terms: Terms, until_s: float) -> Replayed:
    """Every job's start under some terms. Jobs that had not started by `until_s` have none."""
    too_large = frozenset(
        job.key
        for job in jobs
        if job.begun_s is None and job.gpus > min(terms.pools.get(job.pool, 0.0), terms.quotas.get(job.team, job.gpus))
    )
    played = [job for job in jobs if job.key not in too_large]
    state = _State(terms)
    for job in played:
        if job.begun_s is not None:
            state.start(job, job.begun_s)
    coming = deque(sorted((job for job in played if job.begun_s is None), key=lambda job: job.submit_s))
    while coming or state.running:
        now_s = min(coming[0].submit_s if coming else math.inf, state.running[0][0] if state.running else math.inf)
        if now_s > until_s:
            break
        state.end(now_s)
        while coming and coming[0].submit_s <= now_s:
            job = coming.popleft()
            state.waiting[job.pool].append(job)
        for name in list(state.waiting):
            state.fill(name, now_s)
    starts = {job.key: state.starts.get(job.key) for job in jobs}
    return Replayed(starts, too_large)


class _State:
    """What runs, what waits, and what is free at a moment."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.free = dict(terms.pools)
        self.held: dict[str, float] = defaultdict(float)
        self.running: list[tuple[float, str, Job]] = []
        self.waiting: dict[str, list[Job]] = defaultdict(list)
        self.starts: dict[str, float] = {}

    def start(self, job: Job, now_s: float) -> None:
        """A job takes its GPUs."""
        self.starts[job.key] = now_s
        self.free[job.pool] = self.free.get(job.pool, 0.0) - job.gpus
        self.held[job.team] += job.gpus
        heapq.heappush(self.running, (now_s + job.length_s, job.key, job))

    def end(self, now_s: float) -> None:
        """What has ended by a moment gives its GPUs back."""
        while self.running and self.running[0][0] <= now_s:
            _, _, job = heapq.heappop(self.running)
            self.free[job.pool] += job.gpus
            self.held[job.team] -= job.gpus

    def fill(self, pool: str, now_s: float) -> None:
        """Start what may start of a pool's queue."""
        left: list[Job] = []
        reserved: tuple[float, float] | None = None  # when the first job's GPUs will be there, and what is left then
        queue = self.waiting[pool]
        for place, job in enumerate(queue):
            if len(left) > LOOKED_AT:
                left += queue[place:]
                break
            if not self._within_quota(job):
                left.append(job)
            elif reserved is None and job.gpus <= self.free[pool] + _EPSILON:
                self.start(job, now_s)
            elif reserved is None:
                reserved = self._reservation(job, now_s)
                left.append(job)
            elif job.gpus <= self.free[pool] + _EPSILON and (
                now_s + job.length_s <= reserved[0] or job.gpus <= reserved[1] + _EPSILON
            ):
                if now_s + job.length_s > reserved[0]:
                    reserved = (reserved[0], reserved[1] - job.gpus)
                self.start(job, now_s)
            else:
                left.append(job)
        if left:
            self.waiting[pool] = left
        else:
            del self.waiting[pool]

    def _within_quota(self, job: Job) -> bool:
        quota = self.terms.quotas.get(job.team)
        return quota is None or self.held[job.team] + job.gpus <= quota + _EPSILON

    def _reservation(self, job: Job, now_s: float) -> tuple[float, float]:
        """When a pool will have a job's GPUs by what ends, and how many it will have beyond them."""
        free = self.free[job.pool]
        for end_s, _, one in sorted((one for one in self.running if one[2].pool == job.pool), key=lambda one: one[0]):
            free += one.gpus
            if free + _EPSILON >= job.gpus:
                return end_s, free - job.gpus
        return now_s, 0.0  # not reached: a job larger than its pool is left out
