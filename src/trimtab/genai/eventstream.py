"""AWS's event streams (`application/vnd.amazon.eventstream`): frames of headers and a JSON payload, as sent.

A frame is its length, the length of its headers and a checksum (4 bytes each, big-endian), headers, payload, and a
checksum. Source: Smithy, "Amazon Event Stream Specification".
"""

import base64
import binascii
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from trimtab.base import typed

_PRELUDE, _SUM = 12, 4
_MOST = 24 << 20
"""Bytes of a frame: the specification allows 16 MiB of payload and 128 KiB of headers."""


def events_of_stream(raw: bytes) -> Iterator[dict[str, Any]]:
    """The payloads of the frames, in order; a chunk of InvokeModel is unwrapped. A frame that is cut ends it."""
    at = 0
    while at + _PRELUDE + _SUM <= len(raw):
        length, headers, _ = struct.unpack_from(">III", raw, at)
        end = at + length
        if not _PRELUDE + _SUM + headers <= length <= _MOST or end > len(raw):
            return
        event = _json(raw[at + _PRELUDE + headers : end - _SUM])
        if isinstance(event, Mapping):
            yield _unwrapped(event)
        at = end


def _unwrapped(event: Mapping[str, Any]) -> dict[str, Any]:
    """A chunk's bytes are JSON in base64 (InvokeModelWithResponseStream)."""
    text = event.get("bytes")
    if isinstance(text, str):
        try:
            inner = _json(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            return dict(event)
        if isinstance(inner, Mapping):
            return dict(inner)
    return dict(event)


def _json(raw: bytes) -> Any:
    try:
        return typed.decode(raw)
    except (msgspec.DecodeError, ValueError):
        return None
