"""Predictive scaling as EC2 Auto Scaling documents it: an hourly forecast puts a floor under desired, never scales in.

A forecast is made every 6 hours for the 48 hours ahead, from at least 24 hours and at most 14 days of hourly means. AWS
does not say how it forecasts; here an hour is expected to be as the same hour of the last two weeks was at the level of
the last day, and as the same hour of the days before while there is no week. What an hour needs is in place
`buffer_s` before it begins. Above the group's maximum it is cut (HonorMaxCapacity), or may go above it by
`breach_buffer` (IncreaseMaxCapacity).
"""

import math

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.capacity.simulate.replay import check_demand

LEAST_HOURS, MOST_HOURS, AHEAD_HOURS, EVERY_HOURS = 24, 14 * 24, 48, 6
WEEK_HOURS = 7 * 24


class Predictive(Struct, frozen=True):
    """Keep the forecast load of a replica at `target`. `breach_buffer` None honours the group's maximum."""

    target: float = 0.5
    buffer_s: float = 300.0
    breach_buffer: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.target <= 1000 or not 0 <= self.buffer_s <= 3600:
            raise InvalidInput("cannot predict: expected a target above 0 and a buffer of 0 to 3600 s")

    def explain(self, load: float, capacity: float) -> str:
        """Why the floor of an hour is what it is, in words."""
        needed = math.ceil(load / (capacity * self.target) - 1e-9)
        return (
            f"the hour is forecast at {load:.4g} a second: {needed} replicas at {self.target:.0%} of {capacity:.4g}, "
            f"in place {self.buffer_s:.0f} s before it begins"
        )


def hourly(demand: Array, per_hour: int) -> Array:
    """Means of whole hours."""
    whole = len(demand) // per_hour
    return np.asarray(demand[: whole * per_hour].reshape(whole, per_hour).mean(axis=1))


def forecast(hours: Array) -> Array | None:
    """The hours ahead (48) from the hours before; None with less than a day of them."""
    known = hours[-MOST_HOURS:]
    if len(known) < LEAST_HOURS:
        return None
    ahead = np.arange(AHEAD_HOURS)
    if len(known) < WEEK_HOURS + 24:
        back = [known[len(known) - 24 * day + ahead % 24] for day in range(1, len(known) // 24 + 1)]
        return np.asarray(np.mean(back, axis=0))
    weeks = [known[len(known) - WEEK_HOURS * week + ahead] for week in range(1, len(known) // WEEK_HOURS + 1)]
    lately, before = known[-24:].mean(), known[-24 - WEEK_HOURS : -WEEK_HOURS].mean()
    level = lately / before if before > 0 else 1.0
    return np.asarray(np.mean(weeks, axis=0) * min(2.0, max(0.5, level)))


def floor_of(demand: Array, fleet: Fleet, policy: Predictive) -> Array:
    """The least desired number at each tick, forecast from what lies before. Raises InvalidInput."""
    check_demand(demand)
    per_hour, ticks = max(1, round(3600 / fleet.tick_s)), len(demand)
    hours = hourly(demand, per_hour)
    needed = np.zeros((ticks // per_hour // EVERY_HOURS + 1, AHEAD_HOURS))  # a row a forecast
    for made in range(len(needed)):
        ahead = forecast(hours[: made * EVERY_HOURS])
        if ahead is not None:
            needed[made] = np.ceil(ahead / (fleet.pools[0].capacity * policy.target) - 1e-9)
    if policy.breach_buffer is None:
        needed = np.minimum(needed, fleet.most)
    at = np.arange(ticks)
    in_force = at // per_hour // EVERY_HOURS
    this, soon = at // per_hour, (at + fleet.ticks(policy.buffer_s)) // per_hour
    first = in_force * EVERY_HOURS
    return np.asarray(np.maximum(needed[in_force, this - first], needed[in_force, soon - first]))
