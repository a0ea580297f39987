"""What subscribers are sent: CloudWatch Logs' own document, which Lambda functions get as `awslogs.data`.

    {"messageType": "DATA_MESSAGE", "owner": account, "logGroup": …, "logStream": …, "subscriptionFilters": [name],
     "logEvents": [{"id": …, "timestamp": ms, "message": …}, …]}

Over HTTP it goes gzipped, in base64, inside `{"awslogs": {"data": …}}`. Source: CloudWatch Logs user guide,
"Subscription filters with Lambda".
"""

import base64
import gzip
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from trimtab.base import typed
from trimtab.base.ids import hash64
from trimtab.logs.model import LogBatch, LogEvent

MOST_BYTES = 256 << 10
"""Characters of messages in one document: what Lambda and EventBridge take at once."""
MOST_EVENTS = 10_000
Numbered = tuple[int, LogEvent]
"""An event with its place in its batch."""


def documents(
    batch: LogBatch, events: Sequence[Numbered], filter_name: str, base: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of the events of a batch, each with an id that a repeat of `base` has again."""
    for number, chunk in enumerate(_chunks(events)):
        yield (
            f"{base}/{number}",
            {
                "messageType": "DATA_MESSAGE",
                "owner": batch.group.account,
                "logGroup": batch.group.name,
                "logStream": batch.stream.name,
                "subscriptionFilters": [filter_name],
                "logEvents": [
                    {"id": _event_id(batch, place, event, base), "timestamp": event.time_ms, "message": event.message}
                    for place, event in chunk
                ],
            },
        )


def control(now_ms: int) -> dict[str, Any]:
    """The document that asks whether a destination is there."""
    message = "CWL CONTROL MESSAGE: Checking health of destination"
    return {
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [{"id": "", "timestamp": now_ms, "message": message}],
    }


def pack(document: Any) -> bytes:
    """A document as it waits to be sent: gzipped JSON, the same bytes for the same document."""
    return gzip.compress(msgspec.json.encode(document), compresslevel=6, mtime=0)


def unpack(body: bytes) -> Any:
    """What `pack` packed."""
    return typed.decode(gzip.decompress(body))


def over_http(body: bytes) -> bytes:
    """The body of a POST that carries a packed document."""
    return msgspec.json.encode({"awslogs": {"data": base64.b64encode(body).decode()}})


def _event_id(batch: LogBatch, place: int, event: LogEvent, base: str) -> str:
    return f"{event.time_ms:017d}{hash64(f'{base}/{place}'):020d}{batch.group.id:019d}"


def _chunks(events: Sequence[Numbered]) -> Iterator[list[Numbered]]:
    chunk: list[Numbered] = []
    size = 0
    for one in events:
        if chunk and (size + len(one[1].message) > MOST_BYTES or len(chunk) >= MOST_EVENTS):
            yield chunk
            chunk, size = [], 0
        chunk.append(one)
        size += len(one[1].message)
    if chunk:
        yield chunk
