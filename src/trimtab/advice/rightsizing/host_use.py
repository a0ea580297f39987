"""From the use of series about a host and its GPUs to the use of its machine, in shares of what it holds. Pure.

A processor's use is the mean of its series. GPUs are had whole: what runs on half of the cores of each of two need not
fit on one, and programs take most of a GPU's memory whatever they need of it. So of GPUs those count that compute at
all, and of their memory those that hold any; how much says nothing.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from trimtab.advice.rightsizing.measures import GIB
from trimtab.advice.rightsizing.model import Axis, Option
from trimtab.advice.rightsizing.nodes import HostSeries
from trimtab.advice.rightsizing.use import LEVELS, DailyUse, Floats

TAKEN = 0.05
"""Activity, and share of its memory, from which a GPU is taken: below it, as in the check of idle GPUs, it is not."""
WHOLE: Mapping[Axis, float] = {Axis.GPU: 0.9, Axis.GPU_MEMORY: 0.85}
"""What a GPU that is taken counts of one, of which 0.95 are usable: what strategies add to use that stays (a twentieth,
of memory a twelfth) then asks for no further GPU, and nine never fit on eight."""


def of_hosts(
    axis: Axis, series: Sequence[HostSeries], use: DailyUse, devices: Mapping[int, int], present: Sequence[Option]
) -> DailyUse:
    """The use of machines along an axis, a row for each of `present`; `use` has a row for each of `series`."""
    quantiles, means = _values(series, use)
    many = len(present)
    found = DailyUse(
        use.start_ms,
        np.full((many, use.days, len(LEVELS)), np.nan),
        np.full((many, use.days), np.nan),
        np.zeros((many, use.days), np.int64),
    )
    places = np.array([one.place for one in series])
    for place in np.unique(places):
        rows, at = np.flatnonzero(places == place), int(place)
        if axis in WHOLE:
            devices_there = max(devices.get(at, 0), len(rows))
            least = TAKEN * _unit(axis, present[at], devices_there)
            found.quantiles[at] = _taken(quantiles[rows], least, devices_there, WHOLE[axis])
            found.means[at] = _taken(means[rows], least, devices_there, WHOLE[axis])
        else:
            found.quantiles[at], found.means[at] = _mean(quantiles[rows]), _mean(means[rows])
        found.points[at] = use.points[rows].max(axis=0)
    found.points[np.isnan(found.means)] = 0
    return found


def _values(series: Sequence[HostSeries], use: DailyUse) -> tuple[Floats, Floats]:
    """In the concept's unit; of what is told as its rest (idle) the quantiles turn round."""
    scale, offset = (np.array([getattr(one, name) for one in series]) for name in ("scale", "offset"))
    quantiles = use.quantiles * scale[:, None, None] + offset[:, None, None]
    levels = np.array(LEVELS)
    for row in np.flatnonzero(scale < 0):
        for day in np.flatnonzero(np.isfinite(use.means[row])):
            quantiles[row, day] = np.interp(levels, 1.0 - levels[::-1], quantiles[row, day][::-1])
    return quantiles, use.means * scale[:, None] + offset[:, None]


def _unit(axis: Axis, present: Option, devices: int) -> float:
    """What one GPU holds along an axis: its whole activity, or its bytes."""
    return 1.0 if axis is Axis.GPU else present.capacity.get(axis, float("nan")) * GIB / devices


def _taken(values: Floats, least: float, devices: int, whole: float) -> Floats:
    """The share of a machine's GPUs that is taken; one that says nothing while others do may be, and counts so."""
    silent = devices - len(values)
    told = np.where(np.isnan(values) | (values > least), whole, 0.0).sum(axis=0) + silent * whole
    return np.where(np.isnan(values).all(axis=0) | np.isnan(least), np.nan, told / devices)


def _mean(values: Floats) -> Floats:
    """The mean over series of those that say something."""
    known = ~np.isnan(values)
    return np.where(known.any(axis=0), np.nansum(values, axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)
