"""Days that are known beforehand to be different: the first of a month with its fees, a holiday.

An effect is the median of what such days were off from the days around them, and is believed only where it came at
least twice and stands out of the noise. It is taken off before candidates look at the history, then put on again.
"""

import numpy as np
import numpy.typing as npt

from trimtab.timeseries.forecast.model import Values
from trimtab.timeseries.forecast.seasonal import shape
from trimtab.timeseries.robust import sigma

Marks = npt.NDArray[np.bool_]

_AROUND = 15
_LEAST = 2
_SURE = 4.0
"""Standard errors that an effect must be away from zero."""


def effects(history: Values, marks: Marks, period: int) -> Values:
    """What each kind of marked day adds; 0 where that cannot be told. `marks`: a row a step, a column a kind."""
    known = marks[: len(history)]
    if len(history) < _AROUND or not known.any():
        return np.zeros(marks.shape[1])
    usual = ~known.any(axis=1)
    off = history - _around(np.where(usual, history, np.nan))
    offsets = shape(np.where(usual, off, 0.0), period) if period > 1 else None
    if offsets is not None:
        off = off - np.resize(offsets[::-1], len(off))[::-1]
    if usual.any():
        off = off - np.median(off[usual])
    noise = sigma(off[usual])
    return np.array([_effect(off[known[:, kind]], noise) for kind in range(marks.shape[1])])


def _effect(off: Values, noise: float) -> float:
    if len(off) < _LEAST:
        return 0.0
    middle = float(np.median(off))
    spread = max(noise, sigma(off)) / np.sqrt(len(off))
    return middle if abs(middle) > _SURE * spread else 0.0


def _around(values: Values) -> Values:
    """The median of the steps around each, NaN left out."""
    padded = np.pad(values, _AROUND // 2, constant_values=np.nan)
    rows = np.lib.stride_tricks.sliding_window_view(padded, _AROUND)
    known = np.isfinite(rows).any(axis=1)
    middle = np.full(len(values), np.nanmedian(values) if np.isfinite(values).any() else 0.0)
    middle[known] = np.nanmedian(rows[known], axis=1)
    return middle
