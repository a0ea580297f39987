"""The coming month's traffic, as multiples of what was seen: a trend where one can be told, and how sure it is.

The level of each day (of the same weekday where there are two weeks or more) is what is looked at. The trend is
Theil–Sen's, and counts where it is larger than three of its standard errors; what is left around it is the doubt, and
it grows with the horizon. The shape of the day and week stays as it was: policies are replayed on it.
"""

import math

import numpy as np

from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.plan.model import Outlook
from trimtab.timeseries.robust import mad_sigma
from trimtab.timeseries.trend import fit_trend

DAY_S = 86_400
AHEAD_DAYS = 15.0
"""The middle of the coming 30 days: what is expected on average over them."""
_Z = 1.2816
"""Standard normal deviate of 90 %."""
_LEAST_DOUBT = 0.05
"""Nobody knows a month's traffic to better than this (one standard deviation of its logarithm)."""
_SHORT_DOUBT = 0.25
"""The doubt where less than a week is known: nothing tells the trend."""
_MOST_GROWTH = math.log(3.0)
"""A trend is not believed to more than triple the traffic within the horizon."""


def outlook(demand: Array, tick_s: float) -> Outlook:
    """The outlook of a demand history."""
    day = round(DAY_S / tick_s)
    days = len(demand) // day
    if days < 7:
        spread = math.exp(_Z * _SHORT_DOUBT)
        why = (
            f"{len(demand) * tick_s / DAY_S:.1f} days of history tell no trend: the same traffic, give or take a third"
        )
        return Outlook(1 / spread, 1.0, spread, why)
    recent = demand[len(demand) - days * day :]
    levels = np.log(np.maximum(recent.reshape(days, day).mean(axis=1), 1e-12))
    steady, window = _without_weekdays(levels)
    times = (np.arange(days) * DAY_S * 1000).astype(np.int64)
    trend = fit_trend(times, steady)
    per_day = trend.slope * DAY_S * 1000
    left = steady - trend.at(times)
    doubt = max(mad_sigma(left), _LEAST_DOUBT) * math.sqrt(1 + AHEAD_DAYS / days)
    ahead = min(_MOST_GROWTH, max(-_MOST_GROWTH, per_day * (days / 2 + AHEAD_DAYS)))
    middle = math.exp(ahead)
    if per_day:
        said = f"traffic changes by {math.expm1(per_day * 30):+.0%} a month"
    else:
        said = "no trend can be told from the noise"
    why = f"{days} days of history{window}: {said}; {math.expm1(_Z * doubt):.0%} more or less with 10 % chance each"
    return Outlook(middle * math.exp(-_Z * doubt), middle, middle * math.exp(_Z * doubt), why)


def _without_weekdays(levels: Array) -> tuple[Array, str]:
    """The levels less what their weekday usually adds, where two weeks or more tell it."""
    if len(levels) < 14:
        return levels, ""
    weekday = np.arange(len(levels)) % 7
    usual = np.array([np.median(levels[weekday == one]) for one in range(7)])
    return levels - usual[weekday] + np.median(levels), ", weekdays taken out"
