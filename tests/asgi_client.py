"""A small synchronous client of an ASGI application in this process, with a cookie jar: what door tests share."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx


class AsgiClient:
    """Sends requests to `app` as if it listened on `base_url`."""

    def __init__(
        self, app: Any, base_url: str = "http://127.0.0.1:4750", headers: dict[str, str] | None = None
    ) -> None:
        self.app = app
        self._base_url = base_url
        self._headers = headers or {}
        self.cookies = httpx.Cookies()

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request(method, url, options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def delete(self, url: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", url, **options)

    async def _request(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        content = options.get("content")
        if content is not None and not isinstance(content, str | bytes):
            options["content"] = _pieces(content)
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(
            transport=transport, base_url=self._base_url, headers=self._headers, cookies=self.cookies
        ) as client:
            answer = await client.request(method, url, **options)
            self.cookies = client.cookies
        return answer


async def _pieces(content: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


class SyncTransport(httpx.BaseTransport):
    """Lets a synchronous httpx client talk to an ASGI application in this process."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._handle(request))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        answer = await httpx.ASGITransport(self._app).handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())
