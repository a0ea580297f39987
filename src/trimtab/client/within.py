"""A transport of `Client` to an ASGI application of this process: what asks as a client does, without a socket.

The application runs in its event loop; calls come from other threads and wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import httpx

Application = Callable[..., Awaitable[None]]
"""An ASGI application."""


class Within(httpx.BaseTransport):
    """Requests to `application`, in `loop`, from `peer`; `headers` are sent with each (lower-case names).

    Raises httpx.ReadTimeout where an answer takes longer than `timeout_s`.
    """

    def __init__(
        self,
        application: Application,
        loop: asyncio.AbstractEventLoop,
        headers: Mapping[str, str],
        *,
        peer: tuple[str, int] | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        self._application = application
        self._loop = loop
        self._headers = headers
        self._peer = peer
        self._timeout_s = timeout_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        body = request.read()
        future = asyncio.run_coroutine_threadsafe(self._answer(request, body), self._loop)
        try:
            return future.result(self._timeout_s)
        except TimeoutError:
            future.cancel()
            raise httpx.ReadTimeout("the answer took too long", request=request) from None

    async def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        sent = False
        parts: list[bytes] = []
        begun: MutableMapping[str, Any] = {}

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await asyncio.Event().wait()  # a client that stays
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                begun.update(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self._application(self._scope(request), receive, send)
        return httpx.Response(begun.get("status", 500), headers=begun.get("headers", ()), content=b"".join(parts))

    def _scope(self, request: httpx.Request) -> dict[str, Any]:
        own = {name.lower(): value for name, value in request.headers.items()} | dict(self._headers)
        own["accept-encoding"] = "identity"  # it stays in this process
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.partition(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in own.items()],
            "client": self._peer,
            "server": None,
            "state": {},
        }
