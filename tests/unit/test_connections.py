"""Connections that cost and bring nothing are closed, by a clock that the test moves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from trimtab import connections as module
from trimtab.connections import Connection, ConnectionLimits, Counts, protocol, sweep
from trimtab.settings import load

LIMITS = ConnectionLimits(idle_s=75, slow_s=30, most=2)
HEAD = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
WHOLE = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"

App = Callable[[Any, Any, Any], Awaitable[None]]


class Transport:
    """Keeps what is written; what the client took of it is said by the test."""

    def __init__(self) -> None:
        self.written = b""
        self.unsent = 0
        self.closed = self.aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def get_extra_info(self, _name: str) -> None:
        return None

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Loop:
    """The running loop, with a time of its own."""

    def __init__(self) -> None:
        self._inner = asyncio.get_running_loop()
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


async def answer(_scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        continue
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def never(_scope: Any, _receive: Any, _send: Any) -> None:
    await asyncio.Event().wait()


async def refuse_early(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


class Server:
    """Connections of one server."""

    def __init__(self, app: App = answer) -> None:
        self.loop, self.state, self.counts = Loop(), ServerState(), Counts()
        kind = protocol(LIMITS, self.counts)
        self.config = uvicorn.Config(app, http=kind, log_config=None, timeout_keep_alive=10_000)  # type: ignore[arg-type]
        self.kind = kind

    def connect(self) -> tuple[Connection, Transport]:
        made = self.kind(self.config, self.state, {}, self.loop)  # type: ignore[arg-type]
        transport = Transport()
        made.connection_made(transport)  # type: ignore[arg-type]
        return made, transport

    def after(self, seconds: float) -> None:
        self.loop.now += seconds
        sweep(self.state.connections, self.loop.now)

    def reasons(self) -> dict[str, int]:
        return {reason: number for reason, number in self.counts.by_reason.items() if number}


def on_a_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def whole() -> None:
            await test()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run(whole())

    run.__name__ = test.__name__
    return run


async def settle() -> None:
    """Let tasks that are ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


@on_a_loop
async def test_a_connection_that_says_nothing_is_closed() -> None:
    server = Server()
    _, transport = server.connect()
    server.after(75)
    assert not transport.closed
    server.after(1)
    assert (True, b"") == (transport.closed, transport.written)
    assert {"idle": 1} == server.reasons()


@on_a_loop
async def test_after_an_answer_the_idle_time_begins_anew() -> None:
    server = Server()
    connection, transport = server.connect()
    server.after(70)
    connection.data_received(WHOLE)
    await settle()
    assert transport.written.endswith(b"ok")
    server.after(75)
    assert not transport.closed
    server.after(1)
    assert transport.closed


@on_a_loop
async def test_a_head_that_comes_a_byte_at_a_time_is_given_up() -> None:
    server = Server()
    connection, transport = server.connect()
    for byte in b"GET /" + b"x" * 26:
        connection.data_received(bytes((byte,)))
        server.after(1)
    assert transport.written.startswith(b"HTTP/1.1 408 ")
    assert transport.closed
    assert {"slow_head": 1} == server.reasons()


@on_a_loop
async def test_line_ends_before_a_request_do_not_keep_a_connection() -> None:
    server = Server()
    connection, transport = server.connect()
    for _ in range(76):
        connection.data_received(b"\r\n")
        server.after(1)
    assert transport.closed


@on_a_loop
async def test_a_body_that_stops_is_given_up_and_its_request_sees_the_client_gone() -> None:
    server = Server()
    connection, transport = server.connect()
    connection.data_received(HEAD % 100_000 + b"x" * 50_000)
    await settle()
    server.after(30)
    assert not transport.closed
    server.after(1)
    assert transport.written.startswith(b"HTTP/1.1 408 ")
    assert {"slow_body": 1} == server.reasons()


@on_a_loop
async def test_a_body_slower_than_a_modem_is_given_up_and_a_faster_one_is_not() -> None:
    server = Server()
    (slow, given_up), (fast, kept) = server.connect(), server.connect()
    for connection in (slow, fast):
        connection.data_received(HEAD % 1_000_000)
    for _ in range(7):
        slow.data_received(b"x" * 1000)
        fast.data_received(b"x" * 20_000)
        await settle()
        server.after(10)
    assert (True, False) == (given_up.closed, kept.closed)


@on_a_loop
async def test_a_body_that_the_door_does_not_read_is_not_the_clients_fault() -> None:
    server = Server(never)
    connection, transport = server.connect()
    connection.data_received(HEAD % 1_000_000 + b"x" * 100_000)
    await settle()
    for _ in range(20):
        server.after(10)
    assert not transport.closed
    assert {} == server.reasons()


@on_a_loop
async def test_a_request_may_wait_for_its_answer_as_long_as_it_takes() -> None:
    server = Server(never)
    connection, transport = server.connect()
    connection.data_received(WHOLE)
    connection.data_received(WHOLE)  # another behind it
    await settle()
    server.after(10_000)
    assert not transport.closed


@on_a_loop
async def test_a_connection_whose_body_was_refused_early_is_idle_after_it() -> None:
    server = Server(refuse_early)
    connection, transport = server.connect()
    connection.data_received(HEAD % 10)
    await settle()
    connection.data_received(b"x" * 10)
    server.after(76)
    assert transport.closed
    assert {"idle": 1} == server.reasons()


@on_a_loop
async def test_who_does_not_read_an_answer_is_cut_off() -> None:
    server = Server(never)
    connection, transport = server.connect()
    connection.data_received(WHOLE)
    transport.unsent = 60_000
    server.after(1)
    transport.unsent = 50_000  # some of it was read
    server.after(29)
    server.after(30)
    assert not transport.aborted
    server.after(1)
    assert transport.aborted
    assert {"slow_reader": 1} == server.reasons()


@on_a_loop
async def test_one_connection_too_many_is_told_so() -> None:
    server = Server()
    kept = [server.connect() for _ in range(2)]
    connection, transport = server.connect()
    assert transport.written.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 5\r\n" in transport.written
    connection.data_received(WHOLE)
    connection.connection_lost(None)
    assert 2 == len(server.state.connections)
    kept[0][0].connection_lost(None)
    assert not server.connect()[1].closed
    assert {"too_many": 1} == server.reasons()


@on_a_loop
async def test_what_a_closed_connection_did_not_take_is_thrown_away() -> None:
    server = Server()
    _, transport = server.connect()
    transport.close()
    server.after(31)
    assert transport.aborted


def test_limits_come_from_the_settings_and_the_files_that_may_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load({"TRIMTAB_IDLE_TIMEOUT_S": "5", "TRIMTAB_SLOW_TIMEOUT_S": "6", "TRIMTAB_MAX_CONNECTIONS": "700"})
    for files, most in ((100_000, 700), (1024, 512), (256, 128)):
        monkeypatch.setattr(module.resource, "getrlimit", lambda _what, files=files: (files, files))
        assert ConnectionLimits(5, 6, most) == ConnectionLimits.of(settings)
