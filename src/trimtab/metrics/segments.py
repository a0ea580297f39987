"""Statistics of many segments at once: exact, on arrays, with no loop over samples.

A segment is one period of one result. Its samples are a multiset: `value` seen `count` times. With N the sum of the
counts:

- a percentile p interpolates linearly between the samples at ranks around (N - 1) * p (numpy's and pandas' default);
- percentages a% to b% drop the floor(a N) lowest and the floor((1 - b) N) highest samples (`scipy.stats.trim_mean`);
- absolute bounds keep low < value <= high;
- a winsorised mean replaces what is dropped, by the smallest and largest kept sample where the bounds are percentages
  and by the bound itself where they are values;
- percentile rank is the percentage of samples in (low, high].

Counts may be fractions (the wire allows it); results are exact for whole counts below 2^53.
"""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.statistics import Family, Statistic

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_WHOLE_LIMIT = 2**62  # Products below this are exact in int64; above it Python's integers are used.


class Segments(Struct, frozen=True):
    """Samples sorted by (segment, value), and what every statistic needs, worked out once.

    `keys` holds each segment's key, `starts` and `ends` its slice of the samples, `before` the samples counted before
    the segment, `total` its own count, `upper` the running count after each sample.
    """

    keys: Integers
    starts: Integers
    ends: Integers
    value: Floats
    count: Floats
    upper: Floats
    before: Floats
    total: Floats

    @classmethod
    def of(cls, key: Integers, value: Floats, count: Floats) -> "Segments":
        """Segment samples that are sorted by (key, value). Samples counted zero times must have been left out."""
        changes = np.ones(len(key), dtype=np.bool_)
        changes[1:] = key[1:] != key[:-1]
        starts = np.flatnonzero(changes)
        ends = np.flatnonzero(np.append(changes[1:], True)[: len(key)]) + 1
        upper = np.cumsum(count, dtype=np.float64)
        before = np.append(0.0, upper)[starts]
        total = upper[ends - 1] - before
        return cls(key[starts], starts, ends, value, count, upper, before, total)

    def at(self, position: Floats) -> Floats:
        """The value at each segment's zero-based `position` in its expanded, sorted samples."""
        index = np.searchsorted(self.upper, self.before + position, side="right")
        found: Floats = self.value[np.clip(index, self.starts, self.ends - 1)]
        return found

    def sums(self, weight: Floats) -> Floats:
        """The sum of `weight`, one for each sample, by segment."""
        summed: Floats = np.add.reduceat(weight, self.starts)
        return summed

    def spread(self, by_segment: Floats) -> Floats:
        """A number of each segment, repeated for its samples."""
        repeated: Floats = np.repeat(by_segment, self.ends - self.starts)
        return repeated


def compute(segments: Segments, statistic: Statistic) -> Floats:
    """`statistic` of every segment; NaN where it has none.

    A NaN sample (sorted last) stands for samples that only a statistic set tells of: CloudWatch then has no
    percentile-type statistic, unless the set's minimum and maximum are equal or its count is 1.
    Raises ValueError for Last and Rate, which need times and periods and so are not functions of a multiset.
    """
    if not len(segments.keys):
        return np.empty(0)
    simple = _simple(segments, statistic.family)
    if simple is not None:
        return simple
    if statistic.family is Family.PERCENTILE:
        values = percentile(segments, statistic.high or Fraction(0))
    elif statistic.percent:
        values = _between_percentages(segments, statistic)
    else:
        values = _between_values(segments, statistic)
    absent = np.isnan(segments.value[segments.ends - 1])
    if statistic.non_negative_only:
        absent |= segments.value[segments.starts] < 0
    return np.where(absent, np.nan, values)


def _simple(segments: Segments, family: Family) -> Floats | None:
    match family:
        case Family.SAMPLE_COUNT:
            return segments.sums(segments.count)
        case Family.SUM:
            return segments.sums(segments.value * segments.count)
        case Family.AVERAGE:
            return segments.sums(segments.value * segments.count) / segments.total
        case Family.MINIMUM:
            return segments.value[segments.starts]
        case Family.MAXIMUM:
            return segments.value[segments.ends - 1]
        case Family.LAST | Family.RATE:
            raise ValueError(f"cannot compute {family} of a multiset: it needs times")
    return None


def percentile(segments: Segments, fraction: Fraction) -> Floats:
    """The percentile at `fraction` (0 to 1) of every segment, interpolated linearly."""
    last = np.maximum(segments.total - 1, 0.0)
    rank = last * float(fraction)
    below = np.floor(rank)
    share = rank - below
    low, high = segments.at(below), segments.at(np.minimum(below + 1, last))
    # From the nearer end, as numpy does: the result is then monotonic and exact at both ends.
    return np.where(share < 0.5, low + (high - low) * share, high - (high - low) * (1 - share))


def _between_percentages(segments: Segments, statistic: Statistic) -> Floats:
    cut_low = _share_of(statistic.low or Fraction(0), segments.total)
    cut_high = _share_of(1 - (Fraction(1) if statistic.high is None else statistic.high), segments.total)
    last = segments.total - cut_high
    upper = segments.upper - segments.spread(segments.before)
    kept = np.minimum(upper, segments.spread(last)) - np.maximum(upper - segments.count, segments.spread(cut_low))
    kept = np.maximum(kept, 0.0)
    number = np.maximum(last - cut_low, 0.0)
    if statistic.family is Family.TRIMMED_COUNT:
        return number
    total = segments.sums(segments.value * kept)
    if statistic.family is Family.TRIMMED_SUM:
        return total
    if statistic.family is Family.TRIMMED_MEAN:
        return _divide(total, number)
    edges = cut_low * segments.at(cut_low) + cut_high * segments.at(np.maximum(last - 1, 0.0))
    return np.where(number > 0, (total + edges) / segments.total, np.nan)


def _between_values(segments: Segments, statistic: Statistic) -> Floats:
    low = -np.inf if statistic.low is None else float(statistic.low)
    high = np.inf if statistic.high is None else float(statistic.high)
    if statistic.family is Family.WINSORIZED_MEAN:
        return segments.sums(np.clip(segments.value, low, high) * segments.count) / segments.total
    kept = np.where((segments.value > low) & (segments.value <= high), segments.count, 0.0)
    number = segments.sums(kept)
    if statistic.family is Family.TRIMMED_COUNT:
        return number
    if statistic.family is Family.PERCENTILE_RANK:
        return 100.0 * number / segments.total
    total = segments.sums(segments.value * kept)
    return total if statistic.family is Family.TRIMMED_SUM else _divide(total, number)


def _divide(total: Floats, number: Floats) -> Floats:
    result = np.full(len(total), np.nan)
    np.divide(total, number, out=result, where=number > 0)
    return result


def _share_of(fraction: Fraction, total: Floats) -> Floats:
    """floor(fraction * total), exact where the total is whole: in floating point 0.29 * 100 is 28.999…"""
    whole = np.floor(total)
    if np.any(whole != total):
        return np.floor(float(fraction) * total)
    product_limit = int(whole.max()) * max(fraction.numerator, 1)
    exact = whole.astype(np.int64) if product_limit < _WHOLE_LIMIT else whole.astype(np.int64).astype(object)
    floored: Floats = (exact * fraction.numerator // fraction.denominator).astype(np.float64)
    return floored
