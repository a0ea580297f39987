"""The door over HTTP: statuses, and that a tool asks as whoever asked."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from asgi_client import AsgiClient
from trimtab.base.errors import Unavailable
from trimtab.client.api import Client
from trimtab.client.within import Within
from trimtab.doors.mcp.http import McpDoor

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "tokens", "arguments": {}}}


def opened(seen: list[dict[str, Any]]) -> AsgiClient:
    async def rest(request: Request) -> Response:
        peer = request.client.host if request.client else ""
        seen.append({"path": request.url.path, "peer": peer, **request.headers})
        failure = {"error": {"code": "access_denied", "message": "not yours"}}
        return JSONResponse(failure, 403)

    door = McpDoor("https://trimtab.example")
    door.open(Starlette(routes=[Route("/rest/v1/tokens", rest)]))
    return AsgiClient(Starlette(routes=door.routes()))


def test_a_tool_asks_with_the_credential_and_the_address_of_whoever_asked() -> None:
    seen: list[dict[str, Any]] = []
    headers = {"Authorization": "Bearer mine", "Cookie": "trimtab_session=s", "X-Other": "no"}
    answer = opened(seen).post("/mcp", json=CALL, headers=headers)
    [request] = seen
    assert request["path"] == "/rest/v1/tokens"
    assert (request["authorization"], request["cookie"]) == ("Bearer mine", "trimtab_session=s")
    assert (request["host"], request["peer"]) == ("127.0.0.1:4750", "127.0.0.1")
    assert "x-other" not in request
    result = answer.json()["result"]
    assert result["isError"]
    assert json.loads(result["content"][0]["text"])["error"] == {"kind": "AccessDenied", "message": "not yours"}


def test_each_kind_of_message_has_its_status() -> None:
    pages = opened([])

    def status(body: Any, **headers: str) -> int:
        content = body if isinstance(body, bytes) else json.dumps({"jsonrpc": "2.0", **body}).encode()
        return pages.post("/mcp", content=content, headers=headers).status_code

    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    carried = {"mcp-protocol-version": "2026-07-28", "mcp-method": "no/such"}
    assert status({"id": 1, "method": "ping"}) == 200
    assert status({"method": "notifications/initialized"}) == 202
    assert status(b"{") == 400
    assert status(b" " * (2 << 20)) == 400
    assert status({"id": 1, "method": "no/such"}) == 200
    assert status({"id": 1, "method": "no/such", "params": {"_meta": meta}}, **carried) == 404
    assert status({"id": 1, "method": "ping", "params": {"_meta": meta}}) == 400
    assert status({"id": 1, "method": "ping"}, **{"mcp-protocol-version": "1999-01-01"}) == 400
    assert pages.get("/mcp").status_code == 405


def test_a_client_within_the_process_gives_up_on_an_answer_that_does_not_come() -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    async def asked() -> None:
        transport = Within(never, asyncio.get_running_loop(), {}, timeout_s=0.05)
        client = Client("http://h", transport=transport)

        def health() -> None:
            with pytest.raises(Unavailable, match="it took too long"):
                client.health()

        await asyncio.to_thread(health)

    asyncio.run(asked())


def test_a_body_and_a_query_arrive_as_they_were_sent() -> None:
    async def echo(request: Request) -> Response:
        return JSONResponse({"body": (await request.body()).decode(), "query": dict(request.query_params)})

    async def asked() -> httpx.Response:
        app = Starlette(routes=[Route("/x", echo, methods=["POST"])])
        transport = Within(app, asyncio.get_running_loop(), {})
        with httpx.Client(transport=transport, base_url="http://h") as http:
            return await asyncio.to_thread(http.post, "/x", params={"a": "ü&b"}, content=b"12")

    assert asyncio.run(asked()).json() == {"body": "12", "query": {"a": "ü&b"}}
