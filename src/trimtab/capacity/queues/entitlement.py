"""What teams were entitled to, borrowed, lent and were starved of, in GPU-hours. Pure; times in s.

At each moment, for a team with a quota Q that holds H GPUs and waits for W:

    borrowed   max(H − Q, 0)
    starved    min(W, max(Q − H, 0))                   what it waits for, and is entitled to
    unused     max(Q − H, 0) − starved                 what others may have
    lent       its share of what its cohort borrows, by what is unused; at most what is unused

Teams of one cohort lend to each other (Kueue's cohorts, KAI's queues of one parent, SLURM's accounts of one cluster).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

_HOUR_S = 3600.0


class Quota(Struct, frozen=True, kw_only=True):
    """GPUs that a team is entitled to at once. `queues` are names of queues whose runs are the team's too."""

    team: str
    gpus: float
    cohort: str = ""
    queues: tuple[str, ...] = ()


class Use(Struct, frozen=True):
    """GPUs that a team held, or waited for, in `[from_s, to_s)`."""

    team: str
    gpus: float
    from_s: float
    to_s: float
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


def hours_of(quotas: Sequence[Quota], uses: Iterable[Use], start_s: float, end_s: float) -> list[TeamHours]:
    """The GPU-hours of every team with a quota or a use, in order of name. What a team without a quota holds is all
    borrowed, in a cohort without a name.
    """
    by_team = {one.team: one for one in quotas}
    changes: list[tuple[float, str, float, bool]] = []
    for use in uses:
        begin, end = max(use.from_s, start_s), min(use.to_s, end_s)
        if end > begin:
            changes += [(begin, use.team, use.gpus, use.held), (end, use.team, -use.gpus, use.held)]
    changes.sort(key=lambda one: one[0])
    held: dict[str, float] = defaultdict(float)
    waits: dict[str, float] = defaultdict(float)
    sums: dict[str, _Sums] = {team: _Sums() for team in (*by_team, *(one[1] for one in changes))}
    at = start_s
    for moment, team, gpus, is_held in [*changes, (end_s, "", 0.0, True)]:
        if moment > at:
            _add(sums, by_team, held, waits, (moment - at) / _HOUR_S)
            at = moment
        if team in sums:
            (held if is_held else waits)[team] += gpus
    length = (end_s - start_s) / _HOUR_S
    return [
        TeamHours(
            team,
            by_team[team].gpus * length if team in by_team else None,
            one.held,
            one.borrowed,
            one.lent,
            one.starved,
            one.waited,
        )
        for team, one in sorted(sums.items())
    ]


def _add(
    sums: Mapping[str, _Sums],
    quotas: Mapping[str, Quota],
    held: Mapping[str, float],
    waits: Mapping[str, float],
    hours: float,
) -> None:
    """A stretch in which nothing changes."""
    borrowed: dict[str, float] = defaultdict(float)
    unused: dict[str, dict[str, float]] = defaultdict(dict)
    for team, one in sums.items():
        quota = quotas.get(team)
        entitled, cohort = (quota.gpus, quota.cohort) if quota is not None else (0.0, "")
        has, wants = max(held.get(team, 0.0), 0.0), max(waits.get(team, 0.0), 0.0)
        starved = min(wants, max(entitled - has, 0.0))
        one.held += has * hours
        one.waited += wants * hours
        one.borrowed += max(has - entitled, 0.0) * hours
        one.starved += starved * hours
        borrowed[cohort] += max(has - entitled, 0.0)
        unused[cohort][team] = max(entitled - has, 0.0) - starved
    for cohort, teams in unused.items():
        there = sum(teams.values())
        share = min(borrowed[cohort] / there, 1.0) if there > 0 else 0.0
        for team, number in teams.items():
            sums[team].lent += number * share * hours
