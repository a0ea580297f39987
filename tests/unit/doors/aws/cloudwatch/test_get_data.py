import asyncio
from typing import Any

import pytest

from trimtab.access.principal import Principal, Role, scope_of
from trimtab.doors.aws.cloudwatch.get_data import get_metric_data
from trimtab.doors.aws.cloudwatch.put import put_metric_data
from trimtab.doors.aws.faults import AwsError

NOW_MS = 1_795_600_020_000 // 60_000 * 60_000
MINUTE = 60_000


def put(world: Any, name: str, values: list[float], *, start_ms: int, unit: str = "None", **dimensions: str) -> None:
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    data = [
        {
            "MetricName": name,
            "Value": value,
            "Timestamp": start_ms + at * MINUTE,
            "Unit": unit,
            "Dimensions": pairs,
        }
        for at, value in enumerate(values)
    ]
    asyncio.run(put_metric_data(world.rooms, {"Namespace": "app", "MetricData": data}, world.context()))


def stat(id_: str, name: str = "m", **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "app", "MetricName": name, "Dimensions": more.pop("Dimensions", [])}
    inner = {"Metric": metric, "Period": more.pop("Period", 60), "Stat": more.pop("Stat", "Sum")}
    if "Unit" in more:
        inner["Unit"] = more.pop("Unit")
    return {"Id": id_, "MetricStat": inner, **more}


def ask(world: Any, *queries: dict[str, Any], minutes: int = 60, context: Any = None, **more: Any) -> Any:
    request = {
        "MetricDataQueries": list(queries),
        "StartTime": NOW_MS - minutes * MINUTE,
        "EndTime": NOW_MS,
        **more,
    }
    return asyncio.run(get_metric_data(world.rooms, request, context or world.context()))


