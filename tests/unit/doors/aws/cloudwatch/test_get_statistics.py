import asyncio
from typing import Any

import pytest

from trimtab.doors.aws.cloudwatch.get_statistics import get_metric_statistics
from trimtab.doors.aws.cloudwatch.put import put_metric_data
from trimtab.doors.aws.faults import AwsError

NOW_MS = 1_795_600_020_000 // 60_000 * 60_000
MINUTE = 60_000


def ask(world: Any, **changes: Any) -> Any:
    request = {
        "Namespace": "app",
        "MetricName": "m",
        "StartTime": NOW_MS - 60 * MINUTE,
        "EndTime": NOW_MS,
        "Period": 60,
        "Statistics": ["Sum"],
        **changes,
    }
    return asyncio.run(
        get_metric_statistics(world.rooms, {k: v for k, v in request.items() if v is not None}, world.context())
    )


@pytest.fixture
def filled(world: Any) -> Any:
    world.clock.at_ms = NOW_MS
    data = [
        {"MetricName": "m", "Value": float(value), "Timestamp": NOW_MS - 10 * MINUTE, "Unit": unit}
        for value, unit in ((1, "Count"), (2, "Count"), (9, "Seconds"))
    ]
    asyncio.run(put_metric_data(world.rooms, {"Namespace": "app", "MetricData": data}, world.context()))
    return world


def test_extended_statistics_come_in_a_map(filled: Any) -> None:
    answer = ask(filled, Statistics=None, ExtendedStatistics=["p50", "p100"], Unit="Count")
    assert answer["Datapoints"] == [
        {"Timestamp": NOW_MS - 10 * MINUTE, "Unit": "Count", "ExtendedStatistics": {"p50": 1.0, "p100": 2.0}}
    ]


def test_a_unit_that_was_not_sent_has_no_points(filled: Any) -> None:
    assert ask(filled, Unit="Bytes") == {"Label": "m", "Datapoints": []}


def test_a_statistic_named_twice_comes_once(filled: Any) -> None:
    assert ask(filled, Statistics=["Sum", "Sum"], Unit="Count")["Datapoints"] == [
        {"Timestamp": NOW_MS - 10 * MINUTE, "Unit": "Count", "Sum": 3.0}
    ]


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        (
            {"StartTime": NOW_MS - 1441 * MINUTE},
            "InvalidParameterCombination",
            "You have requested up to 1441 datapoints, which exceeds the limit of 1440. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        ),
        (
            {"Statistics": None},
            "InvalidParameterCombination",
            "Must specify either Statistics or ExtendedStatistics",
        ),
        (
            {"ExtendedStatistics": ["p50"]},
            "InvalidParameterCombination",
            "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both.",
        ),
        (
            {"Statistics": ["Mean"]},
            "InvalidParameterValue",
            "The parameter Statistics.member.1 must be a value in the set "
            "[ Sum, Maximum, Minimum, SampleCount, Average ].",
        ),
        (
            {"Statistics": None, "ExtendedStatistics": ["q50"]},
            "InvalidParameterValue",
            "The value q50 for parameter ExtendedStatistics.member.1 is not supported.",
        ),
        (
            {"Period": 45},
            "InvalidParameterValue",
            "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
        ),
        ({"EndTime": None}, "MissingParameter", "The parameter EndTime is required."),
        (
            {"StartTime": NOW_MS},
            "InvalidParameterValue",
            "The parameter StartTime must be less than the parameter EndTime.",
        ),
        (
            {"StartTime": NOW_MS // 1000 * 1000 + 20, "EndTime": NOW_MS // 1000 * 1000 + 987},
            "InvalidParameterValue",
            "The parameter StartTime must be less than the parameter EndTime.",
        ),
        (
            {"StartTime": NOW_MS + 1},
            "InvalidParameterValue",
            "The parameter StartTime must be less than the parameter EndTime.",
        ),
    ],
)
def test_faults(world: Any, changes: Any, code: str, message: str) -> None:
    world.clock.at_ms = NOW_MS
    with pytest.raises(AwsError) as caught:
        ask(world, **changes)
    assert (caught.value.code, str(caught.value)) == (code, message)


@pytest.mark.parametrize("after_ms", [0, 17_000])
def test_1440_points_are_allowed_from_whatever_second(world: Any, after_ms: int) -> None:
    world.clock.at_ms = now_ms = NOW_MS + after_ms
    assert ask(world, StartTime=now_ms - 1440 * MINUTE, EndTime=now_ms)["Datapoints"] == []
    assert ask(world, StartTime=now_ms - 5 * 1440 * MINUTE, EndTime=now_ms, Period=300)["Datapoints"] == []
    with pytest.raises(AwsError, match="up to 1441 datapoints"):
        ask(world, StartTime=now_ms - 1440 * MINUTE - 1, EndTime=now_ms)
