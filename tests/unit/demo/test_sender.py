import threading
from collections.abc import Callable

import httpx
import pytest

from trimtab.demo import otlp, remote_write
from trimtab.demo.sender import Refused, Sender, Stopped
from trimtab.demo.simulation import Shipment

ROWS = Shipment("111122223333", remote_write.PATH, b"rows", 2)
POINTS = Shipment("444455556666", otlp.PATH, b"points", 1)
TOKENS = {"111122223333": "one", "444455556666": "two"}
Answer = Callable[[httpx.Request], httpx.Response]


def sender(answer: Answer, stop: threading.Event | None = None) -> Sender:
    return Sender("http://127.0.0.1:1", TOKENS, stop or threading.Event(), httpx.MockTransport(answer))


def test_each_account_sends_with_its_own_token_and_each_door_gets_its_headers() -> None:
    seen: dict[str, httpx.Request] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[request.url.path] = request
        return httpx.Response(204 if request.url.path == remote_write.PATH else 200)

    with sender(answer) as sending:
        sending.send(ROWS)
        sending.send(POINTS)
        sending.finish()
    assert "Bearer one" == seen[remote_write.PATH].headers["authorization"]
    assert "snappy" == seen[remote_write.PATH].headers["content-encoding"]
    assert ("Bearer two", b"points") == (seen[otlp.PATH].headers["authorization"], seen[otlp.PATH].content)


def test_it_waits_where_the_server_asks_to() -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "0"}), httpx.Response(503, headers={"Retry-After": "0"})]

    def answer(request: httpx.Request) -> httpx.Response:
        return answers.pop(0) if answers else httpx.Response(204)

    with sender(answer) as sending:
        sending.send(ROWS)
        sending.finish()
    assert [] == answers


@pytest.mark.parametrize(
    ("shipment", "answer"),
    [
        (ROWS, httpx.Response(400, text="a series has no label __name__")),
        (POINTS, httpx.Response(200, content=b"\x0a")),
    ],
)
def test_what_is_refused_ends_the_demo_with_the_reason(shipment: Shipment, answer: httpx.Response) -> None:
    with sender(lambda _: answer) as sending:
        sending.send(shipment)
        with pytest.raises(Refused, match="cannot send the demo"):
            sending.finish()


def test_a_stop_ends_the_waiting() -> None:
    stop = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        stop.set()
        raise httpx.ConnectError("the server ended first")

    with sender(answer, stop) as sending:
        sending.send(ROWS)
        with pytest.raises(Stopped):
            sending.finish()


def test_it_reads_what_waits_to_be_stored() -> None:
    text = "# HELP trimtab_log_pending_bytes x\ntrimtab_log_pending_bytes 1.5e+06\n"
    with sender(lambda _: httpx.Response(200, text=text)) as sending:
        assert 1_500_000 == sending.pending_bytes()
