"""The scorer's loop. For each new point: six views of how unusual it is, each judged by what that view said before.

    SHORT  how far the last four points are from the most alike four points of the history
    DAY    how far the last points are from what the same time of earlier days had
    WEEK   the same over earlier weeks
    LEVEL  how far the last five points lie from the middle of the history, in its spread
    SHIFT  how far the last twenty points lie from the middle of the last hundred, in their spread
    JUMP   how far the point is from the one before it

A view's raw number means nothing by itself; -log10 of its rank among that view's earlier numbers does, and is alike in
every series. Two judges listen: the *lasting* one to the first five, of which none may decide alone, the *sudden* one
to SHORT and JUMP, far into their tails. Each says the root mean square of what it hears; the score of a point is the
greater; where both SHORT and JUMP lie beyond FAR it grows on slowly, so that no two of the rarest points are alike. It
depends on nothing that comes after the point, and is the same however the points are cut into calls.
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

VIEWS = 6
SHORT, DAY, WEEK, LEVEL, SHIFT, JUMP = range(VIEWS)
LASTING = 5
"""The lasting judge hears the views before this one."""
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
"""The most that one view can say to the lasting judge (a chance of 1 in 10,000), so that none decides alone."""
FAR = 8.0
"""How far a view's word counts in full to the sudden judge: single points are told apart by how far in the tail they
lie. Where both views go beyond, the score grows with the logarithm of the lesser: the rarest are told apart as well."""
FURTHEST = 1e6
"""The most that a view can say, whatever the number."""
LEAD = 0.7
"""By how much the sudden judge must say more than the lasting one to count as much. Chosen out of source."""
LEAST = 50
"""Numbers that a view must have given before it is listened to."""


@compiled
def run(
    times: Array, values: Array, first_new: int, history: int, ordered: Array, counts: Array, bases: Array, most: float,
    misses: Array, said: Array,
) -> None:  # fmt: skip
    """Write what each judge says of each of `values[first_new:]` to `said` (points × 2); what lies before is history.

    `times` are ms, ascending, `values` in single precision. `ordered` is the history, ascending by value, `counts`
    (VIEWS × (BINS + 1)) each view's earlier numbers by bin, `bases` (VIEWS + 1) the middles of the bins and the points
    seen, `misses` (2 × SMOOTH) the latest seasonal misses: all four move on.
    """
    n = len(values)
    distance, best = np.empty(history + 1, np.float32), np.empty(KEEP, np.float32)
    found, raw = np.empty(3 * BACK), np.empty(VIEWS)
    near = np.empty(NEAR + 1)
    size = first_new - max(0, first_new - history)
    beside = first_new - max(0, first_new - NEAR)
    near[:beside] = np.sort(values[first_new - beside : first_new])
    for i in range(first_new, n):
        first = max(0, i - history)
        raw[:] = -1.0
        raw[SHORT] = nearest(values, i, first + SHORT_POINTS - 1, SHORT_POINTS, KEEP, distance, best)
        _seasons(times, values, i, first, int(bases[VIEWS]), misses, found, raw)
        bases[VIEWS] += 1.0
        if size > 8:
            raw[LEVEL] = abs(_mean(values, i, LEVEL_POINTS, first) - ordered[size // 2]) / spread_of(ordered, size)
        if beside > 8:
            raw[SHIFT] = abs(_mean(values, i, SHIFT_POINTS, first) - near[beside // 2]) / spread_of(near, beside)
        if i > first:
            raw[JUMP] = abs(float(values[i]) - float(values[i - 1]))
        _judge(raw, counts, bases, most, said[i - first_new])
        size = _keep(ordered, size, history, values, i)
        beside = _keep(near, beside, NEAR, values, i)


@compiled
def _mean(values: Array, at: int, number: int, first: int) -> float:
    """The mean of the last `number` points up to `at`, fewer at the start."""
    low = max(first, at - number + 1)
    total = 0.0
    for q in range(low, at + 1):
        total += values[q]
    return total / (at + 1 - low)


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
def _judge(raw: Array, counts: Array, bases: Array, most: float, said: Array) -> None:
    """What the judges say of a point with the raw numbers `raw`, which are remembered; a view without one is silent."""
    lasting, sudden, lesser = 0.0, 0.0, FURTHEST
    for view in range(VIEWS):
        number = raw[view]
        if number < 0.0:
            lesser = 0.0 if view in (SHORT, JUMP) else lesser
            continue
        if bases[view] == 0.0 and number > 0.0:
            bases[view] = number
        seen = counts[view, BINS]
        if seen >= LEAST:
            told = surprise(counts[view], seen, bases[view], number, TAIL, FURTHEST)
            if view < LASTING:
                lasting += min(told, CAP) ** 2
            if view in (SHORT, JUMP):
                sudden += min(told, FAR) ** 2
                lesser = min(lesser, told)
        elif view in (SHORT, JUMP):
            lesser = 0.0
        count(counts[view], number, bases[view], most)
    said[0] = np.sqrt(lasting / LASTING)
    said[1] = max(np.sqrt(sudden / 2.0) - LEAD, 0.0) + np.log10(max(lesser / FAR, 1.0))


@compiled
def _keep(ordered: Array, size: int, most: int, values: Array, at: int) -> int:
    """Put `values[at]` into the ascending window of the last `most` points; the window's new size."""
    if size == most:
        exchange(ordered, size, values[at - most], values[at])
        return size
    enter(ordered, size, values[at])
    return size + 1
