"""Where a counter began anew: its value fell, or its start moved behind the sample before."""

import numpy as np

from trimtab.metrics.promql.values import Flags, HistogramPoints, Integers, Points


def reset_flags(points: Points, *, use_starts: bool = True) -> Flags:
    """For each sample whether the counter was reset since the one before it; False for a series' first."""
    values = points.values
    found = np.zeros(len(values), np.bool_)
    if len(values) < 2:
        return found
    with np.errstate(invalid="ignore"):
        found[1:] = values[1:] < values[:-1]
    if use_starts and points.starts is not None:
        found[1:] |= started_anew(points.starts[:-1], points.times[:-1], points.starts[1:], points.times[1:])
    found[points.edges[:-1][points.edges[:-1] < len(values)]] = False
    return found


def started_anew(start_before: Integers, before: Integers, start: Integers, at: Integers) -> Flags:
    """Whether the starts of two samples (ms; 0 where unknown) tell of a reset between them."""
    known = (start != 0) & (start < at)
    moved = start > before
    # A start at the sample before is a delta's, unless nothing is known of that one's start either.
    delta = (start == before) & (start_before != 0) & (start_before < before)
    found: Flags = known & (moved | delta)
    return found


def overlapping(points: Points | HistogramPoints, low: Integers, high: Integers) -> Flags:
    """The windows (samples `low` to `high`) in which a sample counts from before the one before it, and from another
    start: what lies between is counted twice.
    """
    starts, times = points.starts, points.times
    if starts is None or len(times) < 2:
        return np.zeros(low.shape, np.bool_)
    overlaps = np.zeros(len(times), np.bool_)
    overlaps[1:] = (starts[1:] != 0) & (starts[1:] < times[:-1]) & (starts[1:] != starts[:-1])
    running = np.append(0, np.cumsum(overlaps))
    # A window's first sample has none before it: neither another window's nor another series' counts.
    windows: Flags = running[high] > running[np.minimum(low + 1, len(times))]
    return windows
