import gzip
import socket
from typing import Any

import pytest

from trimtab.agent.sender import Fate, Outcome, Sender, judge, parse_retry_after, parse_url
from trimtab.base.clock import ManualClock
from trimtab.base.errors import SetupError

BODY = gzip.compress(b"{}")


def sender(url: str, token: str = "") -> Sender:
    return Sender(url, token, ManualClock(), "1.0", timeout_s=5)


def test_a_batch_arrives_with_its_key_and_headers(receiver: Any) -> None:
    client = sender(receiver.url + "/base/", token="secret")
    assert client.post("agent/7", BODY) == Outcome(Fate.DELIVERED)
    client.close()
    [request] = receiver.requests
    assert (request.path, request.body) == ("/base/v1/metrics", BODY)
    assert request.headers["Idempotency-Key"] == "agent/7"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["Authorization"] == "Bearer secret"


def test_batches_in_a_row_use_one_connection(receiver: Any) -> None:
    client = sender(receiver.url)
    for number in range(3):
        assert client.post(f"a/{number}", BODY).fate is Fate.DELIVERED
    client.close()
    assert len({request.client for request in receiver.requests}) == 1


def test_a_connection_closed_meanwhile_is_replaced_at_once(receiver: Any, answer: Any) -> None:
    receiver.answers = [answer(close_after=True)]
    client = sender(receiver.url)
    assert client.post("a/1", BODY).fate is Fate.DELIVERED
    assert client.post("a/2", BODY).fate is Fate.DELIVERED
    client.close()


def test_an_answer_that_never_comes_is_tried_again_under_the_same_key(receiver: Any, answer: Any) -> None:
    receiver.answers = [answer(hang_up=True)]
    client = sender(receiver.url)
    assert client.post("a/1", BODY).fate is Fate.AGAIN
    assert client.post("a/1", BODY).fate is Fate.DELIVERED
    client.close()
    assert [request.headers["Idempotency-Key"] for request in receiver.requests] == ["a/1", "a/1"]


def test_a_server_that_is_away_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nothing answers there
        url = f"http://user:password@127.0.0.1:{taken.getsockname()[1]}"
        outcome = sender(url).post("a/1", BODY)
    assert outcome.fate is Fate.AGAIN
    assert outcome.reason.startswith("cannot reach http://127.0.0.1:")
    assert "password" not in outcome.reason


@pytest.mark.parametrize("status", [200, 202, 204])
def test_2xx_is_delivered(status: int) -> None:
    assert judge(status, None, b"", 0).fate is Fate.DELIVERED


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_wrong_request_is_refused_with_the_reason(status: int) -> None:
    assert judge(status, None, b" bad metric ", 0) == Outcome(Fate.REFUSED, f"HTTP {status} bad metric")


@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 415, 429, 500, 502, 503, 504, 507])
def test_everything_else_is_tried_again(status: int) -> None:
    assert judge(status, None, b"", 0).fate is Fate.AGAIN


def test_a_missing_token_and_a_wrong_address_say_what_to_try() -> None:
    assert "--token" in judge(401, None, b"", 0).reason
    assert "--url" in judge(404, None, b"", 0).reason


def test_partial_success_is_delivered_and_told() -> None:
    text = b'{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}}'
    assert judge(200, None, text, 0) == Outcome(Fate.DELIVERED, "3 readings: too old")
    assert judge(200, None, b'{"partialSuccess":{}}', 0) == Outcome(Fate.DELIVERED)
    assert judge(200, None, b"[1]", 0) == Outcome(Fate.DELIVERED)


def test_retry_after_is_read_as_seconds_or_a_date() -> None:
    now_ms = 1_764_000_000_000  # 2025-11-24T16:00:00Z
    assert parse_retry_after("7", now_ms) == 7.0
    assert parse_retry_after("Mon, 24 Nov 2025 16:00:30 GMT", now_ms) == 30.0
    assert parse_retry_after("Mon, 24 Nov 2025 15:00:00 GMT", now_ms) == 0.0
    assert parse_retry_after("soon", now_ms) is None
    assert parse_retry_after(None, now_ms) is None


@pytest.mark.parametrize("url", ["", "127.0.0.1:4750", "ftp://x", "http://", "http://x:99999", "http://x:0"])
def test_an_address_that_is_not_one_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SetupError, match="cannot use server address"):
        parse_url(url)
