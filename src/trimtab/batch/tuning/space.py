"""The ranges of a tuning job's hyperparameters, as points of a cube: each between 0 and 1, words a column for each.

Values of logarithmic ranges lie evenly by their logarithm, of reverse logarithmic ones (below 1) by that of 1 − value
(SageMaker developer guide, "Define hyperparameter ranges").
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput

INTEGER, CONTINUOUS, CATEGORICAL = (
    "IntegerParameterRanges",
    "ContinuousParameterRanges",
    "CategoricalParameterRanges",
)
Ranges = Mapping[str, Sequence[Mapping[str, Any]]]
Points = npt.NDArray[np.float64]
_APART = 0.7  # of a word's column: two words are 0.7·√2 apart, as far as the ends of a range


class Space(Struct, frozen=True):
    """The cube of some ranges: a column for each number, and for each word."""

    ranges: Ranges

    @property
    def columns(self) -> int:
        """How many columns a point has."""
        words = sum(len(one["Values"]) for one in self.ranges.get(CATEGORICAL) or ())
        return len(self.ranges.get(CONTINUOUS) or ()) + len(self.ranges.get(INTEGER) or ()) + words

    def point(self, values: Mapping[str, str]) -> Points:
        """The point of parameters."""
        row: list[float] = []
        for one in self._numbers():
            low, high = bounds(one)
            into, _ = SCALES[scaling(one)]
            wide = into(high) - into(low)
            row.append((into(float(values[one["Name"]])) - into(low)) / wide if wide else 0.5)
        for one in self.ranges.get(CATEGORICAL) or ():
            row += [_APART * (str(word) == values[one["Name"]]) for word in one["Values"]]
        return np.array(row, dtype=np.float64)

    def values(self, point: Points) -> dict[str, str]:
        """The parameters nearest to a point: whole numbers are rounded, of words the greatest column counts."""
        found, at = {}, 0
        for one in self.ranges.get(CONTINUOUS) or ():
            found[one["Name"]] = repr(drawn(one, min(max(float(point[at]), 0.0), 1.0)))
            at += 1
        for one in self.ranges.get(INTEGER) or ():
            found[one["Name"]] = str(whole(one, drawn(one, min(max(float(point[at]), 0.0), 1.0))))
            at += 1
        for one in self.ranges.get(CATEGORICAL) or ():
            words = one["Values"]
            found[one["Name"]] = str(words[int(np.argmax(point[at : at + len(words)]))])
            at += len(words)
        return found

    def _numbers(self) -> list[Mapping[str, Any]]:
        return [*(self.ranges.get(CONTINUOUS) or ()), *(self.ranges.get(INTEGER) or ())]


def drawn(one: Mapping[str, Any], part: float) -> float:
    """The value at a part (0 to 1) of a range."""
    low, high = bounds(one)
    into, back = SCALES[scaling(one)]
    return min(max(back(into(low) + (into(high) - into(low)) * part), low), high)


def whole(one: Mapping[str, Any], value: float) -> int:
    """The whole number of a range that is nearest to a value."""
    low, high = bounds(one)
    return int(min(max(round(value), low), high))


def scaling(one: Mapping[str, Any]) -> str:
    """The scale of a range, "" for a linear one."""
    named = one.get("ScalingType", "Auto")
    return "" if named in ("Auto", "Linear") else str(named)


def bounds(one: Mapping[str, Any]) -> tuple[float, float]:
    """The least and the greatest value of a range."""
    return float(one["MinValue"]), float(one["MaxValue"])


SCALES: Mapping[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "": (lambda value: value, lambda value: value),
    "Logarithmic": (math.log, math.exp),
    "ReverseLogarithmic": (lambda value: -math.log1p(-value), lambda scaled: -math.expm1(-scaled)),
}


def check(ranges: Ranges) -> None:
    """Raises InvalidInput for ranges without values, and for names that come twice."""
    if ranges.get("AutoParameters"):
        raise InvalidInput("AutoParameters are not available: give each parameter its range.")
    every = [one for kind in (INTEGER, CONTINUOUS, CATEGORICAL) for one in ranges.get(kind) or ()]
    names = [one["Name"] for one in every]
    if not names or len(set(names)) < len(names):
        raise InvalidInput("ParameterRanges must have one range at least, and each name once.")
    for one in every:
        if "Values" in one:
            continue
        try:
            low, high = bounds(one)
        except ValueError:
            raise InvalidInput(f"The range of {one['Name']} must have numbers as MinValue and MaxValue.") from None
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise InvalidInput(f"MinValue of {one['Name']} must not be above its MaxValue.")
        if scaling(one) == "Logarithmic" and low <= 0:
            raise InvalidInput(f"The logarithmic range of {one['Name']} must be above 0.")
        if scaling(one) == "ReverseLogarithmic" and not 0 <= low <= high < 1:
            raise InvalidInput(f"The reverse logarithmic range of {one['Name']} must be within 0 and 1.")
