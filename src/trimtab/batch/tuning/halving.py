"""Which training jobs of a search are stopped before they end, by what they have said of the objective so far. Pure.

Hyperband (Li et al., JMLR 2018) in its asynchronous form (Li et al., MLSys 2020), which stops jobs and never holds one
back: at rungs of 1, 3, 9 … times the least resource a job goes on where it is in the best third of those that came so
far. Jobs are spread over brackets, of which each begins one rung later. A resource is one value of the objective, such
as that of an epoch. SageMaker's developer guide, "Hyperband", means the same by MinResource and MaxResource.

The median rule is TrainingJobEarlyStoppingType `Auto`, as the guide's "How Early Stopping Works" has it.
"""

import math
import random
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput

_RATE = 3  # of those at a rung one in so many goes on: the one of the paper
_MOST_EPOCHS = 20_000  # SageMaker's limit of MaxResource
_EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
"""The static hyperparameters of which MaxResource is taken where it is not given, as with SageMaker."""
_FEWEST_OVER = 3  # jobs that are over, before the median of them means anything

Course = Sequence[float]
"""What a training job said of the objective, value after value."""


class Halving(Struct, frozen=True):
    """The rungs of a search: from `least` to `most` values of the objective."""

    least: int
    most: int

    def rungs(self, seed: int | str, number: int) -> list[int]:
        """Where the n-th trial is looked at. Its bracket is drawn as often as Hyperband fills it."""
        brackets = int(math.log(self.most / self.least, _RATE) + 1e-9) + 1
        weights = [_RATE ** (brackets - 1 - late) / (brackets - late) for late in range(brackets)]
        draw = random.Random(f"{seed}/bracket/{number}")  # noqa: S311  # a search, no secret
        late = draw.choices(range(brackets), weights)[0]
        return [self.least * _RATE**step for step in range(late, brackets) if self.least * _RATE**step < self.most]

    def ends(self, rungs: Sequence[int], course: Course, others: Sequence[Course], *, maximize: bool) -> bool:
        """Whether a job is stopped: it has all its resources, or is not in the best third at the last rung it reached.

        At a rung that fewer than three have reached every job goes on.
        """
        if len(course) >= self.most:
            return True
        reached = [rung for rung in rungs if rung <= len(course)]
        if not reached:
            return False
        at = reached[-1] - 1
        values = sorted((one[at] for one in (course, *others) if len(one) > at), reverse=maximize)
        if len(values) < _RATE:
            return False
        limit = values[math.ceil(len(values) / _RATE) - 1]
        return course[at] < limit if maximize else course[at] > limit


def halving_of(config: Mapping[str, Any], fixed: Mapping[str, str]) -> Halving:
    """The rungs that a request asks for. Raises InvalidInput."""
    given = (config.get("StrategyConfig") or {}).get("HyperbandStrategyConfig") or {}
    least, most = given.get("MinResource", 1), given.get("MaxResource")
    if most is None:
        named = next((fixed[name] for name in _EPOCHS if name in fixed), "")
        if not (named.isascii() and named.isdigit() and int(named)):
            raise InvalidInput(
                "MaxResource must be given for the Hyperband strategy, or a static hyperparameter that is one of "
                f"{', '.join(_EPOCHS)}."
            )
        most = int(named)
    if not least <= most <= _MOST_EPOCHS:
        raise InvalidInput(f"MaxResource must be from MinResource ({least}) to {_MOST_EPOCHS}; got {most}.")
    if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        raise InvalidInput(
            "TrainingJobEarlyStoppingType must be Off with the Hyperband strategy, which stops jobs itself."
        )
    return Halving(least, most)


def below_median(course: Course, over: Sequence[Course], *, maximize: bool) -> bool:
    """Whether a job's last value is worse than the median of the averages, up to there, of those that are over."""
    means = [fmean(one[: len(course)]) for one in over if len(one) >= len(course) > 0]
    if len(means) < _FEWEST_OVER:
        return False
    middle = median(means)
    return course[-1] < middle if maximize else course[-1] > middle
