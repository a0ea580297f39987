import math
import random

import numpy as np
import pytest

from trimtab.capacity.waits.forecast import FEWEST, STILL, Forecaster, learnt, walk
from trimtab.capacity.waits.model import Asked, Wait


def _wait(number, submit_s, length_s, started=True, **facts):
    return Wait(Asked(key=f"{number}", submit_s=submit_s, **facts), submit_s + length_s, started)


def _queue(number=350, seed=1, lost=0.0):
    draw = random.Random(seed)
    waits = []
    for place in range(number):
        gpus = draw.choice([1, 8])
        length = draw.lognormvariate(math.log(100 if gpus == 1 else 2000), 0.6)
        gone = draw.random() < lost
        waits.append(_wait(place, place * 300.0, length * (draw.random() if gone else 1), not gone, gpus=gpus))
    return waits


def _judged(waits, age_s=0.0):
    pairs = [(wait, said) for wait, said in walk(waits, Forecaster(age_s)) if said is not None and wait.started]
    held = np.mean([said.low_s <= wait.length_s <= said.high_s for wait, said in pairs])
    return pairs, held


def test_intervals_hold_as_often_as_they_say():
    _, held = _judged(_queue())
    assert 0.8 == pytest.approx(held, abs=0.03)


def test_they_hold_as_often_of_those_that_start_where_many_are_withdrawn():
    _, held = _judged(_queue(lost=0.3))
    assert 0.8 == pytest.approx(held, abs=0.03)


def test_where_those_who_wait_long_go_away_it_is_said_of_those_who_stay() -> None:
    waits = [
        _wait(at, at * 300.0, one.length_s * (0.7 if one.length_s > 150 else 1), one.length_s <= 150)
        for at, one in enumerate(one for one in _queue(900) if one.asked.gpus == 1)
    ]
    pairs, held = _judged(waits)
    assert 0.8 == pytest.approx(held, abs=0.03)
    assert 0.5 == pytest.approx(np.mean([wait.length_s <= said.median_s for wait, said in pairs]), abs=0.04)


def test_a_job_that_is_withdrawn_says_nothing_of_how_right_a_forecast_was():
    asked, later = Asked(key="x", submit_s=350 * 300.0, gpus=1), Asked(key="y", submit_s=351 * 300.0, gpus=1)
    answers = []
    for is_asked in (True, False):
        forecaster = learnt(_queue(), 0.0)
        forecaster.submitted(asked)
        if is_asked:
            forecaster.expect(asked, asked.submit_s)
        forecaster.settle(Wait(asked, asked.submit_s + 90_000, False))
        answers.append(forecaster.expect(later, later.submit_s + 100_000))
    assert answers[0] == answers[1]


def test_they_hold_again_after_a_queue_has_changed():
    slow = [_wait(f"s{place}", 250 * 300.0 + place * 300, 5000 + place % 7 * 100) for place in range(200)]
    pairs, _ = _judged([*_queue(250), *slow])
    late = [said.low_s <= wait.length_s <= said.high_s for wait, said in pairs[-150:]]
    assert 0.8 == pytest.approx(np.mean(late), abs=0.05)


def test_jobs_are_told_apart_by_what_they_ask_for():
    waits = _queue()
    forecaster = learnt(waits, 0.0)
    now_s = 350 * 300.0
    small, large = (forecaster.expect(Asked(key="new", submit_s=now_s, gpus=gpus), now_s) for gpus in (1, 8))
    assert small.median_s < 300 < 1000 < large.median_s
    assert small.high_s < large.high_s


def test_nothing_is_used_that_was_not_known_yet():
    waits = _queue(200)
    before = {wait.asked.key: said for wait, said in walk(waits[:150], Forecaster())}
    after = {wait.asked.key: said for wait, said in walk(waits, Forecaster())}
    # what ended before the 100th was submitted is the same in both, whatever came later
    assert before["99"] == after["99"] is not None


def test_an_answer_waits_for_enough_starts():
    waits = [_wait(place, place * 100.0, 10.0) for place in range(FEWEST + 2)]
    answers = [said is not None for _, said in walk(waits, Forecaster())]
    assert [False] * FEWEST + [True] * 2 == answers


def test_who_has_waited_is_not_told_a_start_in_the_past():
    forecaster = learnt(_queue(), 0.0)
    now_s = 350 * 300.0
    asked = Asked(key="new", submit_s=now_s - 3000, gpus=8)
    said = forecaster.expect(asked, now_s, waited_s=3000)
    assert 3000 <= said.low_s <= said.median_s <= said.high_s


def test_of_a_long_queue_some_stand_for_all():
    now_s = 1000.0
    done = [_wait(place, place * 3.0, 5.0 + place % 9) for place in range(250)]
    stuck = [Wait(Asked(key=f"x{place}", submit_s=900.0), math.inf, False) for place in range(3 * STILL)]
    forecaster = learnt([*done, *stuck], 0.0, now_s)
    # 250 of 850 are known to have started, less than half; of those that are looked at, 250 of 450 have
    assert 100.0 == forecaster.expect(Asked(key="new", submit_s=now_s), now_s).median_s
    assert 3 * STILL == forecaster.waiting


def test_jobs_that_still_wait_count_as_waiting():
    done = [_wait(place, place * 10.0, 5.0) for place in range(40)]
    stuck = [Wait(Asked(key=f"x{place}", submit_s=100.0 + place), math.inf, False) for place in range(60)]
    now_s = 1000.0
    without, with_ = (learnt(waits, 0.0, now_s) for waits in (done, [*done, *stuck]))
    asked = Asked(key="new", submit_s=now_s)
    assert without.expect(asked, now_s).high_s < with_.expect(asked, now_s).high_s
    assert 60 == with_.waiting
