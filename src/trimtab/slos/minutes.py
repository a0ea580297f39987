"""Objectives as metrics, once a minute: what alarms and dashboards of CloudWatch's clients watch.

    AWS/ApplicationSignals AttainmentRate {SloName}                     percent, over the interval of the goal
    AWS/ApplicationSignals BreachedCount  {SloName}                     1 while the budget is used up, else 0
    AWS/ApplicationSignals BurnRate {SloName, BurnRateWindowMinutes}    over each window of the objective

Source: CloudWatch user guide, "Service level objectives", "Calculate burn rates".
"""

import logging
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput, QueryAborted
from trimtab.base.tags import make_tags
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SAMPLE_ROW, Identity, Kind, MetricBatch
from trimtab.metrics.registry import SeriesRegistry
from trimtab.slos.report import Report, Status
from trimtab.slos.room import SloRoom

logger = logging.getLogger(__name__)

NAMESPACE = "AWS/ApplicationSignals"
MINUTE_MS = 60_000
LATE_MS = 120_000
"""What is told of a minute comes within two: a sample is of the budget as it was then."""
_EVERY_S = 20.0
_SHARE = 20
"""Between two rounds there is at least so many times what one took: of many objectives less often, for no more CPU."""


class SloMinutes(Struct):
    """Writes them. Of several servers that share a state the one with the lock does."""

    room: SloRoom
    ingest: MetricIngest
    registry: SeriesRegistry
    lock: Lock
    _next_s: float = 0.0
    _written_ms: int = 0

    def jobs(self) -> list[Job]:
        """What it does by itself."""
        return [
            Job("hold the lock of the minutes of objectives", LEASE_MS / 3000, self.lock.renew),
            Job("tell objectives by the minute", _EVERY_S, self.turn),
        ]

    async def turn(self) -> None:
        """Write the last minute that is told of whole, without objectives that cannot be read. Raises Unavailable."""
        clock = self.room.clock
        began_s, minute_ms = clock.monotonic(), (clock.now_ms() - LATE_MS) // MINUTE_MS * MINUTE_MS
        if not self.lock.held or began_s < self._next_s or minute_ms <= self._written_ms:
            return
        rows = []
        for kept in await self.room.store.listed(EVERYTHING):
            try:
                report = await self.room.reports.of(kept, minute_ms)
            except (InvalidInput, QueryAborted) as problem:
                logger.warning("cannot report the objective %s: %s", kept.slo.key.name, problem)
                continue
            for identity, value in samples_of(report):
                series = self.registry.offer(identity)
                if series is not None:
                    rows.append((series, minute_ms, value))
        if rows:
            await self.ingest.write(MetricBatch(samples=np.array(rows, SAMPLE_ROW)))
        self._written_ms = minute_ms
        self._next_s = clock.monotonic() + (clock.monotonic() - began_s) * _SHARE


def samples_of(report: Report) -> Iterator[tuple[Identity, float]]:
    """The samples of one report; none of what is not known. Pure."""
    if report.attainment is None:
        return
    yield _identity(report, "AttainmentRate", "Percent"), report.attainment
    yield _identity(report, "BreachedCount", "Count"), float(report.status is Status.BREACHED)
    for burn in report.burns:
        if burn.rate is not None:
            yield _identity(report, "BurnRate", "None", {"BurnRateWindowMinutes": str(burn.minutes)}), burn.rate


def _identity(report: Report, name: str, unit: str, more: dict[str, str] | None = None) -> Identity:
    key = report.kept.slo.key
    tags = make_tags({"SloName": key.name, **(more or {})})
    return Identity(key.account, key.region, NAMESPACE, name, tags, unit, kind=Kind.GAUGE)
