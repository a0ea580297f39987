"""How sure a run's figures are. Latencies of one run are correlated (a queue remembers), so the number of requests says

too much: the variance between batches of the run gives the number of independent requests that they are worth.
"""

import math
from collections.abc import Callable, Sequence

from trimtab.capacity.curve import Interval
from trimtab.inference.load.histogram import Histogram
from trimtab.inference.load.record import Slice, total

Z95 = 1.959964
_FEWEST_TO_CUT = 8  # of fewer slices the rule would follow chance
_SLOWER = 1.2  # times the settled mean: less is not worth a cut
BATCHES = 20  # batch means are near normal and their variance is known to about a third
_UNSEEN_EFFECT = 4.0
"""Requests that count as one where nothing failed, so that the batches say nothing of the correlation: in queues of a
single server at 70 to 90 % load, misses came in runs of about this length."""


def share(hits: Sequence[float], sizes: Sequence[int], z: float = Z95) -> Interval:
    """The share of hits with its interval (Wilson's, over the effective number). Items are slices, in order."""
    groups = grouped(hits, sizes)
    everything, found = sum(sizes), sum(hits)
    if not everything:
        return Interval(0.0, 0.0, 1.0)
    p = min(1.0, found / everything)
    return wilson(p, everything / effect(groups, p), z)


def wilson(p: float, n: float, z: float = Z95) -> Interval:
    """Wilson's interval of a share `p` of `n` independent trials."""
    n = max(n, 1.0)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def effect(groups: Sequence[tuple[float, int]], p: float) -> float:
    """How many requests are worth one independent request: the design effect, 1 or more."""
    everything = sum(size for _, size in groups)
    if len(groups) < 2 or not 0 < p < 1:
        return _UNSEEN_EFFECT
    spread = sum((hits - p * size) ** 2 for hits, size in groups) * len(groups) / (len(groups) - 1)
    return max(1.0, spread / (everything * p * (1 - p)))


def attainment(slices: Sequence[Slice], limit_us: float, z: float = Z95) -> Interval:
    """The share of requests that were answered well within `limit_us`."""
    return share([one.latency.within(limit_us) for one in slices], [one.sent for one in slices], z)


def percentile(
    slices: Sequence[Slice],
    level: float,
    of: Callable[[Slice], Histogram] = lambda one: one.latency,
    z: float = Z95,
) -> Interval | None:
    """The percentile `level` (0 to 1) in ms with its interval, from order statistics; None of no value."""
    parts = [of(one) for one in slices]
    whole = Histogram.merged(parts)
    middle = whole.quantile(level)
    if middle is None:
        return None
    groups = grouped([one.within(middle) for one in parts], [one.total for one in parts])
    n = whole.total / effect(groups, level)
    half = z * math.sqrt(level * (1 - level) / n)
    low, high = whole.quantile(level - half), whole.quantile(level + half)
    return Interval(middle / 1000, (low or 0.0) / 1000, (high or middle) / 1000)


def mean_latency(slices: Sequence[Slice], z: float = Z95) -> Interval | None:
    """The mean latency in ms, its interval from batch means; None of no value."""
    whole = total(slices).latency
    middle = whole.mean()
    if middle is None:
        return None
    sums = [(one.latency.mean() or 0.0) * one.latency.total for one in slices]
    groups = grouped(sums, [one.latency.total for one in slices])
    spread = sum((value - middle * size) ** 2 for value, size in groups) * len(groups) / max(1, len(groups) - 1)
    half = z * math.sqrt(spread) / whole.total
    return Interval(middle / 1000, (middle - half) / 1000, (middle + half) / 1000)


def settled_from(slices: Sequence[Slice]) -> int:
    """How many slices at the start are warm-up, as `cut_of` of their mean latencies."""
    return cut_of([one.latency.mean() or 0.0 for one in slices])


def cut_of(means: Sequence[float]) -> int:
    """How many values at the start are warm-up: the cut that leaves their mean most certain (MSER).

    At most half is cut. White, Cobb & Spratt 2000: of the rules tried there, the one to be trusted most. It is asked
    only where the start is slower than the rest beyond chance: cutting a slow spell that came first by chance would
    make every figure too good.
    """
    if len(means) < _FEWEST_TO_CUT or not _slow_start(means):
        return 0
    best, cut = math.inf, 0
    for start in range(len(means) // 2 + 1):
        rest = means[start:]
        middle = sum(rest) / len(rest)
        error = sum((value - middle) ** 2 for value in rest) / len(rest) ** 2
        if error < best:
            best, cut = error, start
    return cut


def _slow_start(means: Sequence[float]) -> bool:
    """Whether the first eighth is slower than every part like it in the second half, by more than they differ."""
    width = max(1, len(means) // 8)
    later = [
        sum(means[start : start + width]) / width for start in range(len(means) // 2, len(means) - width + 1, width)
    ]
    first, middle = sum(means[:width]) / width, sum(later) / len(later)
    return first > max(later) + (max(later) - min(later)) and first > _SLOWER * middle


def grouped(hits: Sequence[float], sizes: Sequence[int]) -> list[tuple[float, int]]:
    """Slices as about `BATCHES` groups of neighbours."""
    width = max(1, math.ceil(len(sizes) / BATCHES))
    return [
        (sum(hits[start : start + width]), sum(sizes[start : start + width])) for start in range(0, len(sizes), width)
    ]
