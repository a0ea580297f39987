"""Reports against a slow count of the same events in Python; definitions that say what is wrong with them."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from tests.unit.logs.conftest import NOW

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.logs.contributors.report import Order, Report, Span
from trimtab.logs.contributors.room import ContributorsRoom
from trimtab.logs.contributors.rule import read_rule
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom

WHERE = ("123456789012", "us-east-1")
MINUTE_MS = 60_000
SPAN = Span(NOW, NOW + 10 * MINUTE_MS, 300)


def definition(contribution: Mapping[str, Any], **members: Any) -> str:
    schema = {"Name": "CloudWatchLogRule", "Version": 1}
    made = {"Schema": schema, "LogGroupNames": ["/api/*"], "LogFormat": "JSON", "AggregateOn": "Count", **members}
    return json.dumps({**made, "Contribution": contribution})


async def report(
    room: LogsRoom, lines: Mapping[str, Sequence[tuple[int, str]]], text: str, order: Order = Order.SUM,
    scope: Scope = EVERYTHING,
) -> Report:  # fmt: skip
    for name, events in lines.items():
        group, (stream,) = await room.groups.ensure(*WHERE, name, ["s"])
        await room.ingest.write([LogBatch(group, stream, [LogEvent(at, line) for at, line in events])])
    assert await room.reader.fresh(8)
    stored = await room.contributors.store.put(*WHERE, "r", text)
    return await room.contributors.reporter.report(scope, stored, SPAN, 100, order)


def requests() -> list[tuple[int, dict[str, Any]]]:
    chance = random.Random(7)
    return [
        (
            NOW + chance.randrange(10 * MINUTE_MS),
            {
                "ip": chance.choice(["10.0.0.1", "10.0.0.2", "10.0.0.3", 7]),
                "http": {"method": chance.choice(["GET", "PUT", "POST"]), "status": chance.choice([200, 404, 500])},
                "bytes": chance.choice([1, 2.5, 10, 1000, "40", "none", None]),
            },
        )
        for _ in range(400)
    ]


def counted(
    events: Sequence[tuple[int, dict[str, Any]]], fits: Callable[[dict[str, Any]], bool]
) -> tuple[dict[tuple[str, ...], float], dict[int, list[tuple[tuple[str, ...], float]]]]:
    totals: dict[tuple[str, ...], float] = defaultdict(float)
    parts: dict[int, list[tuple[tuple[str, ...], float]]] = defaultdict(list)
    for at, one in events:
        try:
            value = float(one["bytes"])
        except (TypeError, ValueError):
            continue
        if fits(one):
            keys = (str(one["ip"]), one["http"]["method"])
            totals[keys] += value
            parts[(at - NOW) // (5 * MINUTE_MS)].append((keys, value))
    return totals, parts


def test_a_sum_over_json_is_what_a_slow_count_gives(room: LogsRoom) -> None:
    events = requests()
    other = {"ip": "9.9.9.9", "http": {"method": "PUT", "status": 500}, "bytes": 1e9}
    lines = {
        "/api/a": [(at, json.dumps(one)) for at, one in events[:200]],
        "/api/b": [(at, json.dumps(one)) for at, one in events[200:]],
        "/other": [(NOW, json.dumps(other))],
    }
    filters = [{"Match": "$.http.method", "In": ["PUT", "POST"]}, {"Match": "$.http.status", "GreaterThan": 300}]
    contribution = {"Keys": ["$.ip", "$.http.method"], "ValueOf": "$.bytes", "Filters": filters}
    found = asyncio.run(report(room, lines, definition(contribution, AggregateOn="Sum")))
    totals, parts = counted(
        events, lambda one: one["http"]["method"] in ("PUT", "POST") and one["http"]["status"] > 300
    )
    assert {one.keys: round(one.value, 6) for one in found.contributors} == {
        keys: round(value, 6) for keys, value in totals.items()
    }
    values = [one.value for one in found.contributors]
    assert values == sorted(values, reverse=True)
    assert (found.unique, round(found.total, 6)) == (len(totals), round(sum(totals.values()), 6))
    assert found.groups == ("/api/a", "/api/b")
    for part, rows in parts.items():
        at = found.points.times.tolist().index(NOW + part * 5 * MINUTE_MS)
        here = {name: float(values[at]) for name, values in found.points.values.items()}
        by_key: dict[tuple[str, ...], float] = defaultdict(float)
        for keys, value in rows:
            by_key[keys] += value
        assert here == pytest.approx(
            {
                "UniqueContributors": len(by_key), "MaxContributorValue": max(by_key.values()),
                "SampleCount": len(rows), "Sum": sum(by_key.values()), "Minimum": min(value for _, value in rows),
                "Maximum": max(value for _, value in rows), "Average": sum(by_key.values()) / len(rows),
            }
        )  # fmt: skip
    for one in found.contributors:
        assert sum(value for _, value in one.points) == pytest.approx(one.value)


def test_lines_are_read_by_places_and_by_names_of_places(room: LogsRoom) -> None:
    lines = [
        (NOW, '10.0.0.1 - alice [10/Oct/2025:13:55:36 +0000] "GET /a HTTP/1.1" 200 100'),
        (NOW + 1, '10.0.0.1 - bob [10/Oct/2025:13:55:36 +0000] "GET /b HTTP/1.1" 200 300'),
        (NOW + 2, '10.0.0.2 - eve [10/Oct/2025:13:55:36 +0000] "PUT /a HTTP/1.1" 500 50'),
        (NOW + 3, "10.0.0.3 short"),
    ]
    text = definition(
        {"Keys": ["ip"], "ValueOf": "7", "Filters": [{"Match": "request", "StartsWith": ["GET", "PUT"]}]},
        LogFormat="CLF", Fields={"1": "ip", "5": "request"}, AggregateOn="Sum",
    )  # fmt: skip
    found = asyncio.run(report(room, {"/api/a": lines}, text))
    assert [(one.keys, one.value) for one in found.contributors] == [(("10.0.0.1",), 400.0), (("10.0.0.2",), 50.0)]
    present = definition({"Keys": ["1"], "Filters": [{"Match": "6", "IsPresent": False}]}, LogFormat="CLF")
    alone = asyncio.run(report(room, {}, present))
    assert [(one.keys, one.value) for one in alone.contributors] == [(("10.0.0.3",), 1.0)]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"NotIn": ["a"]}, {"2", "true"}),
        ({"EqualTo": 2}, {"2"}),
        ({"NotEqualTo": 2}, {"a", "true"}),
        ({"LessThan": 3}, {"2"}),
        ({"IsPresent": True}, {"a", "2", "true", "none"}),
        ({"IsPresent": False}, {"absent"}),
    ],
)
def test_filters_know_texts_numbers_and_what_is_not_there(
    room: LogsRoom, filter_: dict[str, Any], expected: set[str]
) -> None:
    events: list[dict[str, Any]] = [
        {"k": "a", "v": "a"}, {"k": "2", "v": 2}, {"k": "true", "v": True}, {"k": "none", "v": None}, {"k": "absent"},
    ]  # fmt: skip
    lines = [(NOW + at, json.dumps(one)) for at, one in enumerate(events)] + [(NOW, "no JSON at all")]
    text = definition({"Keys": ["$.k"], "Filters": [{"Match": "$.v", **filter_}]})
    found = asyncio.run(report(room, {"/api/a": lines}, text))
    assert {one.keys[0] for one in found.contributors} == expected


def test_contributors_can_be_ranked_by_their_largest_value(room: LogsRoom) -> None:
    values = [("often", 5)] * 10 + [("once", 9)]
    lines = [(NOW + at, json.dumps({"k": key, "v": value})) for at, (key, value) in enumerate(values)]
    text = definition({"Keys": ["$.k"], "ValueOf": "$.v"}, AggregateOn="Sum")
    by_sum = asyncio.run(report(room, {"/api/a": lines}, text))
    by_most = asyncio.run(report(room, {}, text, Order.MAXIMUM))
    assert [(one.keys[0], one.value) for one in by_sum.contributors] == [("often", 50.0), ("once", 9.0)]
    assert [(one.keys[0], one.value) for one in by_most.contributors] == [("once", 9.0), ("often", 5.0)]


def test_a_scope_and_a_disabled_rule_end_what_is_seen(room: LogsRoom, clock: ManualClock) -> None:
    async def check() -> None:
        lines = [(NOW + minute * MINUTE_MS, json.dumps({"k": "a"})) for minute in range(10)]
        text = definition({"Keys": ["$.k"]})
        elsewhere = Scope.of("999999999999", "us-east-1")
        assert (await report(room, {"/api/a": lines}, text, scope=elsewhere)).unique == 0
        contributors: ContributorsRoom = room.contributors
        clock.at_ms = NOW + 5 * MINUTE_MS
        assert await contributors.store.switch(*WHERE, ["r", "absent"], enabled=False) == ["absent"]
        stored = await contributors.store.get(*WHERE, "r")
        assert (await contributors.reporter.report(EVERYTHING, stored, SPAN)).total == 5.0
        points = await contributors.metrics(Scope.of(*WHERE), "r", "Sum", SPAN)
        assert points.values["Sum"].tolist() == [5.0]
        assert not len((await contributors.metrics(elsewhere, "r", "Sum", SPAN)).times)

    asyncio.run(check())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Schema": {"Name": "Other", "Version": 1}}, "CloudWatchLogRule"),
        ({"LogFormat": "XML"}, "JSON or CLF"),
        ({"LogGroupNames": ["a*b"]}, "asterisk at the end"),
        ({"LogGroupARNs": ["arn:aws:logs:x:1:y"]}, "one of LogGroupNames and LogGroupARNs"),
        ({"AggregateOn": "Sum"}, "ValueOf goes with AggregateOn Sum"),
        ({"Contribution": {"Keys": []}}, "a list of 1 to 4"),
        ({"Contribution": {"Keys": ["ip"]}}, r"\$\.request\.ip"),
        ({"Contribution": {"Keys": ["$.a[99999999999999999999]"]}}, r"\$\.request\.ip"),
        ({"Contribution": {"Keys": ["$.a"], "Filters": [{"Match": "$.b"}]}}, "IsPresent"),
        ({"Contribution": {"Keys": ["$.a"], "Filters": [{"Match": "$.b", "EqualTo": "1"}]}}, "to be a number"),
        ({"Contribution": {"Keys": ["$.a"], "Filters": [{"Match": "$.b", "In": ["1"] * 11}]}}, "1 to 10"),
        ({"Fields": {"1": "ip"}}, "goes with LogFormat CLF"),
        ({"Extra": 1}, "Extra"),
    ],
)
def test_a_definition_says_what_is_wrong_with_it(change: dict[str, Any], told: str) -> None:
    good = json.loads(definition({"Keys": ["$.a"]}))
    read_rule(json.dumps(good))
    with pytest.raises(InvalidInput, match=told):
        read_rule(json.dumps({**good, **change}))
