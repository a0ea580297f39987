"""GetMetricData with metric math, SEARCH and Metrics Insights."""

import asyncio
from typing import Any

import pytest
from tests.unit.doors.aws.cloudwatch.test_get_data import NOW_MS, ask, fault, points, put, stat

from trimtab.access.principal import Principal, Role, scope_of
from trimtab.doors.aws.cloudwatch.put import put_metric_data
from trimtab.doors.aws.faults import AwsError

MINUTE = 60_000


def math(id_: str, expression: str, **more: Any) -> dict[str, Any]:
    return {"Id": id_, "Expression": expression, **more}


@pytest.fixture
def hosts(world: Any) -> Any:
    start = NOW_MS - 3 * MINUTE
    put(world, "errors", [1.0, 2.0, 3.0], start_ms=start, host="a")
    put(world, "errors", [10.0, 20.0, 30.0], start_ms=start, host="b")
    put(world, "requests", [100.0, 0.0, 100.0], start_ms=start, host="a")
    return world


def on(host: str) -> list[dict[str, str]]:
    return [{"Name": "host", "Value": host}]


def test_expressions_and_metrics_come_in_the_order_of_the_request(hosts: Any) -> None:
    answer = ask(
        hosts,
        math("rate", "errors / requests * 100"),
        stat("errors", "errors", Dimensions=on("a"), ReturnData=False),
        stat("requests", "requests", Dimensions=on("a")),
    )
    assert points(answer) == [
        ("rate", [-1, -3], [3.0, 1.0]),
        ("requests", [-1, -2, -3], [100.0, 0.0, 100.0]),
    ]
    assert [row["Label"] for row in answer["MetricDataResults"]] == ["rate", "requests"]


def test_points_dropped_by_a_division_are_told(hosts: Any) -> None:
    found = ask(hosts, math("e", "m / 0"), stat("m", "errors", Dimensions=on("a"), ReturnData=False))
    row = found["MetricDataResults"][0]
    assert row["StatusCode"] == "Complete"
    assert [message["Code"] for message in row["Messages"]] == ["ArithmeticError"]
    assert found["Messages"] == []


def test_a_search_gives_a_result_for_each_metric(hosts: Any) -> None:
    search = "SEARCH('{app,host} MetricName=\"errors\"', 'Sum', 60)"
    answer = ask(hosts, math("e1", search, Label="${PROP('Dim.host')}!"), ScanBy="TimestampAscending")
    assert points(answer) == [("e1", [-3, -2, -1], [1.0, 2.0, 3.0]), ("e1", [-3, -2, -1], [10.0, 20.0, 30.0])]
    assert [row["Label"] for row in answer["MetricDataResults"]] == ["a!", "b!"]


def test_a_search_beyond_500_metrics_says_so(world: Any) -> None:
    data = [
        {"MetricName": "m", "Value": 1.0, "Timestamp": NOW_MS - MINUTE, "Dimensions": on(f"h{at}")} for at in range(510)
    ]
    asyncio.run(put_metric_data(world.rooms, {"Namespace": "app", "MetricData": data}, world.context()))
    answer = ask(world, math("e1", "SEARCH('{app,host}', 'Sum', 60)"))
    assert len(answer["MetricDataResults"]) == 500
    assert answer["Messages"] == [{"Code": "MaxMetricsExceeded", "Value": "Maximum number of allowed metrics exceeded"}]


def test_metrics_insights_groups(hosts: Any) -> None:
    answer = ask(hosts, math("q", "SELECT SUM(errors) FROM app GROUP BY host ORDER BY MAX() DESC", Period=60))
    assert points(answer) == [("q", [-1, -2, -3], [30.0, 20.0, 10.0]), ("q", [-1, -2, -3], [3.0, 2.0, 1.0])]
    assert [row["Label"] for row in answer["MetricDataResults"]] == ["b", "a"]


@pytest.mark.parametrize("order", ["TimestampDescending", "TimestampAscending"])
@pytest.mark.parametrize("limit", [1, 2, 4, 5, 7])
def test_pages_joined_are_the_whole(hosts: Any, order: str, limit: int) -> None:
    queries = [
        math("e1", "SEARCH('{app,host} errors', 'Sum', 60)"),
        math("e2", "m - AVG(m)"),
        stat("m", "errors", Dimensions=on("b")),
    ]
    whole = [(row["Id"], row["Label"]) for row in ask(hosts, *queries, ScanBy=order)["MetricDataResults"]]
    expected = points(ask(hosts, *queries, ScanBy=order))
    parts: dict[int, list[Any]] = {}
    token: str | None = None
    for _ in range(20):
        more = {"NextToken": token} if token else {}
        answer = ask(hosts, *queries, ScanBy=order, MaxDatapoints=limit, **more)
        named = [(row["Id"], row["Label"]) for row in answer["MetricDataResults"]]
        at = len(whole) - len(named)
        assert whole[at:] == named
        assert sum(len(row["Values"]) for row in answer["MetricDataResults"]) <= limit
        for place, (_, times, values) in enumerate(points(answer), at):
            parts.setdefault(place, []).append((times, values))
        token = answer["NextToken"]
        if token is None:
            break
    joined = [
        (id_, *([point for page in parts[place] for point in page[half]] for half in (0, 1)))
        for place, (id_, _) in enumerate(whole)
    ]
    assert expected == joined


def test_faults_of_expressions_are_validation_errors(hosts: Any) -> None:
    m = stat("m", "errors", Dimensions=on("a"), ReturnData=False)
    assert fault(hosts, m, math("e1", "m +")).startswith("Error in expression 'e1': Invalid syntax at character 4")
    assert "Function 'ANOMALY_DETECTOR' not found" in fault(hosts, m, math("e1", "ANOMALY_DETECTOR(m)"))
    assert "the id 'x' at character 5 is not defined" in fault(hosts, m, math("e1", "m + x"))
    assert "it reads itself: a → b → a" in fault(hosts, math("a", "b * 2"), math("b", "a * 2"))


def test_linked_accounts_are_seen_only_by_name(hosts: Any) -> None:
    other = hosts.context()
    other.account, other.scope = "999988887777", scope_of("999988887777")
    data = [{"MetricName": "errors", "Value": 7.0, "Timestamp": NOW_MS - MINUTE, "Dimensions": on("c")}]
    asyncio.run(put_metric_data(hosts.rooms, {"Namespace": "app", "MetricData": data}, other))
    by_account = math("q", "SELECT SUM(errors) FROM app GROUP BY AWS.AccountId", Period=60)
    assert [row["Label"] for row in ask(hosts, by_account)["MetricDataResults"]] == ["123456789012", "999988887777"]
    assert len(ask(hosts, math("e", "SEARCH('{app,host} errors', 'Sum', 60)"))["MetricDataResults"]) == 2
    named = math("e", "SEARCH('errors :aws.AccountId=\"999988887777\"', 'Sum', 60)")
    assert points(ask(hosts, named)) == [("e", [-1], [7.0])]
    bound = hosts.context()
    bound.principal = Principal("key", "123456789012", Role.READ, scope_of("123456789012"))
    assert [row["Label"] for row in ask(hosts, by_account, context=bound)["MetricDataResults"]] == ["123456789012"]
    with pytest.raises(AwsError, match="not a linked account"):
        ask(hosts, math("q", "SELECT SUM(errors) FROM app", AccountId="999988887777"), context=bound)
