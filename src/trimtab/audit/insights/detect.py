"""Unusual rates of calls and errors: pure functions over counts by minute.

A minute is unusual where it has more calls than any of the 7 days before it by half, and more than their average rate
lets happen by chance. CloudTrail's own model is not published; its baseline of 7 days and its averages are.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

MINUTE_MS = 60_000
BASELINE_MS = 7 * 86_400_000
"""How much of what was before counts as usual, as CloudTrail documents it."""
LEAST = 10
"""Calls of a minute below which nothing is unusual: a person clicking makes as many."""
QUIET_MS = 5 * MINUTE_MS
"""How long a rate must be usual again for an episode to have ended."""
_ABOVE = 1.5  # times the busiest minute of the baseline: retries and growth stay below
_CHANCE = 1e-6  # of as many calls in a minute at the average rate: one false alarm in two years of minutes
_FLOOR = 1.0  # calls a minute that an average is taken for at the least, where there is hardly any history

Minute = tuple[int, int]
"""(start in ms, calls)."""


class Episode(Struct, frozen=True):
    """Minutes from `start_ms` on with unusually many calls; `end_ms` is None while it lasts.

    `average` is the calls a minute over it, `usual` those over the baseline, `busiest` those of its busiest minute.
    """

    start_ms: int
    end_ms: int | None
    calls: int
    average: float
    usual: float
    busiest: int


def episodes(minutes: Sequence[Minute], start_ms: int, end_ms: int) -> list[Episode]:
    """The episodes that begin in `[start_ms, end_ms)`. `minutes` have calls, in order, from 7 days before on."""
    starts = [at for at, _ in minutes]
    found: list[Episode] = []
    place = bisect_left(starts, start_ms)
    while place < len(minutes) and starts[place] < end_ms:
        at = starts[place]
        before = minutes[bisect_left(starts, at - BASELINE_MS) : place]
        if not unusual(minutes[place][1], before):
            place += 1
            continue
        last = _last(minutes, place, before, end_ms)
        found.append(_episode(minutes[place : last + 1], before, end_ms))
        place = last + 1
    return found


def unusual(calls: int, before: Sequence[Minute]) -> bool:
    """Whether a minute with so many calls is unusual after a baseline."""
    busiest = max((count for _, count in before), default=0)
    if calls < LEAST or calls <= busiest * _ABOVE:
        return False
    return chance(calls, max(_usual(before), _FLOOR)) < _CHANCE


def chance(calls: int, rate: float) -> float:
    """An upper bound of the probability of `calls` or more, where `rate` are expected (Poisson, Chernoff's bound)."""
    return 1.0 if calls <= rate else math.exp(calls - rate - calls * math.log(calls / rate))


def _usual(before: Sequence[Minute]) -> float:
    return sum(count for _, count in before) / (BASELINE_MS / MINUTE_MS)


def _last(minutes: Sequence[Minute], first: int, before: Sequence[Minute], end_ms: int) -> int:
    """The last minute of the episode that begins at `first`: one more unusual minute within the quiet time goes on."""
    last = first
    for place in range(first + 1, len(minutes)):
        at, calls = minutes[place]
        if at >= end_ms or at - minutes[last][0] > QUIET_MS:
            break
        if unusual(calls, before):
            last = place
    return last


def _episode(of: Sequence[Minute], before: Sequence[Minute], end_ms: int) -> Episode:
    start_ms, last_ms = of[0][0], of[-1][0] + MINUTE_MS
    calls = sum(count for _, count in of)
    return Episode(
        start_ms,
        last_ms if last_ms + QUIET_MS <= end_ms else None,
        calls,
        calls / ((last_ms - start_ms) / MINUTE_MS),
        _usual(before),
        max(count for _, count in of),
    )
