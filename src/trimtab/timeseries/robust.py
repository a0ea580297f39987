"""Location and spread that a few wild values do not move."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_TAIL = 0.05
_NORMAL_TAIL = 1.6448536269514722
"""The 95 % point of the normal distribution: what turns the distance between two quantiles into a sigma."""
_MAD = 1.4826022185056018
"""1 / the 75 % point of the normal distribution."""


def sigma(values: Values) -> float:
    """The standard deviation that a normal distribution with the same 5 % and 95 % quantiles has; 0 below 3 values.

    Up to 5 % of outliers on each side do not count. The median absolute deviation would bear more of them, but knows
    nothing of the shoulders of a distribution, and bands are made of shoulders.
    """
    if len(values) < 3:
        return 0.0
    low, high = np.quantile(values, (_TAIL, 1.0 - _TAIL))
    return float(high - low) / (2.0 * _NORMAL_TAIL)


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
