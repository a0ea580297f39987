"""`application/vnd.amazon.eventstream`: an answer in parts, each a message with headers, lengths and checksums.

    total length │ headers length │ CRC32 of the two │ headers │ payload │ CRC32 of all before     (all big-endian)

Source: Smithy, "Amazon Event Stream Specification". In the JSON protocols the first message is `initial-response`.
"""

import struct
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from trimtab.base.errors import TrimtabError
from trimtab.doors.aws.wire.documents import Leaves, Writer
from trimtab.doors.aws.wire.http import HttpAnswer
from trimtab.doors.aws.wire.model import OperationModel, Shape

CONTENT_TYPE = b"application/vnd.amazon.eventstream"
_PRELUDE, _CHECKSUM = struct.Struct(">II"), struct.Struct(">I")
_STRING = 7
_JSON, _BYTES = "application/json", "application/octet-stream"
_encode = msgspec.json.Encoder().encode


class StreamFault(TrimtabError):
    """Ends a stream with one of its modelled exceptions, `name`."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message, its header values as strings."""
    fields = b"".join(_header(name, value) for name, value in headers.items())
    prelude = _PRELUDE.pack(16 + len(fields) + len(payload), len(fields))
    body = prelude + _CHECKSUM.pack(zlib.crc32(prelude)) + fields + payload
    return body + _CHECKSUM.pack(zlib.crc32(body))


def _header(name: str, value: str) -> bytes:
    raw, key = value.encode(), name.encode()
    return bytes((len(key),)) + key + struct.pack(">BH", _STRING, len(raw)) + raw


class EventStreamWriter:
    """Writes the answer of an operation whose output holds a stream: the member is an async generator of
    `{event: value}`. An empty `content_type` is that of REST, whose other members are headers."""

    def __init__(self, operation: OperationModel, leaves: Leaves, content_type: str) -> None:
        stream: Shape = operation.get_event_stream_output()
        self.member: str = operation.output_shape.event_stream_name
        writer = Writer(leaves)
        self._events = {name: writer.of(shape) for name, shape in stream.members.items()}
        self._raw = {name: member for name, shape in stream.members.items() if (member := _payload_of(shape))}
        self._content_type = content_type

    def write(self, output: Mapping[str, Any], headers: Sequence[tuple[bytes, bytes]] = ()) -> HttpAnswer:
        """The answer; the generator is read as the client takes it."""
        events: AsyncGenerator[Mapping[str, Any], None] = output[self.member]
        return HttpAnswer(200, [(b"content-type", CONTENT_TYPE), *headers], stream=self._messages(events))

    async def _messages(self, events: AsyncGenerator[Mapping[str, Any], None]) -> AsyncGenerator[bytes, None]:
        if self._content_type:
            first = {":message-type": "event", ":event-type": "initial-response", ":content-type": self._content_type}
            yield message(first, b"{}")
        try:
            async with aclosing(events):
                async for event in events:
                    for name, value in event.items():
                        if name in self._raw:
                            raw = {":message-type": "event", ":event-type": name, ":content-type": _BYTES}
                            yield message(raw, value[self._raw[name]])
                            continue
                        convert = self._events[name]
                        headers = {":message-type": "event", ":event-type": name, ":content-type": _JSON}
                        yield message(headers, _encode(value if convert is None else convert(value)))
        except StreamFault as fault:
            headers = {":message-type": "exception", ":exception-type": fault.name, ":content-type": _JSON}
            yield message(headers, _encode({"message": str(fault)}))


def _payload_of(shape: Shape) -> str:
    """The member of an event that is its payload, byte for byte; empty where members are written as JSON."""
    return next((name for name, member in shape.members.items() if member.serialization.get("eventpayload")), "")