def points(answer: Any) -> list[Any]:
    return [
        (row["Id"], [(at - NOW_MS) // MINUTE for at in row["Timestamps"].tolist()], row["Values"].tolist())
        for row in answer["MetricDataResults"]
    ]


def fault(world: Any, *queries: dict[str, Any], **more: Any) -> str:
    with pytest.raises(AwsError) as caught:
        ask(world, *queries, **more)
    assert caught.value.code == "ValidationError"
    return str(caught.value)


@pytest.fixture
def filled(world: Any) -> Any:
    world.clock.at_ms = NOW_MS
    put(world, "m", [1.0, 2.0, 3.0], start_ms=NOW_MS - 10 * MINUTE)
    put(world, "n", [5.0, 6.0], start_ms=NOW_MS - 10 * MINUTE, host="a")
    return world


def test_newest_first_unless_asked_otherwise(filled: Any) -> None:
    assert points(ask(filled, stat("a"))) == [("a", [-8, -9, -10], [3.0, 2.0, 1.0])]
    ascending = ask(filled, stat("a"), ScanBy="TimestampAscending")
    assert points(ascending) == [("a", [-10, -9, -8], [1.0, 2.0, 3.0])]
    assert ascending["NextToken"] is None
    assert ascending["MetricDataResults"][0]["StatusCode"] == "Complete"


def test_a_query_that_is_not_returned_is_left_out(filled: Any) -> None:
    assert [row[0] for row in points(ask(filled, stat("a", ReturnData=False), stat("b")))] == ["b"]


def test_dimensions_must_be_the_exact_set(filled: Any) -> None:
    host = [{"Name": "host", "Value": "a"}]
    answer = ask(filled, stat("a", "n"), stat("b", "n", Dimensions=host), stat("c", Dimensions=host))
    assert [len(row[2]) for row in points(answer)] == [0, 2, 0]


def test_without_a_unit_all_units_are_one_series(filled: Any) -> None:
    put(filled, "m", [10.0], start_ms=NOW_MS - 10 * MINUTE, unit="Count")
    answer = ask(filled, stat("a"), stat("b", Unit="Count"), stat("c", Unit="Bytes"))
    assert [row[2] for row in points(answer)] == [[3.0, 2.0, 11.0], [10.0], []]


@pytest.mark.parametrize("order", ["TimestampDescending", "TimestampAscending"])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 7, 100])
def test_pages_joined_are_the_whole(world: Any, order: str, limit: int) -> None:
    world.clock.at_ms = NOW_MS
    for name, count in (("m", 5), ("n", 3), ("empty", 0), ("o", 4)):
        put(world, name, [float(value) for value in range(count)], start_ms=NOW_MS - 30 * MINUTE) if count else None
    queries = [stat("a"), stat("b", "n"), stat("c", "empty"), stat("d", "o")]
    whole = {row[0]: (row[1], row[2]) for row in points(ask(world, *queries, ScanBy=order))}
    joined: dict[str, tuple[list[int], list[float]]] = {name: ([], []) for name in whole}
    states: dict[str, str] = {}
    token, pages = None, 0
    while True:
        more = {"NextToken": token} if token else {}
        answer = ask(world, *queries, ScanBy=order, MaxDatapoints=limit, **more)
        assert sum(len(row[2]) for row in points(answer)) <= limit
        for (name, times, values), row in zip(points(answer), answer["MetricDataResults"], strict=True):
            joined[name][0].extend(times)
            joined[name][1].extend(values)
            states[name] = row["StatusCode"]
        pages += 1
        token = answer["NextToken"]
        if token is None:
            break
        world.clock.advance(60)  # a page asked for later belongs to the first one's time
    assert joined == whole
    assert set(states.values()) == {"Complete"}
    assert pages >= -(-12 // limit)
    world.clock.at_ms = NOW_MS


def test_a_token_of_another_request_is_invalid(filled: Any) -> None:
    token = ask(filled, stat("a"), MaxDatapoints=1)["NextToken"]
    for wrong, queries in ((token, [stat("b")]), ("nonsense", [stat("a")]), ("e30", [stat("a")])):
        with pytest.raises(AwsError) as caught:
            ask(filled, *queries, NextToken=wrong)
        assert caught.value.code == "InvalidNextToken"


@pytest.mark.parametrize(
    ("period", "age_minutes", "expected_seconds_lost"),
    [(60, 5, 34), (10, 5, 4), (30, 5, 4), (300, 16 * 1440, 3 * 60 + 34), (3600, 64 * 1440, 33 * 60 + 34)],
)
def test_the_start_is_rounded_down_by_age_or_period(
    world: Any, period: int, age_minutes: int, expected_seconds_lost: int
) -> None:
    hour = NOW_MS // 3_600_000 * 3_600_000
    world.clock.at_ms = hour
    start = hour - age_minutes * MINUTE
    start += -start % 3_600_000 + (33 * 60 + 34) * 1000 - (3_600_000 if start % 3_600_000 else 0)
    put(world, "m", [1.0], start_ms=hour)
    request = {"MetricDataQueries": [stat("a", Period=period)], "StartTime": start, "EndTime": hour + 1}
    asyncio.run(get_metric_data(world.rooms, request, world.context()))
    assert (start - world.reader.ranges[-1][0]) // 1000 == expected_seconds_lost


def test_faults_are_told_all_at_once(filled: Any) -> None:
    message = fault(
        filled,
        stat("A"),
        stat("a", Period=7),
        stat("b", Stat="p101"),
        {"Id": "c"},
        {**stat("d"), "Expression": "a"},
        {"MetricStat": stat("x")["MetricStat"]},
    )
    assert message.split("\n") == [
        "The value A for parameter MetricDataQueries.member.1.Id is not matching the expected pattern "
        "^[a-z][a-zA-Z0-9_]*$.",
        "The value 7 for parameter MetricDataQueries.member.2.MetricStat.Period is not valid: a period is 1, 5, 10, "
        "20, 30 or a multiple of 60.",
        "The value p101 for parameter MetricDataQueries.member.3.MetricStat.Stat is not a valid statistic.",
        "At least one of the parameters MetricDataQueries.member.4.Expression and "
        "MetricDataQueries.member.4.MetricStat must be specified.",
        "The parameters MetricDataQueries.member.5.Expression and MetricDataQueries.member.5.MetricStat are mutually "
        "exclusive and you have specified both.",
        "The parameter MetricDataQueries.member.6.Id is required.",
    ]


def test_ids_must_differ(filled: Any) -> None:
    assert fault(filled, stat("a"), stat("a")) == "The values for parameter Id in MetricDataQueries are not unique."


def test_the_range_must_be_one(filled: Any) -> None:
    assert "must not equal" in fault(filled, stat("a"), minutes=0)
    second = NOW_MS // 1000 * 1000
    assert "must not equal" in fault(filled, stat("a"), StartTime=second + 20, EndTime=second + 987)
    assert "must be less than" in fault(filled, stat("a"), minutes=-1)
    assert fault(filled, stat("a"), StartTime=NOW_MS, MaxDatapoints=0).startswith("The parameter MaxDatapoints")


def test_default_labels_tell_series_apart(filled: Any) -> None:
    def labels(*queries: dict[str, Any]) -> list[str]:
        return [row["Label"] for row in ask(filled, *queries)["MetricDataResults"]]

    host = [[{"Name": "host", "Value": value}, {"Name": "stage", "Value": "prod"}] for value in ("a", "b")]
    assert labels(stat("a")) == ["m"]
    assert labels(stat("a"), stat("b", "n")) == ["m", "n"]
    assert labels(stat("a"), stat("b", Stat="p99")) == ["m Sum", "m p99"]
    assert labels(stat("a"), stat("b", Period=300)) == ["m 60", "m 300"]
    assert labels(stat("a"), stat("b", Period=300, Stat="p99")) == ["m Sum 60", "m p99 300"]
    assert labels(stat("a", Dimensions=host[0]), stat("b", Dimensions=host[1])) == ["a", "b"]
    assert labels(stat("a", Label="mine"), stat("b", Label="${LABEL} is ${MAX}")) == ["mine", "m is 3"]


def test_properties_fill_labels(filled: Any) -> None:
    label = "${PROP('AccountId')} ${PROP('Region')} ${PROP('Stat')}/${PROP('Period')} ${PROP('Dim.host')}|"
    host = [{"Name": "host", "Value": "a"}]
    row = ask(filled, stat("a", "n", Dimensions=host, Label=label))["MetricDataResults"][0]
    assert row["Label"] == "123456789012 us-east-1 Sum/60 a|"


def test_another_account_needs_leave_to_see_it(filled: Any) -> None:
    assert points(ask(filled, stat("a", AccountId="999988887777"))) == [("a", [], [])]
    bound = filled.context()
    bound.principal = Principal("key", "123456789012", Role.READ, scope_of("123456789012"))
    assert points(ask(filled, stat("a", AccountId="123456789012"), context=bound))[0][2] == [3.0, 2.0, 1.0]
    with pytest.raises(AwsError, match="not a linked account"):
        ask(filled, stat("a", AccountId="999988887777"), context=bound)
