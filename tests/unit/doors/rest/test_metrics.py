"""Reading metrics: listing with stable pages, statistics by series or group, raw points."""

import asyncio
from typing import Any

import pytest
from tests.unit.doors.rest.conftest import Api

from trimtab.access.principal import Role
from trimtab.base.errors import QueryAborted, Unavailable
from trimtab.doors.rest import metrics
from trimtab.metrics.model import Identity

BASE = "/rest/v1/metrics"


def add(api: Api, name: str, unit: str = "Percent", account: str = "123456789012", **dimensions: str) -> int:
    pairs = tuple(sorted(dimensions.items()))
    return api.registry.add(Identity(account, "us-east-1", "fleet", name, pairs, unit))


def test_a_listing_shows_identities_and_filters(api: Api) -> None:
    cpu = add(api, "cpu", host="a", cluster="x")
    add(api, "cpu", host="b", cluster="x")
    add(api, "memory", host="a")
    everything = api.client.get(BASE).json()
    assert len(everything["series"]) == 3
    assert everything["next"] is None
    found = api.client.get(BASE, params={"name": "cpu", "dimension": ["host=a", "cluster=x"]}).json()["series"]
    assert [(one["id"], one["dimensions"]) for one in found] == [(str(cpu), {"cluster": "x", "host": "a"})]
    assert len(api.client.get(BASE, params={"text": "memory"}).json()["series"]) == 1
    assert api.client.get(BASE, params={"namespace": "none"}).json()["series"] == []


def test_pages_follow_each_other_without_gap_or_repeat(api: Api) -> None:
    ids = {str(add(api, f"m{number}")) for number in range(7)}
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = api.client.get(BASE, params={"limit": 3, **after}).json()
        seen += [one["id"] for one in page["series"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == 7
    assert set(seen) == ids


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"nonsense": "1"}, "nonsense"),
        ({"dimension": "x"}, "dimension"),
        ({"name": ["a", "b"]}, "name"),
        ({"after": "-1"}, "after"),
    ],
)
def test_a_wrong_filter_is_refused_with_its_name(api: Api, params: dict[str, Any], field: str) -> None:
    answer = api.client.get(BASE, params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"].startswith(field)


def test_a_query_answers_a_line_for_each_series(api: Api) -> None:
    a, b = add(api, "cpu", host="a"), add(api, "cpu", host="b")
    now = api.clock.now_ms()
    answer = api.client.get(
        f"{BASE}/query", params={"namespace": "fleet", "name": "cpu", "start": "-1h", "period": "5m"}
    )
    body = answer.json()
    assert (body["statistic"], body["period_s"], body["start_ms"], body["end_ms"]) == (
        "Average",
        300,
        now - 3_600_000,
        now,
    )
    assert [line["label"] for line in body["lines"]] == ["host=a", "host=b"]
    assert body["lines"][0]["points"] == [[now - 3_600_000, 1.5], [now - 3_599_000, None]]
    ((_, requests, start, end),) = api.reader.asked
    assert [request.series for request in requests] == [(a,), (b,)]
    assert (start, end) == (now - 3_600_000, now)


def test_group_by_merges_series_and_none_merges_all(api: Api) -> None:
    one, two = add(api, "cpu", host="a", zone="1"), add(api, "cpu", host="b", zone="1")
    three, four = add(api, "cpu", unit="Count", host="c", zone="2"), add(api, "cpu", host="d")
    query = {"namespace": "fleet", "name": "cpu"}
    lines = api.client.get(f"{BASE}/query", params={**query, "group_by": "zone"}).json()["lines"]
    assert [(line["label"], line["series"], line["dimensions"]) for line in lines] == [
        ("cpu", 1, {}),
        ("zone=1", 2, {"zone": "1"}),
        ("zone=2", 1, {"zone": "2"}),
    ]
    (merged,) = api.client.get(f"{BASE}/query", params={**query, "group_by": "none"}).json()["lines"]
    assert (merged["label"], merged["series"], merged["unit"]) == ("cpu", 4, "mixed")
    (request,) = api.reader.asked[-1][1]
    assert set(request.series) == {one, two, three, four}


def test_without_a_period_about_a_thousand_points_come(api: Api) -> None:
    query = {"namespace": "fleet", "name": "cpu"}
    periods = {
        start: api.client.get(f"{BASE}/query", params={**query, "start": start}).json()["period_s"]
        for start in ("-10m", "-3h", "-1d", "-14d", "-400d")
    }
    assert periods == {"-10m": 10, "-3h": 30, "-1d": 300, "-14d": 3600, "-400d": 86400}


@pytest.mark.parametrize(
    ("params", "code", "field"),
    [
        ({"statistic": "Median"}, "invalid_input", "statistic"),
        ({"period": "0"}, "invalid_input", "period"),
        ({"period": "500ms"}, "invalid_input", "period"),
        ({"period": "400d"}, "invalid_input", "period"),
        ({"period": "²"}, "invalid_input", "period"),
        ({"period": "x"}, "invalid_input", "period"),
        ({"start": "x"}, "invalid_input", "start"),
        ({"start": "²"}, "invalid_input", "start"),
        ({"start": "9" * 65}, "invalid_input", "start"),
        ({"start": "2026-02-30"}, "invalid_input", "start"),
        ({"start": ""}, "invalid_input", "start"),
        ({"name": ""}, "invalid_input", "name"),
        ({"fresh": "maybe"}, "invalid_input", "fresh"),
    ],
)
def test_a_wrong_query_is_refused_with_its_parameter(
    api: Api, params: dict[str, str], code: str, field: str | None
) -> None:
    for host in ("a", "b"):
        add(api, "cpu", host=host)
    answer = api.client.get(f"{BASE}/query", params={"namespace": "fleet", "name": "cpu", **params})
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["field"]) == (code, field)


