"""What of PromQL the engine works out itself: by function, the aggregate of the engine that means the same.

All of them see the samples in `(t - window, t]`, as Prometheus does; they are equal to the bit but for the order of
additions and divisions in averages, sums, differences and rates (within 1e-14). What is not here, and why: `deriv` and
`predict_linear` (the engine adds the products of a regression up without compensation: on 1e12 that rises by 0.001 a
sample the slope is 8 % off, on a constant it is not 0); `quantile_over_time`, `mad_over_time`, `stddev_over_time`,
`stdvar_over_time`, `first_over_time`, `double_exponential_smoothing` and most of `ts_of_…` (the engine has none); what
reads beyond its window (`anchored`, `smoothed`). Where a function may be wrong its `doubt` says so, and its series are
read: the engine keeps what counters lost at resets as a running sum, which windows are taken off again. Of fractions
that leaves a rounding (1e-14 where nothing happened: `rate(x) > 0` would fire), of an infinity NaN for good.
"""

from msgspec import Struct


class EngineFunction(Struct, frozen=True):
    """How the engine works a function out.

    `grid` is SQL whose `/*parameters*/` are start, end, step and window; it makes an array of one number or NULL for
    each step. `doubt` is what it need not be right for, as a number of a series that is 0 where there is none.
    """

    grid: str
    keeps_name: bool = False
    counter: bool = False
    doubt: str = "0"


_PLAIN = "timeSeries{}ToGrid(/*parameters*/)(time, value)"


_LARGE = "countIf(abs(value) > 1e300)"
"""Sums of such are not finite, where the evaluator's mean may be."""
_TWO_RESETS = (
    "if(countIf(value != floor(value)) = 0, 0, arrayMax(x -> ifNull(x, 0) >= 2, "
    "timeSeriesResetsToGrid(/*around*/)(time, value)))"
)
"""Whether a counter of fractions was reset twice in or around a window."""


def _of(name: str, *, keeps_name: bool = False, doubt: str = "0") -> EngineFunction:
    return EngineFunction(_PLAIN.format(name), keeps_name, doubt=doubt)


def _counter(name: str) -> EngineFunction:
    return EngineFunction(_PLAIN.format(name), counter=True, doubt=f"{_LARGE} + {_TWO_RESETS}")


STALE_BITS = 9_218_868_437_227_405_314
"""The NaN by which a series ends (`values.STALE`), as the engine's UInt64."""

INSTANT = EngineFunction(
    f"arrayMap(x -> if(reinterpretAsUInt64(x) = {STALE_BITS}, NULL, x), {_PLAIN.format('Last')})", keeps_name=True
)
"""A selector without a range: the newest sample within the look-back, unless it ends its series."""

FUNCTIONS: dict[str, EngineFunction] = {
    "avg_over_time": _of("Avg", doubt=_LARGE),
    "changes": _of("Changes"),
    "count_over_time": _of("Count"),
    "delta": _of("Delta"),
    "idelta": _of("InstantDelta"),
    "increase": _counter("Increase"),
    "irate": _of("InstantRate"),
    "last_over_time": _of("Last", keeps_name=True),
    "max_over_time": _of("Max"),
    "min_over_time": _of("Min"),
    "present_over_time": EngineFunction(f"arrayMap(x -> if(x IS NULL, NULL, 1), {_PLAIN.format('Count')})"),
    "rate": _counter("Rate"),
    "resets": _of("Resets"),
    "sum_over_time": _of("Sum", doubt=_LARGE),
}
