"""Stops, restarts and races: every evaluation counts exactly once, and nothing is lost or told twice."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.alarms.conftest import ACCOUNT, MINUTE, START, House, Metrics, run

from depth import examples
from trimtab.alarms import round as round_module
from trimtab.alarms.model import AlarmKind, StateValue
from trimtab.alarms.schedule import MAX_AT_ONCE
from trimtab.base.errors import Unavailable
from trimtab.base.records import replace

STAT = {"Metric": {"Namespace": "N", "MetricName": "load"}, "Period": 300, "Stat": "Average"}
MATH = [{"Id": "m1", "MetricStat": STAT, "ReturnData": False}, {"Id": "e1", "Expression": "m1 * 2"}]
TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"
POLICY = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:autoScalingGroupName/g:policyName/p"


def test_a_change_counts_as_made_at_its_evaluation_and_not_when_it_was_made_up_for(house: House) -> None:
    house.put("load")
    house.metrics.put("load", START, [9])
    house.evaluate(0.25)
    house.evaluate(30)
    assert house.alarm("load").state.transitioned_ms == START + 4 * MINUTE + 15_000
    first = house.history("load")[0]
    assert first.at_ms == START + MINUTE + 15_000


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_a_stop_of_hours_ends_in_the_very_history_of_no_stop(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    values = [chance.choice([1.0, 9.0, None]) for _ in range(200)]
    told = []
    for stops in ([1] * 200, [90, 1, 2, 107], [200]):
        house = House(tmp_path_factory.mktemp("state"))
        house.put("load", EvaluationPeriods=3, DatapointsToAlarm=2, AlarmActions=[TOPIC])
        house.put("slow", Period=300, EvaluationPeriods=2, MetricName="load", TreatMissingData="breaching")
        house.put("clock", Period=300, MetricName="load", EvaluationWindow={"WallClockWindow": {"Timezone": "+05:45"}})
        house.put("math", Metrics=MATH, EvaluationPeriods=2, Threshold=9.0, ComparisonOperator="GreaterThanThreshold")
        house.put("both", AlarmKind.COMPOSITE, AlarmRule="ALARM(load) AND ALARM(slow)", AlarmActions=[TOPIC])
        house.metrics.put("load", START, values)
        house.evaluate(0.25)
        for minutes in stops:
            house.evaluator = house.new_evaluator()  # a restart
            house.evaluate(minutes)
        names = ("load", "slow", "clock", "math", "both")
        items = [(name, item.at_ms, item.data) for name in names for item in house.history(name)]
        events = [
            (name, json.loads(body)["StateChangeTime"], json.loads(body)["actions"]) for _, name, body in house.events()
        ]
        told.append((items, events))
        house.database.close()
    assert told[0] == told[1] == told[2]
    assert {name for name, *_ in told[0][0]} == set(names)


@pytest.mark.slow  # some seconds of CPU
def test_a_composite_alarm_over_fast_and_slow_alarms_lives_through_a_stop(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    chance = random.Random(7)
    fast, slow = ([chance.choice([1.0, 9.0]) for _ in range(count)] for count in (480, 80))
    told = []
    for stops in ([10] * 480, [420, 4380], [4800]):
        house = House(tmp_path_factory.mktemp("state"))
        house.put("quick", Period=10)
        house.put("slow")
        house.put("both", AlarmKind.COMPOSITE, AlarmRule="ALARM(quick) AND ALARM(slow)", AlarmActions=[TOPIC])
        house.metrics.put("quick", START, fast, 10_000)
        house.metrics.put("slow", START, slow)
        house.evaluate(0.25)
        for seconds in stops:
            house.evaluate(seconds / 60)
        told.append([(item.at_ms, item.data) for item in house.history("both")])
        house.database.close()
    assert told[0] == told[1] == told[2]
    assert len(told[0]) > 50


def test_an_action_that_was_held_is_run_at_its_moment_also_after_a_stop(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    form = {
        "Name": "night",
        "Rule": {"Schedule": {"Expression": "at(2025-11-24T16:00)", "Duration": "PT5M"}},
        "MuteTargets": {"AlarmNames": ["load"]},
    }
    told = []
    for stops in ([1] * 12, [12]):
        house = House(tmp_path_factory.mktemp("state"))
        house.put("load", AlarmActions=[TOPIC], OKActions=[TOPIC])
        run(house.room.mute_rules.put(ACCOUNT, "us-east-1", form, {}))
        house.metrics.put("load", START, [1, 9, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1])
        house.evaluate(0.25)
        for minutes in stops:
            house.evaluate(minutes)
        told.append([(item.at_ms, item.summary) for item in house.history("load", "Action")])
        house.database.close()
    assert told[0] == told[1]
    assert [at_ms for at_ms, _ in told[0]] == [START + 5 * MINUTE + 5_000, START + 8 * MINUTE + 15_000]


def test_contributors_go_through_the_same_states_during_a_stop(tmp_path_factory: pytest.TempPathFactory) -> None:
    metrics = [{"Id": "q1", "Expression": 'SELECT AVG(m) FROM "N" GROUP BY Host ORDER BY AVG() DESC', "Period": 60}]
    above = {"EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
    criteria = {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 0, "RecoveryPeriod": 60}}
    told = []
    for stops in ([1] * 20, [20]):
        house = House(tmp_path_factory.mktemp("state"))
        house.put("hosts", Metrics=metrics, **above)
        house.put("down", EvaluationCriteria=criteria, EvaluationInterval=60)
        house.metrics.put("a", START, [1, 9] * 8)
        house.promql.returned = {START + at * MINUTE: [({"instance": "a"}, 0.0)] for at in (2, 3, 4, 9, 15)}
        house.evaluate(0.25)
        for minutes in stops:
            house.evaluate(minutes)
        told.append(
            [
                (name, item.at_ms, item.summary, item.attributes, item.data)
                for name in ("hosts", "down")
                for item in house.history(name, "AlarmContributorStateUpdate")
            ]
        )
        house.database.close()
    assert told[0] == told[1]
    assert [sum(name == each for each, *_ in told[0]) for name in ("hosts", "down")] == [16, 6]


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("step", ["advance", "_unchanged", "_stored", "_settle"])
def test_a_round_that_dies_is_made_again_as_a_whole(house: House, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    house.put("load", AlarmActions=[TOPIC])
    house.put("other", MetricName="load", AlarmActions=[TOPIC])
    house.metrics.put("load", START, [9] * 10)
    house.evaluate(0.25)
    before = len(house.events())
    whole = getattr(round_module, step)

    def dying(*args: object, **more: object) -> object:
        whole(*args, **more)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(round_module, step, dying)
        with pytest.raises(Killed):
            house.evaluate(1)
    assert len(house.events()) == before
    assert house.history("load") == []
    house.evaluator = house.new_evaluator()
    house.evaluate()
    assert [item.summary for item in house.history("load")] == ["Alarm updated from INSUFFICIENT_DATA to ALARM"]
    assert len(house.events()) == before + 2


def test_two_processes_that_evaluate_the_same_minute_tell_it_once(house: House) -> None:
    house.put("load", AlarmActions=[TOPIC])
    house.metrics.put("load", START, [9] * 10)
    house.evaluate(0.25)
    house.clock.advance(60)
    other = house.new_evaluator()
    reading = house.metrics.statistics

    async def slow(*args: object) -> object:
        house.metrics.statistics = reading  # type: ignore[method-assign] # only the first read is overtaken
        await other.run()
        return await reading(*args)  # type: ignore[arg-type] # what it was called with

    house.metrics.statistics = slow  # type: ignore[method-assign, assignment] # a read that takes long
    run(house.evaluator.run())
    assert len(house.history("load")) == 1
    assert len(house.events()) == 1


def test_without_the_lock_nothing_is_evaluated(house: House) -> None:
    house.put("load")
    house.metrics.put("load", START, [9] * 10)
    house.evaluator._parts = replace(house.evaluator._parts, may_write=lambda: False)
    assert house.evaluate(2) == 0
    assert house.state("load") is StateValue.INSUFFICIENT_DATA


def test_the_first_evaluation_ever_is_the_newest_one_that_is_due(house: House) -> None:
    assert house.evaluate(100) == 2  # one of each cadence


def test_missed_evaluations_are_made_up_for_in_few_reads(house: House) -> None:
    house.put("load")
    house.metrics.put("load", START, [1] * 500)
    house.evaluate(0.25)
    house.metrics.reads = 0
    house.evaluate(4 * MAX_AT_ONCE)
    assert house.metrics.reads <= 4 + 1  # and one for the sample count of the change


def test_an_engine_that_is_away_loses_no_evaluation(house: House) -> None:
    house.put("load")
    house.metrics.put("load", START, [9] * 3)
    house.evaluate(0.25)
    reading = house.metrics.statistics

    async def away(*args: object) -> object:
        raise Unavailable("no engine")

    house.metrics.statistics = away  # type: ignore[method-assign, assignment] # an engine that restarts
    with pytest.raises(Unavailable):
        house.evaluate(2)
    house.metrics.statistics = reading  # type: ignore[method-assign] # it is back
    house.evaluate(2)
    assert house.history("load")[0].at_ms == START + MINUTE + 15_000


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([1.0, 9.0, None]), min_size=20, max_size=60),
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.sampled_from(["missing", "ignore", "breaching", "notBreaching"]),
)
def test_restarts_at_any_time_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, values: list[float | None], stops: list[int], missing: str
) -> None:
    def told(steps: list[int]) -> list[tuple[int, str]]:
        house = House(tmp_path_factory.mktemp("state"))
        house.put("load", EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData=missing)
        house.metrics = Metrics()
        house.metrics.put("load", START, values)
        house.evaluator = house.new_evaluator()
        house.evaluate(0.25)
        for step in steps:
            house.evaluate(step)
            house.evaluator = house.new_evaluator()
        found = [(item.at_ms, item.summary) for item in house.history("load")]
        house.database.close()
        return found

    assert told(stops) == told([sum(stops)])
