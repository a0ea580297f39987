"""`POST /rest/v1/logs/ingest`: what Fluent Bit's and Vector's HTTP outputs send, JSON arrays or a JSON object a line.

    [OUTPUT]
        Name http
        Host 127.0.0.1
        Port 4750
        URI  /rest/v1/logs/ingest?group=my-app&stream=host-1
        Format json

A record becomes an event: its whole JSON without the time, or with `message_key=log` the text of that member alone.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base import typed
from trimtab.base.clock import to_ms
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError
from trimtab.client import log_events_wire as wire
from trimtab.doors.log_writing import LogWriting, place_of
from trimtab.doors.otlp.body import check_size, inflate
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.roles import DoorRoute
from trimtab.doors.writing import idempotency_key
from trimtab.logs.model import LogEvent

PATH = "/rest/v1/logs/ingest"
_DOOR = "json"
_TIME_KEYS = ("date", "timestamp", "time", "@timestamp")
"""Where a record's time is looked for: `date` is Fluent Bit's own, `timestamp` Vector's."""
_SEVERITY_KEYS = ("severity", "level", "log.level")
_TRACE_KEYS = ("trace_id", "traceId", "TraceId")
_SPAN_KEYS = ("span_id", "spanId", "SpanId")
_HEX = frozenset("0123456789abcdefABCDEF")
_decoder = msgspec.json.Decoder()
_FROM_MS = 100_000_000_000  # a number above is milliseconds: as seconds it were after the year 5000


def routes(writing: LogWriting) -> list[BaseRoute]:
    """The route."""

    async def ingest(request: Request) -> Response:
        try:
            answer = await _take(writing, request)
        except TrimtabError as problem:
            return answer_error(problem)
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return [DoorRoute(PATH, ingest, Role.WRITE, methods=["POST"])]


async def _take(writing: LogWriting, request: Request) -> wire.PutLogAnswer:
    principal: Principal = request.scope["state"]["principal"]
    if not principal.may(Role.WRITE):
        raise AccessDenied(f"cannot ingest logs: {principal.name!r} has role {principal.role}; needs write")
    asked = request.query_params
    group = asked.get("group", "")
    if not group:
        raise InvalidInput(f"cannot ingest logs: got no group; expected {PATH}?group=NAME", field="group")
    raw = await request.body()
    body = inflate(raw) if request.headers.get("content-encoding", "").lower() == "gzip" else raw
    check_size(len(body))
    now_ms = writing.logs.clock.now_ms()
    events = [_event(record, asked.get("message_key", ""), now_ms) for record in _records(body)]
    taken = sorted((one for one in events if writing.in_time(one.time_ms)), key=lambda one: one.time_ms)
    if taken:
        place = place_of(group, asked.get("stream", ""))
        key = idempotency_key(request, _DOOR)
        await writing.write(_DOOR, {place: taken}, principal.account or writing.account, key, len(raw))
    return wire.PutLogAnswer(len(taken), len(events) - len(taken))


def _records(body: bytes) -> Iterator[dict[str, Any]]:
    """The records of an array, of one object, or of an object a line. Raises InvalidInput."""
    try:
        found = typed.decode(body) if body.lstrip()[:1] == b"[" else _decoder.decode_lines(body)
    except (ValueError, RecursionError):
        raise InvalidInput("cannot ingest logs: the body is not JSON; expected an array or an object a line") from None
    for record in found:
        if not isinstance(record, dict):
            raise InvalidInput(f"cannot ingest logs: got a {type(record).__name__}; expected objects")
        yield record


def _event(record: dict[str, Any], message_key: str, now_ms: int) -> LogEvent:
    time_ms, time_key = now_ms, ""
    for key in _TIME_KEYS:
        found = _time_ms(record.get(key))
        if found is not None:
            time_ms, time_key = found, key
            break
    severity = _first(record, _SEVERITY_KEYS)
    message = record.get(message_key) if message_key else None
    if not isinstance(message, str):
        rest = {name: value for name, value in record.items() if name != time_key} if time_key else record
        message = msgspec.json.encode(rest).decode()
    return LogEvent(
        time_ms,
        message.rstrip("\n"),
        str(severity).upper()[:32] if severity else "",
        _id(_first(record, _TRACE_KEYS), 32),
        _id(_first(record, _SPAN_KEYS), 16),
    )


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> Any:
    """What the first of these keys holds that holds something."""
    for key in keys:
        if found := record.get(key):
            return found
    return None


def _id(found: Any, digits: int) -> str:
    """The id of a trace or span, as OpenTelemetry writes it; empty for anything else."""
    valid = isinstance(found, str) and len(found) == digits and set(found) <= _HEX
    return found.lower() if valid else ""


def _time_ms(value: Any) -> int | None:
    """Epoch seconds or milliseconds, or ISO 8601; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        if isinstance(value, int | float):
            return round(value if value >= _FROM_MS else value * 1000)
        return to_ms(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
