"""The evaluator: what each kind of alarm becomes, and what is told of it."""

import json

import pytest
from tests.unit.alarms.conftest import ACCOUNT, MINUTE, START, House, run

from trimtab.alarms.hold import HeldBy
from trimtab.alarms.model import AlarmKind, StateValue

TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"
POLICY = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:autoScalingGroupName/g:policyName/p"


def test_an_alarm_goes_through_its_states(house: House) -> None:
    house.put("load", AlarmActions=[TOPIC], OKActions=[TOPIC])
    house.metrics.put("load", START, [1, 9, 1])
    states = []
    house.evaluate(0.25)
    for _ in range(8):
        house.evaluate(1)
        states.append(house.state("load").value)
    assert states == ["OK", "ALARM", "OK", "OK", "OK", "INSUFFICIENT_DATA", "INSUFFICIENT_DATA", "INSUFFICIENT_DATA"]
    reasons = [json.loads(item.data)["newState"]["stateReason"] for item in house.history("load")]
    assert (
        reasons[1] == "Threshold Crossed: 1 datapoint [9.0 (24/11/25 16:01:00)] was greater than the threshold (5.0)."
    )
    assert reasons[3] == "Insufficient Data: 1 datapoint was unknown."
    bodies = [json.loads(body) for _, _, body in house.events()]
    assert [(body["NewStateValue"], body["actions"]) for body in bodies] == [
        ("OK", [TOPIC]),
        ("ALARM", [TOPIC]),
        ("OK", [TOPIC]),
        ("INSUFFICIENT_DATA", []),
    ]
    assert bodies[1]["Trigger"]["MetricName"] == "load"
    assert bodies[1]["OldStateValue"] == "OK"


def test_fast_alarms_are_evaluated_every_ten_seconds(house: House) -> None:
    house.put("quick", Period=10)
    house.metrics.put("quick", START, [9], 10_000)
    house.evaluate(0.1)
    house.evaluate(0.2)
    assert house.state("quick") is StateValue.ALARM


def test_what_a_caller_changed_meanwhile_is_not_overwritten(house: House) -> None:
    house.put("load")
    house.metrics.put("load", START, [9] * 10)
    house.evaluate(0.25)
    reading = house.metrics.statistics

    async def slow(*args: object) -> object:
        house.metrics.statistics = reading  # type: ignore[method-assign] # once
        await house.room.store.set_state(house.key("load"), StateValue.OK, "by hand", None)
        return await reading(*args)  # type: ignore[arg-type] # what it was called with

    house.metrics.statistics = slow  # type: ignore[method-assign, assignment] # a read that takes long
    house.evaluate(1)
    assert house.alarm("load").state.reason == "by hand"
    house.evaluate(1)
    assert house.state("load") is StateValue.ALARM


def test_an_evaluation_from_before_the_alarm_was_put_does_not_count(house: House) -> None:
    house.evaluate(0.25)
    house.clock.advance(300)
    house.metrics.put("load", START, [9] * 2)
    house.put("load", TreatMissingData="ignore")
    house.evaluate()
    assert house.history("load") == []


@pytest.mark.parametrize(("option", "expected"), [("evaluate", "ALARM"), ("ignore", "OK")])
def test_a_percentile_of_few_samples_may_keep_the_state(house: House, option: str, expected: str) -> None:
    form = {
        "Namespace": "N",
        "MetricName": "load",
        "Period": 60,
        "ExtendedStatistic": "p50",
        "EvaluationPeriods": 1,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluateLowSampleCountPercentile": option,
    }
    run(house.room.store.put(AlarmKind.METRIC, house.key("few"), form, {}))
    house.metrics.put("load", START, [1.0] * 20, 3_000)  # twenty in the first minute are enough for a median
    house.metrics.put("load", START + MINUTE, [9.0] * 19, 3_000)
    house.evaluate(0.25)
    house.evaluate(1)
    assert house.state("few") is StateValue.OK
    house.evaluate(1)
    assert house.state("few").value == expected


def test_a_window_on_the_wall_is_judged_when_it_is_whole(house: House) -> None:
    window = {"WallClockWindow": {"Timezone": "Asia/Kolkata"}}
    house.put("hourly", MetricName="load", Period=3600, Statistic="Maximum", EvaluationWindow=window)
    house.metrics.put("load", START - 60 * MINUTE, [1] * 60 + [9] * 29 + [1] * 120)
    # Hours begin at half past in UTC: that from 15:30 to 16:30 is high, the next is not.
    house.evaluate(0.25)
    states = []
    for minutes in (29, 1, 59, 1):
        house.evaluate(minutes)
        states.append(house.state("hourly").value)
    assert states == ["OK", "ALARM", "ALARM", "OK"]


