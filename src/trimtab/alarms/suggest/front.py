"""Chooses among scored candidates: those that no other beats in everything, and of them a few to show. Pure."""

from collections.abc import Callable, Sequence

from trimtab.alarms.suggest.model import Candidate, Score

Scored = tuple[Candidate, Score]
MOST_SHOWN = 4
_SLACK_MS = 120_000
"""What more evidence may cost: two minutes, or two periods."""


def front(scored: Sequence[Scored]) -> list[Scored]:
    """Those that no other beats: not fewer missed, less noise and a shorter delay at once. Of equals the first."""
    kept: list[Scored] = []
    best: list[tuple[int, int, float]] = []
    for one in sorted(scored, key=lambda pair: aims(*pair)):
        mine = aims(*one)
        if not any(all(a <= b for a, b in zip(other, mine, strict=True)) for other in best):
            kept.append(one)
            best.append(mine)
    return kept


def aims(candidate: Candidate, score: Score) -> tuple[int, int, float]:
    """What is to be small: missed incidents, noise, and the delay; without a detected incident the least delay."""
    delay = candidate.least_ms if score.delay_ms is None else score.delay_ms
    return score.missed, score.noise, delay


def choose(scored: Sequence[Scored], now: Candidate) -> list[Scored]:
    """At most MOST_SHOWN of the front: the quiet one first, then a compromise, the swift one, and what changes least.

    `now` is how the alarm judges today.
    """
    nearest = sorted(scored, key=lambda pair: distance(pair[0], now))  # stable: of equals the one that changes least
    shown = front(nearest)
    if not shown:
        return []
    least = min(score.missed for _, score in shown)
    sure = [pair for pair in shown if pair[1].missed == least]
    quiet = _surer(min(sure, key=lambda pair: aims(*pair)[1:]), nearest, now)
    swift = min(sure, key=lambda pair: aims(*pair)[::-1])
    even = min(sure, key=_even(sure))
    kept = [pair for pair in nearest if pair[0].threshold == now.threshold and pair[0].period_s == now.period_s]
    mild = min(kept, key=lambda pair: aims(*pair)) if kept else quiet
    return list(dict.fromkeys([quiet, even, swift, mild]))[:MOST_SHOWN]


def _surer(quiet: Scored, scored: Sequence[Scored], now: Candidate) -> Scored:
    """One as quiet that asks for more evidence, where that costs little time: the past does not repeat exactly."""
    slack_ms = max(_SLACK_MS, 2 * now.period_s * 1000)
    missed, noise, delay = aims(*quiet)
    alike = [pair for pair in scored if aims(*pair)[:2] == (missed, noise) and aims(*pair)[2] <= delay + slack_ms]
    return min(alike, key=lambda pair: (*distance(pair[0], now)[:2], -pair[0].least_ms, aims(*pair)[2]))


def distance(candidate: Candidate, now: Candidate) -> tuple[bool, bool, int]:
    """How much a candidate changes: the threshold most, then the period, then M of N."""
    return candidate.threshold != now.threshold, candidate.period_s != now.period_s, candidate.n * candidate.period_s


def _even(pairs: Sequence[Scored]) -> Callable[[Scored], float]:
    """Noise and delay, each as a share of the most that there is."""
    noisiest = max((score.noise for _, score in pairs), default=0) or 1
    slowest = max((aims(*pair)[2] for pair in pairs), default=0.0) or 1.0
    return lambda pair: pair[1].noise / noisiest + aims(*pair)[2] / slowest
