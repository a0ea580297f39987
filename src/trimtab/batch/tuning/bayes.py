"""What a Bayesian search tries next: where the objective is expected to improve most, by what is known so far.

The objective is a Gaussian process over the cube of the ranges. Training jobs that run count with what is expected of
them, so that several at once are not alike; those that failed count as the worst, so that their like is left alone.
"""

import random
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.batch.tuning.search import RANDOM, trial
from trimtab.batch.tuning.space import Points, Space
from trimtab.timeseries.gaussian_process import Kernels, Values, expected_improvement, predicted

_KERNELS = Kernels(scales=(0.1, 0.2, 0.4, 0.8, 1.6), noises=(0.01, 0.05, 0.2), least_spread=1e-9)
_FEWEST = 3  # trials that are drawn before an expected improvement is believed; more where there are more columns
_MOST_DRAWN = 10
_MOST_KNOWN = 250  # trials that count, the best and the newest: the arithmetic grows with the third power
_DRAWS, _NEAR = 1000, 200  # candidates: drawn at random, and near the best of them
_NEARNESS = (0.1, 0.03, 0.01)  # standard deviations of a step from the best, round by round


class Tried(Struct, frozen=True):
    """A trial and its objective, of which less is better: None while it runs, infinite if it failed."""

    values: dict[str, str]
    objective: float | None


def proposed(space: Space, seed: int | str, number: int, tried: Sequence[Tried]) -> dict[str, str]:
    """The parameters of the n-th trial. They follow from the seed, n and what was tried alone."""
    known = [one for one in tried if one.objective is not None]
    finite = sorted(one.objective for one in known if one.objective is not None and np.isfinite(one.objective))
    if number < min(max(_FEWEST, space.columns + 1), _MOST_DRAWN) or len(finite) < _FEWEST:
        return trial(RANDOM, space.ranges, seed, number)
    if len(known) > _MOST_KNOWN:
        limit = finite[min(_MOST_KNOWN // 2, len(finite) - 1)]
        newest = known[-_MOST_KNOWN // 2 :]
        known = [one for one in known[: -_MOST_KNOWN // 2] if (one.objective or 0.0) <= limit] + newest
    points = np.array([space.point(one.values) for one in known])
    worst = finite[-1]
    target = _levelled(np.array([min(one.objective or 0.0, worst) for one in known]))
    running = [space.point(one.values) for one in tried if one.objective is None]
    if running:
        mean, _ = predicted(points, target, np.array(running), _KERNELS)
        points, target = np.vstack([points, running]), np.concatenate([target, mean])
    seen = {tuple(sorted(one.values.items())) for one in tried}
    return _most_expected(space, f"{seed}/{number}", (points, target), seen)


def _levelled(target: Values) -> Values:
    """Objectives as ranks of a normal distribution: one that is far off does not flatten all others."""
    from scipy.special import ndtri  # takes half a second to load

    order = np.argsort(np.argsort(target, kind="stable"), kind="stable")
    found: Values = ndtri((order + 0.5) / len(target))
    return found


def _most_expected(
    space: Space, seed: str, known: tuple[Points, Values], seen: set[tuple[tuple[str, str], ...]]
) -> dict[str, str]:
    """The candidate with the most expected improvement that was not tried; any, where all were."""
    points, target = known
    draw = np.random.default_rng(random.Random(seed).getrandbits(64))  # noqa: S311  # a search, no secret
    candidates = draw.random((_DRAWS, space.columns))
    best: tuple[float, dict[str, str]] | None = None
    for nearness in _NEARNESS:
        rows = [space.values(one) for one in candidates]
        fresh = [one for one in rows if tuple(sorted(one.items())) not in seen] or rows
        places = np.array([space.point(one) for one in fresh])  # where whole numbers and words put them
        expected = expected_improvement(float(target.min()), *predicted(points, target, places, _KERNELS))
        at = int(np.argmax(expected))
        if best is None or expected[at] > best[0]:
            best = float(expected[at]), fresh[at]
        centres = np.vstack([space.point(best[1]), points[int(np.argmin(target))]])
        steps = draw.normal(scale=nearness, size=(_NEAR, space.columns))
        candidates = np.clip(centres[np.arange(_NEAR) % 2] + steps, 0.0, 1.0)
    if best is None:
        raise RuntimeError("no candidate was looked at: this is a fault in trimtab")
    return best[1]
