"""Sums that are as good as compensated ones: cancelling large terms leaves the small ones.

A plain sum is taken where it is good enough to tell: where it is not far smaller than what it is made of. The rest is
summed again in a tree of pairs, each with the error of its addition (Knuth's two-sum), which is exact enough for
1e100 + 1 - 1e100 = 1, as Prometheus promises with Kahan's method.
"""

import numpy as np

from trimtab.metrics.promql.values import Floats, Integers

_CANCELLED = 1e-3  # below this share of the terms' size a plain sum lost three digits at least: sum again


def grouped_sums(rows: Floats, starts: Integers) -> Floats:
    """Sums over runs of rows (those from starts[i] to starts[i + 1]); rows may have columns. No run is empty."""
    with np.errstate(invalid="ignore", over="ignore"):
        plain: Floats = np.add.reduceat(rows, starts, axis=0)
        size = np.add.reduceat(np.abs(rows), starts, axis=0)
        doubtful = (np.abs(plain) < size * _CANCELLED) | ~np.isfinite(size)
    again = np.flatnonzero(doubtful.reshape(len(starts), -1).any(axis=1))
    if len(again):
        lengths = np.diff(np.append(starts, len(rows)))
        chosen = np.concatenate([np.arange(starts[run], starts[run] + lengths[run]) for run in again.tolist()])
        plain[again] = _paired(rows[chosen], lengths[again])
    return plain


def _paired(rows: Floats, lengths: Integers) -> Floats:
    error = np.zeros_like(rows)
    with np.errstate(invalid="ignore", over="ignore"):
        while (lengths > 1).any():
            starts = np.cumsum(lengths) - lengths
            halves = (lengths + 1) // 2
            within = np.arange(int(halves.sum())) - np.repeat(np.cumsum(halves) - halves, halves)
            left = np.repeat(starts, halves) + 2 * within
            paired = 2 * within + 1 < np.repeat(lengths, halves)
            total, lost = rows[left].copy(), error[left].copy()
            a, b = rows[left[paired]], rows[left[paired] + 1]
            whole = a + b
            part = whole - a
            slip = (a - (whole - part)) + (b - part)
            total[paired] = whole
            lost[paired] += error[left[paired] + 1] + np.where(np.isfinite(slip), slip, 0.0)
            rows, error, lengths = total, lost, halves
        return np.where(np.isfinite(rows), rows + error, rows)


def grouped_means(rows: Floats, starts: Integers) -> Floats:
    """Means over runs of rows; also where the sum overflows and the mean does not."""
    lengths = np.diff(np.append(starts, len(rows))).astype(np.float64)
    shape = (len(starts), *(1,) * (rows.ndim - 1))
    sums = grouped_sums(rows, starts)
    with np.errstate(invalid="ignore", over="ignore"):
        means = sums / lengths.reshape(shape)
        overflown = ~np.isfinite(sums)  # infinities of both signs meet as NaN
        if overflown.any():
            scaled = grouped_sums(rows / np.repeat(lengths, lengths.astype(np.int64)).reshape(-1, *shape[1:]), starts)
            means[overflown] = scaled[overflown]
    return means
