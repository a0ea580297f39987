"""`runs`: what schedulers ran or are to run in the range; with activity and cost where somebody looks at them."""

from collections.abc import Mapping

from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import RunReport
from trimtab.progress.report import RunProgress
from trimtab.progress.room import ProgressRoom
from trimtab.reports.datasets.field import Field, labels, money, number, text, time
from trimtab.reports.datasets.source import MOST_ROWS, Rows, Source, Window
from trimtab.reports.datasets.sources.times import DAY, HOUR, day_of, hour_of

_MOST = 20_000
"""Runs of which activity and cost are worked out; of more only the last submitted."""
_PRICED = frozenset(("gpu_hours", "cost", "currency"))
_REPORTED = frozenset(("active_hours", "active_share", "lost_hours", "loss")) | _PRICED
"""What the ledger says of the range; other fields are the scheduler's."""
FIELDS: tuple[Field, ...] = (
    DAY, HOUR, text("account", "Account."), text("run", "Job id."), text("run_name", "Its name."),
    text("cluster", "Cluster."), text("scheduler", "slurm, kubernetes …"), text("state", "Where it is."),
    text("owner", "Team."), text("user", "User."), text("queue", "Queue."), text("reason", "Why it waits or ended."),
    text("gpu_type", "Type of its GPUs."), number("gpus", "GPUs held or asked for."), number("nodes", "Nodes."),
    time("submitted", "When it was submitted."), time("started", "When it started."),
    time("ended", "When it ended."),
    number("wait", "From submission to start.", "s"), number("gpu_hours", "GPU-hours held in the range.", "GPU-h"),
    number("active_hours", "GPU-hours of work in the range.", "GPU-h"),
    number("active_share", "Work among known hours."),
    money("cost", "What those hours cost, net amortised, where all of it is known."), text("currency", "Currency."),
    number("lost_hours", "GPU-hours of the largest loss that could be avoided.", "GPU-h"),
    text("loss", "That loss in words."),
    number("step", "Step that training has got to."), number("tokens_per_s", "Tokens ÷ seconds of training.", "/s"),
    number("mfu", "Model FLOPs utilisation of training."),
    number("goodput", "Productive ÷ held GPU-hours of its whole life."),
    number("restarts", "Times that training began again."),
    number("lost_steps", "Steps done after the checkpoint that it went on from."),
    number("exit_code", "Exit code."), labels("tags", "Tags."),
)  # fmt: skip


_PROGRESS = frozenset(("step", "tokens_per_s", "mfu", "goodput", "restarts", "lost_steps"))
"""What was told of its progress: of its whole life, whatever the range."""


def runs(reports: RunReports, progress: ProgressRoom | None = None) -> Source:
    """The source over runs and their reports; `day` and `hour` are of the submission."""

    async def read(window: Window) -> Rows:
        wanted = RunFilter(start_ms=window.start_ms, end_ms=window.end_ms)
        now = reports.clock.now_ms()
        if asked := window.wanted & _REPORTED:
            listed = reports.priced if asked <= _PRICED else reports.listed  # activity reads every GPU's metrics
            found = await listed(window.scope, wanted, _MOST)
            told = await _told_of(reports, progress, [one.run for one in found], window)
            rows = [_row(one.run, one, now, told.get(one.run.key)) for one in found]
            note = f"runs: the last {_MOST} submitted of more" if len(rows) == _MOST else ""
            return Rows(rows, _seen([one.run for one in found]), note)
        plain = await reports.room.runs.listed(window.scope, wanted, MOST_ROWS)
        told = await _told_of(reports, progress, plain, window)
        return Rows([_row(one, None, now, told.get(one.key)) for one in plain], _seen(plain))

    return Source("runs", "Runs", "a run that waited or ran in the range", FIELDS, read)


def _seen(found: list[Run]) -> int | None:
    return max((one.seen_ms for one in found), default=0) or None


async def _told_of(
    reports: RunReports, progress: ProgressRoom | None, found: list[Run], window: Window
) -> Mapping[RunKey, RunProgress]:
    """What was told of the progress of runs, where somebody asks for it."""
    if progress is None or not window.wanted & _PROGRESS:
        return {}
    held = await reports.held_hours(found) if "goodput" in window.wanted else {}
    return await progress.listed(found, held)


def _row(run: Run, report: RunReport | None, now_ms: int, progress: RunProgress | None) -> tuple[object, ...]:
    who = run.key.account, run.key.job, run.name, run.key.cluster, run.scheduler, run.state.value, run.team, run.user
    what = run.queue, run.reason, run.gpu_type, run.gpus, run.nodes, run.submit_ms, run.start_ms, run.end_ms
    told = _told(report) if report else (None,) * len(_REPORTED)
    wait = run.wait_ms(now_ms) / 1000
    return (
        day_of(run.submit_ms),
        hour_of(run.submit_ms),
        *who,
        *what,
        wait,
        *told,
        *_got(progress),
        run.exit_code,
        run.tags,
    )


def _got(progress: RunProgress | None) -> tuple[object, ...]:
    if progress is None or progress.course is None:
        return (None,) * len(_PROGRESS)
    course = progress.course
    figures = progress.tokens_per_s.value, progress.mfu.value, progress.goodput.value
    return (course.step, *figures, course.restarts, course.lost_steps)


def _told(report: RunReport) -> tuple[object, ...]:
    amount, currency = report.cost.single or (None, None)
    loss = report.largest_loss
    lost = (loss.loss.gpu_hours, loss.words) if loss else (None, None)
    return report.gpu_hours, report.active_hours, report.active_share, amount, currency, *lost
