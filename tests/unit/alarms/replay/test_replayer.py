"""What a replay tells: numbers, notes, reasons; and what it refuses."""

import asyncio
from typing import Any

import numpy as np
import pytest
from tests.unit.alarms.replay.past import ACCOUNT, MINUTE, REGION, START, Past, alarm, replayer, span, states

from trimtab.alarms.model import AlarmKey, AlarmKind, StateValue, initial
from trimtab.alarms.mute import read_mute_rule
from trimtab.alarms.replay.model import CannotReplay, Replay, Span
from trimtab.alarms.rows import Stored
from trimtab.metrics.rollups.tiers import Retention

DAY = 1440
ALL = Retention(400, (400, 400, 400))
HOUR_FORM = {"Period": 3600, "Statistic": "Sum", "Threshold": 100.0}


def replay(past: Past, one: Any, asked: Span, **more: Any) -> Replay:
    rules = more.pop("rules", ())
    return asyncio.run(replayer(past, **more).replay(one, asked, rules))


def stored(name: str, kind: AlarmKind = AlarmKind.METRIC, **form: Any) -> Stored:
    key = AlarmKey(ACCOUNT, REGION, name)
    given: dict[str, Any] = form or {
        "MetricName": name,
        "Namespace": "N",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    return Stored(key, kind, given, 1, 1, START, START, None, initial(START), None, None, None)


def test_a_replay_adds_up() -> None:
    past = Past()
    past.put("cpu", [1] * 10 + [1, 1, 9, 9, 9, 1, 1, 1, 9, 1] + [1] * 10, start_ms=START - 10 * MINUTE)
    found = replay(past, alarm(), span(20))
    assert found.began is StateValue.OK
    assert [(3, "ALARM"), (6, "OK"), (9, "ALARM"), (10, "OK")] == states(found)
    assert (2, 4 * MINUTE, 3 * MINUTE) == (found.fired, found.firing_ms, found.longest_ms)
    assert 20 * MINUTE == sum(found.spent_ms.values())
    assert "Threshold Crossed: 1 datapoint [9.0 (24/11/25 16:02:00)] was greater than" in found.transitions[0].reason


def test_a_month_of_minutes_is_three_reads() -> None:
    past = Past()
    past.put("cpu", [float(number % 7) for number in range(30 * DAY)])
    found = replay(past, alarm(EvaluationPeriods=3, DatapointsToAlarm=2), span(30 * DAY), kept=ALL)
    assert 30 * DAY == found.evaluations
    assert past.reads <= 3


def test_minutes_that_are_no_longer_kept_are_said() -> None:
    past = Past()
    past.put("cpu", [1.0] * 60, step_ms=MINUTE * 720)
    found = replay(past, alarm(), span(30 * DAY))
    assert ["Begins later than asked: points of a minute are kept for 15 days."] == list(found.notes)[:1]
    longer = replay(past, alarm(Period=300), span(30 * DAY))
    assert 300 == longer.step_s
    assert "Evaluated every 5 minutes instead of every minute: points of a minute are kept for 15 days." in longer.notes


def test_a_long_period_of_percentiles_is_evaluated_less_often() -> None:
    past = Past()
    past.put("cpu", [1.0] * DAY)
    found = replay(past, alarm(Statistic=None, ExtendedStatistic="p99", Period=3600), span(DAY))
    assert 600 == found.step_s
    assert past.reads <= 2 * 6
    assert 60 == replay(past, alarm(Period=3600), span(DAY)).step_s


def test_it_begins_where_the_data_do() -> None:
    past = Past()
    past.put("cpu", [1.0] * 30 + [9.0] * 30, start_ms=START + 60 * MINUTE)
    found = replay(past, alarm(TreatMissingData="breaching"), span(120))
    assert 1 == found.fired
    assert START + 61 * MINUTE == found.start_ms
    assert "Begins later than asked" in found.notes[0]
    nothing = replay(Past(), alarm(), span(60))
    assert (0, StateValue.INSUFFICIENT_DATA) == (nothing.fired, nothing.ended)
    assert "There are no points in this range." in nothing.notes


def test_what_a_mute_rule_of_today_would_silence_is_marked() -> None:
    past = Past()
    past.put("cpu", [1, 9, 1, 1, 9, 1])
    schedule = {"Expression": "at(2025-11-24T16:04)", "Duration": "PT10M"}
    rule = read_mute_rule(
        ACCOUNT, REGION, {"Name": "quiet", "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["cpu"]}}
    )
    found = replay(past, alarm(), span(10), rules=[rule])
    assert (2, 1) == (found.fired, found.muted)


def test_a_composite_alarm_follows_its_children() -> None:
    past = Past()
    past.put("a", [1, 9, 9, 9, 1, 1, 9, 1, 1, 1])
    past.put("b", [1, 1, 9, 9, 9, 1, 1, 1, 1, 1])
    children = {name: stored(name) for name in "ab"}
    both = alarm("both", AlarmKind.COMPOSITE, AlarmRule="ALARM(a) AND ALARM(b)")
    found = replay(past, both, span(10), stored=children)
    assert [(3, "ALARM"), (5, "OK")] == states(found)
    assert {"a": StateValue.OK, "b": StateValue.OK} == found.children
    assert "alarm:b transitioned to ALARM" in found.transitions[0].reason
    nested = {**children, "both": stored("both", AlarmKind.COMPOSITE, AlarmRule="ALARM(a) AND ALARM(b)")}
    one = alarm("one", AlarmKind.COMPOSITE, AlarmRule="NOT ALARM(both)")
    assert [(3, "OK"), (5, "ALARM")] == states(replay(past, one, span(10), stored=nested))


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (alarm("c", AlarmKind.COMPOSITE, AlarmRule="ALARM(gone)"), "names gone, which does not exist"),
        (alarm("c", AlarmKind.COMPOSITE, AlarmRule="ALARM(c)"), "is a cycle"),
        (
            alarm(
                "p",
                AlarmKind.PROMQL,
                EvaluationCriteria={"PromQLCriteria": {"Query": "up == 0"}},
                EvaluationInterval=60,
            ),
            "answers no PromQL",
        ),
    ],
)
def test_what_cannot_be_replayed_says_why(one: Any, why: str) -> None:
    with pytest.raises(CannotReplay, match=why):
        replay(Past(), one, span(10))


class Down:
    """A PromQL engine: a series returned from minute 5 to 15."""

    async def matrix(self, scope: Any, text: str, start_ms: int, end_ms: int, step_ms: int) -> Any:
        times = np.arange(max(start_ms, START + 5 * MINUTE), min(end_ms, START + 15 * MINUTE) + 1, step_ms)
        return [({"job": "x"}, times, np.zeros(len(times)))]


def test_a_promql_alarm_waits_for_pending_and_recovery() -> None:
    criteria = {"Query": "up == 0", "PendingPeriod": 120, "RecoveryPeriod": 180}
    one = alarm("p", AlarmKind.PROMQL, EvaluationCriteria={"PromQLCriteria": criteria}, EvaluationInterval=60)
    found = replay(Past(), one, span(30), promql=Down())
    assert [(7, "ALARM"), (19, "OK")] == states(found)