def test_metric_math_is_judged_as_a_metric_is(house: House) -> None:
    stat = {"Metric": {"Namespace": "N", "MetricName": "load"}, "Period": 60, "Stat": "Average"}
    metrics = [{"Id": "m1", "MetricStat": stat, "ReturnData": False}, {"Id": "e1", "Expression": "m1 * 2"}]
    house.put("math", Metrics=metrics, EvaluationPeriods=1, Threshold=5.0, ComparisonOperator="GreaterThanThreshold")
    house.metrics.put("load", START, [3, 2])
    house.evaluate(0.25)
    house.evaluate(1)
    assert house.state("math") is StateValue.ALARM
    house.evaluate(1)
    assert house.state("math") is StateValue.OK


def test_a_metric_is_judged_against_its_band(house: House) -> None:
    stat = {"Metric": {"Namespace": "N", "MetricName": "load"}, "Period": 60, "Stat": "Average"}
    metrics = [{"Id": "m1", "MetricStat": stat}, {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}]
    operator = "LessThanLowerOrGreaterThanUpperThreshold"
    house.put(
        "band",
        Metrics=metrics,
        EvaluationPeriods=1,
        DatapointsToAlarm=1,
        ThresholdMetricId="ad1",
        ComparisonOperator=operator,
    )
    house.metrics.put("load", START, [3, 7])
    house.evaluate(0.25)
    house.evaluate(1)
    assert house.alarm("band").state.reason == (
        "Thresholds Crossed: 1 out of the last 1 datapoint [3.0 (24/11/25 16:00:00)] was less than the lower "
        "thresholds [5.0] or greater than the upper thresholds [10.0] (minimum 1 datapoint for OK -> ALARM transition)."
    )
    house.evaluate(1)
    assert house.state("band") is StateValue.OK


