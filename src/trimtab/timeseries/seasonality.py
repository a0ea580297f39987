"""Shapes that repeat every hour, day or week: told from noise, and added up.

A shape is a robust profile over the slots of its period. It is kept only where it predicts what it has not seen: each
cycle is predicted from the others, and the errors must shrink. So noise is never drawn as a season.
"""

from enum import Enum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.timeseries.robust import sigma, tiny

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

_HOUR_MS = 3_600_000
_WORTH = 0.97
"""A shape must bring the spread of the errors below this share of what it was."""
_CYCLES = 2
"""Complete cycles without which a shape is not looked for."""


class Season(Enum):
    """A period, and the slots that its profile has at most."""

    HOUR = (_HOUR_MS, 60)
    DAY = (24 * _HOUR_MS, 288)
    WEEK = (168 * _HOUR_MS, 168)

    @property
    def period_ms(self) -> int:
        """The length of a cycle."""
        return self.value[0]

    @property
    def most_slots(self) -> int:
        """The finest resolution of the profile."""
        return self.value[1]


# Thursday is day 0 of the epoch: weeks are counted from a Monday, only so that slots read naturally.
_WEEK_OFFSET_MS = 3 * 24 * _HOUR_MS


class Profile(Struct, frozen=True):
    """A repeating shape: `offsets` from the level, one a slot of the period, around zero.

    `cycles` is how many values a slot was told from, on average: few make it uncertain.
    """

    season: Season
    offsets: Values
    cycles: float

    def at(self, local_ms: Times) -> Values:
        """The shape at local times (ms), straight lines between the middles of slots."""
        slots = len(self.offsets)
        place = _phase(local_ms, self.season) / self.season.period_ms * slots - 0.5
        below = np.floor(place).astype(np.int64)
        share = place - below
        wrapped: Values = self.offsets[below % slots] * (1.0 - share) + self.offsets[(below + 1) % slots] * share
        return wrapped


def fit_profiles(local_ms: Times, values: Values, step_ms: int, slow: Values | None = None) -> list[Profile]:
    """The shapes in `values` at local times, in the order in which they add up: what the week adds to the day, too.

    `step_ms` is the usual distance of points. `slow`, where `values` still have shifts or a trend, is what changes from
    day to day: shapes within a day are told without it. None where there are less than two cycles, or the shape
    predicts nothing.
    """
    rest = values - np.median(values)
    slow = slow - np.median(slow) if slow is not None else np.zeros(len(values))
    found = []
    for season in (Season.DAY, Season.HOUR, Season.WEEK):
        profile = _fit(local_ms, rest if season is Season.WEEK else rest - slow, step_ms, season)
        if profile is not None:
            found.append(profile)
            rest = rest - profile.at(local_ms)
    return found


def _fit(local_ms: Times, values: Values, step_ms: int, season: Season) -> Profile | None:
    slots = min(season.most_slots, season.period_ms // max(step_ms, 1))
    if slots < 4 or len(values) < 2 * slots:
        return None
    cycle = (local_ms - _origin(season)) // season.period_ms
    if local_ms[-1] - local_ms[0] + step_ms < _CYCLES * season.period_ms:
        return None
    slot = _phase(local_ms, season) * slots // season.period_ms
    if not _worth(slot, cycle, values, slots):
        return None
    offsets = _smoothed(_by_slot(slot, values, slots))
    cycles = float(np.mean(np.bincount(slot, minlength=slots))) * _WIDTH
    return Profile(season, offsets - float(np.mean(offsets)), max(cycles, 1.0))


_WIDTH = 2.0
"""How many slots' worth of values stands behind one slot after `_smoothed`: 1 / (1/4² + 1/2² + 1/4²), less likeness."""


def _worth(slot: Times, cycle: Times, values: Values, slots: int) -> bool:
    """Whether each half of the cycles is predicted by the other half better than by no shape at all."""
    names = np.unique(cycle)
    before, after = [], []
    for odd in (0, 1):
        held = np.isin(cycle, names[odd::2])
        if held.all() or not held.any():
            return False
        offsets = _smoothed(_by_slot(slot[~held], values[~held], slots))
        offsets = offsets - float(np.mean(offsets))
        rest = values[held] - offsets[slot[held]]
        before.append(values[held] - np.median(values[held]))
        after.append(rest - np.median(rest))
    plain, shaped = np.concatenate(before), np.concatenate(after)
    if sigma(plain) <= tiny(values):
        # Almost all values are alike: a shape of rare spikes shows in the squares alone.
        return float(np.mean(shaped**2)) < _WORTH**2 * float(np.mean(plain**2))
    return sigma(shaped) < _WORTH * sigma(plain)


def _by_slot(slot: Times, values: Values, slots: int) -> Values:
    """The median of the values in each slot; empty slots are filled in from their neighbours."""
    order = np.lexsort((values, slot))
    ordered, sizes = values[order], np.bincount(slot, minlength=slots)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    known = sizes > 0
    low = ordered[(starts + (sizes - 1) // 2)[known]]
    high = ordered[(starts + sizes // 2)[known]]
    at = np.flatnonzero(known)
    filled: Values = np.interp(np.arange(slots), at, (low + high) / 2.0, period=slots)
    return filled


def _smoothed(offsets: Values) -> Values:
    """Each slot with half the weight, its two neighbours with a quarter each; the ends meet."""
    smooth: Values = 0.5 * offsets + 0.25 * (np.roll(offsets, 1) + np.roll(offsets, -1))
    return smooth


def _origin(season: Season) -> int:
    return -_WEEK_OFFSET_MS if season is Season.WEEK else 0


def _phase(local_ms: Times, season: Season) -> Times:
    phase: Times = (local_ms - _origin(season)) % season.period_ms
    return phase
