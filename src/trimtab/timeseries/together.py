"""Which series changed together: how alike their departures from the usual are over the window of an anomaly.

What every series does every day says nothing, so each is compared with itself first: its deviation is the distance
from the middle of what earlier days had at the same time, in units of how much it strayed before the anomaly. Two
series changed together when their deviations rise and fall together and the second really left its own usual range.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Values = npt.NDArray[np.float64]

_FAR = 8.0
"""Deviations beyond this are cut: one wild point must not decide a correlation."""
_MOVED = 3.0
"""A deviation from which a series has left what is usual for it."""
_LEAST_SHARED = 12
"""Points that two series must share for a correlation to mean anything."""


class Ranked(Struct, frozen=True):
    """Of each other series: its likeness (-1 to 1), how far it went (in sigmas), and when.

    `score` (0 to 1) is what they are ranked by. `lag` is by how many slots it left its usual range later than the
    anomalous series did (negative: earlier); NaN where it did not.
    """

    score: Values
    likeness: Values
    moved: Values
    lag: Values


def deviations(window: Values, earlier: Values, before: int) -> Values:
    """How far each series (n × slots) is from its usual, in its own sigmas.

    `earlier` (days × n × slots) are the same slots of earlier days. The first `before` slots lie before the anomaly.
    NaN where there is no point, or nothing to compare it with.
    """
    known = np.isfinite(earlier).sum(axis=0)
    usual = _median(earlier, 0)
    seasonal = (known >= 2).mean(axis=1) > 0.8
    level = _median(window[:, :before], 1)[:, None]
    # Of a day that was wholly above another only the shape is compared: levels move.
    shift = _median((window - usual)[:, :before], 1)[:, None]
    rest = np.where(seasonal[:, None], window - usual - shift, window - level)
    # A season that explains less than a level does is none.
    plain = window - level
    worse = _spread(rest[:, :before]) > _spread(plain[:, :before])
    rest = np.where(worse[:, None], plain, rest)
    steps = _spread(np.diff(window[:, :before], axis=1)) / np.sqrt(2.0)
    size = np.nanmax(np.abs(np.where(np.isfinite(window), window, 0.0)), axis=1)
    spread = np.maximum(np.maximum(_spread(rest[:, :before]), steps), 1e-3 * size + 1e-12)
    result: Values = rest / spread[:, None]
    return result


def rank(target: Values, others: Values, before: int) -> Ranked:
    """Rank `others` (n × slots, deviations) by how much they changed with `target` (slots)."""
    mine = np.clip(target, -_FAR, _FAR)
    theirs = np.clip(others, -_FAR, _FAR)
    likeness = _correlations(mine, theirs)
    after = others[:, before:]
    moved = _median(-np.sort(-np.abs(np.where(np.isfinite(after), after, 0.0)), axis=1)[:, :3], 1)
    lag = _first(others, before) - _first(target[None, :], before)[0]
    # Twice the usual range counts for little, five times it for all that it is worth.
    score = np.abs(likeness) * np.clip((moved - 2.0) / 3.0, 0.0, 1.0) * _at_once(lag)
    return Ranked(score, likeness, moved, lag)


def _at_once(lag: Values) -> Values:
    """How much a lag (slots) still counts as together: all at once, 37 % after an hour, half where it is unclear."""
    return np.where(np.isfinite(lag), np.exp(-np.abs(lag) / 12.0), 0.5)


def _correlations(mine: Values, theirs: Values) -> Values:
    """Pearson's r of each row of `theirs` with `mine`, over the slots that both have; 0 where there are few."""
    both = np.isfinite(theirs) & np.isfinite(mine)[None, :]
    number = both.sum(axis=1)
    x = np.where(both, mine[None, :], 0.0)
    y = np.where(both, theirs, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.where(both, x - (x.sum(axis=1) / number)[:, None], 0.0)
        y = np.where(both, y - (y.sum(axis=1) / number)[:, None], 0.0)
        r = (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    return np.where((number >= _LEAST_SHARED) & np.isfinite(r), r, 0.0)


def _first(rows: Values, before: int) -> Values:
    """The slot in which each row first left its usual range, from an hour before the anomaly on.

    NaN where it never did, or had left it before that hour: then it did not leave it together with anything.
    """
    since = max(before - 12, 0)
    size = np.abs(np.where(np.isfinite(rows), rows, 0.0))[:, since:]
    out = size >= _MOVED
    # One slot just outside is chance: two in a row are not, nor is one far outside.
    out = (out & np.roll(out, -1, axis=1)) | (size >= 2.0 * _MOVED)
    return np.where(out.any(axis=1) & ~out[:, 0], out.argmax(axis=1) + since, np.nan)


def _spread(rows: Values) -> Values:
    """A robust sigma of each row."""
    middle = _median(rows, 1)[:, None]
    spread: Values = 1.4826 * _median(np.abs(rows - middle), 1)
    return spread


def _median(values: Values, axis: int) -> Values:
    """The median without NaN; NaN where all are."""
    ordered = np.sort(values, axis=axis)  # NaN last
    number = np.isfinite(values).sum(axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum((number - 1) // 2, 0), axis)
    high = np.take_along_axis(ordered, np.minimum(number // 2, values.shape[axis] - 1), axis)
    middle: Values = ((low + high) / 2.0).squeeze(axis)
    return middle
