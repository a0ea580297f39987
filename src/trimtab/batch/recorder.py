"""Keeps what runners report: the job itself, its throughput as metrics, and what it has cost."""

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.tags import make_tags
from trimtab.batch.report import Report
from trimtab.batch.store import COMMAND, JobStore, KeptJob
from trimtab.inventory.catalog.book import load
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SAMPLE_ROW, Identity, Kind, MetricBatch
from trimtab.metrics.registry import SeriesRegistry

NAMESPACE, RECORDS, ERRORS, BYTES = "trimtab", "trimtab.batch.records", "trimtab.batch.errors", "trimtab.batch.bytes"
JOB = "trimtab.batch.job"
STALE_MS = 60_000  # a runner reports every few seconds
_CENT = Decimal("0.000001")


class Cost(Struct, frozen=True):
    """What a job has cost, and by what price; None where no price is known."""

    amount: Decimal | None
    currency: str = ""
    basis: str = ""


class Recorder(Struct, frozen=True):
    """What doors and runners in the server report to."""

    store: JobStore
    ingest: MetricIngest
    registry: SeriesRegistry
    clock: Clock

    async def put(self, place: tuple[str, str], source: str, report: Report, form: str = "{}") -> KeptJob:
        """Keep a report of (account, region). Raises Conflict for an id of another account; Throttled, Unavailable."""
        kept = await self.store.put(
            KeptJob(
                report.id, *place, source, report.name, report.status, report.started_ms, 0,
                msgspec.json.encode(report).decode(), form,
            )
        )  # fmt: skip
        await self._measure(place, report)
        return kept

    async def listed(self, scope: Scope, name: str = "") -> list[tuple[KeptJob, Report]]:
        """Jobs with their reports, the last begun first."""
        return [(one, report_of(one)) for one in await self.store.listed(scope, name=name)]

    async def _measure(self, place: tuple[str, str], report: Report) -> None:
        """Counters by job: the KPIs' records per second come of them."""
        dimensions = make_tags({"service.name": report.name, JOB: report.id})
        now_ms = self.clock.now_ms()
        counts = ((RECORDS, report.records), (ERRORS, report.errors), (BYTES, report.bytes_done))
        rows = [
            (
                self.registry.add(Identity(*place, NAMESPACE, name, dimensions, "Count", kind=Kind.COUNTER)),
                now_ms,
                float(value),
            )
            for name, value in counts
        ]
        await self.ingest.write(MetricBatch(samples=np.array(rows, SAMPLE_ROW)))


def report_of(job: KeptJob) -> Report:
    """The last report of a job."""
    return typed.decode(job.report, type=Report)


def is_stale(job: KeptJob, now_ms: int) -> bool:
    """Whether the runner of a job that is under way has gone silent; the server itself runs jobs of commands."""
    return job.status == "InProgress" and job.source != COMMAND and now_ms - job.updated_ms > STALE_MS


def cost_of(report: Report, region: str) -> Cost:
    """What a job has cost: as its runner says, else by the list price of its instances, else unknown."""
    if report.cost is not None:
        return Cost(Decimal(report.cost), report.currency or "USD", "as its runner says")
    machine = report.instance_type.removeprefix("ml.")
    listed = load().price(machine, report.started_ms, region) if machine else None
    if listed is None or report.spot:
        return Cost(None)
    hours = Decimal(str(report.seconds)) / 3600 * max(1, report.instances)
    amount = (listed.per_hour * hours).quantize(_CENT, ROUND_HALF_EVEN)
    return Cost(amount, listed.currency, f"list price of {machine}: {listed.source}")
