"""A Bayesian search needs fewer trials than draws at random do, and follows from what it knows alone."""

import math
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import pytest

from trimtab.batch.tuning.bayes import Tried, proposed
from trimtab.batch.tuning.search import RANDOM, trial
from trimtab.batch.tuning.space import Ranges, Space

SEEDS = range(5)
MOST = 40


def continuous(name: str, low: float, high: float, scaling: str = "Linear") -> dict[str, Any]:
    return {"Name": name, "MinValue": str(low), "MaxValue": str(high), "ScalingType": scaling}


BRANIN: Ranges = {"ContinuousParameterRanges": [continuous("x", -5, 10), continuous("y", 0, 15)]}
MIXED: Ranges = {
    "ContinuousParameterRanges": [continuous("rate", 1e-6, 1, "Logarithmic")],
    "IntegerParameterRanges": [continuous("depth", 1, 20)],
    "CategoricalParameterRanges": [{"Name": "with", "Values": ["sgd", "adam", "rms"]}],
}


def branin(values: Mapping[str, str]) -> float:
    """Three equal minima of 0.398. Source: Dixon and Szegö, 1978."""
    x, y = float(values["x"]), float(values["y"])
    bowl = (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def training(values: Mapping[str, str]) -> float:
    """Best at a rate of 0.001, a depth of 6 and `adam`, where it is 0."""
    off = (math.log10(float(values["rate"])) + 3) ** 2 + (int(values["depth"]) - 6) ** 2 / 10
    return off + {"adam": 0, "sgd": 1, "rms": 0.5}[values["with"]]


def needed(cost: Callable[[Mapping[str, str]], float], ranges: Ranges, goal: float, seed: int, *, bayes: bool) -> int:
    """Trials until the goal is reached."""
    space, tried = Space(ranges), list[Tried]()
    for number in range(MOST if bayes else 8 * MOST):
        values = proposed(space, seed, number, tried) if bayes else trial(RANDOM, ranges, seed, number)
        tried.append(Tried(values, cost(values)))
        if cost(values) <= goal:
            break
    return len(tried)


@pytest.mark.parametrize(("cost", "ranges", "goal"), [(branin, BRANIN, 0.7), (training, MIXED, 0.25)])
def test_it_needs_a_third_of_the_trials_of_random_draws(
    cost: Callable[[Mapping[str, str]], float], ranges: Ranges, goal: float
) -> None:
    bayes = median(needed(cost, ranges, goal, seed, bayes=True) for seed in SEEDS)
    drawn = median(needed(cost, ranges, goal, seed, bayes=False) for seed in SEEDS)
    assert 3 * bayes < drawn


def known(number: int) -> list[Tried]:
    drawn = [trial(RANDOM, MIXED, "s", at) for at in range(number)]
    return [Tried(one, training(one)) for one in drawn]


def test_the_same_knowledge_proposes_the_same() -> None:
    space = Space(MIXED)
    assert proposed(space, "s", 12, known(12)) == proposed(space, "s", 12, known(12))
    assert proposed(space, "s", 12, known(12)) != proposed(space, "t", 12, known(12))
    assert proposed(space, "s", 1, []) == trial(RANDOM, MIXED, "s", 1)


def test_trials_that_run_at_once_are_not_alike() -> None:
    space, tried = Space(BRANIN), list[Tried]()
    for number in range(8):
        values = proposed(space, 1, number, tried)
        tried.append(Tried(values, branin(values)))
    first = proposed(space, 1, 8, tried)
    second = proposed(space, 1, 9, [*tried, Tried(first, None)])
    apart = space.point(first) - space.point(second)
    assert math.hypot(*apart) > 0.03


def test_where_all_failed_is_left_alone() -> None:
    ranges: Ranges = {"ContinuousParameterRanges": [continuous("x", 0, 1)]}
    tried = [Tried({"x": str(at / 20)}, math.inf if at > 10 else 1 - at / 20) for at in range(21)]
    assert float(proposed(Space(ranges), 1, 21, tried)["x"]) < 0.6


def test_words_that_were_all_tried_are_tried_again() -> None:
    ranges: Ranges = {"CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2", "3"]}]}
    tried = [Tried({"a": one}, float(one)) for one in ("1", "2", "3")] * 2
    assert proposed(Space(ranges), 1, 6, tried)["a"] in ("1", "2", "3")
    assert proposed(Space(ranges), 1, 6, [*tried[:1] * 5, tried[2]]) == {"a": "2"}  # not tried yet
