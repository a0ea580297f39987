"""Sets of times as sorted arrays of intervals that do not touch: unions, what two share, their length.

An `Intervals` is a pair of arrays of one length (starts, ends), in any unit, of half-open intervals [start, end).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


class Intervals(NamedTuple):
    """Starts and ends, sorted, without overlap."""

    starts: Times
    ends: Times


EMPTY = Intervals(np.empty(0), np.empty(0))


def union(starts: Times, ends: Times) -> Intervals:
    """The times that any of the intervals covers, in whatever order they come."""
    if not len(starts):
        return EMPTY
    order = np.argsort(starts, kind="stable")
    begins, reach = starts[order], np.maximum.accumulate(ends[order])
    opens = np.concatenate(([True], begins[1:] > reach[:-1]))
    closes = np.concatenate((opens[1:], [True]))
    return Intervals(begins[opens], reach[closes])


def length(found: Intervals) -> float:
    """How much time they cover together."""
    return float((found.ends - found.starts).sum())


def join(*several: Intervals) -> Intervals:
    """The times that any of them covers."""
    starts = np.concatenate([one.starts for one in several])
    return union(starts, np.concatenate([one.ends for one in several]))


def shared(one: Intervals, other: Intervals) -> float:
    """How much time both cover: what each covers alone, less what they cover together."""
    return length(one) + length(other) - length(join(one, other))


def covered(found: Intervals, starts: Times, ends: Times) -> Times:
    """Of each of several spans [start, end), how much of it is covered."""
    if not len(found.starts):
        return np.zeros(len(starts))
    before = np.concatenate(([0.0], np.cumsum(found.ends - found.starts)))

    def until(moments: Times) -> Times:
        at = np.searchsorted(found.starts, moments, side="right")
        past = before[at]
        over = np.where(at > 0, np.maximum(found.ends[np.maximum(at - 1, 0)] - moments, 0.0), 0.0)
        return past - over

    return until(ends) - until(starts)
