"""The client: sends what the API takes, decodes what it answers, and says clearly what went wrong."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from trimtab.base import errors
from trimtab.client import wire
from trimtab.client.api import Client

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, **options: Any) -> Client:
    return Client("http://127.0.0.1:4750/", transport=httpx.MockTransport(handler), **options)


def failing(status: int, code: str, **headers: str) -> Handler:
    body = {"error": {"code": code, "message": "cannot do it", "field": "x"}}
    return lambda request: httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_input", errors.InvalidInput),
        (400, "limit_exceeded", errors.LimitExceeded),
        (401, "unauthenticated", errors.Unauthenticated),
        (403, "access_denied", errors.AccessDenied),
        (403, "host_not_allowed", errors.AccessDenied),
        (404, "not_found", errors.NotFound),
        (409, "conflict", errors.Conflict),
        (429, "throttled", errors.Throttled),
        (503, "unavailable", errors.Unavailable),
        (504, "query_aborted", errors.QueryAborted),
        (507, "disk_full", errors.DiskFull),
        (500, "internal", errors.TrimtabError),
    ],
)
def test_a_failure_becomes_the_error_of_its_code(status: int, code: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="cannot do it") as caught:
        client(failing(status, code)).settings()
    assert type(caught.value) is kind


def test_a_failure_keeps_its_field_and_when_to_come_back() -> None:
    with pytest.raises(errors.InvalidInput) as wrong:
        client(failing(400, "invalid_input")).settings()
    assert wrong.value.field == "x"
    with pytest.raises(errors.Throttled) as busy:
        client(failing(429, "throttled", **{"Retry-After": "7"})).settings()
    assert busy.value.retry_after_s == 7


def test_a_server_that_is_not_there_is_named_with_how_to_start_it() -> None:
    with (
        pytest.raises(errors.Unavailable, match=r"at http://127\.0\.0\.1:1: .*trimtab up"),
        Client("http://127.0.0.1:1") as it,
    ):
        it.health()


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (httpx.ReadTimeout("slow"), "took too long"),
        (httpx.RemoteProtocolError("garbage"), "is this trimtab's HTTP address"),
        (httpx.ConnectError("refused"), "trimtab up"),
    ],
)
def test_trouble_on_the_way_is_one_sentence(problem: Exception, said: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise problem

    with pytest.raises(errors.Unavailable, match=said):
        client(handler).health()


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://a:x"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(errors.InvalidInput, match="cannot use URL"), Client(url) as it:
        it.health()


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'{"status": "ok"}'])
def test_an_answer_of_another_program_is_told_as_such(content: bytes) -> None:
    with pytest.raises(errors.Unavailable, match="is this trimtab"):
        client(lambda request: httpx.Response(200, content=content)).health()
    with pytest.raises(errors.Unavailable, match="status 404"):
        client(lambda request: httpx.Response(404, content=content)).settings()


def test_a_token_is_sent_and_none_is_not() -> None:
    seen: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return httpx.Response(200, json={"keys": []})

    client(handler, token="t").keys()
    client(handler).keys()
    assert seen == ["Bearer t", None]


def test_put_sends_only_what_was_given_and_a_key_of_its_own() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"accepted": 1, "rejected": [], "duplicate": False})

    it = client(handler)
    answer = it.put("shop", [wire.Datum(name="orders", value=3, dimensions={"a": "1"})])
    it.put("shop", [wire.Datum(name="orders", value=3)], key="mine")
    assert answer.accepted == 1
    assert msgspec.json.decode(seen[0].content) == {
        "namespace": "shop",
        "metrics": [{"name": "orders", "value": 3, "dimensions": {"a": "1"}}],
    }
    assert len(seen[0].headers["idempotency-key"]) == 36
    assert seen[1].headers["idempotency-key"] == "mine"


def test_a_query_is_written_as_parameters() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        empty = wire.QueryAnswer("n", "m", "Sum", 60, 0, 1, [])
        return httpx.Response(200, content=msgspec.json.encode(empty))

    client(handler).query(
        "n", "m", statistic="Sum", period="1m", dimensions={"a": "1", "b": "x=y"}, group_by=["a", "b"]
    )
    assert seen[0].url.params.multi_items() == [
        ("namespace", "n"),
        ("name", "m"),
        ("statistic", "Sum"),
        ("period", "1m"),
        ("start", "-3h"),
        ("end", "now"),
        ("fresh", "false"),
        ("group_by", "a"),
        ("group_by", "b"),
        ("dimension", "a=1"),
        ("dimension", "b=x=y"),
    ]


def test_every_page_of_a_listing_is_fetched() -> None:
    def one(id_: str) -> wire.Series:
        return wire.Series(id_, "1", "r", "n", "m", "None", "gauge", "", {}, 0, 0)

    pages = {None: wire.SeriesPage([one("1"), one("2")], "2"), "2": wire.SeriesPage([one("3")], None)}

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=msgspec.json.encode(pages[request.url.params.get("after")]))

    assert [series.id for series in client(handler).all_metrics(namespace="n")] == ["1", "2", "3"]


def test_not_ready_is_an_answer_and_not_an_error() -> None:
    body = {"ready": False, "checks": [{"name": "engine", "ok": False, "detail": "down"}]}
    readiness = client(lambda request: httpx.Response(503, json=body)).ready()
    assert readiness == wire.Readiness(False, [wire.ReadyCheck("engine", False, "down")])


def test_a_key_id_cannot_leave_its_path() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(404, json={"error": {"code": "not_found", "message": "no", "field": None}})

    with pytest.raises(errors.NotFound):
        client(handler).revoke_key("a/../b?c")
    assert seen == ["/rest/v1/keys/a%2F..%2Fb%3Fc"]


def test_a_certificate_file_that_is_none_is_named(tmp_path: Any) -> None:
    with pytest.raises(errors.SetupError, match="cannot trust certificate file"):
        Client("https://127.0.0.1:1", ca_file=str(tmp_path / "none.pem"))
