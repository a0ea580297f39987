"""Whether a service fails more often than is usual for it: a binomial test against its past. Pure.

Few requests prove little and many prove a lot, which a threshold on a rate does not know; a test does.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

MINUTE_MS = 60_000
BASELINE_MINUTES = 180
"""The past that is usual: three hours, so that what began an hour ago is not usual yet."""
WINDOW_MINUTES = 5
"""The now that is tested."""
_GAP_MINUTES = 5  # between both: what is just beginning belongs to neither
LEAST_FAULTS = 5
"""Failed requests in the window without which nothing is told."""
CHANCE = 1e-6
"""Below this chance that the past would give such a window, it is an anomaly: 1,000 services raise one in 2 years."""
_CALM = 1e-2  # above this chance it is over
_FLOOR = 1e-3  # a fault rate that any service may have
_PRIOR = 0.5  # Jeffreys: nothing seen yet does not mean never

Counts = npt.NDArray[np.int64]


class Verdict(Struct, frozen=True):
    """Of a service's window: failed and all requests, the usual rate, the chance, and whether it is unusual or calm."""

    faults: int
    total: int
    usual: float
    chance: float

    @property
    def anomalous(self) -> bool:
        """Whether the window is unusual."""
        return self.faults >= LEAST_FAULTS and self.chance < CHANCE and self.faults > 2 * self.usual * self.total

    @property
    def calm(self) -> bool:
        """Whether the window is as usual."""
        return self.faults < LEAST_FAULTS or self.chance > _CALM


def judge(totals: Counts, faults: Counts, leave_out: int = 0) -> Verdict:
    """The verdict on the last WINDOW_MINUTES of counts by minute, the last one of now.

    `leave_out` minutes before the window, during which an insight was going on, are not usual.
    """
    window = slice(-WINDOW_MINUTES, None)
    past = slice(0, max(len(totals) - WINDOW_MINUTES - max(_GAP_MINUTES, leave_out), 0))
    all_, failed = int(totals[past].sum()), int(faults[past].sum())
    usual = max((failed + _PRIOR) / (all_ + 2 * _PRIOR) if all_ else _FLOOR, _FLOOR)
    total, faulty = int(totals[window].sum()), int(faults[window].sum())
    return Verdict(faulty, total, usual, binomial_tail(faulty, total, usual))


def forecast(totals: Counts, faults: Counts) -> list[tuple[int, int]]:
    """(least, most) faults that are usual in each period, by the periods before it: three sigmas of a binomial."""
    bands = []
    for place, total in enumerate(totals.tolist()):
        all_, failed = int(totals[:place].sum()), int(faults[:place].sum())
        rate = max((failed + _PRIOR) / (all_ + 2 * _PRIOR), _FLOOR) if all_ else _FLOOR
        middle, sigma = total * rate, math.sqrt(total * rate * (1 - rate))
        bands.append((max(math.floor(middle - 3 * sigma), 0), math.ceil(middle + 3 * sigma)))
    return bands


def binomial_tail(successes: int, trials: int, rate: float) -> float:
    """The chance of at least that many successes."""
    if successes <= 0:
        return 1.0
    if successes <= trials * rate:
        return 1.0  # not unusual; how usual does not matter
    counts = np.arange(successes, min(trials, successes + 10_000) + 1)
    lgamma = np.vectorize(math.lgamma, otypes=[np.float64])
    logs = lgamma(trials + 1.0) - lgamma(counts + 1.0) - lgamma(trials - counts + 1.0)
    logs = logs + counts * math.log(rate) + (trials - counts) * math.log1p(-rate)
    return float(min(np.exp(logs).sum(), 1.0))


def by_minute(
    rows: Sequence[tuple[int, int, int]], end_minute: int, minutes: int = BASELINE_MINUTES
) -> tuple[Counts, Counts]:
    """(totals, faults) of the `minutes` before `end_minute`, of rows (minute, total, faults)."""
    totals, faults = np.zeros(minutes, np.int64), np.zeros(minutes, np.int64)
    for minute, total, failed in rows:
        place = minute - end_minute + minutes
        if 0 <= place < minutes:
            totals[place] += total
            faults[place] += failed
    return totals, faults


def worst_first(verdicts: Mapping[str, Verdict]) -> list[str]:
    """The anomalous services, those with the most faults beyond the usual first."""
    found = {name: one for name, one in verdicts.items() if one.anomalous}
    return sorted(found, key=lambda name: (found[name].usual * found[name].total - found[name].faults, name))
