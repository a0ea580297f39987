"""Every candidate by name. To add one: a function of history and horizon, and a line here."""

from collections.abc import Callable
from functools import partial

import numpy as np

from trimtab.timeseries.forecast.calendar import Marks, effects
from trimtab.timeseries.forecast.families import autoregression, smoothing, theta
from trimtab.timeseries.forecast.model import Values
from trimtab.timeseries.forecast.seasonal import (
    fading_cycle,
    last_cycle,
    last_value,
    shape,
    usual_cycle,
)

Predict = Callable[[Values, int], Values | None]
"""(history, horizon) -> forecast, or None where the history does not suffice."""

_CYCLES = (3, 7)


def candidates(periods: tuple[int, ...], calendar: Marks | None) -> dict[str, Predict]:
    """What is tried for a series with these cycles; `calendar` has a row for each step of history and horizon."""
    level: dict[str, Predict] = {
        "exponential smoothing": partial(smoothing, trend=False),
        "autoregression": partial(autoregression, differences=0),
        "integrated autoregression": partial(autoregression, differences=1),
    }
    trend: dict[str, Predict] = {"damped trend": partial(smoothing, trend=True), "theta": theta}
    found: dict[str, Predict] = {"naive": last_value, **level, **({} if periods else trend)}
    for period in periods:
        found[f"seasonal naive, {period}"] = partial(last_cycle, period=period)
        found[f"fading from last cycle, {period}"] = partial(fading_cycle, period=period, cycles=1)
        for cycles in _CYCLES:
            found[f"median of {cycles} cycles, {period}"] = partial(usual_cycle, period=period, cycles=cycles)
            found[f"fading from {cycles} cycles, {period}"] = partial(fading_cycle, period=period, cycles=cycles)
    for name, predict in {**level, **trend}.items() if periods else ():
        found[f"{name} + season, {periods[0]}"] = partial(_in_season, predict=predict, period=periods[0])
    if calendar is None:
        return found
    period = periods[0] if periods else 1
    return {
        name: partial(_by_calendar, predict=predict, marks=calendar, period=period) for name, predict in found.items()
    }


def _in_season(history: Values, horizon: int, *, predict: Predict, period: int) -> Values | None:
    offsets = shape(history, period)
    if offsets is None:
        return None
    back = np.resize(offsets[::-1], len(history))[::-1]  # the last slot of a cycle lies on the last value
    ahead = predict(history - back, horizon)
    return None if ahead is None else ahead + np.resize(offsets, horizon)


def _by_calendar(history: Values, horizon: int, *, predict: Predict, marks: Marks, period: int) -> Values | None:
    added = marks[: len(history) + horizon] @ effects(history, marks, period)
    ahead = predict(history - added[: len(history)], horizon)
    return None if ahead is None else ahead + added[len(history) :]
