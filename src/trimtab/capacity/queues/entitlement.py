"""What teams were entitled to, borrowed, lent and were starved of, in GPU-hours. Pure; times in s.

At each moment, for a team with a quota Q that holds H GPUs and waits for W:

    borrowed   max(H − Q, 0)
    starved    min(W, max(Q − H, 0))                   what it waits for, and is entitled to
    unused     max(Q − H, 0) − starved                 what others may have
    lent       its share of what its cohort borrows, by what is unused; at most what is unused

Teams of one cohort lend to each other (Kueue's cohorts, KAI's queues of one parent, SLURM's accounts of one cluster).
What somebody holds or waits for belongs to the quota of its team, else to the one that names its queue, else to its
team alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

_HOUR_S = 3600.0
_NOTHING = 1e-9
"""GPUs: less is what sums of sevenths leave."""


class Quota(Struct, frozen=True, kw_only=True):
    """GPUs that a team is entitled to at once. `queues` are names of queues whose runs are the team's too."""

    team: str
    gpus: float
    cohort: str = ""
    queues: tuple[str, ...] = ()


class Period(Struct, frozen=True):
    """The quotas that hold in `[start_s, end_s)`."""

    quotas: Sequence[Quota]
    start_s: float
    end_s: float


class Claimant(NamedTuple):
    """Whose GPUs are: a team, and the queue that they were asked for in."""

    team: str
    queue: str = ""


class Step(NamedTuple):
    """A moment from which a claimant has (`held`), or waits for, so many GPUs more; fewer where they are negative."""

    at_s: float
    by: Claimant
    gpus: float
    held: bool


class TeamHours(Struct, frozen=True):
    """GPU-hours of a team in a range; `entitled` is quota × time, None of a team without a quota."""

    team: str
    entitled: float | None
    held: float
    borrowed: float
    lent: float
    starved: float
    waited: float


class _Sums:
    """GPU-hours of a team as they add up."""

    def __init__(self) -> None:
        self.held = self.borrowed = self.lent = self.starved = self.waited = 0.0


class _Counting:
    """A period, as its hours add up."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._quotas = {one.team: one for one in period.quotas}
        queues = {queue: one.team for one in reversed(period.quotas) for queue in (one.team, *one.queues)}
        self._queues = {queue: team for queue, team in queues.items() if queue}
        self._sums: dict[str, _Sums] = defaultdict(_Sums, {team: _Sums() for team in self._quotas})

    def add(self, held: Mapping[Claimant, float], waits: Mapping[Claimant, float], hours: float) -> None:
        """A stretch in which nothing changes."""
        has, wants = self._by_team(held), self._by_team(waits)
        borrowed: dict[str, float] = defaultdict(float)
        unused: dict[str, dict[str, float]] = defaultdict(dict)
        for team in {*self._quotas, *has, *wants}:
            one, quota = self._sums[team], self._quotas.get(team)
            entitled, cohort = (quota.gpus, quota.cohort) if quota is not None else (0.0, "")
            over, under = max(has[team] - entitled, 0.0), max(entitled - has[team], 0.0)
            starved = min(wants[team], under)
            one.held += has[team] * hours
            one.waited += wants[team] * hours
            one.borrowed += over * hours
            one.starved += starved * hours
            borrowed[cohort] += over
            unused[cohort][team] = under - starved
        for cohort, teams in unused.items():
            there = sum(teams.values())
            share = min(borrowed[cohort] / there, 1.0) if there > 0 else 0.0
            for team, number in teams.items():
                self._sums[team].lent += number * share * hours

    def _by_team(self, gpus: Mapping[Claimant, float]) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        for by, number in gpus.items():
            found[by.team if by.team in self._quotas else self._queues.get(by.queue, by.team)] += number
        return found

    def hours(self) -> list[TeamHours]:
        """What was added up, in order of team."""
        length = (self._period.end_s - self._period.start_s) / _HOUR_S
        return [
            TeamHours(
                team,
                self._quotas[team].gpus * length if team in self._quotas else None,
                one.held,
                one.borrowed,
                one.lent,
                one.starved,
                one.waited,
            )
            for team, one in sorted(self._sums.items())
        ]


def hours_over(periods: Sequence[Period], steps: Iterable[Step]) -> list[list[TeamHours]]:
    """Of each period the GPU-hours of every team that has a quota then, or has or waits for GPUs. Periods follow each
    other; steps are those since nobody had any. What a team without a quota holds is all borrowed, in a cohort without
    a name.
    """
    ordered = sorted(steps, key=lambda step: step.at_s)
    held: dict[Claimant, float] = {}
    waits: dict[Claimant, float] = {}
    place, found = 0, []
    for period in periods:
        counting, at = _Counting(period), period.start_s
        while place < len(ordered) and ordered[place].at_s < period.end_s:
            step = ordered[place]
            if step.at_s > at:
                counting.add(held, waits, (step.at_s - at) / _HOUR_S)
                at = step.at_s
            _turn(held if step.held else waits, step)
            place += 1
        if period.end_s > at:
            counting.add(held, waits, (period.end_s - at) / _HOUR_S)
        found.append(counting.hours())
    return found


def _turn(gpus: dict[Claimant, float], step: Step) -> None:
    number = gpus.get(step.by, 0.0) + step.gpus
    if abs(number) < _NOTHING:
        gpus.pop(step.by, None)
    else:
        gpus[step.by] = number
