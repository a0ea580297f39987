"""`/mcp`: a message a POST, answered as JSON; nothing is streamed and no session is kept.

A tool asks the REST API as a client does, and each of its requests comes in by the front, with the credential and the
address of whoever asked: what the guard, the roles and the scope say of a request holds for an assistant's, too.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Role
from trimtab.assistants import protocol
from trimtab.assistants.protocol import Message, Reply
from trimtab.assistants.tool import Tool
from trimtab.assistants.toolbox import Result, call
from trimtab.client.api import Client
from trimtab.client.within import Application, Within
from trimtab.doors.roles import DoorRoute

PATH = "/mcp"
AT_ONCE = 8
"""Calls of tools that are under way at a time, of all assistants; others wait. A tool waits most of its time."""
_BODY = 1 << 20
_CREDENTIALS = ("authorization", "cookie", "host", "user-agent")
"""Headers of an assistant's request that go with each of its tool's requests."""
_STATUS: Mapping[int, int] = {
    protocol.PARSE_ERROR: 400,
    protocol.INVALID_REQUEST: 400,
    protocol.HEADER_MISMATCH: 400,
    protocol.UNSUPPORTED_VERSION: 400,
}


class McpDoor:
    """The door. `open` tells it where requests of tools go: to the front, which is made after the routes."""

    def __init__(self, url: str = "") -> None:
        self._url = url
        self._front: Application | None = None
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mcp")

    def open(self, front: Application) -> None:
        """From now on tools ask `front`."""
        self._front = front

    def routes(self) -> list[BaseRoute]:
        """The route. Whoever may read anything may ask; what a tool reads is checked where it is read."""
        return [DoorRoute(PATH, self._post, Role.FINANCE, bound=True, methods=["POST"])]

    async def _post(self, request: Request) -> Response:
        body = await request.body()
        message = protocol.read(body) if len(body) <= _BODY else protocol.read(b"")
        if isinstance(message, Reply):
            return _response(message, modern=False)
        modern = message.version is not None
        refused = protocol.mismatch(message, request.headers)
        if refused is not None:
            return _response(refused, modern=modern)
        return _response(await self._answered(request, message), modern=modern)

    async def _answered(self, request: Request, message: Message) -> Reply:
        loop = asyncio.get_running_loop()

        def ask(tool: Tool, arguments: Any) -> Result:
            with self._client(request, loop) as client:
                return call(tool, arguments, client)

        if message.method != "tools/call":
            return protocol.answer(message, ask)
        return await loop.run_in_executor(self._pool, protocol.answer, message, ask)

    def _client(self, request: Request, loop: asyncio.AbstractEventLoop) -> Client:
        if self._front is None:
            raise RuntimeError("bug: the door for assistants was not opened")
        headers = {name: request.headers[name] for name in _CREDENTIALS if name in request.headers}
        peer = (request.client.host, request.client.port) if request.client else None
        url = self._url or str(request.base_url)
        return Client(url, transport=Within(self._front, loop, headers, peer=peer))


def _response(reply: Reply, *, modern: bool) -> Response:
    if reply.body is None:
        return Response(status_code=202)
    status = _STATUS.get(reply.error, 200)
    if modern and reply.error == protocol.NO_METHOD:
        status = 404
    return Response(reply.body, status, media_type="application/json")
