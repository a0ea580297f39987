"""How many environments to hold each hour, from the hours before: the newsvendor with cold starts in its sum.

Holding the q-th environment pays where it is busy more than the break-even share of the hour. It saves cold starts too:
each is worth `cold_start_cost`, and where an objective is set, whatever it takes. What every level would have cost and
how many cold starts it would have left is worked out hour by hour; five experts say which hours the next one will be
like, at several prices of a cold start. The cheapest candidate whose trailing share of cold starts is within the
objective is followed. Nothing looks ahead.
"""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.scaling.provisioned.concurrency import Array, Integers, Invocations, concurrency_of
from trimtab.scaling.provisioned.environments import COLD, COLD_MS, KEEP_MS, PROVISIONED_MS, SPILLED_MS, serve
from trimtab.scaling.provisioned.prices import Prices

Able = npt.NDArray[np.bool_]
HOUR_MS = 3_600_000
FINER = 1.15
"""Levels that are tried grow by this: 0, 1, 2, … then by 15 %. They do not depend on the history, which only says where
to stop: a level above all that ran so far costs more than the one below it and saves nothing, so it is never taken."""
HALF_LIFE_H, LONGEST_HALF_LIFE_H = 24.0, 672.0
EVIDENCE = 50.0
"""Cold starts that a record should hold: of a function that is seldom asked a day says nothing, so that more of its
past counts, up to four weeks."""
PRICES_OF_COLD = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Multiples of the cost of holding an environment for 5 minutes, at which a cold start is tried to be worth."""
EXPERTS = ("as the last hour", "as this hour yesterday", "as this hour a week ago", "as this hour of seven days",
           "as the last day", "as the dearest of this hour in three days", "as all hours so far")  # fmt: skip


class Objective(Struct, frozen=True):
    """At most this share of invocations may start cold (None: what the costs say), and what one costs, in dollars."""

    cold_share: float | None = 0.01
    cold_start_cost: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if self.cold_share is not None and not 0 < self.cold_share < 1:
            raise InvalidInput(f"cannot allow a share of {self.cold_share} cold starts; expected between 0 and 1")
        if self.cold_start_cost < 0:
            raise InvalidInput("cannot price a cold start below 0")


class Function(Struct, frozen=True):
    """A function: its memory, how long a cold start takes, how long an idle environment is kept."""

    gigabytes: Decimal = Decimal(1)
    cold_ms: int = COLD_MS
    keep_ms: int = KEEP_MS


class Hours(Struct, frozen=True):
    """What each hour (row) would have been at each of the `tried` levels: dollars, cold starts; and its invocations."""

    origin_ms: int
    tried: Integers
    cost: Array
    cold: Array
    invocations: Array


def _grid(peak: int) -> list[int]:
    levels = [0]
    while levels[-1] < peak:
        levels.append(max(levels[-1] + 1, round(levels[-1] * FINER)))
    return levels


def hours_of(invocations: Invocations, function: Function, prices: Prices) -> Hours:
    """Serve the history at every level that is tried."""
    origin = int(invocations.starts_ms[0]) // HOUR_MS * HOUR_MS
    number = int(invocations.starts_ms[-1] - origin) // HOUR_MS + 1
    peak = concurrency_of(invocations).peak
    tried = np.array(_grid(peak), dtype=np.int64)
    memory = float(function.gigabytes)
    held, used, spilled = (float(one) * memory for one in (prices.held, prices.used, prices.on_demand))
    cost, cold = np.empty((number, len(tried))), np.empty((number, len(tried)))
    for column, level in enumerate(tried):
        some = {"origin_ms": origin, "bucket_ms": HOUR_MS, "buckets": number}
        levels = np.full(number, level)
        kept = {"keep_ms": function.keep_ms, "cold_ms": function.cold_ms}
        sums = serve(invocations, levels, HOUR_MS, **some, **kept)
        running = (used * sums[:, PROVISIONED_MS] + spilled * sums[:, SPILLED_MS]) / 1000
        cost[:, column], cold[:, column] = held * 3600 * level + running, sums[:, COLD]
    counts = np.bincount((invocations.starts_ms - origin) // HOUR_MS, minlength=number).astype(np.float64)
    return Hours(origin, tried, cost, cold, counts)


class Levels(Struct, frozen=True):
    """The level to hold in each hour of a history, decided before it began; `picked` names why."""

    hours: Hours
    held: Integers
    picked: Integers

    def why(self, hour: int) -> str:
        """An hour's level in words."""
        expert, price = divmod(int(self.picked[hour]), len(PRICES_OF_COLD))
        worth = f"a cold start worth {PRICES_OF_COLD[price]:g} × 5 minutes of an environment"
        return f"hold {self.held[hour]}: expected {EXPERTS[expert]}, {worth}"


