"""Machines that fail more often than their fleet: a rate a GPU-day with its uncertainty, and who is a lemon. Pure.

Incidents of a machine come as a Poisson process; rates of machines differ by a Gamma distribution whose mean is the
fleet's own rate (empirical Bayes). How much they differ (its shape) is weighed by how likely each shape makes the
counts of all machines. The rate of a machine is then a mixture of Gamma(shape + incidents, shape / fleet rate +
GPU-days), of which the middle `LEVEL` is told. A *lemon* is a machine whose whole interval lies above the fleet's rate,
of two incidents or more: one fault in a short life is none. Where machines do not differ, large shapes weigh most, and
hardly any is one.

Meta names lemons by thresholds on seven signals over 28 days (Kokolis et al., 2024); a rate with an interval needs no
threshold for each fleet, and says how sure it is.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.fleet.health.fault import Fault, Severity
from trimtab.fleet.model import Floats

LEVEL = 0.9
"""The share of the posterior in the interval: one machine in twenty lies above its own by chance."""
LEAST_INCIDENTS = 2
LEAST_MACHINES = 3
"""Machines with GPU-days that a fleet must have before one of them can be compared with it."""
BURST_MS = 600_000
"""Faults of a machine that follow each other within so long are one incident: one cause tells several codes."""
_SHAPES = np.geomspace(0.05, 10.0, 41)
"""Shapes that are tried, each as likely as the next at first: from a few machines that have nearly all faults to rates
that differ by a third (1 ÷ √10); machines of one delivery are hardly ever more alike."""
_LEAST_WEIGHT = 1e-9
_HALVINGS = 30
"""Of the bracket of a quantile: to a thousand-millionth of it."""
COUNTED = frozenset({Severity.FATAL, Severity.DEGRADED})
"""Faults that count for a machine: what asks a program to start again follows the program, not the machine."""


class Rate(Struct, frozen=True):
    """Incidents of a machine a GPU-day: `low` to `high` is the interval; `lemon`: it lies above the fleet's rate."""

    incidents: int
    gpu_days: float
    rate: float
    low: float
    high: float
    lemon: bool


class Prior(Struct, frozen=True):
    """How rates of machines are distributed: of each shape Gamma(shape, shape / `rate`), weighed by `weights` (of the
    shapes that are tried; they add up to 1). `rate` is the fleet's.
    """

    rate: float
    weights: Floats


def incidents_of(faults: Sequence[Fault]) -> dict[str, list[int]]:
    """By machine when its incidents began (ms), of the faults that count for machines."""
    found: dict[str, list[int]] = {}
    last: dict[str, int] = {}
    for fault in sorted(faults, key=lambda one: one.at_ms):
        if fault.severity not in COUNTED:
            continue
        if fault.machine not in last or fault.at_ms - last[fault.machine] > BURST_MS:
            found.setdefault(fault.machine, []).append(fault.at_ms)
        last[fault.machine] = fault.at_ms
    return found


def prior_of(counts: Sequence[float] | Floats, gpu_days: Sequence[float] | Floats) -> Prior | None:
    """The prior of a fleet by the counts of its machines; None without any incident, or of too few machines."""
    whole = np.array(gpu_days, np.float64)
    known = whole > 0
    k, t = np.array(counts, np.float64)[known], whole[known]
    if len(k) < LEAST_MACHINES or not k.sum():
        return None
    from scipy.special import gammaln  # takes half a second to load

    rate = float(k.sum() / t.sum())
    shape = _SHAPES[:, None]
    scale = shape / rate
    # Gamma-Poisson is the negative binomial: log Γ(a+k) − log Γ(a) + a log b − (a+k) log(b+t), without constants.
    terms = gammaln(shape + k) - gammaln(shape) + shape * np.log(scale) - (shape + k) * np.log(scale + t)
    likelihood = terms.sum(axis=1)
    weights = np.exp(likelihood - likelihood.max())
    return Prior(rate, weights / weights.sum())


def rate_of(incidents: int, gpu_days: float, prior: Prior) -> Rate:
    """The rate of one machine with its interval. Raises ValueError for one that was never there."""
    if gpu_days <= 0:
        raise ValueError("bug: a machine without GPU-days has no rate")
    return _rates(np.array([incidents], np.float64), np.array([gpu_days], np.float64), prior)[0]


def _rates(k: Floats, t: Floats, prior: Prior) -> list[Rate]:
    shape, scale = _SHAPES[:, None] + k, _SHAPES[:, None] / prior.rate + t
    mean = prior.weights @ (shape / scale)
    low, high = (_quantile(shape, scale, prior.weights, part) for part in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return [
        Rate(
            int(k[at]),
            float(t[at]),
            float(mean[at]),
            float(low[at]),
            float(high[at]),
            bool(low[at] > prior.rate and k[at] >= LEAST_INCIDENTS),
        )
        for at in range(len(k))
    ]


def _quantile(shape: Floats, scale: Floats, weights: Floats, part: float) -> Floats:
    """Where mixtures of Gamma distributions (columns) reach a part of their mass."""
    from scipy.special import gammainc, gammaincinv  # takes half a second to load

    heavy = weights > _LEAST_WEIGHT
    shape, scale, weights = shape[heavy], scale[heavy], weights[heavy] / weights[heavy].sum()
    each = gammaincinv(shape, part) / scale  # the mixture's lies between those of its parts
    low, high = each.min(axis=0), each.max(axis=0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = weights @ gammainc(shape, scale * middle) < part
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


class Ranking(Struct, frozen=True):
    """Machines by their rates, the worst lower end first; `fleet_rate` is None where there is no incident, or too few
    machines to compare: nothing is a lemon then.
    """

    rates: Mapping[str, Rate]
    fleet_rate: float | None

    @property
    def lemons(self) -> list[str]:
        """Those whose interval lies above the fleet's rate."""
        return [name for name, one in self.rates.items() if one.lemon]


def ranked(incidents: Mapping[str, int], gpu_days: Mapping[str, float], only: str = "") -> Ranking:
    """The machines of `gpu_days` by their rates of incidents; of the machine `only`, where it is named, beside all."""
    names = sorted(name for name, days in gpu_days.items() if days > 0)
    k = np.array([incidents.get(name, 0) for name in names], np.float64)
    t = np.array([gpu_days[name] for name in names], np.float64)
    prior = prior_of(k, t)
    if prior is None:
        return Ranking({}, None)
    if only:
        some = {only: rate_of(incidents.get(only, 0), gpu_days[only], prior)} if gpu_days.get(only, 0) > 0 else {}
        return Ranking(some, prior.rate)
    # Machines with as many incidents in as much time have one rate.
    pairs, place = np.unique(np.stack([k, t]), axis=1, return_inverse=True)
    distinct = _rates(pairs[0], pairs[1], prior)
    rates = {name: distinct[at] for name, at in zip(names, place.ravel().tolist(), strict=True)}
    order = sorted(rates, key=lambda name: (-rates[name].low, -rates[name].rate, name))
    return Ranking({name: rates[name] for name in order}, prior.rate)
