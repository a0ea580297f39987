"""What teams were entitled to and held, in a range: borrowed, lent and starved GPU-hours.

What they held is the fleet ledger's held time of the cluster's accelerators; what they waited for is what recorded runs
asked for until they began.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.capacity.queues.entitlement import Claimant, Period, Quota, Step, TeamHours, hours_over
from trimtab.fleet.claims import holder_name
from trimtab.fleet.frame import UNOWNED, HeldStep
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Condition, Run
from trimtab.inventory.runs.quotas import InForce, Stated

MOST_RUNS = 20_000
"""Runs of a range that are looked at: a month of a large cluster; the newest where there are more."""
_MANY = f"only the newest {MOST_RUNS:,} runs of the range are looked at: what others waited for is not counted"
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


class Recorded(Struct, frozen=True):
    """What is known of a range: its runs, when accelerators were taken and let go, and how many there are now."""

    runs: Sequence[Run]
    held: Sequence[HeldStep]
    gpus: float

    def steps(self, end_ms: int) -> list[Step]:
        """What teams held and waited for, as it changed."""
        by = {holder_name(run): Claimant(run.team or UNOWNED, run.queue) for run in self.runs}
        held = (
            Step(one.at_ms / 1000, by.get(one.holder) or Claimant(one.team or UNOWNED), one.gpus, held=True)
            for one in self.held
        )
        return [*held, *_waits(self.runs, end_ms)]


class QuotaReader(Struct, frozen=True):
    """Compares quotas with the ledger and the recorded runs."""

    room: InventoryRoom
    ledger: HoursReader

    async def compared(
        self, scope: Scope, start_ms: int, end_ms: int, stated: Sequence[Stated], cluster: str, now_ms: int
    ) -> QuotaReport:
        """The report by quotas that are not kept. Raises InvalidInput, QueryAborted, Unavailable."""
        end_ms = min(end_ms, now_ms)
        if end_ms <= start_ms:
            raise InvalidInput("cannot compare quotas: the range has not begun; expected one that has", field="start")
        recorded = await self._recorded(scope, start_ms, end_ms, cluster)
        return await asyncio.to_thread(report_of, recorded, stated, start_ms, end_ms)

    async def kept(self, scope: Scope, start_ms: int, end_ms: int, cluster: str, now_ms: int) -> QuotaReport:
        """The report by the quotas that are kept, each for the time in which it held. Raises InvalidInput, NotFound,
        QueryAborted, Unavailable."""
        held = await self.room.quotas.listed(scope, cluster)
        clusters = sorted({(one.cluster, one.account) for one in held})
        if not held:
            raise NotFound("no quotas are kept; `trimtab queue quotas FILES --keep` keeps those of a cluster")
        if len(clusters) > 1:
            named = ", ".join(f"{name} of account {account}" for name, account in clusters)
            raise InvalidInput(
                f"cannot compare quotas: several clusters have some: {named}; expected one", field="cluster"
            )
        end_ms = min(end_ms, now_ms)
        recorded = await self._recorded(scope, start_ms, end_ms, clusters[0][0])
        return await asyncio.to_thread(report_over, recorded, held, start_ms, end_ms)

    async def _recorded(self, scope: Scope, start_ms: int, end_ms: int, cluster: str) -> Recorded:
        wanted = RunFilter(start_ms=start_ms, end_ms=end_ms, cluster=cluster)
        nodes = await self.room.nodes.all(scope, cluster)
        return Recorded(
            await self.room.runs.listed(scope, wanted, MOST_RUNS),
            await self.ledger.held_steps(scope, start_ms, end_ms, cluster),
            sum(node.gpus for node in nodes if node.condition is not Condition.POWERED_DOWN),
        )


def report_over(recorded: Recorded, held: Sequence[InForce], start_ms: int, end_ms: int) -> QuotaReport:
    """The teams of a range, and of each of its days, by what they were entitled to at each moment. Pure."""
    began = max(start_ms, held[0].from_ms)
    since = datetime.fromtimestamp(held[0].from_ms / 1000, UTC).isoformat(timespec="seconds")
    notes = [f"quotas are known since {since}"] if began > start_ms else []
    periods: list[Period] = []
    for quotas in held:
        begin, until = max(quotas.from_ms, began), min(quotas.to_ms or end_ms, end_ms)
        while begin < until:
            end = min(begin // _DAY_MS * _DAY_MS + _DAY_MS, until)
            periods.append(_period(quotas.quotas, recorded.gpus, begin, end))
            begin = end
    total: dict[str, TeamHours] = {}
    days: dict[int, dict[str, TeamHours]] = {}
    for period, teams in zip(periods, hours_over(periods, recorded.steps(end_ms)), strict=True):
        of_day = days.setdefault(round(period.start_s * 1000) // _DAY_MS * _DAY_MS, {})
        for one in teams:
            for sums in (total, of_day):
                sums[one.team] = _sum(sums[one.team], one) if one.team in sums else one
    by_day = tuple(QuotaDay(day_ms, _in_order(teams)) for day_ms, teams in sorted(days.items()))
    notes += _notes(recorded)
    return QuotaReport(min(began, end_ms), end_ms, recorded.gpus, _in_order(total), tuple(notes), by_day)


def report_of(recorded: Recorded, stated: Sequence[Stated], start_ms: int, end_ms: int) -> QuotaReport:
    """The teams of a range by quotas that hold in all of it. Pure."""
    check(stated)
    [teams] = hours_over([_period(stated, recorded.gpus, start_ms, end_ms)], recorded.steps(end_ms))
    return QuotaReport(start_ms, end_ms, recorded.gpus, tuple(teams), tuple(_notes(recorded)))


def _notes(recorded: Recorded) -> list[str]:
    return [_MANY] if len(recorded.runs) >= MOST_RUNS else []


def _period(stated: Sequence[Stated], gpus: float, start_ms: int, end_ms: int) -> Period:
    return Period([_quota(one, gpus) for one in stated], start_ms / 1000, end_ms / 1000)


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


def _waits(runs: Iterable[Run], end_ms: int) -> Iterable[Step]:
    """From when until when runs waited for their GPUs."""
    for run in runs:
        until = run.start_ms if run.start_ms is not None else run.end_ms if run.end_ms is not None else end_ms
        if run.gpus > 0 and until > run.submit_ms:
            by = Claimant(run.team or UNOWNED, run.queue)
            yield Step(run.submit_ms / 1000, by, run.gpus, held=False)
            yield Step(until / 1000, by, -run.gpus, held=False)
