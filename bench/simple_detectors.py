"""The simple rules that a detector has to beat: robust z, rolling and seasonal median, matrix profile.

Each says of every row how far it is from the usual, in the spread that this has over the file: they may see what the
detector may not. Of a server with many metrics the largest counts (`max`), or the mean of the five largest (`top5`).
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from labelled_series import Floats, Labelled

from trimtab.timeseries.compiling import compiler

compiled = compiler(Path(__file__).parent, division_by_zero="numpy")

ROLLING = 60
"""Rows of the rolling median."""
DAYS = 3
SLOT_S = 300
_HOUR_S = 3600


def robust_z(one: Labelled) -> Floats:
    """How far each value is from the median."""
    return np.abs(one.values - np.median(one.values[: one.first_judged], axis=0))


def rolling_median(one: Labelled) -> Floats:
    """How far each value is from the median of the rows before it."""
    found = np.zeros_like(one.values)
    windows = np.lib.stride_tricks.sliding_window_view(one.values, ROLLING, axis=0)
    for at in range(0, len(windows) - 1, 8192):
        part = np.median(windows[at : min(at + 8192, len(windows) - 1)], axis=2)
        found[at + ROLLING : at + ROLLING + len(part)] = one.values[at + ROLLING : at + ROLLING + len(part)] - part
    return np.abs(found)


def seasonal_median(one: Labelled) -> Floats:
    """How far each value is from the median of the same time of the three days before."""
    day = 86_400 // one.step_s
    found = np.zeros_like(one.values)
    if len(found) > DAYS * day:
        usual = np.median([one.values[(DAYS - k) * day : len(found) - k * day] for k in range(1, DAYS + 1)], axis=0)
        found[DAYS * day :] = np.abs(one.values[DAYS * day :] - usual)
    return found


def matrix_profile(one: Labelled) -> Floats:
    """How far the hour up to each row is from the most alike other one, each brought to mean 0 and spread 1.

    What `stumpy.stump` works out, by the same recurrence along the diagonals; here a window counts at its last row.
    Shorter rows than of five minutes are averaged to those: its time grows with the square of them.
    """
    by = max(SLOT_S // one.step_s, 1)
    length = max(_HOUR_S // (one.step_s * by), 12)
    slots = len(one.values) // by
    found = np.zeros_like(one.values)
    for metric in range(one.values.shape[1]):
        values = one.values[: slots * by, metric].reshape(slots, by).mean(axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(values, length)
        best = np.full(len(windows), -1.0)
        _profile(values, length, windows.mean(axis=1), windows.std(axis=1), best)
        far = np.sqrt(np.maximum(2.0 * length * (1.0 - best), 0.0))
        found[(length - 1) * by : slots * by, metric] = np.repeat(far, by)
    return found


RULES: Mapping[str, Callable[[Labelled], Floats]] = {
    "robust_z": robust_z,
    "rolling_median": rolling_median,
    "seasonal_median_3d": seasonal_median,
    "matrix_profile": matrix_profile,
}


def in_spreads(one: Labelled, away: Floats) -> Floats:
    """Distances in their robust spread, at least 1 % of the metric's range: what seldom moves has none."""
    return away / np.maximum(np.median(away, axis=0) * 1.4826, 0.01 * np.ptp(one.values, axis=0) + 1e-9)


def joined(away: Floats) -> Mapping[str, Floats]:
    """One figure a row from those of all metrics."""
    most = away.max(axis=1)
    if away.shape[1] < 5:
        return {"max": most, "top5": most}
    return {"max": most, "top5": np.partition(away, -5, axis=1)[:, -5:].mean(axis=1)}


@compiled
def _profile(values: Floats, length: int, means: Floats, spreads: Floats, best: Floats) -> None:
    """Write the highest correlation of each window with one that lies apart by more than a quarter of its length."""
    number, apart = len(means), length // 4 + 1
    for lag in range(apart, number):
        product = 0.0
        for k in range(length):
            product += values[k] * values[k + lag]
        for i in range(number - lag):
            j = i + lag
            if i > 0:
                product += values[i + length - 1] * values[j + length - 1] - values[i - 1] * values[j - 1]
            both = spreads[i] * spreads[j]
            if both > 1e-12:
                r = (product / length - means[i] * means[j]) / both
            else:
                r = 1.0 if spreads[i] <= 1e-6 and spreads[j] <= 1e-6 else 0.0
            if r > best[i]:
                best[i] = r
            if r > best[j]:
                best[j] = r
