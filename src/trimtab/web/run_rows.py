"""Runs as rows of a table: what is sorted, filtered and shown of each."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.kpis.runs.report import RunReport

_BAD = frozenset({"failed", "timeout", "out of memory", "node failed"})
TEXT = frozenset({"name", "team", "user", "state", "queue"})
COLUMNS = (
    "job", "cluster", "name", "team", "user", "queue", "state", "submitted_ms", "started_ms", "ended_ms", "wait_s",
    "gpus", "gpu_type", "gpu_hours", "active_share", "cost", "currency", "priced_by", "loss", "loss_hours", "loss_cost",
)  # fmt: skip


class RunRow(Struct, frozen=True):
    """One run. `cost` and `loss_cost` are in `currency`; None where not all of it is known."""

    job: str
    cluster: str
    name: str
    team: str
    user: str
    queue: str
    state: str
    submitted_ms: int
    started_ms: int | None
    ended_ms: int | None
    wait_s: float
    gpus: float
    gpu_type: str
    gpu_hours: float
    active_share: float | None
    unknown: str
    cost: float | None
    currency: str
    priced_by: str
    loss: str
    loss_hours: float | None
    loss_cost: float | None
    words: str
    report: RunReport

    @property
    def path(self) -> str:
        """Where the run's own page is."""
        return f"/runs/{self.cluster}/{self.job}"

    @property
    def level(self) -> str:
        """How its state is marked; "" is not at all."""
        if self.state in _BAD:
            return "bad"
        return {"completed": "good", "pending": "warn", "lost": "warn"}.get(self.state, "")


def row_of(report: RunReport) -> RunRow:
    """The row of a run."""
    run, loss, single = report.run, report.largest_loss, report.cost.single
    currency = single[1] if single else ""
    return RunRow(
        job=run.key.job,
        cluster=run.key.cluster,
        name=run.name or run.key.job,
        team=run.team or UNOWNED,
        user=run.user,
        queue=run.queue,
        state=run.state.value,
        submitted_ms=run.submit_ms,
        started_ms=run.start_ms,
        ended_ms=run.end_ms,
        wait_s=report.wait_ms / 1000,
        gpus=run.gpus,
        gpu_type=run.gpu_type,
        gpu_hours=report.gpu_hours,
        active_share=report.active_share,
        unknown=report.unknown,
        cost=float(single[0]) if single else None,
        currency=currency,
        priced_by=", ".join(basis.value for basis in report.cost.bases),
        loss=loss.loss.kind.value if loss else "",
        loss_hours=loss.loss.gpu_hours if loss else None,
        loss_cost=float(loss.amounts[currency]) if loss and currency in loss.amounts else None,
        words=loss.words if loss else "",
        report=report,
    )


def as_dict(row: RunRow) -> dict[str, Any]:
    """A row as JSON has it."""
    return {name: getattr(row, name) for name in COLUMNS}


class Sums(Struct, frozen=True):
    """All rows together. `costs` are by currency; `saved` what the largest loss of each run cost."""

    running: int
    waiting: int
    waiting_gpus: float
    gpu_hours: float
    known_hours: float
    active_hours: float
    costs: Mapping[str, Decimal]
    saved: Mapping[str, Decimal]
    unpriced_hours: float
    measured_by: tuple[str, ...]
    priced_by: tuple[str, ...]

    @property
    def active_share(self) -> float | None:
        """The mean activity where it is known."""
        return self.active_hours / self.known_hours if self.known_hours else None


def sums_of(rows: Sequence[RunRow], end_ms: int) -> Sums:
    """The sums of rows of a range; what runs and waits is counted at its end, which of one that goes on is now."""
    costs: dict[str, Decimal] = {}
    saved: dict[str, Decimal] = {}
    for row in rows:
        for currency, amount in row.report.cost.amounts.items():
            costs[currency] = costs.get(currency, Decimal(0)) + amount
        loss = row.report.largest_loss
        for currency, amount in loss.amounts.items() if loss else ():
            saved[currency] = saved.get(currency, Decimal(0)) + amount
    waiting = [row for row in rows if row.report.run.waited_at(end_ms - 1)]
    return Sums(
        running=sum(row.report.run.ran_at(end_ms - 1) for row in rows),
        waiting=len(waiting),
        waiting_gpus=sum(row.gpus for row in waiting),
        gpu_hours=sum(row.gpu_hours for row in rows),
        known_hours=sum(row.report.known_hours for row in rows),
        active_hours=sum(row.report.active_hours or 0.0 for row in rows),
        costs=costs,
        saved=saved,
        unpriced_hours=sum(row.report.cost.unpriced_hours for row in rows),
        measured_by=tuple(dict.fromkeys(name for row in rows for name in row.report.measured_by)),
        priced_by=tuple(dict.fromkeys(basis.value for row in rows for basis in row.report.cost.bases)),
    )
