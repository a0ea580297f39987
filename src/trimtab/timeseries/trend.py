"""A straight line through noisy values that outliers do not turn (Theil–Sen)."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.timeseries.robust import mad_sigma, tiny

_BINS = 64
_SIGNIFICANT = 3.0  # standard errors


class Trend(Struct, frozen=True):
    """`slope` per millisecond, through `level` at `origin_ms`."""

    slope: float
    level: float
    origin_ms: int

    def at(self, times: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The line's value at each of `times` (ms)."""
        line: npt.NDArray[np.float64] = self.level + self.slope * (times - self.origin_ms).astype(np.float64)
        return line


def fit_trend(times: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Trend:
    """The line through `values` at `times` (ms, ascending); level where the slope cannot be told from none.

    The slope is the median of the slopes between the medians of `_BINS` stretches; it counts when it is larger than
    three of its standard errors, told from the scatter of those medians around the line. Raises ValueError when empty.
    """
    if len(values) == 0:
        raise ValueError("cannot fit a trend: there are no values")
    origin = int(times[-1])
    flat = Trend(0.0, float(np.median(values)), origin)
    if len(values) < 16:
        return flat
    bins = min(_BINS, len(values) // 4)
    at = np.array([float(np.mean(part)) for part in np.array_split(times - origin, bins)])
    middle = np.array([float(np.median(part)) for part in np.array_split(values, bins)])
    first, second = np.triu_indices(bins, 1)
    apart = at[second] - at[first]
    slope = float(np.median((middle[second] - middle[first]) / apart))
    rest = middle - slope * at
    scatter = max(mad_sigma(rest - np.median(rest)), mad_sigma(np.diff(rest)) / np.sqrt(2.0), tiny(values))
    error = 1.25 * scatter / (np.sqrt(bins) * max(float(np.std(at)), 1.0))
    # Neighbouring medians of a wandering level are alike, so the scatter says less than it seems to.
    wander = _wander(rest)
    if abs(slope) < _SIGNIFICANT * error * wander:
        return flat
    return Trend(slope, float(np.median(rest)), origin)


def _wander(rest: npt.NDArray[np.float64]) -> float:
    """By how much the likeness of neighbours inflates a standard error: sqrt((1 + r) / (1 - r))."""
    centred = rest - np.mean(rest)
    power = float(centred @ centred)
    likeness = float(centred[1:] @ centred[:-1]) / power if power > 0 else 0.0
    likeness = min(max(likeness, 0.0), 0.97)
    return float(np.sqrt((1.0 + likeness) / (1.0 - likeness)))
