"""The body of an OTLP request: read, decompressed within bounds."""

import zlib

import cramjam
from starlette.requests import Request

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.doors.otlp.answer import Encoding, UnsupportedMedia

LIMIT = 32 << 20
"""Bytes of a body, decompressed. The collector takes 20 MiB itself, and sends far less."""
_GZIP = 31  # zlib's wbits for a gzip header
_ZSTD = b"\x28\xb5\x2f\xfd"
"""How a frame of Zstandard begins. Source: RFC 8878, section 3.1.1."""
_FRAME_SIZES = (0, 2, 4, 8)
"""Bytes of a frame's content size by its flag; one byte where the flag is 0 and the frame is a single segment."""
_RATIO = 8  # what Zstandard unpacks to where a frame does not say: ten times is much for telemetry


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
    """Whether the body is gzip or Zstandard, which it says itself. Raises UnsupportedMedia for other compressions."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "zstd"):
        raise UnsupportedMedia(f"cannot read body: got encoding {encoding!r}; expected gzip, zstd or none")
    return encoding in ("gzip", "zstd")


def inflate(raw: bytes, limit: int = LIMIT) -> bytes:
    """The content of gzip members or Zstandard frames. Raises InvalidInput, or LimitExceeded past `limit` bytes."""
    if raw.startswith(_ZSTD):
        return _frames(raw, limit)
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


def _frames(raw: bytes, limit: int) -> bytes:
    """The content of frames of Zstandard."""
    room = min(max(_frame_size(raw), len(raw) * _RATIO), limit) + 1
    while True:
        unpacked = bytearray(room)
        try:
            size = cramjam.zstd.decompress_into(raw, unpacked)
        except cramjam.DecompressionError as problem:
            if "whole buffer" not in str(problem):
                raise InvalidInput(f"cannot decompress body: it is not Zstandard ({problem})") from None
            check_size(room, limit)
            room = min(room * 4, limit + 1)
            continue
        check_size(size, limit)
        return bytes(memoryview(unpacked)[:size])


def _frame_size(raw: bytes) -> int:
    """Bytes of content that the first frame says it has; 0 where it does not."""
    told = raw[4] if len(raw) > 4 else 0
    single, flag = told >> 5 & 1, told >> 6
    size = _FRAME_SIZES[flag] or single
    first = 5 + (not single) + (0, 1, 2, 4)[told & 3]
    return int.from_bytes(raw[first : first + size], "little") + (256 if size == 2 else 0)


def held_size(raw: bytes, zipped: bool) -> int:
    """Bytes that a body takes while it is read, as far as can be told before: unpacked, and as much for its rows.

    What it unpacks to, its last gzip member says, modulo 4 GiB, or its first frame of Zstandard.
    """
    if zipped and raw.startswith(_ZSTD):
        told = _frame_size(raw) or len(raw) * _RATIO
    else:
        told = int.from_bytes(raw[-4:], "little") if zipped else 0
    return 2 * min(max(told, len(raw)), LIMIT)


def check_size(size: int, limit: int = LIMIT) -> None:
    """Raises LimitExceeded for a body of more than `limit` bytes."""
    if size > limit:
        raise LimitExceeded(f"cannot take a body above {limit} bytes, decompressed; send it in parts")
