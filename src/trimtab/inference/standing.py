"""How a load that is held stands against the objective, looked at while it runs.

What is judged is the latency at the objective's share (p99 for 0.99) with its interval, not the count of misses: near
the knee misses come in rare long bursts, and a few seconds without one say nothing; the percentile moves with the load.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec import field as struct_field

from trimtab.capacity.curve import Interval
from trimtab.inference.load import confidence
from trimtab.inference.load.histogram import Histogram, bounds
from trimtab.inference.load.record import Record, Slice
from trimtab.inference.objective import Objective

MEETS, MISSES, UNSURE = "meets", "misses", "unsure"
_DRIFT_Z = 3.0  # the second half of a level is slower than the first: its queue still grows
_SURE_Z = 3.0
"""A level is looked at again and again, so each look asks for 99.7 %: over 30 correlated looks about 95 % remain."""
_KEEPS_UP = 0.97  # a server that finishes less than this of what is sent has an unstable queue
_FEWEST_SLICES = 4  # a verdict on less is chance
BUCKETS = 8192  # of a histogram: up to 4 hours
_GROUPS = (20, 10, 5)  # batches of several lengths: the longest correlation counts

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a level says of the objective. `latency` is ms at the objective's share; infinite where too few answered.

    `worth` is how many independent requests it rests on, `drifts` whether latency still grew when it ended. `counts` is
    how many of the `sent` were answered in each bucket of latency, over the `seconds` that count.
    """

    rate: float
    latency: Interval
    worth: float
    attainment: Interval
    verdict: str
    keeps_up: bool
    drifts: bool = False
    counts: Counts | None = field(default=None, compare=False)
    sent: int = 0
    seconds: float = 0.0


class Looks(Struct):
    """Reads each settled slice once, so that looking costs the generator nothing that would show in latencies.

    `fill` slices at the start do not count: a queue that begins empty is faster than it will be.
    """

    objective: Objective
    slice_s: float
    least_s: float
    fill: int = 0
    counts: list[Counts] = struct_field(default_factory=list)
    sizes: list[int] = struct_field(default_factory=list)
    finished: list[int] = struct_field(default_factory=list)
    failed: int = 0
    means: list[float] = struct_field(default_factory=list)

    def read(self, record: Record, now_s: float) -> None:
        """Take in the slices that have settled since the last look."""
        settled = record.settled(now_s, self.objective.latency_ms / 1000)
        for number in range(len(self.sizes), len(settled)):
            one = settled[number]
            self.counts.append(_dense(timed(one, self.objective)))
            self.sizes.append(one.sent)
            self.finished.append(record.finished[number])
            self.failed += one.failed
            self.means.append(one.latency.mean() or 0.0)

    def standing(self, rate: float) -> Standing:
        """What the slices so far say; the verdict is certain at 99.7 %."""
        cut = max(self.fill, confidence.cut_of(self.means))
        cut = cut if cut < len(self.sizes) else 0
        sizes = np.array(self.sizes[cut:], dtype=np.int64)
        answered = sum(self.finished[cut:]) + self.failed * len(sizes) / max(1, len(self.sizes))
        keeps_up = answered >= _KEEPS_UP * sizes.sum()
        if not sizes.sum():
            return Standing(rate, Interval(0, 0, math.inf), 0.0, Interval(0, 0, 1), UNSURE, keeps_up)
        counts = np.stack(self.counts[cut:])
        latency, sure, worth = _percentile(counts, sizes, self.objective.share)
        met = confidence.share(_within(counts, self.objective.latency_ms).tolist(), sizes.tolist())
        drifts = self._drifts(cut)
        verdict = UNSURE
        if len(sizes) >= _FEWEST_SLICES and sure.lower > self.objective.latency_ms:
            verdict = MISSES
        elif len(sizes) * self.slice_s >= self.least_s and sure.upper < self.objective.latency_ms and not drifts:
            verdict = MEETS
        seconds = len(sizes) * self.slice_s
        return Standing(
            rate, latency, worth, met, verdict, keeps_up, drifts, counts.sum(axis=0), int(sizes.sum()), seconds
        )

    def _drifts(self, cut: int) -> bool:
        """Whether the second half is slower than the first beyond chance: what is to come is worse than what was."""
        kept = np.array(self.means[cut:])
        half = len(kept) // 2
        if half < 2:
            return False
        first, second = kept[:half], kept[half:]
        grows = second.mean() - first.mean()
        chance = _DRIFT_Z * math.sqrt(first.var(ddof=1) / half + second.var(ddof=1) / len(second))
        return bool(grows > chance and grows > 50 * self.objective.latency_ms)  # 5 % of the objective, in µs


def timed(one: Slice, objective: Objective) -> Histogram:
    """What an objective is about: whole answers, or first tokens."""
    return one.first if objective.of == "first" else one.latency


def _dense(histogram: Histogram) -> Counts:
    counts = np.zeros(BUCKETS, dtype=np.int64)
    for number, count in histogram.counts.items():
        counts[min(number, BUCKETS - 1)] += count
    return counts


def _within(counts: Counts, limit_ms: float) -> npt.NDArray[np.float64]:
    """How many of each slice lie at or below a latency; its own bucket counts in part."""
    at = int(np.searchsorted(_LOWS, limit_ms * 1000, side="right")) - 1
    low, high = bounds(at)
    part = min(1.0, max(0.0, (limit_ms * 1000 - low + 1) / (high - low)))
    found: npt.NDArray[np.float64] = counts[:, :at].sum(axis=1) + part * counts[:, at]
    return found


def _percentile(counts: Counts, sizes: Counts, share: float) -> tuple[Interval, Interval, float]:
    """The latency in ms at a share of what was sent: with 95 %, with 99.7 %, and the effective number of requests."""
    whole, sent = np.cumsum(counts.sum(axis=0)), int(sizes.sum())

    def at(level: float) -> float:
        rank = max(level, 0.0) * sent
        number = int(np.searchsorted(whole, rank))
        if level >= 1 or number >= BUCKETS:  # so many have no answer, or are beyond all that were seen
            return math.inf
        low, high = bounds(number)
        before = float(whole[number - 1]) if number else 0.0
        return (low + (high - low) * (rank - before) / max(1.0, float(whole[number]) - before)) / 1000

    middle = at(share)
    met = _within(counts, middle) if math.isfinite(middle) else counts.sum(axis=1).astype(np.float64)
    worth = sent / _effect(met, sizes, share)
    half = math.sqrt(share * (1 - share) / worth)
    bands = [Interval(middle, at(share - z * half), at(share + z * half)) for z in (confidence.Z95, _SURE_Z)]
    return bands[0], bands[1], worth


def _effect(met: npt.NDArray[np.float64], sizes: Counts, share: float) -> float:
    """How many requests are worth one independent request, by batches of several lengths."""
    worst = 1.0
    for groups in _GROUPS:
        if len(sizes) < groups:
            continue
        hits = np.array([part.sum() for part in np.array_split(met, groups)])
        each = np.array([part.sum() for part in np.array_split(sizes, groups)])
        spread = ((hits - share * each) ** 2).sum() * groups / (groups - 1)
        worst = max(worst, float(spread / (each.sum() * share * (1 - share))))
    if len(sizes) < min(_GROUPS):
        return max(worst, float(sizes.mean()))  # too short to tell: a slice is one observation
    return worst


_LOWS = np.array([bounds(number)[0] for number in range(BUCKETS)], dtype=np.float64)
