"""A Gaussian process over points: what values are expected where nothing was measured, and how far they may be off."""

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Values = npt.NDArray[np.float64]


class Kernels(Struct, frozen=True):
    """The kernels that are tried, of which the likeliest is used. Points span 0 to 1 in each dimension.

    `scales` are length scales, `noises` standard deviations of a measurement as a share of the spread of all values,
    which is taken as `least_spread` at least.
    """

    scales: tuple[float, ...]
    noises: tuple[float, ...]
    least_spread: float


def predicted(known: Values, target: Values, wanted: Values, kernels: Kernels) -> tuple[Values, Values]:
    """Mean and standard deviation at `wanted`, from the values `target` at `known`."""
    from scipy.linalg import cho_factor, cho_solve  # takes half a second to load

    centre = float(target.mean())
    size = max(float(target.std()), kernels.least_spread)
    shifted = (target - centre) / size
    best: tuple[float, Values, Values] | None = None
    for scale in kernels.scales:
        among, across = _matern(known, known, scale), _matern(wanted, known, scale)
        for noise in kernels.noises:
            factor = cho_factor(among + noise**2 * np.eye(len(known)), lower=True)
            weights = cho_solve(factor, shifted)
            likelihood = -0.5 * float(shifted @ weights) - float(np.log(np.diag(factor[0])).sum())
            if best is None or likelihood > best[0]:
                variance = 1 + noise**2 - np.einsum("ij,ji->i", across, cho_solve(factor, across.T))
                best = likelihood, across @ weights, np.sqrt(np.maximum(variance, 1e-9))
    if best is None:
        raise RuntimeError("no kernel was tried: this is a fault in trimtab")
    return centre + size * best[1], size * best[2]


def expected_improvement(best: float, mean: Values, spread: Values) -> Values:
    """By how much values below `best` are expected, where a lower value is better."""
    from scipy.special import ndtr  # takes half a second to load

    gain = (best - mean) / spread
    found: Values = spread * (gain * ndtr(gain) + np.exp(-(gain**2) / 2) / math.sqrt(2 * math.pi))
    return found


def _matern(left: Values, right: Values, scale: float) -> Values:
    """Matérn 5/2: smooth, but less than a Gaussian, as costs over sizes are."""
    distance = np.sqrt(((left[:, None, :] - right[None, :, :]) ** 2).sum(axis=2)) * math.sqrt(5) / scale
    found: Values = (1 + distance + distance**2 / 3) * np.exp(-distance)
    return found