def test_a_range_is_held_to_the_calendar_and_its_ends_may_be_swapped(api: Api) -> None:
    def ask(start: str, end: str) -> tuple[int, int]:
        params = {"namespace": "fleet", "name": "cpu", "start": start, "end": end}
        answer = api.client.get(f"{BASE}/query", params=params).json()
        return answer["start_ms"], answer["end_ms"]

    now = api.clock.now_ms()
    assert ask("now", "-1h") == (now - 3_600_000, now)
    assert ask("now", "now") == (now, now + 1)
    assert ask("-999999w", "9" * 64) == (0, 4_102_444_800_000)
    assert ask("2025-11-24t10:00:00z", "2025-11-24T10:00:00.5+01:00") == (1763974800500, 1763978400000)


def test_a_dimension_with_two_values_matches_nothing(api: Api) -> None:
    add(api, "cpu", host="a")
    assert api.client.get(BASE, params={"dimension": ["host=a", "host=b"]}).json()["series"] == []


def test_a_listing_cannot_go_on_after_what_is_not_there(api: Api) -> None:
    for after in ("1", "99999999999999999999"):
        answer = api.client.get(BASE, params={"after": after})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_an_answer_has_a_size(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "POINT_LIMIT", 3)
    for host in ("a", "b"):
        add(api, "cpu", host=host)
    answer = api.client.get(f"{BASE}/query", params={"namespace": "fleet", "name": "cpu"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "period")


def test_too_many_series_are_refused_with_what_to_do(api: Api) -> None:
    for number in range(501):
        add(api, "cpu", host=str(number))
    answer = api.client.get(f"{BASE}/query", params={"namespace": "fleet", "name": "cpu"})
    assert answer.json()["error"]["code"] == "limit_exceeded"
    assert "add dimensions" in answer.json()["error"]["message"]


def test_a_metric_that_is_not_there_has_no_lines_and_asks_no_engine(api: Api) -> None:
    answer = api.client.get(f"{BASE}/query", params={"namespace": "fleet", "name": "none"})
    assert answer.json()["lines"] == []
    assert api.reader.asked == []


def test_fresh_waits_for_what_was_written(api: Api) -> None:
    add(api, "cpu")
    query = {"namespace": "fleet", "name": "cpu"}
    api.client.get(f"{BASE}/query", params=query)
    assert api.reader.waited == 0
    api.client.get(f"{BASE}/query", params={**query, "fresh": "true"})
    assert api.reader.waited == 1


def test_raw_points_come_as_columns(api: Api) -> None:
    series = add(api, "cpu", host="a")
    answer = api.client.get(f"{BASE}/raw", params={"series": str(series), "start": "-1m"}).json()
    assert answer["series"]["dimensions"] == {"host": "a"}
    assert (answer["times"], answer["values"], answer["counts"]) == ([api.clock.now_ms() - 60_000], [2.0], [3.0])


def test_a_scope_hides_other_accounts(api: Api) -> None:
    mine, other = add(api, "cpu", account="210987654321"), add(api, "cpu")
    token = asyncio.run(api.keys.create_token("team", Role.READ, "210987654321")).secret
    headers = {"Authorization": f"Bearer {token}"}
    found = api.guarded.get(BASE, headers=headers).json()["series"]
    assert [one["id"] for one in found] == [str(mine)]
    hidden = api.guarded.get(f"{BASE}/raw", params={"series": str(other)}, headers=headers)
    assert (hidden.status_code, hidden.json()["error"]["code"]) == (404, "not_found")
    api.guarded.get(f"{BASE}/query", params={"namespace": "fleet", "name": "cpu"}, headers=headers)
    scope, requests, _, _ = api.reader.asked[-1]
    assert scope.accounts == {"210987654321"}
    assert [request.series for request in requests] == [(mine,)]


def test_an_engine_that_does_not_answer_is_told_as_such(api: Api) -> None:
    add(api, "cpu")
    query = {"namespace": "fleet", "name": "cpu"}
    api.reader.error = Unavailable("cannot read: the engine restarts")
    down = api.client.get(f"{BASE}/query", params=query)
    assert (down.status_code, down.json()["error"]["code"], down.headers["retry-after"]) == (503, "unavailable", "5")
    api.reader.error = QueryAborted("cannot read: it took more than 30 s")
    assert api.client.get(f"{BASE}/query", params=query).status_code == 504
