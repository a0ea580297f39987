"""A client in a thread asks the doors of its own process."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import httpx
import pytest

from trimtab.client.in_process import URL, InProcess

asker: ContextVar[str] = ContextVar("asker", default="nobody")


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Tells what it was asked, and as whom."""
    body = (await receive())["body"]
    ended = (await receive())["type"]
    lines = [scope["method"], scope["path"], scope["query_string"].decode(), scope["state"]["who"], asker.get(), ended]
    headers = [(b"x-seen", dict(scope["headers"])[b"x-asked"]), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": "\n".join(lines).encode() + b"\n", "more_body": True})
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def as_ann() -> Iterator[None]:
    mark = asker.set("ann")
    try:
        yield
    finally:
        asker.reset(mark)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever)
    thread.start()
    yield running
    running.call_soon_threadsafe(running.stop)
    thread.join()
    running.close()


def test_a_request_arrives_whole_and_as_somebody(loop: asyncio.AbstractEventLoop) -> None:
    transport = InProcess(echo, loop, {"who": "connections"}, as_ann)
    with httpx.Client(base_url=URL, transport=transport) as client:
        answer = client.post("/rest/a b?x=1&y=%20", content=b"\x00body", headers={"X-Asked": "yes"})
    assert (202, "yes") == (answer.status_code, answer.headers["x-seen"])
    told, _, body = answer.content.rpartition(b"\n")
    assert ["POST", "/rest/a b", "x=1&y=%20", "connections", "ann", "http.disconnect"] == told.decode().split("\n")
    assert b"\x00body" == body


def test_a_server_that_stops_is_no_answer(loop: asyncio.AbstractEventLoop) -> None:
    closed = asyncio.new_event_loop()
    closed.close()
    with (
        httpx.Client(base_url=URL, transport=InProcess(echo, closed, {})) as client,
        pytest.raises(httpx.ConnectError, match="the server does not answer"),
    ):
        client.get("/")
