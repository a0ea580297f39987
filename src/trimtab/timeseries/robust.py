"""Location and spread that a few wild values do not move."""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_NORMAL = NormalDist()
_MAD = 1.4826022185056018
"""1 / the 75 % point of the normal distribution."""


def sigma(values: Values, tail: float = 0.05) -> float:
    """The standard deviation that a normal distribution with the same `tail` and 1 - `tail` quantiles has; 0 below 3.

    So a share of `tail` outliers on each side does not count. The median absolute deviation would bear more of them,
    but knows nothing of the shoulders of a distribution, and bands are made of shoulders.
    """
    if len(values) < 3:
        return 0.0
    low, high = np.quantile(values, (tail, 1.0 - tail))
    return float(high - low) / (2.0 * _NORMAL.inv_cdf(1.0 - tail))


def mad_sigma(values: Values) -> float:
    """The standard deviation told by the median absolute deviation: half of all values may be wild. 0 when empty."""
    if len(values) == 0:
        return 0.0
    return _MAD * float(np.median(np.abs(values - np.median(values))))


def tiny(values: Values) -> float:
    """A spread below which differences between `values` are rounding."""
    size = float(np.max(np.abs(values))) if len(values) else 0.0
    return max(size * 1e-9, 1e-12)


def clip(values: Values, width: float = 4.0) -> Values:
    """`values`, none farther than `width` robust sigmas from the median."""
    if len(values) == 0:
        return values
    spread = max(sigma(values), mad_sigma(values), tiny(values))
    middle = float(np.median(values))
    return np.clip(values, middle - width * spread, middle + width * spread)
