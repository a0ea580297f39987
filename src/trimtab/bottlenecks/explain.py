"""Which parts explain a percentile of a population's latency, and its change against a baseline. Pure, deterministic.

A percentile is one trace; what traces near it are made of is the mean over a *band* of ranks around it: for the p99
the slowest two per cent, for the median the middle fifth. How sure the figures are is told by a bootstrap: the
populations are drawn again, and the band of each draw is looked at.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.forest import Rows
from trimtab.bottlenecks.parts import Part, Parts, Values, aligned

QUANTILES = (0.5, 0.99)
_WIDEST = 0.1
_FEWEST = 20
"""Traces that a band has at least, where the population has them."""
_DRAWS = 200
_SEED = 20_240_229
_INTERVAL = (0.05, 0.95)


class Share(Struct, frozen=True):
    """A part of a band: ms, its share of the whole, an interval of 90 %, and the same of the change.

    `sure` is the share of draws in which the change has the sign that it has; 0 without a baseline.
    """

    part: Part
    ms: float
    share: float
    low_ms: float
    high_ms: float
    baseline_ms: float = 0.0
    change_ms: float = 0.0
    change_share: float = 0.0
    change_low_ms: float = 0.0
    change_high_ms: float = 0.0
    sure: float = 0.0


class Explained(Struct, frozen=True):
    """A quantile: its value, the mean of its band, the traces in it, and the parts, the most explaining first."""

    quantile: float
    value_ms: float
    mean_ms: float
    traces: int
    shares: tuple[Share, ...]
    baseline_value_ms: float | None = None
    baseline_mean_ms: float | None = None


def explain(
    parts: Parts, baseline: Parts | None = None, quantiles: Sequence[float] = QUANTILES, draws: int = _DRAWS
) -> list[Explained]:
    """Explain each quantile, sorted by the change where there is a baseline with traces, else by time."""
    if not len(parts):
        return []
    if baseline is None or not len(baseline):
        return [_alone(parts, quantile, draws) for quantile in quantiles]
    return [_changed(parts, baseline, quantile, draws) for quantile in quantiles]


def band(total_ms: Values, weight: Values, quantile: float) -> tuple[Rows, float]:
    """Rows of the traces around a quantile, and its value. Ranks are by duration, each as wide as its weight."""
    order = np.argsort(total_ms, kind="stable")
    edges = np.cumsum(weight[order])
    ranks = (edges - weight[order] / 2) / edges[-1]
    half = min(_WIDEST, max(quantile, 0.0), max(1.0 - quantile, 0.0))
    half = max(half, _FEWEST / 2 / len(order))
    low, high = quantile - half, quantile + half
    if high > 1:
        low, high = 1 - 2 * half, 1.0
    if low < 0:
        low, high = 0.0, min(2 * half, 1.0)
    first, last = np.searchsorted(ranks, (low, high))
    at = min(int(np.searchsorted(edges, quantile * edges[-1])), len(order) - 1)
    rows: Rows = order[first : max(last, first + 1)]
    return rows, float(total_ms[order[at]])


def _alone(parts: Parts, quantile: float, draws: int) -> Explained:
    rows, value = band(parts.total_ms, parts.weight, quantile)
    mean = _mean(parts.ms, parts.weight, rows)
    low, high = np.quantile(_drawn(parts, parts.ms, quantile, draws, _SEED), _INTERVAL, axis=0)
    whole = float(mean.sum())
    shares = [
        Share(part, float(mean[at]), float(mean[at]) / max(whole, 1e-12), float(low[at]), float(high[at]))
        for at, part in enumerate(parts.parts)
    ]
    shares.sort(key=lambda one: (-one.ms, one.part))
    return Explained(quantile, value, whole, len(rows), tuple(shares))


def _changed(parts: Parts, baseline: Parts, quantile: float, draws: int) -> Explained:
    names, ms, ms_before = aligned(parts, baseline)
    rows, value = band(parts.total_ms, parts.weight, quantile)
    rows_before, value_before = band(baseline.total_ms, baseline.weight, quantile)
    mean = _mean(ms, parts.weight, rows)
    before = _mean(ms_before, baseline.weight, rows_before)
    drawn = _drawn(parts, ms, quantile, draws, _SEED)
    changes = drawn - _drawn(baseline, ms_before, quantile, draws, _SEED + 1)
    low, high = np.quantile(drawn, _INTERVAL, axis=0)
    change_low, change_high = np.quantile(changes, _INTERVAL, axis=0)
    change = mean - before
    whole, moved = float(mean.sum()), float(change.sum())
    sure = np.where(change > 0, changes > 0, changes < 0).mean(0)
    shares = [
        Share(
            part,
            float(mean[at]),
            float(mean[at]) / max(whole, 1e-12),
            float(low[at]),
            float(high[at]),
            float(before[at]),
            float(change[at]),
            float(change[at]) / moved if moved else 0.0,
            float(change_low[at]),
            float(change_high[at]),
            float(sure[at]),
        )
        for at, part in enumerate(names)
    ]
    slower = moved >= 0
    shares.sort(key=lambda one: (-one.change_ms if slower else one.change_ms, one.part))
    return Explained(quantile, value, whole, len(rows), tuple(shares), value_before, float(before.sum()))


def _mean(ms: Values, weight: Values, rows: Rows) -> Values:
    mean: Values = np.average(ms[rows], axis=0, weights=weight[rows])
    return mean


def _drawn(parts: Parts, ms: Values, quantile: float, draws: int, seed: int) -> Values:
    """Means of the band of populations drawn from this one: (draws, parts). Drawn by weight, each then counts once."""
    random = np.random.default_rng(seed)
    count = len(parts)
    even = bool((parts.weight == parts.weight[0]).all())
    chances = None if even else parts.weight / parts.weight.sum()
    ones = np.ones(count)
    found = np.empty((draws, ms.shape[1]))
    for draw in range(draws):
        chosen = random.integers(0, count, count) if even else random.choice(count, count, p=chances)
        rows, _ = band(parts.total_ms[chosen], ones, quantile)
        found[draw] = ms[chosen[rows]].mean(0)
    return found
