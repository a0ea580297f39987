"""What is normal at a time: a model of a metric's level, trend, seasons and spread, and the limits that follow.

    value = level since the last shift + trend + day + week + hour + noise whose spread depends on the time of day

The limits at width k lie k standard deviations of what the model does not explain around what it does. They allow for
what the model cannot know better from so little history. Pure arrays: rooms bring the points and the settings.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.timeseries.changes import level_shifts
from trimtab.timeseries.robust import clip, sigma, tiny
from trimtab.timeseries.seasonality import Profile, Season, fit_profiles
from trimtab.timeseries.spikes import Spikes, fit_spikes
from trimtab.timeseries.spread import Spread, fit_spread
from trimtab.timeseries.trend import Trend, fit_trend

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_DAY_MS = 86_400_000
_LEAST_POINTS = 15
_ROUNDS = 2
"""Seasons are looked for again without the shifts, and shifts without the seasons, until both are clear."""


class Settings(Struct, frozen=True):
    """How a model is fitted. `low` and `high` are limits that the metric cannot pass (0 and 100 of a percentage).

    `spikes`: peaks that come back at the same time of day are normal. A level that lasted less than `level_ms` is an
    event, not a level. `tail`: the share of wild values on each side that does not widen the limits.
    """

    low: float = -np.inf
    high: float = np.inf
    spikes: bool = False
    level_ms: int = _DAY_MS // 4
    tail: float = 0.05


class BandModel(Struct, frozen=True):
    """A fitted model. `starts` are the times (ms) from which `levels` hold; the last goes on for ever."""

    starts: Times
    levels: Values
    trend: Trend
    profiles: tuple[Profile, ...]
    spread: Spread
    settings: Settings
    spikes: Spikes | None = None
    until_ms: int = 0
    inflation: float = 1.0
    """By how much few cycles make the limits wider: a profile told from n values errs by spread / sqrt(n)."""

    def expected(self, times: Times, local_ms: Times) -> Values:
        """What is expected at `times`, whose local times are `local_ms` (both ms)."""
        segment = np.maximum(np.searchsorted(self.starts, times, side="right") - 1, 0)
        # A trend is not trusted for longer than a day beyond what it was seen in.
        told = self.levels[segment] + self.trend.at(np.minimum(times, self.until_ms + _DAY_MS))
        for profile in self.profiles:
            told = told + profile.at(local_ms)
        return told

    def limits(self, times: Times, local_ms: Times, width: float) -> tuple[Values, Values]:
        """The upper and lower limit at each of `times` for a width of `width` standard deviations."""
        told = self.expected(times, local_ms)
        reach = width * self.inflation * self.spread.at(local_ms)
        upper, lower = told + reach, told - reach
        if self.spikes is not None:
            upper, lower = self.spikes.widened(local_ms, upper, lower)
        return np.clip(upper, self.settings.low, self.settings.high), np.clip(
            lower, self.settings.low, self.settings.high
        )


def fit_bands(
    times: Times, local_ms: Times, values: Values, excluded: Bools | None = None, settings: Settings | None = None
) -> BandModel | None:
    """A model of `values` at `times` (ms, ascending), or None where there are fewer than 15 points to learn from.

    `local_ms` are the times on the clock that the seasons follow. Points flagged in `excluded` are not learnt from.
    """
    settings = settings or Settings()
    usable = np.isfinite(values)
    if excluded is not None:
        usable &= ~excluded
    times, local_ms, values = times[usable], local_ms[usable], values[usable]
    if len(values) < _LEAST_POINTS:
        return None
    step_ms = max(int(np.median(np.diff(times))), 1)
    least = max(settings.level_ms // step_ms, _LEAST_POINTS)
    profiles = fit_profiles(local_ms, values, step_ms, slow=_slow(values, _DAY_MS // step_ms))
    slope = 0.0
    shifts: list[int] = []
    for _ in range(_ROUNDS):
        slope, shifts = _slope_or_shifts(times, values - _sum_of(profiles, local_ms), least)
        line = slope * (times - times[-1])
        levels = _levels(values - line - _sum_of(profiles, local_ms), shifts)
        profiles = fit_profiles(local_ms, values - line - np.repeat(levels, _sizes(len(values), shifts)), step_ms)
    starts = times[[0, *shifts]]
    levels = _levels(values - slope * (times - times[-1]) - _sum_of(profiles, local_ms), shifts)
    trend = Trend(slope, 0.0, int(times[-1]))
    inflation = _inflation(profiles, len(values) - (shifts[-1] if shifts else 0))
    until_ms = int(times[-1])
    bare = BandModel(starts, levels, trend, tuple(profiles), Spread.of(0.0), settings, None, until_ms, inflation)
    rest = values - bare.expected(times, local_ms)
    daily = any(profile.season is Season.DAY for profile in profiles)
    spread = fit_spread(local_ms, rest, step_ms, by_day=daily, least=tiny(values), tail=settings.tail)
    spikes = fit_spikes(local_ms, values, rest, max(sigma(rest), tiny(values))) if settings.spikes else None
    return replace(bare, spread=spread, spikes=spikes)


def _slope_or_shifts(times: Times, flat: Values, least: int) -> tuple[float, list[int]]:
    """The slope (per ms) under `flat`, which has no seasons, and the shifts around it.

    A ramp looks like a staircase of shifts: a slope is taken where it leaves fewer of them.
    """
    shifts = level_shifts(flat, least)
    trend = fit_trend(times, flat)
    if trend.slope == 0.0:
        return 0.0, shifts
    rest = level_shifts(flat - trend.slope * (times - times[-1]), least)
    return (trend.slope, rest) if len(rest) < max(len(shifts), 1) else (0.0, shifts)


def _slow(values: Values, width: int) -> Values:
    """The mean of the `width` points around each: what changes from day to day, without the day's own shape."""
    if width < 2 or len(values) < width:
        return np.full(len(values), float(np.median(values)))
    total = np.concatenate(([0.0], np.cumsum(clip(values, 6.0))))
    first = np.clip(np.arange(len(values)) - width // 2, 0, len(values) - width)
    around: Values = (total[first + width] - total[first]) / width
    return around


def _sum_of(profiles: list[Profile], local_ms: Times) -> Values:
    total = np.zeros(len(local_ms))
    for profile in profiles:
        total += profile.at(local_ms)
    return total


def _sizes(number: int, shifts: list[int]) -> Times:
    edges: Times = np.array([0, *shifts, number], dtype=np.int64)
    return edges[1:] - edges[:-1]


def _levels(values: Values, shifts: list[int]) -> Values:
    return np.array([float(np.median(part)) for part in np.split(values, shifts)])


def _inflation(profiles: list[Profile], latest: int) -> float:
    """sqrt((1 + u) / (1 - u)): the points were used to fit what they are now compared with, at a cost of u each."""
    used = min(sum(1.0 / max(profile.cycles, 1.0) for profile in profiles) + 1.0 / max(latest, 1), 0.8)
    return float(np.sqrt((1.0 + used) / (1.0 - used)))
