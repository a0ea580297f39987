"""`run_phases`: what the GPUs of runs did in the range: GPU-hours and money by phase, of each run."""

from collections.abc import Iterator

from trimtab.inventory.runs.filter import RunFilter
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import RunReport
from trimtab.reports.datasets.field import Field, money, number, text
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.sources.times import DAY, HOUR, day_of, hour_of

_MOST = 5_000
"""Runs of which phases are worked out: a minute's work; of more only the last submitted."""
FIELDS: tuple[Field, ...] = (
    DAY, HOUR, text("account", "Account."), text("run", "Job id."), text("run_name", "Its name."),
    text("cluster", "Cluster."), text("owner", "Team."), text("user", "User."), text("gpu_type", "Type of its GPUs."),
    text("phase", "productive, warming up, checkpointing, … hung, idle, unknown."),
    number("gpu_hours", "GPU-hours in the phase; of all phases together those held in the range.", "GPU-h"),
    money("cost", "What those hours cost, net amortised, where all of the run's cost is known."),
    text("currency", "Currency."),
)  # fmt: skip


def run_phases(reports: RunReports) -> Source:
    """The source over reports of runs; `day` and `hour` are of the submission."""

    async def read(window: Window) -> Rows:
        wanted = RunFilter(start_ms=window.start_ms, end_ms=window.end_ms)
        found = await reports.listed(window.scope, wanted, _MOST)
        note = f"run_phases: the last {_MOST} submitted of more" if len(found) == _MOST else ""
        seen = max((one.run.seen_ms for one in found), default=0) or None
        return Rows([row for one in found for row in _rows(one)], seen, note)

    return Source("run_phases", "Phases of runs", "a phase of a run in the range", FIELDS, read, whole=True)


def _rows(report: RunReport) -> Iterator[tuple[object, ...]]:
    run = report.run
    who = run.key.account, run.key.job, run.name, run.key.cluster, run.team, run.user, run.gpu_type
    currency = report.cost.single[1] if report.cost.single is not None else None
    for one in report.phases:
        amount = one.amounts[currency] if currency is not None else None
        yield (
            day_of(run.submit_ms), hour_of(run.submit_ms), *who, one.phase.words, one.gpu_hours, amount, currency,
        )  # fmt: skip
