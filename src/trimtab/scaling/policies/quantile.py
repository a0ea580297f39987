"""How much will be asked within the time that a launch takes: twelve experts, and how wrong each was lately.

Each expert names the highest demand of the next `lead` ticks from what is known now. The ratio of what came to what it
said is kept in a histogram that forgets (half of it in a week); an expert's answer at a level is what it says times the
ratio that was not exceeded that often. Nothing here looks past the present tick: see the tests that shift the future.
"""

import numpy as np

from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.jit import compiled

EXPERTS = (
    "the last value",
    "the highest of 15 minutes",
    "the highest of an hour",
    "the trend of 10 minutes",
    "the growth at this time yesterday",
    "the growth at this time a week ago",
    "this time a week ago at the level of now",
    "the mean growth at this time of seven days",
    "the mean growth at this time of four weeks",
    "the highest of four hours",
    "the highest of a day",
    "the highest of a week",
)
LAST, QUARTER, HOUR, TREND, DAY_GROWTH, WEEK_GROWTH, WEEK_LEVEL, DAYS_GROWTH, WEEKS_GROWTH, HOURS, DAY, WEEK = range(12)
HIGHS = ((QUARTER, 900), (HOUR, 3600), (HOURS, 14_400), (DAY, 86_400), (WEEK, 604_800))
"""Experts that are the highest value of some seconds."""
BINS = 480
BIN = 0.0125
"""Logarithm of the ratio that a bin spans: 1.25 %, which is what an answer may be too high."""
LOWEST = -1.0
"""Logarithm of the lowest ratio that is told apart: what came was a third of what was said."""
UNKNOWN = 0.3
"""Logarithm of the ratio that is used while an expert has no record: 35 % more than it says."""
FLOOR_SHARE = 0.25
"""Share of a replica's capacity that is added to both sides of a ratio: near zero demand, ratios mean nothing."""
HALF_LIFE_DAYS = 7.0


@compiled
def trailing_high(values: Array, window: int) -> Array:
    """The highest of the last `window` values up to each (fewer at the start)."""
    n = len(values)
    highs, queue = np.empty(n), np.empty(n, np.int64)
    head, tail = 0, 0
    for at in range(n):
        while tail > head and values[queue[tail - 1]] <= values[at]:
            tail -= 1
        queue[tail] = at
        tail += 1
        if queue[head] <= at - window:
            head += 1
        highs[at] = values[queue[head]]
    return highs


@compiled
def growth(demand: Array, came: Array, at: int, back: int, number: int, floor: float) -> float:
    """The mean growth (logarithm) within the lead at `number` times `back` ticks apart before `at`; NaN without any."""
    found, count = 0.0, 0
    for one in range(1, number + 1):
        then = at - one * back
        if then < 0:
            break
        found += np.log((came[then] + floor) / (demand[then] + floor))
        count += 1
    return found / count if count else np.nan


@compiled
def say(
    demand: Array, came: Array, sums: Array, highs: Array, at: int, lead: int, day: int, hour: int, floor: float,
    said: Array,
) -> None:  # fmt: skip
    """Write to `said` what each expert expects as highest demand after `at`; NaN where it knows too little.

    `came[t]` is the highest of the `lead` ticks after `t`, known for `t + lead <= at`; `sums` are running sums of the
    demand; `highs` a row for each of HIGHS; `day` and `hour` are in ticks.
    """
    said[:] = np.nan
    now = demand[at]
    said[LAST] = now
    for one in range(len(highs)):
        said[HIGHS[one][0]] = highs[one, at]
    back = min(at, max(1, hour // 6))
    said[TREND] = max(now, now + (now - demand[at - back]) / back * lead) if back else now
    said[DAY_GROWTH] = (now + floor) * np.exp(growth(demand, came, at, day, 1, floor)) - floor
    said[DAYS_GROWTH] = (
        (now + floor) * np.exp(growth(demand, came, at, day, 7, floor)) - floor if at >= 2 * day else np.nan
    )
    week = 7 * day
    if at >= week + hour:
        said[WEEK_GROWTH] = (now + floor) * np.exp(growth(demand, came, at, week, 1, floor)) - floor
        said[WEEKS_GROWTH] = (now + floor) * np.exp(growth(demand, came, at, week, 4, floor)) - floor
        lately = sums[at + 1] - sums[at + 1 - hour] + hour * floor
        before = sums[at + 1 - week] - sums[at + 1 - week - hour] + hour * floor
        said[WEEK_LEVEL] = (came[at - week] + floor) * lately / before - floor


@compiled
def learn(record: Array, weights: Array, expert: int, ratio: float, decay: float) -> None:
    """Add the logarithm of a ratio to an expert's record; what was added before counts `decay` of what it did.

    A weight that grows does it, so that nothing else need be touched. `weights`: sum and next weight, a row an expert.
    """
    at = int((ratio - LOWEST) / BIN) + 1  # the upper edge of its bin
    record[expert, min(max(at, 0), BINS - 1)] += weights[expert, 1]
    weights[expert, 0] += weights[expert, 1]
    weights[expert, 1] /= decay
    if weights[expert, 1] > 1e100:
        record[expert] /= weights[expert, 1]
        weights[expert, 0] /= weights[expert, 1]
        weights[expert, 1] = 1.0


@compiled
def margins(record: Array, weights: Array, expert: int, levels: Array, found: Array) -> None:
    """Write to `found` the ratios of an expert that are not exceeded at each of the `levels` (ascending)."""
    total = weights[expert, 0]
    if total <= 0.0:
        found[:] = np.exp(UNKNOWN)
        return
    above, at = 0.0, BINS - 1
    for back in range(len(levels)):
        level = len(levels) - 1 - back
        allowed = (1.0 - levels[level]) * total
        while at > 0 and above + record[expert, at] <= allowed:
            above += record[expert, at]
            at -= 1
        found[level] = np.exp(LOWEST + at * BIN)
