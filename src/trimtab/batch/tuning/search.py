"""Which hyperparameters a tuning job tries: every combination (Grid), or drawn from ranges (Random). Pure.

The draw of a job's n-th trial follows from its seed and n alone. Values of logarithmic ranges are drawn evenly by their
logarithm, of reverse logarithmic ones (below 1) by that of 1 − value (SageMaker developer guide, "Define
hyperparameter ranges").
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput

GRID, RANDOM = "Grid", "Random"
MOST_TRIALS = 750
"""Training jobs of a tuning job (SageMaker developer guide, "Resource limits")."""
_INTEGER, _CONTINUOUS, _CATEGORICAL = (
    "IntegerParameterRanges",
    "ContinuousParameterRanges",
    "CategoricalParameterRanges",
)
Ranges = Mapping[str, Sequence[Mapping[str, Any]]]


def trials_of(strategy: str, ranges: Ranges, most: int | None) -> int:
    """How many trials a tuning job has. Raises InvalidInput for what cannot be searched."""
    _check(ranges)
    if strategy == GRID:
        if ranges.get(_INTEGER) or ranges.get(_CONTINUOUS):
            raise InvalidInput("The Grid strategy takes categorical parameters only.")
        number = math.prod(len(one["Values"]) for one in ranges.get(_CATEGORICAL) or ())
        if most not in (None, number):
            raise InvalidInput(f"MaxNumberOfTrainingJobs must be {number}, the number of combinations; got {most}.")
    elif strategy == RANDOM:
        if most is None:
            raise InvalidInput("MaxNumberOfTrainingJobs must be given for the Random strategy.")
        number = most
    else:
        raise InvalidInput(f"The strategy {strategy} is not available; expected {RANDOM} or {GRID}.")
    if number > MOST_TRIALS:
        raise InvalidInput(f"A tuning job has at most {MOST_TRIALS} training jobs; got {number}.")
    return number


def trial(strategy: str, ranges: Ranges, seed: int | str, number: int) -> dict[str, str]:
    """The parameters of a trial, from 0 on."""
    if strategy == GRID:
        found = {}
        for one in ranges.get(_CATEGORICAL) or ():
            number, at = divmod(number, len(one["Values"]))
            found[one["Name"]] = str(one["Values"][at])
        return found
    draw = random.Random(f"{seed}/{number}")  # noqa: S311  # a search, no secret
    found = {one["Name"]: str(draw.choice(one["Values"])) for one in ranges.get(_CATEGORICAL) or ()}
    for one in ranges.get(_CONTINUOUS) or ():
        found[one["Name"]] = repr(_drawn(one, draw.random()))
    for one in ranges.get(_INTEGER) or ():
        low, high = _bounds(one)
        half = 0.0 if _scaling(one) else 0.5  # each whole number is as wide, also the first and the last
        wide = {**one, "MinValue": low - half, "MaxValue": high + half}
        found[one["Name"]] = str(int(min(max(round(_drawn(wide, draw.random())), low), high)))
    return found


def _drawn(one: Mapping[str, Any], part: float) -> float:
    """The value at a part (0 to 1) of a range."""
    low, high = _bounds(one)
    into, back = _SCALES[_scaling(one)]
    return min(max(back(into(low) + (into(high) - into(low)) * part), low), high)


def _scaling(one: Mapping[str, Any]) -> str:
    named = one.get("ScalingType", "Auto")
    return "" if named in ("Auto", "Linear") else str(named)


def _bounds(one: Mapping[str, Any]) -> tuple[float, float]:
    return float(one["MinValue"]), float(one["MaxValue"])


_SCALES: Mapping[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "": (lambda value: value, lambda value: value),
    "Logarithmic": (math.log, math.exp),
    "ReverseLogarithmic": (lambda value: -math.log1p(-value), lambda scaled: -math.expm1(-scaled)),
}


def _check(ranges: Ranges) -> None:
    """Raises InvalidInput for ranges without values, and for names that come twice."""
    if ranges.get("AutoParameters"):
        raise InvalidInput("AutoParameters are not available: give each parameter its range.")
    every = [one for kind in (_INTEGER, _CONTINUOUS, _CATEGORICAL) for one in ranges.get(kind) or ()]
    names = [one["Name"] for one in every]
    if not names or len(set(names)) < len(names):
        raise InvalidInput("ParameterRanges must have one range at least, and each name once.")
    for one in every:
        if "Values" in one:
            continue
        try:
            low, high = _bounds(one)
        except ValueError:
            raise InvalidInput(f"The range of {one['Name']} must have numbers as MinValue and MaxValue.") from None
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise InvalidInput(f"MinValue of {one['Name']} must not be above its MaxValue.")
        if _scaling(one) == "Logarithmic" and low <= 0:
            raise InvalidInput(f"The logarithmic range of {one['Name']} must be above 0.")
        if _scaling(one) == "ReverseLogarithmic" and not 0 <= low <= high < 1:
            raise InvalidInput(f"The reverse logarithmic range of {one['Name']} must be within 0 and 1.")
