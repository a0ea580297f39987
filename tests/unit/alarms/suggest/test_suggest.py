"""Suggestions: what counts as an incident, how candidates are scored, and which are shown."""

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.alarms.replay.past import ACCOUNT, MINUTE, REGION, START, Past, span

from trimtab.alarms.model import AlarmKey, Operator
from trimtab.alarms.replay.replayer import Replayer, ReplayParts
from trimtab.alarms.suggest.candidates import rounded, thresholds_of
from trimtab.alarms.suggest.front import aims, front
from trimtab.alarms.suggest.incidents import excursions, level, marked
from trimtab.alarms.suggest.model import Candidate, CannotSuggest, Incident, Score, Suggestions
from trimtab.alarms.suggest.score import alarms_of, score
from trimtab.alarms.suggest.suggester import Suggester
from trimtab.base.errors import InvalidInput
from trimtab.metrics.rollups.tiers import Retention

DAYS = 4
FORM = {
    "MetricName": "cpu",
    "Namespace": "N",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 80.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def noisy() -> Past:
    """Four days of minutes around 60 with 40 single peaks and two real excursions."""
    random = np.random.default_rng(7)
    values = 60 + random.normal(0, 3, DAYS * 1440)
    values[random.choice(2000, 40, replace=False)] += 30
    values[3000:3060] += 35
    values[5000:5030] += 30
    past = Past()
    past.put("cpu", values.tolist())
    return past


def suggest(past: Past, form: dict[str, Any], windows: Any = ()) -> Suggestions:
    async def named(*_: Any) -> dict[str, Any]:
        return {}

    parts = ReplayParts(past, past, past.evaluator, named, Retention())
    suggester = Suggester(parts, Replayer(parts))
    return asyncio.run(suggester.suggest(AlarmKey(ACCOUNT, REGION, "x"), form, span(DAYS * 1440), windows))


def test_the_quiet_one_fires_once_an_incident_and_says_what_it_costs() -> None:
    found = suggest(noisy(), FORM)
    assert [START + 3000 * MINUTE, START + 5000 * MINUTE] == [one.start_ms for one in found.incidents]
    assert found.now.score.noise >= 30
    quiet = found.proposals[0]
    assert quiet.recommended
    assert (2, 0, 0) == (quiet.score.fired, quiet.score.noise, quiet.score.missed)
    assert 2 == quiet.replay.fired
    assert quiet.form["EvaluationPeriods"] > 1
    assert 80.0 == quiet.form["Threshold"]
    assert "Fires twice instead of" in quiet.reason
    assert all(one.score.noise <= found.now.score.noise for one in found.proposals)
    assert found.verdict.startswith("As it is, it fires 4")


def test_what_is_shown_was_replayed_with_the_same_result() -> None:
    found = suggest(noisy(), FORM)
    for one in (found.now, *found.proposals):
        assert one.score.fired == one.replay.fired
        assert abs(one.score.firing_ms - one.replay.firing_ms) <= MINUTE


def test_marked_windows_replace_what_was_found() -> None:
    window = (START + 3000 * MINUTE, START + 3060 * MINUTE)
    found = suggest(noisy(), FORM, [window])
    assert [window] == [(one.start_ms, one.end_ms) for one in found.incidents]
    assert "marked" in found.definition
    with pytest.raises(InvalidInput, match="from < to"):
        marked([(5, 5)], 0, 10)


def test_an_alarm_that_is_quiet_is_left_alone() -> None:
    found = suggest(noisy(), {**FORM, "EvaluationPeriods": 5, "DatapointsToAlarm": 4})
    assert found.verdict.startswith("Keep it as it is") or not found.now.score.noise


def test_alarms_without_a_threshold_are_refused_with_a_reason() -> None:
    form = {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}, "EvaluationInterval": 60}
    with pytest.raises(CannotSuggest, match="no threshold on a metric"):
        suggest(noisy(), form)


def test_a_peak_is_no_incident_and_two_near_excursions_are_one() -> None:
    starts = START + np.arange(200, dtype=np.int64) * MINUTE
    breach = np.zeros(200, dtype=np.bool_)
    breach[20] = True
    breach[50:70] = breach[76:100] = True
    [one] = excursions(starts, breach, MINUTE)
    assert (50, 100) == ((one.start_ms - START) // MINUTE, (one.end_ms - START) // MINUTE)
    assert [] == excursions(starts[:3], breach[:3], MINUTE)


def test_a_threshold_that_is_always_breached_gives_way_to_a_level() -> None:
    values = np.linspace(0, 100, 1001)
    assert 90.0 == level(values, Operator.GREATER, 90.0)
    assert 95.0 == pytest.approx(level(values, Operator.GREATER, 10.0))
    assert 5.0 == pytest.approx(level(values, Operator.LESS, 90.0))


@given(st.lists(st.sampled_from([0, 1, 2, 3]), max_size=60))
def test_times_in_alarm_are_those_of_the_running_state(codes: list[int]) -> None:
    times = np.arange(len(codes), dtype=np.int64)
    begins, ends = alarms_of(times, np.array(codes, dtype=np.int8), 0, len(codes))
    firing, found, told = None, [], [(at, code == 2) for at, code in enumerate(codes) if code]
    for at, now in told:
        if firing is not None and now is not firing:
            found.append(at)
        firing = now
    first = bool(told) and told[0][1]
    expected = found[1:] if first else found
    assert expected[0::2] == begins.tolist()
    assert len(begins) == len(ends)
    assert all(begin <= end for begin, end in zip(begins, ends, strict=True))


def test_flaps_false_alarms_and_delays_are_counted() -> None:
    begins = np.array([10, 20, 200], dtype=np.int64) * MINUTE
    ends = np.array([15, 25, 210], dtype=np.int64) * MINUTE
    incidents = [Incident(8 * MINUTE, 30 * MINUTE), Incident(400 * MINUTE, 430 * MINUTE)]
    found = score(Candidate(60, 1.0, 1, 1), begins, ends, incidents)
    assert Score(3, 1, 1, 2, 1, 1, 2 * MINUTE, 2 * MINUTE, 20 * MINUTE) == found


SCORES = st.builds(
    lambda missed, noise, delay: Score(noise, 0, 0, noise, 1, missed, delay, delay, 0),
    st.integers(0, 3),
    st.integers(0, 5),
    st.integers(0, 9),
)


@given(st.lists(SCORES, min_size=1, max_size=30))
def test_nobody_on_the_front_is_beaten_and_everybody_else_is(scores: list[Score]) -> None:
    pairs = [(Candidate(60, float(number), 1, 1), one) for number, one in enumerate(scores)]
    shown = front(pairs)
    for one in pairs:
        beaten = any(all(a <= b for a, b in zip(aims(*other), aims(*one), strict=True)) for other in shown)
        assert beaten
    for one in shown:
        assert not any(
            all(a <= b for a, b in zip(aims(*other), aims(*one), strict=True)) and aims(*other) != aims(*one)
            for other in pairs
        )


def test_thresholds_are_numbers_that_people_write() -> None:
    assert 87.0 == rounded(86.13, 100.0, up=True)
    assert 86.0 == rounded(86.93, 100.0, up=False)
    assert 5.0 == rounded(5.0, 0.0, up=True)
    found = thresholds_of(np.linspace(0, 1, 1000), Operator.GREATER, 0.5)
    assert 0.5 == found[0]
    assert 0.9 == found[1]
