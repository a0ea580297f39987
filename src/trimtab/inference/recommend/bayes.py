"""Which candidate to measure next: Bayesian optimisation with pruning, so that most of a grid need not be measured.

The logarithm of cost is a Gaussian process over what candidates are (cores, memory, settings); the next one measured is
that with the most expected improvement, and the search ends where no candidate is expected to improve enough. Where one
could not serve for its size, those that are no larger are pruned.
CherryPick (Alipourfard et al., NSDI 2017) searches cloud configurations so, with the same stopping rule.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.timeseries.gaussian_process import Kernels, Values, expected_improvement, predicted

_KERNELS = Kernels(scales=(0.25, 0.5, 1.0), noises=(0.02, 0.08), least_spread=0.4)
"""The least spread is of the logarithm of cost: a few measurements that agree say little of the rest."""
_FEWEST = 6  # measurements before an expected improvement is believed
_ENOUGH = 0.01
"""Expected improvement, as a share of the best cost, below which measuring on is not worth it. CherryPick stops at
10 %, which on a surface with close seconds ends at the second."""


class Choice(Struct, frozen=True):
    """A candidate as numbers (`features`, by name; logarithms of sizes) and words (`settings`).

    `size` is what it can fail for having too little of, such as its memory.
    """

    name: str
    features: Mapping[str, float]
    settings: Mapping[str, str] = field(default_factory=dict)
    size: tuple[float, ...] = ()


class Chooser(Struct):
    """Proposes candidates and is told what they cost. Costs are positive; infinite is one that cannot serve."""

    choices: Sequence[Choice]
    enough: float = _ENOUGH
    known: dict[str, float] = field(default_factory=dict)
    pruned: dict[str, str] = field(default_factory=dict)

    def tell(self, name: str, cost: float, *, too_small: bool = False) -> None:
        """What a candidate costs. One that was too small rules out those that are smaller in everything."""
        self.known[name] = cost
        if not too_small:
            return
        failed = next(one for one in self.choices if one.name == name)
        for one in self._left():
            smaller = one.size and all(mine <= its for mine, its in zip(one.size, failed.size, strict=True))
            if smaller:
                self.pruned[one.name] = f"smaller than {name}, which could not serve"

    def next(self) -> Choice | None:
        """The candidate to measure; None where nothing is expected to be better by enough."""
        left = self._left()
        finite = {name: cost for name, cost in self.known.items() if math.isfinite(cost)}
        if not left:
            return None
        if len(finite) < min(_FEWEST, len(self.choices)):
            return self._farthest(left)
        points = self._points()
        names = [one.name for one in self.choices]
        at = [names.index(name) for name in self.known]
        wanted = [names.index(one.name) for one in left]
        worst = 2 * max(finite.values())  # what could not serve costs more than all that could, so far as one can tell
        target = np.log(np.array([finite.get(name, worst) for name in self.known]))
        mean, spread = predicted(points[at], target, points[wanted], _KERNELS)
        # In logarithms: the expected share by which the best cost falls.
        expected = expected_improvement(float(target.min()), mean, spread)
        most = int(np.argmax(expected))
        return left[most] if expected[most] >= self.enough else None

    @property
    def best(self) -> str | None:
        """The cheapest that is known; None where none can serve."""
        finite = {name: cost for name, cost in self.known.items() if math.isfinite(cost)}
        return min(finite, key=lambda name: finite[name], default=None)

    def _left(self) -> list[Choice]:
        return [one for one in self.choices if one.name not in self.known and one.name not in self.pruned]

    def _farthest(self, left: Sequence[Choice]) -> Choice:
        """The one least like all that are known; at first the one in the middle."""
        points, names = self._points(), [one.name for one in self.choices]
        if not self.known:
            middle = points.mean(axis=0)
            return min(left, key=lambda one: float(((points[names.index(one.name)] - middle) ** 2).sum()))
        seen = points[[names.index(name) for name in self.known]]
        return max(left, key=lambda one: float(((seen - points[names.index(one.name)]) ** 2).sum(axis=1).min()))

    def _points(self) -> Values:
        """Candidates as rows: features from 0 to 1, words as one column for each."""
        numbers = sorted({name for one in self.choices for name in one.features})
        words = sorted({(name, value) for one in self.choices for name, value in one.settings.items()})
        rows = np.array(
            [
                [*(one.features.get(name, 0.0) for name in numbers),
                 *(0.7 * float(one.settings.get(name) == value) for name, value in words)]
                for one in self.choices
            ],
            dtype=np.float64,
        ).reshape(len(self.choices), -1)  # fmt: skip
        if not rows.shape[1]:
            return np.zeros((len(self.choices), 1))
        low, span = rows.min(axis=0), np.ptp(rows, axis=0)
        scale = np.where(span > 0, span, 1.0)
        scale[len(numbers) :] = 1.0  # two words are 0.7·√2 apart, whatever they are
        found: Values = (rows - low) / scale
        return found
