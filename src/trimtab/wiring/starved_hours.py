"""What the GPUs of the last days' runs did, as advice asks for it."""

from collections.abc import Awaitable, Callable, Sequence

from trimtab.access.scope import Scope
from trimtab.advice.facts import DAY_MS, RunHours
from trimtab.fleet.phases.phase import Phase
from trimtab.inventory.runs.filter import RunFilter
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import RunReport

DAYS = 2
"""Of a finding that is looked at every night: what was put right two days ago is told no more."""
_MOST = 500


def starved_hours(reports: RunReports) -> Callable[[Scope], Awaitable[Sequence[RunHours]]]:
    """Asks for them."""

    async def read(scope: Scope) -> Sequence[RunHours]:
        now_ms = reports.clock.now_ms()
        wanted = RunFilter(start_ms=now_ms - DAYS * DAY_MS, end_ms=now_ms)
        return [_hours(one) for one in await reports.listed(scope, wanted, _MOST) if one.gpu_hours > 0]

    return read


def _hours(report: RunReport) -> RunHours:
    run, did = report.run, {one.phase: one.gpu_hours for one in report.phases}
    known = sum(hours for phase, hours in did.items() if phase is not Phase.UNKNOWN)
    starved = did.get(Phase.STARVED, 0.0)
    return RunHours(run.key.job, run.name, run.key.cluster, run.team, run.key.account, report.gpu_hours, known, starved)
