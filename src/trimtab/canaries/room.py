"""Canaries, put together: what runs those that are due, and the metrics that Synthetics has of each run.

    CloudWatchSynthetics SuccessPercent, Duration {CanaryName} and {CanaryName, StepName}
    CloudWatchSynthetics Failed, 2xx, 4xx, 5xx    {CanaryName}

Source: CloudWatch user guide, "CloudWatch metrics published by canaries".
"""

import asyncio
import logging
from collections.abc import Iterator
from uuid import uuid4

import numpy as np
from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.base.tags import make_tags
from trimtab.canaries.form import limit_of, next_of, retries_of, steps_of
from trimtab.canaries.model import Canary, Run
from trimtab.canaries.run import Runner
from trimtab.canaries.store import CanaryStore
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import VALUE_ROW, Identity, MetricBatch
from trimtab.metrics.registry import SeriesRegistry

logger = logging.getLogger(__name__)

NAMESPACE = "CloudWatchSynthetics"
_EVERY_S = 1.0
_AT_ONCE = 16
"""Canaries that run side by side: most wait for others' answers."""


class CanaryRoom(Struct, frozen=True):
    """The canaries, and what runs them. Of several servers that share a state the one with the lock does."""

    store: CanaryStore
    runner: Runner
    ingest: MetricIngest
    registry: SeriesRegistry
    clock: Clock
    lock: Lock
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """The canaries that run now, by id."""

    def jobs(self) -> list[Job]:
        """What it does by itself."""
        return [
            Job("hold the lock of canaries", LEASE_MS / 3000, self.lock.renew),
            Job("run canaries", _EVERY_S, self.turn),
        ]

    async def turn(self) -> int:
        """Begin the runs of canaries that are due, as many as may run side by side; returns how many those were."""
        now_ms = self.clock.now_ms()
        if not self.lock.held or not await self.store.upcoming.due(now_ms):
            return 0
        begun = 0
        for canary in await self.store.due(now_ms):
            if canary.id not in self.running and len(self.running) < _AT_ONCE:
                self.running[canary.id] = asyncio.get_running_loop().create_task(self._kept(canary))
                begun += 1
        return begun

    async def settled(self) -> None:
        """Wait for the runs that go on."""
        await asyncio.gather(*self.running.values())

    async def _kept(self, canary: Canary) -> None:
        """Run a canary; what keeps its run from being written down is told in the log, and it is run again."""
        try:
            await self.run(canary)
        except TrimtabError as problem:
            logger.warning("cannot keep the run of the canary %s: %s", canary.key.name, problem)
        finally:
            del self.running[canary.id]

    async def run(self, canary: Canary) -> Run:
        """Run a canary now, again where it failed and may be tried again, and keep what was found."""
        run = await self._attempt(canary, 0)
        for retry in range(1, retries_of(canary.form) + 1):
            if run.passed:
                break
            run = await self._attempt(canary, retry)
        next_ms = next_of(canary.form, canary.started_ms or 0, canary.runs_until_ms, self.clock.now_ms())
        await self.store.ran(canary, run, next_ms)
        await self._tell(canary, run)
        return run

    async def _attempt(self, canary: Canary, retry: int) -> Run:
        began_ms, limit_s = self.clock.now_ms(), limit_of(canary.form)
        try:
            async with asyncio.timeout(limit_s):
                found = await self.runner.run(canary.key, steps_of(canary.form))
            reason = next((f"{one.name}: {one.reason}" for one in found if not one.passed), "")
        except InvalidInput as problem:  # written by a release that allowed more
            found, reason = (), str(problem)
        except TimeoutError:
            found, reason = (), f"the run took longer than {limit_s} s"
        return Run(str(uuid4()), began_ms, self.clock.now_ms(), not reason, reason, found, retry)

    async def _tell(self, canary: Canary, run: Run) -> None:
        rows = []
        for identity, value in samples_of(canary, run):
            series = self.registry.offer(identity)
            if series is not None:
                rows.append((series, run.began_ms, value, 1.0))
        if rows:
            await self.ingest.write(MetricBatch(values=np.array(rows, VALUE_ROW)))


def samples_of(canary: Canary, run: Run) -> Iterator[tuple[Identity, float]]:
    """The metrics of one run. Pure."""
    yield _identity(canary, "SuccessPercent", "Percent"), 100.0 * run.passed
    yield _identity(canary, "Duration", "Milliseconds"), float(sum(step.took_ms for step in run.steps))
    yield _identity(canary, "Failed", "Count"), float(not run.passed)
    statuses = [step.status // 100 for step in run.steps if step.status is not None]
    for kind in (2, 4, 5):
        if statuses:
            yield _identity(canary, f"{kind}xx", "Count"), float(statuses.count(kind))
    for step in run.steps:
        yield _identity(canary, "SuccessPercent", "Percent", step.name), 100.0 * step.passed
        yield _identity(canary, "Duration", "Milliseconds", step.name), step.took_ms


def _identity(canary: Canary, name: str, unit: str, step: str = "") -> Identity:
    key = canary.key
    tags = make_tags({"CanaryName": key.name, **({"StepName": step} if step else {})})
    return Identity(key.account, key.region, NAMESPACE, name, tags, unit)
