"""Percentiles of Prometheus' classic histograms, whose buckets are counters: `name_bucket{le="0.5"}`.

The increases of each bucket over the range, added up over the series of one layout, are cumulative counts; their
differences are what `metrics.intervals.quantile` takes, which also merges layouts that differ.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from trimtab.kpis.context import Floats
from trimtab.metrics.intervals import Intervals, concatenate, quantile
from trimtab.metrics.model import Series

LE = "le"


def layouts(series: Sequence[Series]) -> list[dict[float, list[Series]]]:
    """Bucket series by upper bound, one mapping for each distinct set of bounds."""
    families: dict[tuple[tuple[str, str], ...], dict[float, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for one in series:
        bound = _bound(one.dimensions.get(LE, ""))
        if bound is not None:
            base = tuple(pair for pair in one.identity.dimensions if pair[0] != LE)
            families[base][bound].append(one)
    merged: dict[tuple[float, ...], dict[float, list[Series]]] = {}
    for family in families.values():
        whole = merged.setdefault(tuple(sorted(family)), defaultdict(list))
        for bound, members in family.items():
            whole[bound] += members
    return [dict(layout) for layout in merged.values()]


def quantiles(counted: Sequence[Mapping[float, float]], fractions: Sequence[float]) -> tuple[float, list[float | None]]:
    """How many observations there are, and the quantile at each of `fractions` (None where there are none).

    `counted` has, for each layout, the cumulative count of observations at or below each upper bound.
    """
    parts = [_intervals(layout) for layout in counted if layout]
    total = float(sum(part.count.sum() for part in parts))
    if not total:
        return 0.0, [None] * len(fractions)
    rows = concatenate(parts)
    found = [float(quantile(rows, fraction)[1][0]) for fraction in fractions]
    return total, [None if np.isnan(value) else value for value in found]


def _intervals(cumulative: Mapping[float, float]) -> Intervals:
    bounds = np.array(sorted(cumulative))
    counts = np.array([cumulative[bound] for bound in bounds])
    # Scrapes of buckets are not one instant: a count may lag behind a smaller bucket's by an observation.
    each: Floats = np.diff(np.maximum.accumulate(counts), prepend=0.0)
    low = np.append(-np.inf, bounds[:-1])
    whole = len(bounds)
    return Intervals(np.zeros(whole, np.int64), low, bounds, each, np.zeros(whole, np.bool_))


def _bound(text: str) -> float | None:
    try:
        return float(text.replace("+Inf", "inf"))
    except ValueError:
        return None
