"""Which training jobs a search stops: successive halving, and the rule of the median."""

import random
from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.batch.tuning.halving import Halving, below_median, halving_of

HALVING = Halving(1, 27)


def config(least: int = 1, most: int | None = 27, **more: str) -> dict[str, Any]:
    resource = {"MinResource": least, **({} if most is None else {"MaxResource": most})}
    return {"StrategyConfig": {"HyperbandStrategyConfig": resource}, **more}


def test_most_jobs_begin_at_the_lowest_rung() -> None:
    rungs = [HALVING.rungs("s", number) for number in range(400)]
    assert {tuple(one) for one in rungs} == {(1, 3, 9), (3, 9), (9,), ()}
    assert rungs == [HALVING.rungs("s", number) for number in range(400)]
    lengths = [sum(len(one) == wide for one in rungs) for wide in (3, 2, 1, 0)]
    assert lengths[0] > lengths[1] > lengths[2]
    assert [2, 6] in [Halving(2, 18).rungs("s", number) for number in range(20)]


def test_a_job_goes_on_in_the_best_third() -> None:
    others = [[value] for value in (5.0, 4.0, 3.0, 2.0, 1.0)]
    for value, ends in ((0.5, False), (1.5, False), (2.5, True), (9.0, True)):
        assert HALVING.ends([1, 3, 9], [value], others, maximize=False) is ends
    assert HALVING.ends([1, 3, 9], [4.5], others, maximize=True) is False
    assert HALVING.ends([1, 3, 9], [3.5], others, maximize=True) is True


def test_a_job_is_looked_at_on_rungs_and_against_those_that_were_there() -> None:
    others = [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [0.5]]
    assert not HALVING.ends([3, 9], [9.0, 9.0], others, maximize=False)  # no rung yet
    assert HALVING.ends([3, 9], [9.0, 9.0, 9.0], others, maximize=False)
    assert not HALVING.ends([3, 9], [9.0, 9.0, 9.0], others[1:], maximize=False)  # two are no three
    assert HALVING.ends([3, 9], [9.0, 9.0, 9.0, 0.0], others, maximize=False)  # its value there, not the last
    assert HALVING.ends([], [0.0] * 27, [], maximize=False)  # all its resources


def test_halving_ends_with_the_best_for_a_third_of_the_epochs() -> None:
    draw = random.Random(7)
    slopes = [draw.random() for _ in range(60)]
    courses: list[list[float]] = []
    for number, slope in enumerate(slopes):
        course: list[float] = []
        rungs = HALVING.rungs("s", number)
        while not HALVING.ends(rungs, course, courses, maximize=True):
            course.append(slope * (len(course) + 1) + draw.gauss(0, 0.05))
        courses.append(course)
    assert sum(map(len, courses)) < 60 * 27 / 2
    best = slopes.index(max(slopes))
    assert len(courses[best]) == 27
    losing = sorted(range(60), key=slopes.__getitem__)[:20]
    ended = sum(len(courses[one]) < 27 for one in losing)
    assert ended >= 15


@pytest.mark.parametrize(
    ("given", "fixed", "said"),
    [
        (config(most=None), {"epochs": "many"}, "MaxResource must be given"),
        (config(least=30), {}, "from MinResource"),
        (config(most=20_001), {}, "to 20000"),
        (config(TrainingJobEarlyStoppingType="Auto"), {}, "must be Off"),
    ],
)
def test_rungs_that_cannot_be_are_refused(given: dict[str, Any], fixed: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        halving_of(given, fixed)


def test_the_most_is_taken_from_the_epochs() -> None:
    assert Halving(1, 12) == halving_of({}, {"n_epochs": "12"})
    assert Halving(2, 9) == halving_of(config(2, 9), {"epochs": "100"})


def test_the_median_is_of_averages_up_to_there() -> None:
    over = [[4.0, 2.0, 0.0], [6.0, 4.0, 0.0], [8.0, 6.0, 0.0]]  # averages of two: 3, 5, 7
    assert below_median([9.0, 5.5], over, maximize=False)
    assert not below_median([9.0, 4.5], over, maximize=False)
    assert below_median([9.0, 4.5], over, maximize=True)
    assert not below_median([9.0, 99.0], over[:2], maximize=False)  # two are too few
    assert not below_median([], over, maximize=False)
    assert not below_median([1.0] * 4, over, maximize=False)  # none of them came so far
