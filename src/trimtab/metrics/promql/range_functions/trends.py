"""Trends in a range: linear regression and double exponential smoothing."""

import numpy as np

from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.ranges import Outcome, RangeVector
from trimtab.metrics.promql.sums import grouped_sums
from trimtab.metrics.promql.values import Flags, Floats, Integers
from trimtab.metrics.promql.windows import Expanded


def derivative(vector: RangeVector, notes: Notes) -> Outcome:
    """The slope per second of the line through the values."""
    slope, _, two = _lines(vector, None, notes)
    return Outcome(slope, two)


def predict(vector: RangeVector, ahead_s: Floats, notes: Notes) -> Outcome:
    """The value on the line through the values, some seconds after the step."""
    slope, level, two = _lines(vector, vector.times, notes)
    with np.errstate(invalid="ignore", over="ignore"):
        return Outcome(slope * ahead_s + level, two)


def _lines(vector: RangeVector, origin: Integers | None, notes: Notes) -> tuple[Floats, Floats, Flags]:
    """Slope and level at `origin` (by step; else at the window's first sample) of windows with two values."""
    vector.tell_ignored(notes)
    floats = vector.floats
    two: Flags = floats.count >= 2
    slope, level = np.full(two.shape, np.nan), np.full(two.shape, np.nan)
    if not two.any():
        return slope, level, two
    zero = floats.points.times[floats.first()] if origin is None else np.broadcast_to(origin, two.shape)
    chosen_zero = zero[two]
    for part in floats.expanded(two, notes):
        at = (floats.points.times[part.index] - np.repeat(chosen_zero[part.part], part.count)) / 1000
        found = _line(at, floats.points.values[part.index], part)
        places = np.flatnonzero(two)[part.part]
        slope.ravel()[places], level.ravel()[places] = found
    return slope, level, two


def _line(x: Floats, y: Floats, part: Expanded) -> tuple[Floats, Floats]:
    count = part.count.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        sums = [grouped_sums(values, part.starts) for values in (x, y, x * y, x * x)]
        slope = (sums[2] - sums[0] * sums[1] / count) / (sums[3] - sums[0] * sums[0] / count)
        level = sums[1] / count - slope * sums[0] / count
        first = y[part.starts]
        constant = np.logical_and.reduceat(y == part.spread(first), part.starts)
        slope = np.where(constant, np.where(np.isinf(first), np.nan, 0.0), slope)
        level = np.where(constant, np.where(np.isinf(first), np.nan, first), level)
    return slope, level


def smooth(vector: RangeVector, factors: Floats, trends: Floats, notes: Notes) -> Outcome:
    """Double exponential smoothing (Holt's linear method). Raises ExecutionFailed for factors not in (0, 1)."""
    vector.tell_ignored(notes)
    floats = vector.floats
    two: Flags = floats.count >= 2
    some: Flags = np.any(vector.some_floats | vector.some_histograms, axis=0)
    _check(factors, "smoothing", some)
    _check(trends, "trend", some)
    result = np.full(two.shape, np.nan)
    if not two.any():
        return Outcome(result, two)
    low, count, values = floats.low[two], floats.count[two], floats.points.values
    factor, trend_factor = (np.broadcast_to(each, two.shape)[two] for each in (factors, trends))
    level, before = values[low].copy(), np.zeros(len(low))
    slope = values[low + 1] - values[low]
    with np.errstate(invalid="ignore", over="ignore"):
        for number in notes.watched(range(1, int(count.max()))):  # over the places in a window; all windows at once
            live = np.flatnonzero(count > number)
            if number > 1:
                step = trend_factor[live] * (level[live] - before[live])
                slope[live] = step + (1 - trend_factor[live]) * slope[live]
            new = factor[live] * values[low[live] + number] + (1 - factor[live]) * (level[live] + slope[live])
            before[live] = level[live]
            level[live] = new
    result[two] = level
    return Outcome(result, two)


def _check(factors: Floats, name: str, used: Flags) -> None:
    wrong = used & ~((factors > 0) & (factors < 1))
    if wrong.any():
        got = factors[wrong][0]
        raise ExecutionFailed(f"invalid {name} factor. Expected: 0 < {name[0]}f < 1, got: {got:f}")
