"""Storing measurements: durable, once a key, wrong ones refused by name."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from tests.unit.doors.rest.conftest import Api

from trimtab.access.principal import Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import DiskFull, Throttled
from trimtab.metrics.admission import SeriesLimits
from trimtab.metrics.model import Identity, SeriesQuery

PATH = "/rest/v1/metrics"


def put(api: Api, *metrics: dict[str, Any], namespace: str = "shop", **options: Any) -> Any:
    return api.client.post(PATH, json={"namespace": namespace, "metrics": list(metrics)}, **options)


def test_a_value_is_stored_with_its_identity_at_now(api: Api) -> None:
    answer = put(api, {"name": "orders", "value": 3, "unit": "Count", "dimensions": {"b": "2", "a": "1"}})
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "rejected": [], "duplicate": False}
    identity = Identity("123456789012", "us-east-1", "shop", "orders", (("a", "1"), ("b", "2")), "Count")
    ((batch, key),) = api.ingest.batches
    assert batch.values.tolist() == [(identity.series_id(), api.clock.now_ms(), 3.0, 1.0)]
    assert key is None


def test_values_with_counts_and_statistic_sets_go_to_their_tables(api: Api) -> None:
    put(
        api,
        {"name": "a", "counted": [[1, 3], [2, 4]], "time": "2025-11-24T10:00:00Z"},
        {"name": "a", "values": [5], "time": 1763978400000},
        {"name": "a", "statistics": {"count": 2, "sum": 3, "minimum": 1, "maximum": 2}, "time": "-1m"},
    )
    ((batch, _),) = api.ingest.batches
    at = 1763978400000
    assert [row[1:] for row in batch.values.tolist()] == [(at, 1.0, 3.0), (at, 2.0, 4.0), (at, 5.0, 1.0)]
    assert [row[1:] for row in batch.sets.tolist()] == [(api.clock.now_ms() - 60_000, 2.0, 3.0, 1.0, 2.0)]


@pytest.mark.parametrize(
    ("datum", "said"),
    [
        ({"name": "a", "value": 1, "time": "soon"}, "time 'soon'"),
        ({"name": "a", "value": 1, "time": "²"}, "epoch milliseconds"),
        ({"name": "a", "value": 1, "time": 1763978400}, "two hours from now"),
        ({"name": "a", "value": 1, "time": 10**30}, "two hours from now"),
        ({"name": "a", "value": 1, "time": "2999-01-01"}, "two hours from now"),
        ({"name": "a", "statistics": {"count": 1, "sum": 1, "minimum": 2, "maximum": 1}}, "minimum at most maximum"),
    ],
)
def test_a_wrong_measurement_is_refused_by_name_and_the_others_are_stored(api: Api, datum: Any, said: str) -> None:
    alone = put(api, datum)
    assert alone.status_code == 200
    assert alone.json()["accepted"] == 0
    assert api.ingest.batches == []
    answer = put(api, {"name": "good", "value": 1}, datum).json()
    assert answer["accepted"] == 1
    assert answer["rejected"][0]["index"] == 1
    assert said in answer["rejected"][0]["reason"]
    (source,) = api.ledger.list()
    assert (source.door, source.rows, source.rejected) == ("rest", 1, 2)
    (rejection,) = api.ledger.rejections(10)
    assert rejection.reason.startswith("expected ")
    assert rejection.example.startswith("shop/a: got ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"namespace": "", "metrics": [{"name": "a", "value": 1}]}, "namespace"),
        ({"namespace": "n", "metrics": []}, "metrics"),
        ({"metrics": [{"name": "a", "value": 1}]}, "namespace"),
        ({"namespace": "n", "metrics": [{"name": "a", "value": "1"}]}, "metrics[0].value"),
        ({"namespace": "n", "metrics": [{"name": "a", "value": 1, "vlaue": 2}]}, "metrics[0].vlaue"),
        ({"namespace": "n", "metrics": [{"name": "a", "value": 1}, {"name": "a"}]}, "metrics[1]"),
        ({"namespace": "n", "metrics": [{"name": "a", "value": 1, "values": [1]}]}, "metrics[0]"),
        ({"namespace": "n", "account": "x", "metrics": [{"name": "a", "value": 1}]}, "account"),
        ({"namespace": "n", "metrics": [{"name": "a", "counted": [[1, 0]]}]}, "metrics[0].counted[0][1]"),
        ([], None),
    ],
)
def test_a_body_of_another_shape_is_refused_with_the_field(api: Api, body: Any, field: str | None) -> None:
    answer = api.client.post(PATH, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_input"
    assert answer.json()["error"]["field"] == field


def test_a_repeated_idempotency_key_counts_once_and_is_the_callers_own(api: Api) -> None:
    first = put(api, {"name": "a", "value": 1}, headers={"Idempotency-Key": "k"})
    again = put(api, {"name": "a", "value": 1}, headers={"Idempotency-Key": "k"})
    assert (first.json()["duplicate"], again.json()["duplicate"]) == (False, True)
    assert [key for _, key in api.ingest.batches] == ["rest/local/k"]
    (source,) = api.ledger.list()
    assert source.rows == 1
    long = put(api, {"name": "a", "value": 1}, headers={"Idempotency-Key": "k" * 201})
    assert long.json()["error"]["field"] == "Idempotency-Key"


def test_a_bound_token_writes_to_its_account_only(api: Api) -> None:
    token = asyncio.run(api.keys.create_token("team", Role.WRITE, "210987654321")).secret
    headers = {"Authorization": f"Bearer {token}"}
    body: dict[str, Any] = {"namespace": "n", "metrics": [{"name": "a", "value": 1}]}
    assert api.guarded.post(PATH, json=body, headers=headers).status_code == 200
    (series,) = api.registry.find(EVERYTHING, SeriesQuery())
    assert series.identity.account == "210987654321"
    refused = api.guarded.post(PATH, json={**body, "account": "123456789012"}, headers=headers)
    assert refused.json()["error"]["code"] == "access_denied"


def test_a_full_log_and_a_full_disk_have_their_own_answers(api: Api) -> None:
    api.ingest.error = Throttled("cannot accept data: the log is full", retry_after_s=7)
    busy = put(api, {"name": "a", "value": 1})
    assert (busy.status_code, busy.json()["error"]["code"], busy.headers["retry-after"]) == (429, "throttled", "7")
    api.ingest.error = DiskFull("cannot accept data: the disk is full")
    full = put(api, {"name": "a", "value": 1})
    assert (full.status_code, full.json()["error"]["code"]) == (507, "disk_full")


def test_a_gzip_body_is_read_and_a_broken_or_huge_one_is_not(api: Api) -> None:
    body = json.dumps({"namespace": "n", "metrics": [{"name": "a", "value": 1}]}).encode()
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert api.client.post(PATH, content=gzip.compress(body), headers=headers).status_code == 200
    assert api.client.post(PATH, content=body, headers=headers).status_code == 400
    assert api.client.post(PATH, content=gzip.compress(body)[:-9], headers=headers).status_code == 400
    bomb = gzip.compress(b" " * (9 << 20))
    assert api.client.post(PATH, content=bomb, headers=headers).status_code == 413
    assert (
        api.client.post(PATH, content=b" " * (9 << 20), headers={"Content-Type": "application/json"}).status_code == 413
    )


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {}, {"Content-Type": "application/json", "Content-Encoding": "br"}],
)
def test_a_body_that_is_not_json_is_refused_by_its_type(api: Api, headers: dict[str, str]) -> None:
    answer = api.client.post(PATH, content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "unsupported_media_type"


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"namespace": "\xff"}', b"[1e999]"])
def test_bytes_that_are_not_json_are_refused(api: Api, raw: bytes) -> None:
    answer = api.client.post(PATH, content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_a_series_over_the_limits_is_refused_by_number_and_the_others_are_stored(api: Api) -> None:
    api.registry.admission.limits = SeriesLimits(labels=1, per_account=2)
    answer = put(
        api,
        {"name": "a", "value": 1, "dimensions": {"a": "1", "b": "2"}},
        *({"name": name, "value": 1} for name in "bcd"),
    )
    assert 2 == answer.json()["accepted"]
    assert [0, 3] == [row["index"] for row in answer.json()["rejected"]]
    assert "number of labels exceeds the limit" in answer.json()["rejected"][0]["reason"]
    assert "per-user series limit of 2 exceeded" in answer.json()["rejected"][1]["reason"]
    ((batch, _),) = api.ingest.batches
    assert 2 == len(batch.values) == len(api.registry)
