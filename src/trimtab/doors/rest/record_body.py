"""The frame of doors that take records: a JSON array, an object, or an object a line, gzip or not."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from trimtab.access.principal import Principal, Role
from trimtab.base import typed
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError
from trimtab.doors.otlp.body import check_size, inflate
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.roles import DoorRoute

Record = dict[str, Any]
Take = Callable[[Request, Sequence[Record], int], Awaitable[msgspec.Struct]]
"""Keep the records of a request whose body had so many bytes, and answer. Raises TrimtabError."""
_AT_ONCE = 64 * 1024
"""Bytes of a body that is read without leaving the event loop: half a millisecond."""
_lines = msgspec.json.Decoder()


def record_route(path: str, noun: str, take: Take) -> DoorRoute:
    """The route of a door for `noun` (logs, calls), open to who may write."""

    async def ingest(request: Request) -> Response:
        try:
            answer = await _taken(request, noun, take)
        except TrimtabError as problem:
            return answer_error(problem)
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return DoorRoute(path, ingest, Role.WRITE, methods=["POST"])


async def _taken(request: Request, noun: str, take: Take) -> msgspec.Struct:
    principal: Principal = request.scope["state"]["principal"]
    if not principal.may(Role.WRITE):
        raise AccessDenied(f"cannot ingest {noun}: {principal.name!r} has role {principal.role}; needs write")
    raw = await request.body()
    packed = request.headers.get("content-encoding", "").lower() == "gzip"
    if packed or len(raw) > _AT_ONCE:
        records = await asyncio.to_thread(_records, raw, packed, noun)
    else:
        records = _records(raw, packed, noun)
    return await take(request, records, len(raw))


def _records(raw: bytes, packed: bool, noun: str) -> list[Record]:
    body = inflate(raw) if packed else raw
    check_size(len(body))
    try:
        found = typed.decode(body) if body.lstrip()[:1] == b"[" else _lines.decode_lines(body)
    except (ValueError, RecursionError):
        raise InvalidInput(
            f"cannot ingest {noun}: the body is no JSON; expected an array or an object a line"
        ) from None
    wrong = next((one for one in found if not isinstance(one, dict)), None)
    if wrong is not None:
        raise InvalidInput(f"cannot ingest {noun}: got a {type(wrong).__name__}; expected objects")
    return found
