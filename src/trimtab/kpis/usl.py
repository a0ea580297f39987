"""The Universal Scalability Law, fitted with its confidence: X(N) = λN ÷ (1 + σ(N − 1) + κN(N − 1)).

N is load (requests in flight, users) or size (replicas), X the throughput at it; λ is what one of them does, σ the
share that contends (queues for something shared), κ the cost of keeping in step (every pair exchanges). For κ > 0
throughput is greatest at N* = √((1 − σ) ÷ κ), the knee. Source: N. J. Gunther, Guerrilla Capacity Planning (2007), and
"A General Theory of Computational Scalability Based on Rational Functions" (2008).

The fit minimises squared relative errors Σ ((Xᵢ − X̂ᵢ) ÷ X̂ᵢ)², as noise of throughput grows with it, with σ, κ ≥ 0. The
model is linear in 1/λ, σ/λ and κ/λ as N ÷ X, so each Gauss–Newton step is a linear problem of three unknowns, solved
for a whole bootstrap at once. Intervals are 95 % percentiles of 1,000 resamples of the points, with a fixed seed.
"""

from itertools import product

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]

LEAST_POINTS = 6
"""Points to fit three parameters with anything left to judge the fit by."""
LEAST_LOADS = 4
"""Distinct loads: three would be met exactly."""
LEAST_SPAN = 2.0
"""Greatest ÷ least load: a curve cannot be told from a line over less."""
WORST_ERROR = 0.35
"""Root mean square relative error above which the law does not describe the points."""
FURTHEST = 4.0
"""Times the greatest load seen beyond which a knee is a guess."""
RESAMPLES = 1000
LEAST_RESAMPLES = 200
MOST_DRAWS = 100_000
"""Points drawn in all resamples, some 25 ms: many points need fewer resamples for a 95 % interval, but never fewer
than `LEAST_RESAMPLES`."""
_STEPS = 12  # Gauss–Newton steps; four reach six digits on clean data, noise of 20 % takes eight
_SETTLED = 1e-7  # relative change of a step below which the next would change nothing that is shown
_SUBSETS = tuple(product((True, False), repeat=2))  # which of σ, κ are free; λ always is


class Estimate(Struct, frozen=True):
    """A fitted number and its 95 % interval."""

    value: float
    low: float
    high: float


class UslFit(Struct, frozen=True):
    """The fit. `knee` is None where throughput has no greatest value within reach, `knee_reason` says why.

    `error` is the root mean square relative error; `points` is how many were fitted, `greatest` the most load.
    """

    lambda_: Estimate
    sigma: Estimate
    kappa: Estimate
    knee: Estimate | None
    knee_reason: str
    error: float
    points: int
    greatest: float

    def throughput(self, load: float) -> float:
        """X(N) of the fitted law."""
        return float(_model(np.array([[load]]), self._parameters())[0, 0])

    def _parameters(self) -> Floats:
        return np.array([[1.0, self.sigma.value, self.kappa.value]]) / self.lambda_.value


class NoFit(Struct, frozen=True):
    """Why there is no fit."""

    reason: str


