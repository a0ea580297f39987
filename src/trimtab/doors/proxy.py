"""The front of a local pool: an HTTP reverse proxy that gives each request to a worker, and waits with it for one.

A request that reached no worker (its connection was refused) goes to the next one, whatever its method; one whose
worker ended before it answered is repeated where its method is safe to repeat (GET, HEAD, PUT, DELETE, OPTIONS), and is
502 otherwise. Answers are passed on as they come. It has no credentials: it listens where the settings' file says.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import uvicorn
from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import Throttled, TrimtabError, Unavailable
from trimtab.scaling.targets.pool.pool import Pool
from trimtab.scaling.targets.pool.worker import Worker

logger = logging.getLogger(__name__)

MOST_BODY = 32 << 20
"""Bytes of a request's body: it is held until a worker takes it, so that it can be given to another."""
_ATTEMPTS = 5
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
     b"transfer-encoding", b"upgrade", b"content-length"}
)  # fmt: skip
_ANSWER_S = httpx.Timeout(5.0, read=None)
"""A worker may take as long as it likes to answer: model servers do. That it lives is what health checks say."""
_ENDS_S = 1.0
"""How long a worker that broke a connection keeps its place. One that is about to end still takes connections for a
moment, so the request that is next in line would fail too."""
Headers = list[tuple[bytes, bytes]]


class _Answer(Struct):
    """What has been sent of an answer."""

    begun: bool = False


class Proxy(Struct):
    """The proxy of one pool, as an ASGI application."""

    pool: Pool
    clock: Clock
    client: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0), timeout=_ANSWER_S, trust_env=False
        )
    )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        began_s, failed = self.clock.monotonic(), True
        self.pool.counts.requests += 1  # as they come: those that wait are demand too
        try:
            body = await _body(receive)
            if body is None:
                await _say(send, 413, "the body is above 32 MiB")
                return
            failed = await self._serve(scope, body, send)
        finally:
            counts = self.pool.counts
            counts.failed += failed
            counts.latencies.append(self.clock.monotonic() - began_s)

    async def _serve(self, scope: Any, body: bytes, send: Any) -> bool:
        """Whether it failed for want of a worker."""
        answer, problem = _Answer(), "no worker answered"
        for attempt in range(_ATTEMPTS):
            try:
                worker = await self.pool.acquire()
            except Throttled as full:
                await _say(send, 503, str(full), retry_after="1")
                return True
            except Unavailable as none:
                await _say(send, 504, str(none))
                return True
            try:
                await self._pass(worker, scope, body, send, answer)
                return False
            except (httpx.ConnectError, httpx.ConnectTimeout) as refused:
                problem = f"{worker.name} refused: {refused}"
            except httpx.HTTPError as broken:
                problem = f"{worker.name} ended before it answered: {str(broken) or type(broken).__name__}"
                await worker.ending(_ENDS_S)
                if answer.begun or scope["method"] not in _REPEATABLE:
                    break
            finally:
                self.pool.release(worker)
            self.pool.counts.retried += 1
            await asyncio.sleep(0.02 * attempt)
        if answer.begun:  # the client sees that its answer was cut
            raise ConnectionAbortedError(problem)
        await _say(send, 502, problem)
        return True

    async def _pass(self, worker: Worker, scope: Any, body: bytes, send: Any, answer: _Answer) -> None:
        path = scope.get("raw_path", scope["path"].encode()).split(b"?", 1)[0]
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        url = httpx.URL(worker.url).copy_with(raw_path=path + query)
        headers: Headers = [(name, value) for name, value in scope["headers"] if name.lower() not in _HOP]
        asked = self.client.build_request(scope["method"], url, headers=headers, content=body or None)
        found = await self.client.send(asked, stream=True)
        try:
            told = [(name, value) for name, value in found.headers.raw if name.lower() not in _HOP]
            length = found.headers.get("content-length")
            if length is not None:
                told.append((b"content-length", length.encode()))
            answer.begun = True
            await send({"type": "http.response.start", "status": found.status_code, "headers": told})
            async for part in found.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await found.aclose()

    async def close(self) -> None:
        """Close the connections to workers."""
        await self.client.aclose()


class _Front(uvicorn.Server):
    """uvicorn without signals of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@contextlib.asynccontextmanager
async def serving(pool: Pool, clock: Clock, listener: socket.socket) -> AsyncIterator[str]:
    """Serve a pool on a bound socket while the context is open; gives its URL."""
    proxy = Proxy(pool, clock)
    config = uvicorn.Config(
        proxy, http="httptools", lifespan="off", log_config=None, access_log=False, proxy_headers=False,
        server_header=False, date_header=False, timeout_graceful_shutdown=5,
    )  # fmt: skip
    front = _Front(config)
    task = asyncio.create_task(front.serve(sockets=[listener]))
    host, port = listener.getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        front.should_exit = True
        with contextlib.suppress(TrimtabError):
            await task
        await proxy.close()


async def _body(receive: Any) -> bytes | None:
    """The whole body; None where it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        size += len(message.get("body", b""))
        if size > MOST_BODY:
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _say(send: Any, status: int, text: str, retry_after: str = "") -> None:
    body = f"trimtab proxy: {text}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if retry_after:
        headers.append((b"retry-after", retry_after.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
