"""How far a forecast may be off: as far as it was at the same distance when the past was replayed (split conformal).

Source: Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World" (2005): the ⌈(n + 1) × level⌉-th smallest of n
errors holds the level on average where errors are exchangeable.
"""

import numpy as np

from trimtab.timeseries.forecast.combine import Spans
from trimtab.timeseries.forecast.model import Values

_LEAST = 10
"""Errors that a quantile is taken of: a span with fewer takes its neighbours' too."""


def half_widths(off: Values, span: Spans, level: float) -> Values:
    """Half the width of the interval in each span; `off` are errors by origin and step."""
    count = int(span[-1]) + 1
    sizes = np.abs(off)
    return np.array([_quantile(_near(sizes, span, at), level) for at in range(count)])


def sum_width(off: Values, first: int, last: int, level: float) -> float:
    """Half the width of the interval of a sum over steps `[first, last)`.

    Origins are too few for a quantile, so the sums' errors are taken as normal around zero (Student's t).
    """
    sums = off[:, first:last].sum(axis=1)
    return _normal(sums, level)


def _near(sizes: Values, span: Spans, at: int) -> Values:
    reach = 0
    while True:
        inside = np.abs(span - at) <= reach
        if inside.sum() * len(sizes) >= _LEAST or inside.all():
            return sizes[:, inside].ravel()
        reach += 1


def _quantile(sizes: Values, level: float) -> float:
    ordered = np.sort(sizes)
    place = int(np.ceil((len(ordered) + 1) * level)) - 1
    return float(ordered[min(place, len(ordered) - 1)])


def replayed_width(off: Values, level: float) -> float:
    """Half the width that held the level of errors that are alike, such as those of the same day of other months.

    Between two ranks it is a part of the way from one to the other, so that it holds the level and no more. Of too few
    errors for such a rank they are taken as normal around zero (Student's t), which is wide. NaN without any.
    """
    sizes = np.sort(np.abs(off))
    if not len(sizes):
        return float("nan")
    place = (len(sizes) + 1) * level - 1
    if place > len(sizes) - 1:
        return _normal(sizes, level)
    return float(np.interp(place, np.arange(len(sizes)), sizes))


def _normal(errors: Values, level: float) -> float:
    from scipy.special import stdtrit  # takes half a second to load: only who forecasts pays

    return float(np.sqrt(np.mean(errors**2)) * stdtrit(len(errors), (1 + level) / 2))
