"""What teams were entitled to and held, in a range of recorded runs: borrowed, lent and starved GPU-hours.

A run belongs to the quota of its team, else to the one that names its queue, else to its team alone.
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.capacity.queues.entitlement import Quota, TeamHours, Use, hours_of
from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Condition, Run

MOST_RUNS = 20_000
"""Runs of a range that are looked at: a month of a large cluster; the newest where there are more."""


class Stated(Struct, frozen=True, kw_only=True):
    """A quota as it is stated: GPUs, or a share of the cluster's."""

    team: str
    gpus: float | None = None
    share: float | None = None
    cohort: str = ""
    queues: tuple[str, ...] = ()


class QuotaReport(Struct, frozen=True):
    """The teams of a range; `gpus` are those that shares are of."""

    start_ms: int
    end_ms: int
    gpus: float
    teams: tuple[TeamHours, ...]
    notes: tuple[str, ...]


async def read(
    room: InventoryRoom, scope: Scope, start_ms: int, end_ms: int, stated: Sequence[Stated], cluster: str, now_ms: int
) -> QuotaReport:
    """The report. Raises InvalidInput, Unavailable."""
    end_ms = min(end_ms, now_ms)
    if end_ms <= start_ms:
        raise InvalidInput("cannot compare quotas: the range has not begun; expected one that has", field="start")
    wanted = RunFilter(start_ms=start_ms, end_ms=end_ms, cluster=cluster)
    runs = await room.runs.listed(scope, wanted, MOST_RUNS)
    nodes = await room.nodes.all(scope, cluster)
    there = sum(node.gpus for node in nodes if node.condition is not Condition.POWERED_DOWN)
    return report_of(runs, stated, there, start_ms, end_ms)


def report_of(runs: Sequence[Run], stated: Sequence[Stated], gpus: float, start_ms: int, end_ms: int) -> QuotaReport:
    """The same, of what was read. Pure."""
    quotas = [_quota(one, gpus) for one in stated]
    if len({one.team for one in quotas}) < len(quotas):
        raise InvalidInput("cannot compare quotas: a team has two; expected one for each", field="quotas")
    uses = [use for run in runs if run.gpus > 0 for use in _uses(run, _team(run, quotas), end_ms)]
    notes = [f"only the newest {MOST_RUNS:,} runs of the range are looked at"] if len(runs) >= MOST_RUNS else []
    teams = hours_of(quotas, uses, start_ms / 1000, end_ms / 1000)
    return QuotaReport(start_ms, end_ms, gpus, tuple(teams), tuple(notes))


def _quota(one: Stated, gpus: float) -> Quota:
    if (one.gpus is None) == (one.share is None):
        raise InvalidInput(
            f"cannot use the quota of {one.team}: expected GPUs or a share, and not both", field="quotas"
        )
    if one.share is not None and not gpus:
        raise InvalidInput(
            f"cannot use the share of {one.team}: no GPUs of that cluster are known; try `trimtab connect slurm`",
            field="quotas",
        )
    entitled = one.gpus if one.gpus is not None else (one.share or 0.0) * gpus
    return Quota(team=one.team, gpus=entitled, cohort=one.cohort, queues=one.queues)


def _team(run: Run, quotas: Sequence[Quota]) -> str:
    named = next((one.team for one in quotas if run.team == one.team), "")
    named = named or next((one.team for one in quotas if run.queue and run.queue in (one.team, *one.queues)), "")
    return named or run.team or UNOWNED


def _uses(run: Run, team: str, end_ms: int) -> list[Use]:
    """The times in which a run waited, and held its GPUs."""
    until = run.end_ms if run.end_ms is not None else end_ms
    begun = run.start_ms if run.start_ms is not None else until
    found = [Use(team, run.gpus, run.submit_ms / 1000, begun / 1000, held=False)]
    if run.start_ms is not None:
        found.append(Use(team, run.gpus, begun / 1000, until / 1000, held=True))
    return found
