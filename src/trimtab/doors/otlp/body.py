"""The body of an OTLP request: read, decompressed within bounds."""

import zlib

from starlette.requests import Request

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.doors.otlp.answer import Encoding, UnsupportedMedia

LIMIT = 32 << 20
"""Bytes of a body, decompressed. The collector takes 20 MiB itself, and sends far less."""
_GZIP = 31  # zlib's wbits for a gzip header


def encoding_of(request: Request) -> Encoding:
    """The request's encoding. Raises UnsupportedMedia."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        return Encoding(media)
    except ValueError:
        raise UnsupportedMedia(
            f"cannot read body: got content type {media!r}; expected application/x-protobuf or application/json"
        ) from None


def compressed(request: Request) -> bool:
    """Whether the body is gzip. Raises UnsupportedMedia for any other compression."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise UnsupportedMedia(f"cannot read body: got encoding {encoding!r}; expected gzip or none")
    return encoding == "gzip"


def inflate(raw: bytes, limit: int = LIMIT) -> bytes:
    """The content of gzip members. Raises InvalidInput, or LimitExceeded past `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    while raw:
        member = zlib.decompressobj(wbits=_GZIP)
        try:
            part = member.decompress(raw, limit - size + 1)
        except zlib.error as problem:
            raise InvalidInput(f"cannot decompress body: it is not gzip ({problem})") from None
        size += len(part)
        check_size(size, limit)
        if not member.eof:
            raise InvalidInput("cannot decompress body: the gzip stream is cut short")
        parts.append(part)
        raw = member.unused_data
    return b"".join(parts)


def held_size(raw: bytes, zipped: bool) -> int:
    """Bytes that a body takes while it is read, as far as can be told before: unpacked, and as much for its rows.

    What it unpacks to, its last gzip member says, modulo 4 GiB.
    """
    told = int.from_bytes(raw[-4:], "little") if zipped else 0
    return 2 * min(max(told, len(raw)), LIMIT)


def check_size(size: int, limit: int = LIMIT) -> None:
    """Raises LimitExceeded for a body of more than `limit` bytes."""
    if size > limit:
        raise LimitExceeded(f"cannot take a body above {limit} bytes, decompressed; send it in parts")
