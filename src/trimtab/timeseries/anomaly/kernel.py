"""The scorer's loop. For each new point: five views of how unusual it is, each judged by what that view said before.

    SHORT  how far the last four points are from the most alike four points of the history
    DAY    how far the last points are from what the same time of earlier days had
    WEEK   the same over earlier weeks
    LEVEL  how far the last five points lie from the middle of the history, in its spread
    SHIFT  how far the last twenty points lie from the middle of the last hundred, in their spread

A view's raw number means nothing by itself; -log10 of its rank among that view's earlier numbers does, and is alike in
every series. The score of a point is the root mean square of those. It depends on nothing that comes after the point,
and is the same however the points are cut into calls.
"""

import numpy as np

from trimtab.timeseries.anomaly.jit import compiled
from trimtab.timeseries.anomaly.primitives import (
    BINS,
    Array,
    count,
    enter,
    exchange,
    nearest,
    seasonal,
    spread_of,
    surprise,
)

VIEWS = 5
SHORT, DAY, WEEK, LEVEL, SHIFT = range(VIEWS)
SMOOTH = 6
"""Points over which seasonal misses are averaged: half an hour of five-minute points."""
SHORT_POINTS = 4
KEEP = 5
"""The fifth nearest window counts: an anomaly that came four times before is still one."""
LEVEL_POINTS = 5
SHIFT_POINTS = 20
NEAR = 100
"""Points that the latest are compared with by SHIFT."""
DAY_MS = 86_400_000
BACK = 14
"""Earlier days, or weeks, that a season looks at."""
TAIL = 0.05
"""Share of a view's numbers that its exponential tail is fitted to."""
CAP = 4.0
"""The most that one view can say (a chance of 1 in 10,000), so that none decides alone."""
LEAST = 50
"""Numbers that a view must have given before it is listened to."""


@compiled
def run(
    times: Array, values: Array, first_new: int, history: int, ordered: Array, counts: Array, bases: Array, most: float,
    misses: Array, scores: Array,
) -> None:  # fmt: skip
    """Write the score of each of `values[first_new:]` to `scores`; what lies before is history.

    `times` are ms, ascending. `ordered` are the values of the history, ascending. `counts` (VIEWS × (BINS + 1)) are
    each view's earlier numbers by bin, `bases` (VIEWS + 1) the middles of the bins and the points seen, `misses`
    (2 × SMOOTH) the latest seasonal misses: all three move on.
    """
    n = len(values)
    single = values.astype(np.float32)
    distance, best = np.empty(history + 1, np.float32), np.empty(KEEP, np.float32)
    found, raw = np.empty(3 * BACK), np.empty(VIEWS)
    past, near = np.empty(history + 1), np.empty(NEAR + 1)
    size = first_new - max(0, first_new - history)
    past[:size] = ordered[:size]
    beside = first_new - max(0, first_new - NEAR)
    near[:beside] = np.sort(values[first_new - beside : first_new])
    for i in range(first_new, n):
        first = max(0, i - history)
        raw[:] = -1.0
        raw[SHORT] = nearest(single, i, first + SHORT_POINTS - 1, SHORT_POINTS, KEEP, distance, best)
        _seasons(times, values, i, first, int(bases[VIEWS]), misses, found, raw)
        bases[VIEWS] += 1.0
        if size > 8:
            raw[LEVEL] = abs(_mean(values, i, LEVEL_POINTS, first) - past[size // 2]) / spread_of(past, size)
        if beside > 8:
            raw[SHIFT] = abs(_mean(values, i, SHIFT_POINTS, first) - near[beside // 2]) / spread_of(near, beside)
        scores[i - first_new] = _judge(raw, counts, bases, most)
        size = _keep(past, size, history, values, i)
        beside = _keep(near, beside, NEAR, values, i)


@compiled
def _mean(values: Array, at: int, number: int, first: int) -> float:
    """The mean of the last `number` points up to `at`, fewer at the start."""
    low = max(first, at - number + 1)
    return float(values[low : at + 1].sum() / (at + 1 - low))


@compiled
def _seasons(
    times: Array, values: Array, at: int, first: int, seen: int, misses: Array, found: Array, raw: Array
) -> None:
    if at <= first + 8:
        return
    look = max(first, at - 64)
    step = (times[at] - times[look]) // (at - look)
    for season in range(2):
        period = DAY_MS if season == 0 else 7 * DAY_MS
        miss = seasonal(times, values, at, first, period, BACK, 2 * step, found)
        misses[season, seen % SMOOTH] = max(miss, 0.0)
        if miss >= 0.0:
            raw[DAY + season] = misses[season].sum() / SMOOTH


@compiled
def _judge(raw: Array, counts: Array, bases: Array, most: float) -> float:
    """The score of a point with the raw numbers `raw`, which are remembered; a view without one says nothing."""
    total = 0.0
    for view in range(VIEWS):
        number = raw[view]
        if number < 0.0:
            continue
        if bases[view] == 0.0 and number > 0.0:
            bases[view] = number
        seen = counts[view, BINS]
        if seen >= LEAST:
            told = surprise(counts[view], seen, bases[view], number, TAIL, CAP)
            total += told * told
        count(counts[view], number, bases[view], most)
    return float(np.sqrt(total / VIEWS))


@compiled
def _keep(ordered: Array, size: int, most: int, values: Array, at: int) -> int:
    """Put `values[at]` into the ascending window of the last `most` points; the window's new size."""
    if size == most:
        exchange(ordered, size, values[at - most], values[at])
        return size
    enter(ordered, size, values[at])
    return size + 1
