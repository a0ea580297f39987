"""Demand out of the store: a metric's values a tick, as rates a second."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.tags import make_tags
from trimtab.capacity.simulate.fleet import Array
from trimtab.metrics.expressions.model import MetricStat, Query, Result
from trimtab.metrics.expressions.program import is_period
from trimtab.metrics.statistics import parse_statistic

MOST_TICKS = 600_000
LONGEST_GAP = 15
"""Ticks between two readings of a counter that are taken for its own pace: a scrape a quarter of an hour."""


class Evaluator(Protocol):
    """`metrics.expressions.evaluate.Evaluator`, as far as it is used here."""

    async def evaluate(
        self, scope: Scope, queries: Sequence[Query], start_ms: int, end_ms: int, linked: Scope | None = None
    ) -> list[Result]:
        """The results of a list of queries."""
        ...


class DemandAsked(Struct, frozen=True):
    """A metric over `[start_ms, end_ms)`. `per_period` says that its values are counts, not rates a second."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    start_ms: int
    end_ms: int
    per_period: bool = True


async def read_demand(evaluator: Evaluator, scope: Scope, asked: DemandAsked, tick_s: int) -> tuple[int, Array]:
    """When the first value above 0 was (ms), and the values a tick from there; ticks without any are 0.

    Raises InvalidInput where there is none, QueryAborted, Unavailable.
    """
    if not is_period(tick_s):
        raise InvalidInput(
            f"cannot read a metric every {tick_s} s: expected 1, 5, 10, 20, 30 or a multiple of 60", field="tick_s"
        )
    step = tick_s * 1000
    start_ms, end_ms = asked.start_ms // step * step, asked.end_ms // step * step
    if (end_ms - start_ms) // step > MOST_TICKS:
        raise InvalidInput(f"cannot simulate more than {MOST_TICKS} ticks; try a longer tick_s", field="tick_s")
    statistic = parse_statistic(asked.statistic, "statistic")
    stat = MetricStat(asked.namespace, asked.name, make_tags(asked.dimensions), statistic, tick_s)
    demand = np.zeros(max(0, (end_ms - start_ms) // step))
    for result in await evaluator.evaluate(scope, [Query("demand", stat)], start_ms, end_ms):
        known = np.isfinite(result.values)
        at = (result.times[known] - start_ms) // step
        inside = (at >= 0) & (at < len(demand))
        np.add.at(demand, at[inside], result.values[known][inside])
    demand = np.maximum(0.0, demand)
    if not demand.any():
        raise InvalidInput(
            f"cannot simulate: the metric {asked.namespace} {asked.name} has no values above 0 in the range",
            field="metric",
        )
    first = int(np.flatnonzero(demand)[0])
    return start_ms + first * step, demand[first:] / (tick_s if asked.per_period else 1)


def spread_back(per_s: Array, most: int = LONGEST_GAP) -> Array:
    """Rates of counters that are told more rarely than the ticks: each is shared with the empty ticks before it.

    What a counter grew by since it was last told came within all of that time. `per_s` is NaN where nothing was told;
    a gap of more than `most` ticks stays one, as nobody knows when within it the growth came.
    """
    told = np.flatnonzero(np.isfinite(per_s))
    found = per_s.copy()
    if not len(told):
        return found
    pace = told[1] - told[0] if len(told) > 1 else 1  # before the first nothing is known: as before the second
    gaps = np.diff(told, prepend=told[0] - min(pace, most))
    for at, gap in zip(told[gaps > 1], gaps[gaps > 1], strict=True):
        if gap <= most:
            found[max(0, at - gap + 1) : at + 1] = per_s[at] / gap
    return found
