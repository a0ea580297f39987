"""Which parameters a search tries."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.batch.tuning.search import GRID, RANDOM, trial, trials_of
from trimtab.batch.tuning.space import Space


def integer(low: int, high: int, **more: str) -> dict[str, Any]:
    return {"IntegerParameterRanges": [{"Name": "n", "MinValue": str(low), "MaxValue": str(high), **more}]}


def continuous(low: float, high: float, scaling: str) -> dict[str, Any]:
    return {
        "ContinuousParameterRanges": [
            {"Name": "x", "MinValue": str(low), "MaxValue": str(high), "ScalingType": scaling}
        ]
    }


def test_a_grid_has_each_combination_once() -> None:
    ranges = {
        "CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2", "3"]}, {"Name": "b", "Values": ["x", "y"]}]
    }
    number = trials_of(GRID, ranges, None)
    tried = {tuple(trial(GRID, ranges, 0, at).items()) for at in range(number)}
    assert {(("a", a), ("b", b)) for a in "123" for b in "xy"} == tried


@given(st.integers(0, 10**6), st.integers(-50, 50), st.integers(0, 20))
def test_a_draw_is_within_its_range_and_the_same_each_time(seed: int, low: int, wide: int) -> None:
    ranges = integer(low, low + wide)
    drawn = trial(RANDOM, ranges, seed, 3)
    assert low <= int(drawn["n"]) <= low + wide
    assert drawn == trial(RANDOM, ranges, seed, 3)


def test_each_whole_number_of_a_range_is_drawn_as_often() -> None:
    counts = [0, 0, 0]
    for at in range(3000):
        counts[int(trial(RANDOM, integer(0, 2), "s", at)["n"])] += 1
    assert all(850 < one < 1150 for one in counts)


@pytest.mark.parametrize(
    ("scaling", "middle"), [("Linear", 0.455), ("Logarithmic", 0.09), ("ReverseLogarithmic", 1 - math.sqrt(0.99 * 0.1))]
)
def test_half_of_the_draws_lie_below_the_middle_of_the_scale(scaling: str, middle: float) -> None:
    low, high = (0.01, 0.9) if scaling != "Logarithmic" else (0.01, 0.81)
    drawn = [float(trial(RANDOM, continuous(low, high, scaling), "s", at)["x"]) for at in range(2000)]
    assert low <= min(drawn) and max(drawn) <= high
    assert 0.45 < sum(one < middle for one in drawn) / 2000 < 0.55


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        (continuous(0, 1, "Logarithmic"), "must be above 0"),
        (continuous(0, 1, "ReverseLogarithmic"), "within 0 and 1"),
        (continuous(2, 1, "Linear"), "must not be above"),
        (integer(1, 2) | {"AutoParameters": [{"Name": "a", "ValueHint": "1"}]}, "AutoParameters are not available"),
        ({"IntegerParameterRanges": [{"Name": "n", "MinValue": "a", "MaxValue": "2"}]}, "must have numbers"),
    ],
)
def test_a_range_that_has_no_values_is_refused(ranges: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        trials_of(RANDOM, ranges, 5)


def test_a_search_has_750_trials_at_most() -> None:
    assert 750 == trials_of(RANDOM, integer(1, 2), 750)
    with pytest.raises(InvalidInput, match="at most 750"):
        trials_of(RANDOM, integer(1, 2), 751)


@given(st.integers(0, 10**6))
def test_a_point_and_its_parameters_say_the_same(seed: int) -> None:
    ranges = {
        "ContinuousParameterRanges": [*continuous(0.01, 0.9, "Logarithmic")["ContinuousParameterRanges"],
                                      {"Name": "y", "MinValue": "0", "MaxValue": "0.5",
                                       "ScalingType": "ReverseLogarithmic"}],
        **integer(-3, 40),
        "CategoricalParameterRanges": [{"Name": "word", "Values": ["a", "b", "c"]}],
    }  # fmt: skip
    space = Space(ranges)
    drawn = trial(RANDOM, ranges, seed, 0)
    point = space.point(drawn)
    assert space.columns == len(point) == 6
    assert 0 <= point.min() and point.max() <= 1
    again = space.values(point)
    assert (drawn["n"], drawn["word"]) == (again["n"], again["word"])
    assert float(drawn["x"]) == pytest.approx(float(again["x"]))
    assert float(drawn["y"]) == pytest.approx(float(again["y"]))
