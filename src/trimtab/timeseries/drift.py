"""How far two samples of one quantity are apart: population stability index and Kolmogorov–Smirnov.

PSI sums (p − q) ln(p / q) over bins that each hold a tenth of the baseline; below 0.1 is stable, above 0.25 has moved
(Siddiqi, Credit Risk Scorecards, 2006). KS is the largest distance of the two distribution functions; its p-value is
the asymptotic one (Numerical Recipes, 14.3).
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Values = npt.NDArray[np.float64]
_BINS = 10
_LEAST_SHARE = 1e-4
"""Share that an empty bin counts as, so that its logarithm is one."""
_TERMS = 100


class Drift(Struct, frozen=True):
    """The distance of a sample from a baseline."""

    psi: float
    ks: float
    p_value: float


def drift(baseline: Values, sample: Values) -> Drift:
    """The distance of `sample` from `baseline`: both finite and not empty."""
    return Drift(population_stability(baseline, sample), *kolmogorov_smirnov(baseline, sample))


def population_stability(baseline: Values, sample: Values) -> float:
    """The PSI over tenths of the baseline; values that many points share make fewer, wider bins."""
    edges = np.unique(np.quantile(baseline, np.linspace(0, 1, _BINS + 1)[1:-1]))
    expected = _shares(baseline, edges)
    found = _shares(sample, edges)
    return float(np.sum((found - expected) * np.log(found / expected)))


def kolmogorov_smirnov(baseline: Values, sample: Values) -> tuple[float, float]:
    """The statistic (0 to 1) and the chance of at least that much if both came from one distribution."""
    both = np.sort(np.concatenate((baseline, sample)))
    first = np.searchsorted(np.sort(baseline), both, side="right") / baseline.size
    second = np.searchsorted(np.sort(sample), both, side="right") / sample.size
    statistic = float(np.max(np.abs(first - second)))
    weight = np.sqrt(baseline.size * sample.size / (baseline.size + sample.size))
    scaled = (weight + 0.12 + 0.11 / weight) * statistic
    if scaled < 0.2:  # the series converges too slowly there, and the chance is 1 to twelve digits
        return statistic, 1.0
    terms = np.arange(1, _TERMS + 1)
    chance = 2 * np.sum((-1.0) ** (terms - 1) * np.exp(-2 * (terms * scaled) ** 2))
    return statistic, float(np.clip(chance, 0, 1))


def _shares(values: Values, edges: Values) -> Values:
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=edges.size + 1)
    return np.maximum(counts / values.size, _LEAST_SHARE)
