"""Calls of a server's own doors from a thread of its process: no socket, no token; who asks is given with the call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import httpx

URL = "http://127.0.0.1"
"""The root that a client of it is made with; nothing connects to it."""
ANSWER_S = 600.0
_Message = MutableMapping[str, Any]
App = Callable[[Any, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]]


class InProcess(httpx.BaseTransport):
    """Sends requests to the ASGI application `app` on `loop`, for threads that are not the loop's own.

    `state` becomes the state of every request; `around` is entered for each, on the loop.
    """

    def __init__(
        self,
        app: App,
        loop: asyncio.AbstractEventLoop,
        state: Mapping[str, Any],
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._app = app
        self._loop = loop
        self._state = state
        self._around = around

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises httpx.ConnectError where the server is stopping."""
        answering = self._answered(request, request.read())
        try:
            return asyncio.run_coroutine_threadsafe(answering, self._loop).result(ANSWER_S)
        except (RuntimeError, CancelledError, TimeoutError) as problem:
            if self._loop.is_closed():
                answering.close()  # nothing will ever run it
            raise httpx.ConnectError(f"the server does not answer: {str(problem) or 'it is stopping'}") from None

    async def _answered(self, request: httpx.Request, body: bytes) -> httpx.Response:
        waiting, parts = [body], []
        status, headers = 500, []

        async def receive() -> _Message:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            return {"type": "http.disconnect"}

        async def send(message: _Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = int(message["status"]), list(message.get("headers", ()))
            else:
                parts.append(message.get("body", b""))

        with self._around():
            await self._app(self._scope(request), receive, send)
        return httpx.Response(status, headers=headers, content=b"".join(parts))

    def _scope(self, request: httpx.Request) -> dict[str, Any]:
        url = request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("127.0.0.1", 0),
            "server": (url.host, url.port or 80),
            "state": dict(self._state),
        }
