"""The engine owner's port: who has no password costs no memory, bodies are read in parts, a refusal is read."""

import base64
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from typing import Any

import pytest

from trimtab.store.telemetry import owner_http
from trimtab.store.telemetry.owner_http import EngineServer, Handles

RIGHT = "Basic " + base64.b64encode(b"trimtab:right").decode()
MB = 1 << 20


class Answer:
    def bytes(self) -> bytes:
        return b"1\n"


class Engine:
    """Remembers statements, and what the file of an insert held."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.rows: list[bytes] = []

    def query(self, query: str, format: str = "", params: Mapping[str, str] | None = None) -> Any:
        self.statements.append(query)
        if "/proc/self/fd/" in query:
            with open(query.split("'")[1], "rb") as file:
                self.rows.append(file.read())
        return Answer()

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def server(engine: Engine) -> Iterator[EngineServer]:
    made = EngineServer(Handles(lambda: engine), "right")
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def post(server: EngineServer, body: Any, path: str = "/", **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request("POST", path, body, {"Authorization": RIGHT, **headers})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("authorization", ["", "Basic d3Jvbmc=", "Basic \u00e9"], ids=["none", "wrong", "no ASCII"])
def test_a_large_body_without_the_password_is_refused_unread(server: EngineServer, authorization: str) -> None:
    before, sent, part = resident(), 0, b"x" * MB
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as peer:
        head = f"POST / HTTP/1.1\r\nAuthorization: {authorization}\r\nContent-Length: {600 * MB}\r\n\r\n"
        peer.sendall(head.encode("latin-1"))
        try:
            while sent < 600:
                peer.sendall(part)
                sent += 1
        except OSError:  # it hung up
            pass
        assert resident() - before < 32 * MB
    assert sent < 100


def test_who_is_refused_reads_why(server: EngineServer, engine: Engine) -> None:
    status, text = post(server, b"SELECT 1" * 1000, Authorization="Basic d3Jvbmc=")
    assert (status, text) == (401, b"Code: 516. DB::Exception: wrong engine password")
    assert engine.statements == []


def test_rows_go_to_the_engine_in_parts(server: EngineServer, engine: Engine) -> None:
    rows = os.urandom(5 * MB + 17)
    statement = b"INSERT INTO t (a) FORMAT RowBinary\n"
    assert post(server, statement + rows) == (200, b"")
    assert post(server, iter([statement[:9], statement[9:] + rows[:5], rows[5:]])) == (200, b"")  # chunked
    assert post(server, rows, "/?query=INSERT+INTO+t+(a)+FORMAT+RowBinary") == (200, b"")
    assert engine.rows == [rows] * 3


def test_settings_of_a_statement_count_before_those_of_the_request(server: EngineServer, engine: Engine) -> None:
    statement = b"INSERT INTO t (a) SELECT a FROM input('a Int8') SETTINGS x = 'o, n', max_threads = 2 FORMAT CSV\n1\n"
    assert post(server, statement, "/?max_threads=7&max_memory_usage=5") == (200, b"")
    plain = b"INSERT INTO t (a) SELECT a FROM input('a Int8') FORMAT CSV\n1\n"
    assert post(server, plain, "/?max_threads=7") == (200, b"")
    first, second = (each for each in engine.statements if each.startswith("INSERT"))
    assert first.endswith(" SETTINGS x = 'o, n', max_threads = 2, max_memory_usage = '5'")
    assert second.endswith("'a Int8') SETTINGS max_threads = '7'")


def test_rows_cost_their_size_once(server: EngineServer, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(Engine, "query", lambda *_, **__: sizes.append(resident()) or Answer())
    part, before = b"x" * MB, resident()
    body = iter([b"INSERT INTO t (a) FORMAT RowBinary\n", *([part] * 200)])
    assert post(server, body) == (200, b"")
    assert max(sizes) - before < 300 * MB  # the file in memory holds them


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/", b"SELECT " + b"1" * 2 * MB, {}),
        ("/", b"x" * 2 * MB, {"Content-Type": "multipart/form-data; boundary=b"}),
        ("/?query=INSERT+INTO+t+FORMAT+RowBinary", b"x" * 2 * MB, {}),
    ],
    ids=["a statement", "a form", "rows"],
)
def test_a_body_has_a_most(
    server: EngineServer, path: str, body: bytes, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_http, "_MOST_SQL", MB)
    monkeypatch.setattr(owner_http, "_MOST_ROWS", MB)
    status, text = post(server, body, path, **headers)
    assert (status, text) == (500, b"Code: 307. DB::Exception: the body is larger than 1048576 bytes")
    assert post(server, b"SELECT 1") == (200, b"1\n")


def test_a_connection_whose_body_was_not_read_is_closed(server: EngineServer) -> None:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    path = "/?readonly=1&query=INSERT+INTO+t+FORMAT+RowBinary"
    connection.request("POST", path, b"x" * (3 * MB // 2), {"Authorization": RIGHT})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (500, b"Code: 164. DB::Exception: cannot insert in readonly mode")
    connection.request("POST", "/", b"SELECT 1", {"Authorization": RIGHT})  # a new one: the client saw it close
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("head", ["Content-Length: 9", "Transfer-Encoding: chunked", "Content-Length: x"])
def test_a_body_that_is_cut_short_or_none_is_an_error_of_its_own(server: EngineServer, head: str) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as peer:
        peer.sendall(f"POST / HTTP/1.1\r\nAuthorization: {RIGHT}\r\n{head}\r\n\r\nzz\r\n".encode())
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(1000).startswith(b"HTTP/1.1 500")
    assert post(server, b"SELECT 1") == (200, b"1\n")
