"""What an alarm watches for, in words."""

from typing import Any

import pytest
from tests.unit.alarms.replay.past import alarm

from trimtab.alarms.condition import condition
from trimtab.alarms.model import AlarmKind

STAT = {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (alarm(), "Average of cpu above 5 in one period of 1 min"),
        (
            alarm(Period=300, EvaluationPeriods=5, DatapointsToAlarm=3, ComparisonOperator="LessThanThreshold"),
            "Average of cpu below 5 in 3 of 5 periods of 5 min",
        ),
        (
            alarm(
                "x",
                Metrics=[
                    {"Id": "m", "MetricStat": STAT, "ReturnData": True},
                    {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m, 2)", "ReturnData": True},
                ],
                ThresholdMetricId="b",
                ComparisonOperator="GreaterThanUpperThreshold",
                EvaluationPeriods=2,
            ),
            "Sum of m above its band in 2 of 2 periods of 1 min",
        ),
        (
            alarm(
                "p",
                AlarmKind.PROMQL,
                EvaluationCriteria={"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 120}},
                EvaluationInterval=60,
            ),
            "up == 0 returns a series, for 2 min",
        ),
        (alarm("c", AlarmKind.COMPOSITE, AlarmRule="ALARM(a)"), "ALARM(a)"),
        (
            alarm("s", AlarmKind.BURN_RATE, Objective=0.999, Bad=STAT, Total=STAT),
            "the error budget of 99.9 % burns 14.4 times too fast over 1 h and slower over longer windows",
        ),
    ],
)
def test_every_kind_is_told_in_a_sentence(one: Any, words: str) -> None:
    assert words == condition(one)