def _expected(table: Array, hour: int) -> list[Array | None]:
    """What each expert takes the next hour's row for; None where it has no such hours."""
    days = [table[hour - 24 * day] for day in range(1, 8) if hour >= 24 * day]
    return [
        table[hour - 1] if hour else None,
        days[0] if days else None,
        table[hour - 168] if hour >= 168 else None,
        np.mean(days, axis=0) if len(days) > 1 else None,
        table[max(0, hour - 24) : hour].mean(axis=0) if hour else None,
        np.max(days[:3], axis=0) if days else None,
        table[:hour].mean(axis=0) if hour else None,
    ]


def plan_levels(hours: Hours, function: Function, prices: Prices, objective: Objective) -> Levels:
    """Decide every hour from the hours before it."""
    number, candidates = len(hours.cost), len(EXPERTS) * len(PRICES_OF_COLD)
    unit = float(prices.held * function.gigabytes * 300)
    own_price = float(objective.cold_start_cost)
    spent, cold, seen, ours, came = np.zeros(candidates), np.zeros(candidates), 0.0, 0.0, 0.0
    held, picked = np.zeros(number, np.int64), np.zeros(number, np.int64)
    for hour in range(number):
        costs, colds = _expected(hours.cost, hour), _expected(hours.cold, hour)
        wanted = np.zeros(candidates, np.int64)
        able = np.zeros(candidates, dtype=bool)
        for expert, (dollars, starts) in enumerate(zip(costs, colds, strict=True)):
            for at, price in enumerate(PRICES_OF_COLD):
                one = expert * len(PRICES_OF_COLD) + at
                if dollars is not None and starts is not None:
                    wanted[one] = int(np.argmin(dollars + (own_price + price * unit) * starts))
                    able[one] = True
        choice = _choose(spent + own_price * cold, cold, seen, able, objective, ours, came)
        held[hour], picked[hour] = hours.tried[wanted[choice]], choice
        row, keep = np.arange(candidates), 0.5 ** (1 / _half_life_h(objective, came, hour))
        spent = spent * keep + hours.cost[hour, wanted[row]]
        cold = cold * keep + hours.cold[hour, wanted[row]]
        seen = seen * keep + hours.invocations[hour]
        ours, came = ours + hours.cold[hour, wanted[choice]], came + hours.invocations[hour]
    return Levels(hours, held, picked)


def _half_life_h(objective: Objective, came: float, hours: int) -> float:
    """Hours after which a record counts half: until it holds enough cold starts to judge the objective by."""
    if objective.cold_share is None or not came:
        return HALF_LIFE_H
    a_hour = objective.cold_share * came / max(1, hours)
    return float(np.clip(EVIDENCE * np.log(2) / a_hour, HALF_LIFE_H, LONGEST_HALF_LIFE_H))


def _choose(cost: Array, cold: Array, seen: float, able: Able, objective: Objective, ours: float, came: float) -> int:
    """The cheapest candidate within the objective, whose error budget counts; without any, the one with fewest."""
    if not able.any():
        return 0
    if objective.cold_share is None:
        return int(np.argmin(np.where(able, cost, np.inf)))
    left = 1 - ours / (objective.cold_share * came) if came else 0.0
    allowed = objective.cold_share * min(2.0, max(0.5, 1 + 3 * left))
    within = able & (cold <= allowed * seen)
    if within.any():
        return int(np.argmin(np.where(within, cost, np.inf)))
    return int(np.argmin(np.where(able, cold * 1e6 + cost, np.inf)))
