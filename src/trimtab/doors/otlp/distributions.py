"""Histograms and summaries of OTLP as points of the metric model.

histogram, exponential histogram   one HISTOGRAM series, delta and cumulative alike
summary                            a gauge a quantile under the dimension `quantile`, and the counters
                                   `<name>_sum` and `<name>_count`, as Prometheus names them
"""

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

from trimtab.doors.otlp.request import Distribution, Shape, Temporality
from trimtab.metrics.model import HistogramPoint, Kind

_NS = 1_000_000
_UINT64 = 2**64
QUANTILE = "quantile"


def problem(point: Distribution, shape: int) -> str:
    """What is wrong with a point's numbers; "" if nothing is. Source: the data model's rules for each."""
    if not 0 <= point.count < _UINT64:
        return "a count is not a 64-bit unsigned number"
    if math.isinf(point.sum):
        return "a sum is not a finite number"
    if shape == Shape.HISTOGRAM:
        return _histogram_problem(point)
    if shape == Shape.EXPONENTIAL:
        return _exponential_problem(point)
    if any(not 0 <= quantile <= 1 for quantile, _ in point.quantiles):
        return "a quantile is not between 0 and 1"
    return ""


def _histogram_problem(point: Distribution) -> str:
    if not point.counts and not point.bounds:
        return ""
    if len(point.counts) != len(point.bounds) + 1:
        return "a histogram has not one bucket more than bounds"
    rising = all(low < high for low, high in pairwise(point.bounds))
    if not rising or any(map(math.isnan, point.bounds)):
        return "a histogram's bounds do not rise"
    return _total_problem(point, point.counts)


def _exponential_problem(point: Distribution) -> str:
    if not -10 <= point.scale <= 20:  # the range that OpenTelemetry's SDK specification gives
        return "an exponential histogram's scale is not between -10 and 20"
    if not (math.isfinite(point.zero_threshold) and point.zero_threshold >= 0):
        return "an exponential histogram's zero threshold is not a number from 0"
    if not all(-(2**31) <= offset < 2**31 for offset in (point.positive_offset, point.negative_offset)):
        return "an exponential histogram's offset is not a 32-bit number"
    return _total_problem(point, (point.zero_count, *point.positive, *point.negative))


def _total_problem(point: Distribution, counts: tuple[int, ...]) -> str:
    if any(count < 0 for count in counts) or sum(counts) != point.count:
        return "a histogram's buckets do not add up to its count"
    return ""


def histogram(point: Distribution, series: int, shape: int, temporality: int) -> HistogramPoint:
    """A point that has no problem, under its series."""
    time_ms = point.time // _NS
    return HistogramPoint(
        series=series,
        time_ms=time_ms,
        start_ms=min(point.start // _NS, time_ms),  # two clocks may have been read the wrong way round
        cumulative=temporality == Temporality.CUMULATIVE,
        count=point.count,
        sum=point.sum,
        minimum=point.minimum,
        maximum=point.maximum,
        bounds=point.bounds,
        counts=point.counts if point.counts or shape == Shape.EXPONENTIAL else (point.count,),
        exponential=shape == Shape.EXPONENTIAL,
        scale=point.scale,
        zero_count=point.zero_count,
        zero_threshold=point.zero_threshold,
        positive_offset=point.positive_offset,
        positive=point.positive,
        negative_offset=point.negative_offset,
        negative=point.negative,
    )


def summary(point: Distribution) -> Iterator[tuple[str, Kind, Mapping[str, str], float]]:
    """(suffix of the name, kind, further dimensions, value) of each sample of a summary; NaN means none."""
    yield "_count", Kind.COUNTER, {}, float(point.count)
    if not math.isnan(point.sum):
        yield "_sum", Kind.COUNTER, {}, point.sum
    for quantile, value in point.quantiles:
        if math.isfinite(value):
            yield "", Kind.GAUGE, {QUANTILE: f"{quantile:g}"}, value
