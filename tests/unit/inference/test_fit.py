"""The crossing of the line through levels, pooled: made levels with known tails."""

import math
import random

import pytest

from trimtab.capacity.curve import Interval
from trimtab.inference.fit import Bracket, bracket, crossing
from trimtab.inference.load import confidence
from trimtab.inference.load.outcome import Outcome
from trimtab.inference.load.record import Record
from trimtab.inference.objective import Objective
from trimtab.inference.standing import Looks, Standing

LIMIT = Objective(50.0)
MU = 1000.0


def _level(rate: float, seconds: float, draw: random.Random) -> Standing:
    """A level of M/M/1: sojourns are exponential with rate mu - lambda."""
    record = Record(0.0, 0.25)
    for number in range(round(rate * seconds)):
        at_s = number / rate
        one = record.begin(at_s, at_s)
        record.end(one, at_s, Outcome(at_s + draw.expovariate(MU - rate)))
    looks = Looks(LIMIT, 0.25, 0.0)
    looks.read(record, seconds + 10)
    return looks.standing(rate)


def test_the_line_crosses_where_the_percentile_is_the_objective() -> None:
    draw = random.Random(5)
    truth = MU - math.log(100) / 0.05  # P(T > L) = exp(-(mu - lambda) L)
    found = crossing([_level(truth * share, 4.0, draw) for share in (0.9, 0.93, 0.97, 1.0, 1.02, 0.95)], LIMIT)
    assert found is not None
    assert truth == pytest.approx(found.value, rel=0.01)
    assert found.lower <= truth <= found.upper
    assert found.upper - found.lower < 0.05 * truth


def test_short_levels_are_pooled_without_becoming_too_good() -> None:
    # Each of these levels has no more than five requests beyond its p99: by themselves they say little.
    draw = random.Random(1)
    truth = MU - math.log(100) / 0.05
    levels = [_level(truth * share, 0.5, draw) for share in (0.9, 0.94, 0.98, 1.0) for _ in range(6)]
    found = crossing(levels, LIMIT)
    assert found is not None
    assert truth == pytest.approx(found.value, rel=0.02)


def test_levels_of_one_rate_and_levels_far_off_leave_no_line() -> None:
    draw = random.Random(5)
    assert None is crossing([_level(900.0, 1.0, draw)], LIMIT)
    assert None is crossing([_level(100.0, 1.0, draw), _level(200.0, 1.0, draw)], LIMIT)


def test_the_bracket_overrules_a_single_level_that_chance_misled() -> None:
    def held(rate: float, met: bool, seconds: float) -> Standing:
        latency = Interval(10.0 if met else 100.0, 5.0, 200.0)
        return Standing(rate, latency, 100.0, Interval(1, 1, 1), "unsure", keeps_up=True, seconds=seconds)

    disturbed = [held(100, False, 2.0), held(200, True, 10.0), held(300, True, 10.0), held(400, False, 10.0)]
    assert Bracket(300, 400) == bracket(disturbed, LIMIT)
    assert Bracket(0.0, 100) == bracket([held(100, False, 2.0)], LIMIT)
    assert math.isinf(bracket([held(100, True, 2.0)], LIMIT).high)


def test_a_slow_spell_that_came_first_by_chance_is_not_warm_up() -> None:
    draw = random.Random(2)
    warm = [5.0 * math.exp(-number / 5) + 1 + 0.05 * draw.random() for number in range(64)]
    assert 8 <= confidence.cut_of(warm) <= 32
    bursts = [1 + 0.1 * draw.random() + (3.0 if number in (2, 3, 40, 41, 55) else 0.0) for number in range(64)]
    assert 0 == confidence.cut_of(bursts)
