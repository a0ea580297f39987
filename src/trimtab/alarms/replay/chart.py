"""A trace with as many points as a chart has room for: of each stretch the one that is nearest to breaching. Pure."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trimtab.alarms.evaluate import Floats
from trimtab.alarms.model import Operator
from trimtab.alarms.replay.model import Trace
from trimtab.base.records import replace

_BELOW = (Operator.LESS, Operator.LESS_OR_EQUAL, Operator.BELOW_LOWER)


def looks_down(trace: Trace) -> bool:
    """Whether low values are what the alarm is about."""
    return trace.operator in _BELOW


def thin(trace: Trace, most: int) -> Trace:
    """At most `most` points; each stands for a stretch, by its worst value. Bands are averaged."""
    count = len(trace.starts)
    width = -(-count // max(most, 1))
    if width <= 1:
        return trace
    worst = np.nanmin if looks_down(trace) else np.nanmax
    return replace(
        trace,
        period_s=trace.period_s * width,
        starts=trace.starts[::width],
        values=_each(trace.values, width, worst),
        low=None if trace.low is None else _each(trace.low, width, np.nanmean),
        high=None if trace.high is None else _each(trace.high, width, np.nanmean),
    )


def _each(values: Floats, width: int, take: Callable[..., Any]) -> Floats:
    padded = np.full(-(-len(values) // width) * width, np.nan)
    padded[: len(values)] = values
    rows = padded.reshape(-1, width)
    found = np.full(len(rows), np.nan)
    known = ~np.isnan(rows).all(axis=1)
    if known.any():
        found[known] = take(rows[known], axis=1)
    return found
