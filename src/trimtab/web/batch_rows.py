"""Batch jobs as rows of a table: what is sorted and shown of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.batch.recorder import BYTES, ERRORS, JOB, NAMESPACE, RECORDS, cost_of, is_stale, report_of
from trimtab.batch.report import Report
from trimtab.batch.store import KeptJob
from trimtab.figures.areas import batch as figures
from trimtab.metrics.statistics import parse_statistic
from trimtab.web import format as words
from trimtab.web.metric_query import Filter, MetricQuery
from trimtab.web.panels import Panel
from trimtab.web.tiles import Tile

TEXT = frozenset({"name", "status"})
COLUMNS = (
    "id", "name", "source", "status", "began_ms", "ended_ms", "done", "records", "records_per_s", "errors", "left_s",
    "cost", "currency", "instance_type", "instances", "model", "input", "output",
)  # fmt: skip
SORTABLE = frozenset({"name", "status", "began_ms", "done", "records", "records_per_s", "errors", "left_s", "cost"})
_RATE = parse_statistic("Rate")


class BatchRow(Struct, frozen=True):
    """One job. `done` is the share of its input; `left_s` None where it is over or not known; `cost` in `currency`."""

    id: str
    name: str
    source: str
    status: str
    began_ms: int
    ended_ms: int | None
    done: float | None
    records: int
    records_per_s: float
    errors: int
    left_s: float | None
    cost: float | None
    currency: str
    cost_basis: str
    stale: bool
    updated_ms: int
    report: Report

    @property
    def path(self) -> str:
        """Where its own page is."""
        return f"/batch/{self.id}"

    @property
    def level(self) -> str:
        """How its state is marked; "" is not at all."""
        if self.status == "Failed":
            return "bad"
        if self.stale or self.status == "Stopped":
            return "warn"
        return "good" if self.status == "Completed" else ""

    @property
    def shown_status(self) -> str:
        """Its state in words."""
        running = {"InProgress": "running", "Queued": "waits"}.get(self.status, self.status.lower())
        return "silent" if self.stale else running

    @property
    def late_s(self) -> float | None:
        """By how much it will miss its deadline, or has; None where it will not, or has none."""
        limit = self.report.deadline_ms
        if limit is None:
            return None
        end_ms = self.ended_ms if self.ended_ms is not None else self.updated_ms + 1000 * (self.left_s or 0)
        return (end_ms - limit) / 1000 if end_ms > limit else None


def row_of(job: KeptJob, now_ms: int, region: str) -> BatchRow:
    """A job as a row."""
    report = report_of(job)
    cost = cost_of(report, job.region or region)
    over = job.status in ("Completed", "Stopped", "Failed")
    return BatchRow(
        job.id, job.name, job.source, job.status, job.started_ms, job.updated_ms if over else None,
        report.bytes_done / report.bytes_total if report.bytes_total else None, report.records, report.records_per_s,
        report.errors, None if over else report.eta_s, None if cost.amount is None else float(cost.amount),
        cost.currency, cost.basis, is_stale(job, now_ms), job.updated_ms, report,
    )  # fmt: skip


def as_dict(row: BatchRow) -> dict[str, Any]:
    """A row as JSON and CSV have it."""
    own = {name: getattr(row, name) for name in COLUMNS if hasattr(row, name)}
    return {name: own.get(name, getattr(row.report, name, None)) for name in COLUMNS}


def tiles(rows: Sequence[BatchRow]) -> list[Tile]:
    """What runs, how fast, what is left, and what it has cost."""
    running = [one for one in rows if one.status == "InProgress" and not one.stale]
    left = [one.left_s for one in running if one.left_s is not None]
    costs: dict[str, float] = {}
    for one in rows:
        if one.cost is not None:
            costs[one.currency] = costs.get(one.currency, 0.0) + one.cost
    unknown = sum(one.cost is None for one in rows)
    errors = sum(one.errors for one in rows)
    failed = [one.name for one in rows if one.status == "Failed"]
    return [
        Tile(figures.RUNNING, words.count(len(running)), f"of {len(rows)}", ", ".join(one.name for one in running[:3])),
        Tile(figures.THROUGHPUT, *words.split_value(sum(one.records_per_s for one in running)), "records a second now"),
        Tile(figures.LEFT, words.duration(1000 * max(left)) if left else "–", "", "until the last that runs is done"),
        Tile(figures.RECORDS, words.count(sum(one.records for one in rows)), "", f"{errors:,} failed"),
        Tile(figures.COST, *_total(costs), f"{unknown} without a price" if unknown else "so far"),
        Tile(figures.FAILED, words.count(len(failed)), "", ", ".join(failed[:3])),
    ]  # fmt: skip


def _total(costs: Mapping[str, float]) -> tuple[str, str]:
    """A tile's value and unit: several currencies are not added up."""
    amounts = [(f"{amount:,.{2 if amount >= 1 else 4}f}", currency) for currency, amount in costs.items()]
    if len(amounts) == 1:
        return amounts[0]
    return " + ".join(map(" ".join, amounts)) or "–", ""


def throughput(title: str, *, job: str = "") -> Panel:
    """Records per second over the range: of all jobs by name, or of one."""
    where = (Filter(JOB, job),) if job else ()
    query = MetricQuery(((NAMESPACE, RECORDS),), _RATE, where, ("service.name",))
    return Panel(title, query, "records a second", stacked=not job)


def one_panels(job: str) -> list[Panel]:
    """The charts of one job: records, bytes and failures a second."""
    where = (Filter(JOB, job),)
    return [
        throughput("Throughput", job=job),
        Panel("Input read", MetricQuery(((NAMESPACE, BYTES),), _RATE, where, ("service.name",)), "bytes a second"),
        Panel("Failed records", MetricQuery(((NAMESPACE, ERRORS),), _RATE, where, ("service.name",)), "a second"),
    ]