def fit(load: Floats, throughput: Floats, *, resamples: int = RESAMPLES) -> UslFit | NoFit:
    """Fit the law to pairs of load (> 0) and throughput (> 0, per second); pairs that are neither are left out."""
    usable = np.isfinite(load) & np.isfinite(throughput) & (load > 0) & (throughput > 0)
    n, x = load[usable].astype(np.float64), throughput[usable].astype(np.float64)
    refused = _refusal(n)
    if refused:
        return NoFit(refused)
    parameters = _solve(n[None], x[None])
    error = float(np.sqrt(np.mean((x / _model(n[None], parameters)[0] - 1) ** 2)))
    if error > WORST_ERROR:
        return NoFit(
            f"the law misses the points by {error:.0%} (root mean square); expected at most {WORST_ERROR:.0%}: "
            "something other than load moved the throughput"
        )
    rounds = min(resamples, max(LEAST_RESAMPLES, MOST_DRAWS // len(n)))
    picks = np.random.default_rng(1).integers(0, len(n), (rounds, len(n)))
    spread = _solve(n[picks], x[picks])
    values, many = _physical(parameters)[0], _physical(spread)
    low, high = (values + _widening(len(n)) * (np.percentile(many, (2.5, 97.5), axis=0) - values)).clip(0.0)
    knee, reason = _knee(values, many, float(n.max()))
    lambda_, sigma, kappa = (Estimate(*map(float, row)) for row in zip(values, low, high, strict=True))
    return UslFit(lambda_, sigma, kappa, knee, reason, error, len(n), float(n.max()))


def _widening(points: int) -> float:
    """What the spread of resamples of few points lacks: three of them went into the parameters."""
    return float(np.sqrt(points / (points - 3)))


def knee_of(sigma: float, kappa: float) -> float | None:
    """N* = √((1 − σ) ÷ κ); None where throughput grows for ever, 1 where σ takes everything."""
    if kappa <= 0:
        return None
    return max(1.0, float(np.sqrt(max(1 - sigma, 0.0) / kappa)))


def _refusal(n: Floats) -> str:
    if len(n) < LEAST_POINTS:
        return f"got {len(n)} pairs of load and throughput; expected at least {LEAST_POINTS}"
    # Loads within 2 % of each other tell the same thing.
    distinct = len(np.unique(np.round(np.log(n) / np.log(1.02))))
    if distinct < LEAST_LOADS:
        return f"got {distinct} distinct loads; expected at least {LEAST_LOADS}"
    span = float(n.max() / n.min())
    if span < LEAST_SPAN:
        return f"loads span a factor of {span:.2g}; expected at least {LEAST_SPAN:g}"
    return ""


def _knee(values: Floats, many: Floats, greatest: float) -> tuple[Estimate | None, str]:
    found = knee_of(values[1], values[2])
    if found is None:
        return None, "no coherency cost was found (κ = 0): throughput has no greatest value"
    reach = FURTHEST * greatest
    knees = np.array([knee_of(sigma, kappa) or np.inf for _, sigma, kappa in many])
    low, high = np.percentile(knees, (2.5, 97.5), method="nearest")
    if found > reach:
        return None, f"the knee lies beyond {FURTHEST:g} times the greatest load seen ({greatest:.4g}); measure at more"
    reason = "" if np.isfinite(high) else "the data do not exclude that there is no knee"
    if found > greatest:
        reason = reason or f"beyond the greatest load seen ({greatest:.4g})"
    return Estimate(found, float(low), float(high)), reason


def _design(n: Floats) -> Floats:
    return np.stack((np.ones_like(n), n - 1, n * (n - 1)), axis=-1)


def _model(n: Floats, parameters: Floats) -> Floats:
    """X for (1/λ, σ/λ, κ/λ); a row of loads for each row of parameters."""
    one, contended, kept = (parameters[:, place, None] for place in range(3))
    return np.asarray(n / (one + (n - 1) * (contended + kept * n)), np.float64)


def _solve(n: Floats, x: Floats) -> Floats:
    """The parameters (1/λ, σ/λ, κ/λ) of each row of points."""
    design = _design(n)
    # Where to start: N ÷ X as a linear problem, each point weighted to relative errors.
    parameters = _non_negative(design * (x / n)[..., None], np.ones_like(x))
    for _ in range(_STEPS):
        before, now = parameters, _model(n, parameters)
        # (X − X̂) ÷ X̂ linearised at the last fit: X̂·design·p ÷ N ≈ 2 − X ÷ X̂.
        parameters = _non_negative(design * (now / n)[..., None], np.clip(2 - x / now, 0.05, None))
        if np.allclose(parameters, before, rtol=_SETTLED, atol=0.0):
            break
    return parameters


def _non_negative(design: Floats, target: Floats) -> Floats:
    """Least squares of each row with the second and third unknown at 0 or above: the best of the four active sets."""
    scale = np.maximum(np.abs(design).max(axis=1, keepdims=True), 1e-300)
    scaled = design / scale
    turned = scaled.transpose(0, 2, 1)
    gram = turned @ scaled
    side = (turned @ target[..., None])[..., 0]
    best = np.full((len(design), 3), np.nan)
    least = np.full(len(design), np.inf)
    for free in _SUBSETS:
        columns = [0] + [place + 1 for place, used in enumerate(free) if used]
        part = gram[:, columns][:, :, columns] + 1e-12 * np.eye(len(columns))
        solved = np.zeros((len(design), 3))
        solved[:, columns] = np.linalg.solve(part, side[:, columns][..., None])[..., 0]
        # |design·p − target|² without its constant part
        loss = np.einsum("bj,bjk,bk->b", solved, gram, solved) - 2 * np.einsum("bj,bj->b", solved, side)
        better = (solved[:, 0] > 0) & (solved[:, 1:] >= 0).all(axis=1) & (loss < least)
        best[better], least[better] = solved[better], loss[better]
    return np.asarray(np.where(np.isnan(best), _flat(target), best) / scale[:, 0], np.float64)


def _flat(target: Floats) -> Floats:
    """Where no active set is feasible (no such data are known): the constant alone."""
    return np.stack((target.mean(axis=1), np.zeros(len(target)), np.zeros(len(target))), axis=-1)


def _physical(parameters: Floats) -> Floats:
    """(λ, σ, κ) of (1/λ, σ/λ, κ/λ)."""
    return np.stack((1 / parameters[:, 0], *(parameters[:, 1:] / parameters[:, :1]).T), axis=-1)
