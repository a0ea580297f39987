"""`GET /rest/v1/logs/tail`: a live tail as server-sent events, for the page, the command line and `curl -N`.

    curl -N 'http://127.0.0.1:4750/rest/v1/logs/tail?group=app&filter=ERROR'

An event a second, also an empty one, whose data is `{"events": […], "seen": n}`.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError
from trimtab.client import log_doors_wire as wire
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.rest.log_place import LogDoors
from trimtab.doors.roles import DoorRoute
from trimtab.logs.tail.live import LiveTails, TailEvent, TailQuery, Update

PATH = "/rest/v1/logs/tail"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy that collects would hold it back
_encode = msgspec.json.Encoder().encode


def routes(doors: LogDoors) -> list[BaseRoute]:
    """The route."""

    async def tail(request: Request) -> Response:
        try:
            query = await _query(doors, request)
            updates = _updates(doors.room.tails, query)
            first = await anext(updates)  # so that a wrong pattern or one tail too many is an error
        except TrimtabError as problem:
            return answer_error(problem)
        return StreamingResponse(_all(first, updates), media_type="text/event-stream", headers=_HEADERS)

    return [DoorRoute(PATH, tail, Role.READ, bound=True, methods=["GET"])]


async def _query(doors: LogDoors, request: Request) -> TailQuery:
    principal: Principal = request.scope["state"]["principal"]
    if not principal.may(Role.READ):
        raise AccessDenied(f"cannot tail logs: {principal.name!r} has role {principal.role}; needs read")
    asked = request.query_params
    names = list(dict.fromkeys(asked.getlist("group")))
    if not names:
        raise InvalidInput(f"cannot tail logs: got no group; expected {PATH}?group=NAME", field="group")
    account = principal.account or doors.account
    groups = [await doors.room.reader.group(principal.scope, account, doors.region, name) for name in names]
    streams, prefixes = frozenset(asked.getlist("stream")), tuple(asked.getlist("stream_prefix"))
    return TailQuery(groups, asked.get("filter", ""), streams, prefixes)


async def _updates(tails: LiveTails, query: TailQuery) -> AsyncGenerator[bytes, None]:
    with tails.open(query) as tail:
        yield b": following\n\n"
        async for update in tails.updates(tail):
            yield b"data: " + _encode(_shown(update)) + b"\n\n"
    yield b"event: end\ndata: {}\n\n"


async def _all(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for part in rest:
            yield part


def _shown(update: Update) -> wire.TailUpdate:
    return wire.TailUpdate([_event(one) for one in update.events], update.seen)


def _event(one: TailEvent) -> wire.TailedEvent:
    event = one.event
    return wire.TailedEvent(one.group.name, one.stream, event.time_ms, one.ingested_ms, event.message, event.severity)
