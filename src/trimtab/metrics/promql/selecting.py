"""Samples that were read, as instant and range vectors."""

import numpy as np

from trimtab.metrics.promql.histograms.model import Hint, Histogram
from trimtab.metrics.promql.labels import NAME, get
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.range_functions.edges import interpolated
from trimtab.metrics.promql.values import (
    Flags,
    Floats,
    HistogramPoints,
    Integers,
    Points,
    Samples,
    Vector,
    is_stale,
    no_histograms,
    not_none,
)
from trimtab.metrics.promql.windows import positions

_LONG_AGO = np.int64(-(2**62))


def instant(samples: Samples, times: Integers, lookback_ms: int) -> Vector:
    """The newest sample of each series at every time, where it is young enough and does not end the series."""
    if not samples.labels:
        return Vector.empty(len(times))
    at, some, stamps = _newest(samples.points, times, lookback_ms)
    values = samples.points.values[at] if len(samples.points.times) else np.full(some.shape, np.nan)
    stale = some & is_stale(values)
    starts = _starts(samples.points, at)
    drop = np.zeros(len(samples.labels), np.bool_)
    if not len(samples.histograms.times):
        return Vector(samples.labels, values, some & ~stale, drop, None, stamps, starts).occupied()
    place, native, own = _newest(samples.histograms, times, lookback_ms)
    native &= ~some | (own > stamps)
    histograms = no_histograms(some.shape)
    histograms[native] = samples.histograms.values[place[native]]
    present = native | (some & ~stale)
    began = _starts(samples.histograms, place)
    if starts is not None or began is not None:
        starts = np.where(native, 0 if began is None else began, 0 if starts is None else starts)
    found = Vector(samples.labels, values, present, drop, histograms, np.where(native, own, stamps), starts)
    return found.occupied()


def _starts(points: Points | HistogramPoints, at: Integers) -> Integers | None:
    return points.starts[at] if points.starts is not None and len(points.times) else None


def _newest(points: Points | HistogramPoints, times: Integers, lookback_ms: int) -> tuple[Integers, Flags, Integers]:
    place = positions(points, times) - 1
    some = place >= points.edges[:-1, None]
    at = np.clip(place, 0, max(len(points.times) - 1, 0))
    if not len(points.times):
        return at, some, np.full(some.shape, _LONG_AGO)
    stamps = points.times[at]
    some &= stamps > times - lookback_ms
    return at, some, np.where(some, stamps, _LONG_AGO)


def without_stale(samples: Samples) -> Samples:
    """The samples without staleness markers, as ranges see them."""
    stale = is_stale(samples.points.values)
    if not stale.any():
        return samples
    kept = ~stale
    points = samples.points
    running = np.append(0, np.cumsum(kept))
    starts = None if points.starts is None else points.starts[kept]
    cleaned = Points(running[points.edges].astype(np.int64), points.times[kept], points.values[kept], starts)
    return Samples(samples.labels, cleaned, samples.histograms, samples.drop)


def smoothed(samples: Samples, times: Integers, lookback_ms: int, notes: Notes, position: int) -> Vector:
    """Values interpolated between the samples around every time; the last one goes on for the look-back."""
    if not samples.labels:
        return Vector.empty(len(times))
    samples = without_stale(samples)
    values, floats = _between_floats(samples.points, times, lookback_ms)
    drop = np.zeros(len(samples.labels), np.bool_)
    if not len(samples.histograms.times):
        return Vector(samples.labels, values, floats, drop).occupied()
    low, high = (positions(samples.histograms, times + shift) for shift in (-lookback_ms, lookback_ms))
    around = [positions(samples.points, times + shift) for shift in (-lookback_ms, lookback_ms)]
    cells = no_histograms(floats.shape)
    for row, column in notes.watched(np.argwhere(high > low).tolist()):
        metric = get(samples.labels[row], NAME)
        if around[1][row, column] > around[0][row, column]:
            notes.mixed(metric, position)
            floats[row, column] = False
            continue
        part = slice(int(low[row, column]), int(high[row, column]))
        own = samples.histograms.times[part], samples.histograms.values[part].tolist()
        cells[row, column] = _between_histograms(own, int(times[column]), notes, metric, position)
    return Vector(samples.labels, values, floats | not_none(cells), drop, cells).occupied()


def _between_floats(points: Points, times: Integers, lookback_ms: int) -> tuple[Floats, Flags]:
    after = positions(points, times - 1)
    low, high = positions(points, times - lookback_ms), positions(points, times + lookback_ms)
    if not len(points.times):
        return np.full(low.shape, np.nan), np.zeros(low.shape, np.bool_)
    top = len(points.times) - 1
    nxt, prv = np.clip(after, 0, top), np.clip(after - 1, 0, top)
    has_next, has_before = after < high, after > low
    exact = has_next & (points.times[nxt] == times)
    gap = np.maximum(points.times[nxt] - points.times[prv], 1)
    with np.errstate(invalid="ignore", over="ignore"):
        share = (times - points.times[prv]) / gap
        between = points.values[prv] + (points.values[nxt] - points.values[prv]) * share
    values = np.where(exact, points.values[nxt], np.where(has_next, between, points.values[prv]))
    return values, exact | has_before


def _between_histograms(
    own: tuple[Integers, list[Histogram]], time: int, notes: Notes, metric: str, position: int
) -> Histogram | None:
    times, values = own
    place = int(np.searchsorted(times, time))
    if place < len(times) and times[place] == time:
        return values[place]
    if place == 0:
        return None
    before = values[place - 1]
    if place == len(times):
        return before.hinted(Hint.UNKNOWN)
    after = values[place]
    if before.is_custom is not after.is_custom:
        notes.mixed_schemas(metric, position)
        return None
    counter = not before.hint is after.hint is Hint.GAUGE
    share = (time - int(times[place - 1])) / (int(times[place]) - int(times[place - 1]))
    return interpolated(before, after, share, notes, position, counter=counter)


def as_samples(vector: Vector, times: Integers) -> Samples:
    """What a subquery's expression evaluated to, as samples at its steps."""
    floats, native = vector.floats, vector.is_histogram
    points = Points(_edges(floats), np.broadcast_to(times, floats.shape)[floats], vector.values[floats])
    histograms = HistogramPoints.none(len(vector.labels))
    if vector.histograms is not None and native.any():
        # A hint tells of the sample before, which a subquery need not return.
        values = no_histograms((int(native.sum()),))
        values[:] = [
            histogram if histogram.hint is Hint.GAUGE else histogram.hinted(Hint.UNKNOWN)
            for histogram in vector.histograms[native].tolist()
        ]
        histograms = HistogramPoints(_edges(native), np.broadcast_to(times, native.shape)[native], values)
    return Samples(vector.labels, points, histograms, vector.drop)


def _edges(flags: Flags) -> Integers:
    return np.append(0, np.cumsum(flags.sum(axis=1))).astype(np.int64)
