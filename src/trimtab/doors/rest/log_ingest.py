"""`POST /rest/v1/logs/ingest`: what Fluent Bit's and Vector's HTTP outputs send, JSON arrays or a JSON object a line.

    [OUTPUT]
        Name http
        Host 127.0.0.1
        Port 4750
        URI  /rest/v1/logs/ingest?group=my-app&stream=host-1
        Format json

A record becomes an event: its whole JSON without the time, or with `message_key=log` the text of that member alone.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal
from trimtab.base.clock import to_ms
from trimtab.base.errors import InvalidInput
from trimtab.client import log_events_wire as wire
from trimtab.doors.log_writing import LogWriting, place_of
from trimtab.doors.rest.record_body import Record, record_route
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
_FROM_MS = 100_000_000_000  # a number above is milliseconds: as seconds it were after the year 5000


def routes(writing: LogWriting) -> list[BaseRoute]:
    """The route."""

    async def take(request: Request, records: Sequence[Record], size: int) -> wire.PutLogAnswer:
        principal: Principal = request.scope["state"]["principal"]
        asked = request.query_params
        group = asked.get("group", "")
        if not group:
            raise InvalidInput(f"cannot ingest logs: got no group; expected {PATH}?group=NAME", field="group")
        events = await asyncio.to_thread(_events, records, asked.get("message_key", ""), writing.logs.clock.now_ms())
        taken = sorted((one for one in events if writing.in_time(one.time_ms)), key=lambda one: one.time_ms)
        if taken:
            place = place_of(group, asked.get("stream", ""))
            key = idempotency_key(request, _DOOR)
            await writing.write(_DOOR, {place: taken}, principal.account or writing.account, key, size)
        return wire.PutLogAnswer(len(taken), len(events) - len(taken))

    return [record_route(PATH, "logs", take)]


def _events(records: Sequence[Record], message_key: str, now_ms: int) -> list[LogEvent]:
    return [_event(record, message_key, now_ms) for record in records]


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
