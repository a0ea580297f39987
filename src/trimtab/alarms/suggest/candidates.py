"""The ways to judge that are tried: thresholds from the metric's own quantiles, M of N, and longer periods. Pure."""

import math
from collections.abc import Iterator

import numpy as np

from trimtab.alarms.evaluate import Floats
from trimtab.alarms.limits import MAX_LONG_SPAN_S, MAX_SPAN_S
from trimtab.alarms.model import Operator
from trimtab.alarms.suggest.model import Candidate

M_OF_N = (
    (1, 1),
    (2, 2),
    (2, 3),
    (3, 3),
    (3, 5),
    (4, 5),
    (5, 5),
    (6, 8),
    (8, 10),
    (10, 12),
    (12, 15),
    (15, 15),
    (20, 30),
)
"""From the first sign to half an hour of minutes that nearly all breach."""
QUANTILES = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_PERIODS_S = (60, 300, 900, 3600)
_LONGER = 2  # periods beside the alarm's own
_SLOWEST_S = 6 * 3600
"""A way that needs longer than this to tell is a report, not an alarm."""


def periods_of(period_s: int) -> tuple[int, ...]:
    """The alarm's own period, and the next longer ones that are multiples of it."""
    longer = [one for one in _PERIODS_S if one > period_s and one % period_s == 0]
    return (period_s, *longer[:_LONGER])


def thresholds_of(values: Floats, operator: Operator, own: float) -> tuple[float, ...]:
    """The alarm's own threshold first, then rounded quantiles of the metric's values, each once."""
    known = values[~np.isnan(values)]
    found = [own]
    if len(known):
        below = operator in (Operator.LESS, Operator.LESS_OR_EQUAL)
        ends = np.quantile(known, [1 - one if below else one for one in QUANTILES]).tolist()
        spread = float(known.max() - known.min())
        found += [rounded(end, spread, up=not below) for end in ends]
    return tuple(dict.fromkeys(found))


def rounded(value: float, spread: float, *, up: bool) -> float:
    """A number that a person would write: to a hundredth of the spread, away from the ordinary."""
    if spread <= 0 or not math.isfinite(value):
        return value
    step = 10.0 ** math.floor(math.log10(spread / 100))
    whole = math.ceil(value / step - 1e-9) if up else math.floor(value / step + 1e-9)
    return float(f"{whole * step:.12g}")


def candidates(period_s: int, thresholds: tuple[float | None, ...]) -> Iterator[Candidate]:
    """Every way to judge periods of `period_s` that CloudWatch would take."""
    limit_s = min(MAX_LONG_SPAN_S if period_s >= 3600 else MAX_SPAN_S, _SLOWEST_S)
    for m, n in M_OF_N:
        if (m, n) == (1, 1) or n * period_s <= limit_s:
            for threshold in thresholds:
                yield Candidate(period_s, threshold, n, m)