def test_one_alarm_that_is_refused_silences_no_other(house: House) -> None:
    for name in ("good", "bad", "fine"):
        stat = {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": "Average"}
        metrics = [{"Id": "m1", "MetricStat": stat, "ReturnData": False}, {"Id": "e1", "Expression": "m1 * 2"}]
        house.put(name, Metrics=metrics, EvaluationPeriods=1, Threshold=5.0, ComparisonOperator="GreaterThanThreshold")
        house.metrics.put(name, START, [9, 9])
    house.metrics.refused = frozenset({"bad"})
    house.evaluate(0.25)
    house.evaluate(1)
    assert [house.state(name).value for name in ("good", "fine", "bad")] == ["ALARM", "ALARM", "INSUFFICIENT_DATA"]
    assert house.alarm("bad").evaluation_state == "EVALUATION_ERROR"
    house.metrics.refused = frozenset()
    house.metrics.put("bad", START, [9] * 30)
    house.evaluate(11)
    assert house.state("bad") is StateValue.ALARM
    assert house.alarm("bad").evaluation_state is None


def test_every_group_of_an_insights_query_is_a_contributor(house: House) -> None:
    metrics = [{"Id": "q1", "Expression": 'SELECT AVG(m) FROM "N" GROUP BY Host ORDER BY AVG() DESC', "Period": 60}]
    house.put("hosts", Metrics=metrics, EvaluationPeriods=1, Threshold=5.0, ComparisonOperator="GreaterThanThreshold")
    house.metrics.put("a", START, [1, 9, 1])
    house.metrics.put("b", START, [1, 1, 1])
    house.evaluate(0.25)
    house.evaluate(1)
    assert house.state("hosts") is StateValue.OK
    house.evaluate(1)
    assert house.state("hosts") is StateValue.ALARM
    items = house.history("hosts", "AlarmContributorStateUpdate")
    assert [item.attributes for item in items if item.summary.endswith("to ALARM")] == [{"Host": "a"}]
    house.evaluate(1)
    assert house.state("hosts") is StateValue.OK


def test_a_contributor_has_actions_of_its_own(house: House) -> None:
    metrics = [{"Id": "q1", "Expression": 'SELECT AVG(m) FROM "N" GROUP BY Host ORDER BY AVG() DESC', "Period": 60}]
    above = {"EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
    house.put("hosts", Metrics=metrics, AlarmActions=[TOPIC, POLICY], OKActions=[TOPIC], **above)
    house.metrics.put("a", START, [1, 9, 9, 9])
    house.metrics.put("b", START, [1, 1, 9, 1])
    house.evaluate(0.25)
    for _ in range(4):
        house.evaluate(1)
    told = [
        (name, body["NewStateValue"], body.get("AlarmContributorAttributes"), body["actions"])
        for kind, name, text in house.events()
        for body in [json.loads(text)]
        if kind != "alarm.scaling_repeated"
    ]
    names = {name.partition("/")[0] for name, *_ in told}
    assert names == {"hosts"}
    assert [one[1:] for one in told] == [
        ("OK", None, [TOPIC]),
        ("ALARM", None, [TOPIC, POLICY]),
        ("ALARM", {"Host": "a"}, [TOPIC]),  # scaling is the alarm's alone
        ("ALARM", {"Host": "b"}, [TOPIC]),
        ("OK", {"Host": "b"}, [TOPIC]),
    ]
    assert house.alarm("hosts").state.reason == "1 out of 2 time series evaluated to ALARM"
    items = house.history("hosts", "AlarmContributorAction")
    assert [(item.attributes, item.summary) for item in items] == [
        ({"Host": host}, f"Successfully executed action {TOPIC}") for host in ("a", "b", "b")
    ]


def test_a_muted_alarms_contributors_are_silent(house: House) -> None:
    criteria = {"PromQLCriteria": {"Query": "up == 0"}}
    house.put("down", EvaluationCriteria=criteria, EvaluationInterval=60, AlarmActions=[TOPIC])
    form = {
        "Name": "now",
        "Rule": {"Schedule": {"Expression": "at(2025-11-24T16:00)", "Duration": "PT3M"}},
        "MuteTargets": {"AlarmNames": ["down"]},
    }
    run(house.room.mute_rules.put(ACCOUNT, "us-east-1", form, {}))
    house.promql.returned = {START + at * MINUTE: [({"instance": "a"}, 0.0)] for at in range(1, 9)}
    house.evaluate(0.25)
    house.evaluate(1)
    house.evaluate(4)
    assert [(kind, json.loads(body)["actions"]) for kind, _, body in house.events()] == [
        ("alarm.state_changed", []),
        ("alarm.contributor_state_changed", []),
        ("alarm.state_changed", [TOPIC]),
    ]


def test_a_promql_alarm_waits_for_the_pending_and_the_recovery_period(house: House) -> None:
    criteria = {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 60, "RecoveryPeriod": 120}}
    house.put("down", EvaluationCriteria=criteria, EvaluationInterval=60)
    assert house.state("down") is StateValue.OK
    house.promql.returned = {START + at * MINUTE: [({"instance": "a"}, 0.0)] for at in (1, 2, 3)}
    states = []
    house.evaluate(0.25)
    for _ in range(7):
        house.evaluate(1)
        states.append(house.state("down").value)
    assert states == ["OK", "ALARM", "ALARM", "ALARM", "ALARM", "OK", "OK"]


def test_a_burn_rate_alarm_needs_both_windows(house: House) -> None:
    parts = {
        name: {"Metric": {"Namespace": "N", "MetricName": name.lower()}, "Stat": "Sum"} for name in ("Bad", "Total")
    }
    windows = [{"LongSeconds": 600, "ShortSeconds": 120, "Factor": 10}]
    house.put("slo", AlarmKind.BURN_RATE, Objective=0.99, **parts, Windows=windows)
    house.metrics.put("total", START - 20 * MINUTE, [100] * 60)
    house.metrics.put("bad", START - 20 * MINUTE, [0] * 20 + [60, 60] + [0] * 38)
    house.evaluate(0.25)
    states = []
    for _ in range(6):
        house.evaluate(1)
        states.append(house.state("slo").value)
    assert states == ["OK", "ALARM", "ALARM", "OK", "OK", "OK"]


def test_scaling_actions_are_repeated_every_minute_in_their_state(house: House) -> None:
    house.put("load", AlarmActions=[POLICY, TOPIC])
    house.metrics.put("load", START, [9, 9, 9, 1])
    house.evaluate(0.25)
    for _ in range(4):
        house.evaluate(1)
    kinds = [(kind, json.loads(body)["actions"]) for kind, _, body in house.events()]
    repeated = ("alarm.scaling_repeated", [POLICY])
    assert kinds == [
        ("alarm.state_changed", [POLICY, TOPIC]),
        repeated,
        repeated,
        ("alarm.state_changed", []),
    ]


def test_a_warm_up_holds_back_until_the_window_is_full(house: House) -> None:
    house.put(
        "early", MetricName="load", EvaluationPeriods=2, WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 10}
    )
    whole = {"WarmUpPeriodDurationInMinutes": 10, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
    house.put("late", MetricName="load", EvaluationPeriods=2, WarmUpConfiguration=whole)
    house.metrics.put("load", START, [9] * 20)
    house.evaluate(0.25)
    house.evaluate(1)
    assert house.state("early") is StateValue.INSUFFICIENT_DATA
    house.evaluate(1)
    assert house.state("early") is StateValue.ALARM
    house.evaluate(6)
    assert house.state("late") is StateValue.INSUFFICIENT_DATA
    house.evaluate(3)
    assert house.state("late") is StateValue.ALARM


def test_a_muted_action_is_run_when_the_window_ends_and_the_state_is_still_the_same(house: House) -> None:
    house.put("load", AlarmActions=[TOPIC], OKActions=[TOPIC])
    form = {
        "Name": "night",
        "Rule": {"Schedule": {"Expression": "cron(0 16 * * *)", "Duration": "PT3M"}},
        "MuteTargets": {"AlarmNames": ["load"]},
    }
    run(house.room.mute_rules.put(ACCOUNT, "us-east-1", form, {}))
    house.metrics.put("load", START, [9] * 10)
    house.evaluate(0.25)
    house.evaluate(1)
    held = house.alarm("load").held
    assert held is not None
    assert held.by is HeldBy.MUTE
    house.evaluate(3)
    told = [
        (json.loads(body)["actions"], json.loads(body)["ActionExecutedAfterMuteWindow"])
        for _, _, body in house.events()
    ]
    assert told == [([], False), ([TOPIC], True)]
    assert house.alarm("load").held is None


def test_a_muted_action_is_dropped_when_the_alarm_returns(house: House) -> None:
    house.put("load", AlarmActions=[TOPIC], OKActions=[TOPIC])
    house.metrics.put("load", START, [1, 9, 1, 1, 1, 1, 1, 1])
    house.evaluate(0.25)
    house.evaluate(1)
    form = {
        "Name": "now",
        "Rule": {"Schedule": {"Expression": "at(2025-11-24T16:01)", "Duration": "PT3M"}},
        "MuteTargets": {"AlarmNames": ["load"]},
    }
    run(house.room.mute_rules.put(ACCOUNT, "us-east-1", form, {}))
    house.evaluate(6)
    assert [json.loads(body)["actions"] for _, _, body in house.events()] == [[TOPIC], [], []]


def test_a_composite_alarm_waits_for_its_suppressor(house: House) -> None:
    for name in ("load", "deploy"):
        house.put(name)
    more = {"ActionsSuppressor": "deploy", "ActionsSuppressorWaitPeriod": 120, "ActionsSuppressorExtensionPeriod": 60}
    house.put("all", AlarmKind.COMPOSITE, AlarmRule="ALARM(load)", AlarmActions=[TOPIC], **more)
    house.metrics.put("load", START, [9] * 20)
    house.metrics.put("deploy", START, [1, 9, 9, 9, 1, 1, 1, 1, 1, 1])
    by = []
    house.evaluate(0.25)
    for _ in range(7):
        house.evaluate(1)
        held = house.alarm("all").held
        by.append(None if held is None else held.by.value)
    assert by == ["WaitPeriod", "Alarm", "Alarm", "Alarm", "ExtensionPeriod", None, None]
    actions = [json.loads(body)["actions"] for _, name, body in house.events() if name == "all"]
    assert actions == [[], [], [TOPIC]]  # its creation as OK, the change that was held, and its release


def test_history_past_its_days_is_forgotten(house: House) -> None:
    house.put("load")
    house.metrics.put("load", START, [9])
    house.evaluate(0.25)
    house.evaluate(1)
    assert house.history("load", None)
    house.clock.advance(20 * 86_400)
    house.database.change_sync(lambda connection: connection.exec_driver_sql("DELETE FROM alarm_clocks"))
    house.evaluate()
    assert [item.summary for item in house.history("load", None)] == ["Alarm updated from ALARM to INSUFFICIENT_DATA"]
