"""Which hyperparameters a tuning job tries: every combination (Grid), or drawn from ranges (Random). Pure.

The draw of a job's n-th trial follows from its seed and n alone. Bayesian searches begin with such draws (`bayes.py`),
and Hyperband has no others.
"""

import math
import random

from trimtab.base.errors import InvalidInput
from trimtab.batch.tuning.space import (
    CATEGORICAL,
    CONTINUOUS,
    INTEGER,
    Ranges,
    bounds,
    check,
    drawn,
    scaling,
    whole,
)

GRID, RANDOM, BAYESIAN, HYPERBAND = "Grid", "Random", "Bayesian", "Hyperband"
MOST_TRIALS = 750
"""Training jobs of a tuning job (SageMaker developer guide, "Resource limits")."""


def trials_of(strategy: str, ranges: Ranges, most: int | None) -> int:
    """How many trials a tuning job has. Raises InvalidInput for what cannot be searched."""
    check(ranges)
    if strategy == GRID:
        if ranges.get(INTEGER) or ranges.get(CONTINUOUS):
            raise InvalidInput("The Grid strategy takes categorical parameters only.")
        number = math.prod(len(one["Values"]) for one in ranges.get(CATEGORICAL) or ())
        if most not in (None, number):
            raise InvalidInput(f"MaxNumberOfTrainingJobs must be {number}, the number of combinations; got {most}.")
    else:
        if most is None:
            raise InvalidInput(f"MaxNumberOfTrainingJobs must be given for the {strategy} strategy.")
        number = most
    if number > MOST_TRIALS:
        raise InvalidInput(f"A tuning job has at most {MOST_TRIALS} training jobs; got {number}.")
    return number


def trial(strategy: str, ranges: Ranges, seed: int | str, number: int) -> dict[str, str]:
    """The parameters of a trial, from 0 on."""
    if strategy == GRID:
        found = {}
        for one in ranges.get(CATEGORICAL) or ():
            number, at = divmod(number, len(one["Values"]))
            found[one["Name"]] = str(one["Values"][at])
        return found
    draw = random.Random(f"{seed}/{number}")  # noqa: S311  # a search, no secret
    found = {one["Name"]: str(draw.choice(one["Values"])) for one in ranges.get(CATEGORICAL) or ()}
    for one in ranges.get(CONTINUOUS) or ():
        found[one["Name"]] = repr(drawn(one, draw.random()))
    for one in ranges.get(INTEGER) or ():
        low, high = bounds(one)
        half = 0.0 if scaling(one) else 0.5  # each whole number is as wide, also the first and the last
        wide = {**one, "MinValue": low - half, "MaxValue": high + half}
        found[one["Name"]] = str(whole(one, drawn(wide, draw.random())))
    return found
