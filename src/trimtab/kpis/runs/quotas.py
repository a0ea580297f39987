"""What teams were entitled to and held, in a range of recorded runs: borrowed, lent and starved GPU-hours.

A run belongs to the quota of its team, else to the one that names its queue, else to its team alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.capacity.queues.entitlement import Quota, TeamHours, Use, hours_of
from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Condition, Run
from trimtab.inventory.runs.quotas import InForce, Stated

MOST_RUNS = 20_000
"""Runs of a range that are looked at: a month of a large cluster; the newest where there are more."""
_MANY = f"only the newest {MOST_RUNS:,} runs of the range are looked at"
_DAY_MS = 86_400_000


class QuotaReport(Struct, frozen=True):
    """The teams of a range; `gpus` are those that shares are of. `days` are of quotas that are kept."""

    start_ms: int
    end_ms: int
    gpus: float
    teams: tuple[TeamHours, ...]
    notes: tuple[str, ...]
    days: tuple["QuotaDay", ...] = ()


class QuotaDay(Struct, frozen=True):
    """The teams of a day in UTC, or of its part that is in the range."""

    day_ms: int
    teams: tuple[TeamHours, ...]


async def read(
    room: InventoryRoom, scope: Scope, start_ms: int, end_ms: int, stated: Sequence[Stated], cluster: str, now_ms: int
) -> QuotaReport:
    """The report. Raises InvalidInput, Unavailable."""
    end_ms = min(end_ms, now_ms)
    if end_ms <= start_ms:
        raise InvalidInput("cannot compare quotas: the range has not begun; expected one that has", field="start")
    runs, there = await _recorded(room, scope, start_ms, end_ms, cluster)
    return report_of(runs, stated, there, start_ms, end_ms)


async def read_kept(
    room: InventoryRoom, scope: Scope, start_ms: int, end_ms: int, cluster: str, now_ms: int
) -> QuotaReport:
    """The report by the quotas that are kept, each for the time in which it held. Raises InvalidInput, NotFound."""
    held = await room.quotas.listed(scope, cluster)
    clusters = sorted({(one.cluster, one.account) for one in held})
    if not held:
        raise NotFound("no quotas are kept; `trimtab queue quotas FILES --keep` keeps those of a cluster")
    if len(clusters) > 1:
        named = ", ".join(f"{name} of account {account}" for name, account in clusters)
        raise InvalidInput(f"cannot compare quotas: several clusters have some: {named}; expected one", field="cluster")
    end_ms = min(end_ms, now_ms)
    runs, there = await _recorded(room, scope, start_ms, end_ms, clusters[0][0])
    return report_over(runs, held, there, start_ms, end_ms)


async def _recorded(
    room: InventoryRoom, scope: Scope, start_ms: int, end_ms: int, cluster: str
) -> tuple[list[Run], float]:
    """The runs of a range, and the GPUs that there are now."""
    wanted = RunFilter(start_ms=start_ms, end_ms=end_ms, cluster=cluster)
    runs = await room.runs.listed(scope, wanted, MOST_RUNS)
    nodes = await room.nodes.all(scope, cluster)
    return runs, sum(node.gpus for node in nodes if node.condition is not Condition.POWERED_DOWN)


def report_over(runs: Sequence[Run], held: Sequence[InForce], gpus: float, start_ms: int, end_ms: int) -> QuotaReport:
    """The teams of a range, and of each of its days, by what they were entitled to at each moment. Pure."""
    began = max(start_ms, held[0].from_ms)
    since = datetime.fromtimestamp(held[0].from_ms / 1000, UTC).isoformat(timespec="seconds")
    notes = [f"quotas are known since {since}"] if began > start_ms else []
    if len(runs) >= MOST_RUNS:
        notes.append(_MANY)
    total: dict[str, TeamHours] = {}
    days: dict[int, dict[str, TeamHours]] = {}
    for quotas in held:
        begin, until = max(quotas.from_ms, began), min(quotas.to_ms or end_ms, end_ms)
        while begin < until:
            day_ms = begin // _DAY_MS * _DAY_MS
            end = min(day_ms + _DAY_MS, until)
            within = [run for run in runs if run.submit_ms < end and (run.end_ms is None or run.end_ms > begin)]
            for one in report_of(within, quotas.quotas, gpus, begin, end).teams:
                for sums in (total, days.setdefault(day_ms, {})):
                    sums[one.team] = _sum(sums[one.team], one) if one.team in sums else one
            begin = end
    by_day = tuple(QuotaDay(day_ms, _in_order(teams)) for day_ms, teams in sorted(days.items()))
    return QuotaReport(min(began, end_ms), end_ms, gpus, _in_order(total), tuple(notes), by_day)


def _in_order(teams: Mapping[str, TeamHours]) -> tuple[TeamHours, ...]:
    return tuple(teams[name] for name in sorted(teams))


def _sum(one: TeamHours, other: TeamHours) -> TeamHours:
    """The hours of both; a team is entitled to those of the times in which it had a quota."""
    entitled = [hours for hours in (one.entitled, other.entitled) if hours is not None]
    return TeamHours(
        one.team,
        sum(entitled) if entitled else None,
        one.held + other.held,
        one.borrowed + other.borrowed,
        one.lent + other.lent,
        one.starved + other.starved,
        one.waited + other.waited,
    )


def report_of(runs: Sequence[Run], stated: Sequence[Stated], gpus: float, start_ms: int, end_ms: int) -> QuotaReport:
    """The same, of what was read. Pure."""
    check(stated)
    quotas = [_quota(one, gpus) for one in stated]
    uses = [use for run in runs if run.gpus > 0 for use in _uses(run, _team(run, quotas), end_ms)]
    notes = [_MANY] if len(runs) >= MOST_RUNS else []
    teams = hours_of(quotas, uses, start_ms / 1000, end_ms / 1000)
    return QuotaReport(start_ms, end_ms, gpus, tuple(teams), tuple(notes))


def check(stated: Sequence[Stated]) -> None:
    """Each team has one quota, in GPUs or as a share. Raises InvalidInput."""
    if len({one.team for one in stated}) < len(stated):
        raise InvalidInput("cannot compare quotas: a team has two; expected one for each", field="quotas")
    for one in stated:
        if (one.gpus is None) == (one.share is None):
            raise InvalidInput(
                f"cannot use the quota of {one.team}: expected GPUs or a share, and not both", field="quotas"
            )


def _quota(one: Stated, gpus: float) -> Quota:
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
