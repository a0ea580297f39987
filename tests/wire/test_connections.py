"""A server with idle, slow and live connections: what is idle or slow is closed, and a stop waits for none of them."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from live_server import LiveServer
from trimtab.base.clock import SystemClock

pytestmark = pytest.mark.wire

STOP_S = 5.0


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    times = {"TRIMTAB_IDLE_TIMEOUT_S": "1", "TRIMTAB_SLOW_TIMEOUT_S": "1"}
    live = LiveServer(tmp_path_factory.mktemp("hasty"), **times).start()
    yield live
    live.stop()


def connect(server: LiveServer) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def last_words(connection: socket.socket) -> bytes:
    """What the server says until it closes the connection."""
    found = b""
    with connection:
        while part := connection.recv(4096):
            found += part
    return found


def test_a_connection_that_says_nothing_is_closed(hasty: LiveServer) -> None:
    assert b"" == last_words(connect(hasty))


def test_a_request_that_comes_too_slowly_is_408(hasty: LiveServer) -> None:
    for begin in (
        b"GET / HTTP/1.1\r\nHo",
        b"POST /api/v1/write HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nx",
    ):
        connection = connect(hasty)
        connection.sendall(begin)
        assert last_words(connection).startswith(b"HTTP/1.1 408 ")


def test_the_closed_ones_are_counted(hasty: LiveServer) -> None:
    last_words(connect(hasty))
    metrics = httpx.get(f"{hasty.url}/metrics").text
    line = next(line for line in metrics.splitlines() if 'connections_closed_total{reason="idle"}' in line)
    assert float(line.split()[-1]) >= 1


def test_a_stop_waits_neither_for_idle_connections_nor_for_live_pages(tmp_path: Path) -> None:
    server = LiveServer(tmp_path).start()
    idle = [connect(server) for _ in range(500)]
    httpx.post(f"{server.url}/rest/v1/logs/ingest?group=g", json=[{"message": "hello"}]).raise_for_status()
    tails = [connect(server) for _ in range(5)]
    for tail in tails:
        tail.sendall(b"GET /rest/v1/logs/tail?group=g HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert tail.recv(4096).startswith(b"HTTP/1.1 200 ")
    put = {"namespace": "stop", "metrics": [{"name": "kept", "value": 1}]}
    assert 1 == httpx.post(f"{server.url}/rest/v1/metrics", json=put).json()["accepted"]
    clock = SystemClock()
    before = clock.monotonic()
    assert 0 == server.stop()
    took = clock.monotonic() - before
    for connection in (*idle, *tails):
        connection.close()
    assert not [line for line in server.output if "it is killed" in line]
    assert took < STOP_S
    server.start()
    found = httpx.get(f"{server.url}/rest/v1/metrics", params={"namespace": "stop"}).json()
    server.stop()
    assert "kept" in str(found)
