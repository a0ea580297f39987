"""What is no JSON: `PUT /rest/v1/costs/uploads/{id}` takes a part of a file, `GET /rest/v1/costs/export` streams.

A file is sent in parts, each with the offset at which it goes; a part that was sent already may be sent again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, TrimtabError
from trimtab.base.timerange import parse_instant_ms
from trimtab.client import costs_wire as wire
from trimtab.costs.room import CostsRoom
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.rest.parts import offset_of, write_part
from trimtab.doors.roles import DoorRoute

DAY_MS = 86_400_000
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def routes(room: CostsRoom, clock: Clock, reserve_mb: int) -> list[BaseRoute]:
    """The two routes. Free disk below `reserve_mb` MiB refuses uploads."""

    async def put(request: Request) -> Response:
        try:
            _allow(request, Role.ADMIN, "upload a bill")
            path = room.uploads.path(request.path_params["id"], request.query_params.get("name", ""))
            size = await _append(request, path, offset_of(request), reserve_mb)
        except TrimtabError as problem:
            return answer_error(problem)
        return Response(msgspec.json.encode(wire.Uploaded(size)), media_type="application/json")

    async def export(request: Request) -> Response:
        try:
            principal = _allow(request, Role.FINANCE, "export the bill")
            asked = request.query_params
            now = clock.now_ms()
            start = parse_instant_ms(asked.get("start", "-30d"), now) // DAY_MS * DAY_MS
            end = -(-parse_instant_ms(asked.get("end", "now"), now) // DAY_MS) * DAY_MS
            format_ = asked.get("format", "csv")
            parts = room.focus.write(principal.scope, asked.get("version", "1.0"), start, end, format_)
        except TrimtabError as problem:
            return answer_error(problem)
        name = {"Content-Disposition": f'attachment; filename="focus.{format_}"', "Cache-Control": "no-store"}
        return StreamingResponse(_threaded(parts), media_type=_MEDIA[format_], headers=name)

    return [
        DoorRoute("/rest/v1/costs/uploads/{id}", put, Role.ADMIN, methods=["PUT"]),
        DoorRoute("/rest/v1/costs/export", export, Role.FINANCE, bound=True, methods=["GET"]),
    ]


def _allow(request: Request, role: Role, what: str) -> Principal:
    principal: Principal = request.scope["state"]["principal"]
    if not principal.may(role) or (role is Role.ADMIN and principal.account is not None):
        raise AccessDenied(f"cannot {what}: {principal.name!r} has role {principal.role}; needs {role} over everything")
    return principal


async def _append(request: Request, path: Path, offset: int, reserve_mb: int) -> int:
    """Write the body at `offset`; returns how long the file is then."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
    return await asyncio.to_thread(write_part, path, offset, bytes(body), reserve_mb)


async def _threaded(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The parts, each made in a thread."""
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        yield part
