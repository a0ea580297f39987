import asyncio
from typing import Any

import pytest

from trimtab.access.principal import Principal, Role, scope_of
from trimtab.doors.aws.cloudwatch.list_metrics import list_metrics
from trimtab.doors.aws.cloudwatch.put import put_metric_data
from trimtab.doors.aws.faults import AwsError

HOUR_MS = 3_600_000


def put(world: Any, *names: str, context: Any = None, age_ms: int = 0, **datum: Any) -> None:
    data = [{"MetricName": name, "Value": 1.0, "Timestamp": world.clock.now_ms() - age_ms, **datum} for name in names]
    for at in range(0, len(data), 1000):
        request = {"Namespace": "app", "MetricData": data[at : at + 1000]}
        asyncio.run(put_metric_data(world.rooms, request, context or world.context()))


def ask(world: Any, context: Any = None, **request: Any) -> Any:
    return asyncio.run(list_metrics(world.rooms, request, context or world.context()))


def names(answer: Any) -> list[str]:
    return [metric["MetricName"] for metric in answer["Metrics"]]


def test_filters_by_namespace_name_and_dimensions(world: Any) -> None:
    pairs = [{"Name": "host", "Value": "a"}, {"Name": "disk", "Value": "sda"}]
    put(world, "one", Dimensions=pairs)
    put(world, "two", Dimensions=pairs[:1])
    put(world, "three")
    assert names(ask(world)) == ["one", "three", "two"]
    assert names(ask(world, Namespace="other")) == []
    assert names(ask(world, MetricName="two")) == ["two"]
    assert names(ask(world, Dimensions=[{"Name": "host"}])) == ["one", "two"]
    assert names(ask(world, Dimensions=[{"Name": "host", "Value": "a"}, {"Name": "disk"}])) == ["one"]
    assert names(ask(world, Dimensions=[{"Name": "host", "Value": "b"}])) == []
    assert ask(world, MetricName="one")["Metrics"] == [
        {"Namespace": "app", "MetricName": "one", "Dimensions": sorted(pairs, key=lambda pair: pair["Name"])}
    ]


def test_a_metric_with_several_units_is_one(world: Any) -> None:
    put(world, "m", Unit="Count")
    put(world, "m", Unit="Bytes")
    assert names(ask(world)) == ["m"]


def test_idle_metrics_are_left_out(world: Any) -> None:
    put(world, "old")
    world.clock.advance(4 * 3600)
    put(world, "new")
    assert names(ask(world, RecentlyActive="PT3H")) == ["new"]
    assert names(ask(world)) == ["new", "old"]
    world.clock.advance(14 * 86_400 - 1)
    assert names(ask(world)) == ["new"]


@pytest.mark.parametrize("count", [499, 500, 501, 1000, 1203])
def test_pages_have_500_metrics_each_once(world: Any, count: int) -> None:
    every = [f"m{number:05}" for number in range(count)]
    put(world, *every, Unit="Count")
    put(world, *every, Unit="Bytes")
    seen, token, sizes = [], None, []
    while True:
        answer = ask(world, **({"NextToken": token} if token else {}))
        seen += names(answer)
        sizes.append(len(answer["Metrics"]))
        token = answer.get("NextToken")
        if token is None:
            break
    assert seen == every
    assert sizes == [500] * (count // 500) + ([count % 500] if count % 500 else [])


@pytest.mark.parametrize("token", ["nonsense", "IjEi", "e30"])
def test_a_token_that_is_not_ours_is_invalid(world: Any, token: str) -> None:
    with pytest.raises(AwsError, match="NextToken is invalid") as caught:
        ask(world, NextToken=token)
    assert caught.value.code == "InvalidParameterValue"


def test_linked_accounts_are_those_the_caller_may_see(world: Any) -> None:
    other = world.context()
    other.account = "999988887777"
    put(world, "theirs", context=other)
    put(world, "ours")
    assert names(ask(world)) == ["ours"]
    answer = ask(world, IncludeLinkedAccounts=True)
    assert sorted(zip(names(answer), answer["OwningAccounts"], strict=True)) == [
        ("ours", "123456789012"),
        ("theirs", "999988887777"),
    ]
    assert names(ask(world, IncludeLinkedAccounts=True, OwningAccount="999988887777")) == ["theirs"]
    bound = world.context()
    bound.principal = Principal("key", "123456789012", Role.READ, scope_of("123456789012"))
    assert names(ask(world, bound, IncludeLinkedAccounts=True)) == ["ours"]
    assert names(ask(world, bound, IncludeLinkedAccounts=True, OwningAccount="999988887777")) == []
