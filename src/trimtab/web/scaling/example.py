"""A week of demand to try policies on where nothing is stored yet: nights, lunch, a quiet weekend, one burst."""

import numpy as np

from trimtab.capacity.simulate.fleet import Array

MINUTES = 7 * 1440


def example_demand() -> Array:
    """Requests a second, a value a minute; the same at every call."""
    minute = np.arange(MINUTES)
    hour = minute % 1440 / 60
    day = 40 + 160 * np.exp(-(((hour - 14) / 4.5) ** 2)) + 45 * np.exp(-(((hour - 20.5) / 1.6) ** 2))
    weekday = np.where(minute // 1440 >= 5, 0.55, 1.0)
    noise = np.random.default_rng(12).lognormal(0, 0.06, MINUTES)
    burst = np.where((minute > 3 * 1440 + 640) & (minute < 3 * 1440 + 690), 1.8, 1.0)
    return np.asarray(day * weekday * noise * burst)
