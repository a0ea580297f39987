"""The protobuf wire format in plain Python: for what is decoded once, and where nothing compiled is at hand.

Source: protobuf.dev, "Encoding". Field numbers are declared by hand where messages are read.
"""

import hashlib
import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trimtab.base.errors import InvalidInput

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types; 3 and 4 (groups) are not in any message that we read

_DOUBLE = struct.Struct("<d")
_SIGN = 1 << 63


class Malformed(InvalidInput):
    """Bytes that are not the message they should be."""

    def __init__(self, at: int, what: str = "a field is cut short or of an unknown type") -> None:
        super().__init__(f"{what}, at byte {at}")
        self.at = at


def varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """An unsigned 64-bit number and the position after it. Raises Malformed."""
    value = shift = 0
    start = at
    while at < end and shift < 70:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise Malformed(start)


def fields(body: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """(number, wire type, position of the tag, start, end) of every field in `body[start:end]`. Raises Malformed.

    Start and end are those of the content; for a varint, of its bytes.
    """
    at = start
    while at < end:
        tag_at = at
        tag = body[at]  # of one byte, as most tags and lengths are: a call for each would be half of what this costs
        if tag < 0x80:
            at += 1
        else:
            tag, at = varint(body, at, end)
        wire = tag & 7
        if wire == LENGTH:
            if at < end and (length := body[at]) < 0x80:
                begin = at + 1
            else:
                length, begin = varint(body, at, end)
            at = begin + length
        else:
            begin = at
            if wire == VARINT:
                at = varint(body, at, end)[1]
            elif wire == FIXED64:
                at += 8
            elif wire == FIXED32:
                at += 4
            else:
                raise Malformed(tag_at)
        if at > end:
            raise Malformed(tag_at)
        yield tag >> 3, wire, tag_at, begin, at


def signed(value: int) -> int:
    """An int64 from its 64 bits."""
    return value - 2 * _SIGN if value >= _SIGN else value


def zigzag(value: int) -> int:
    """A sint32 or sint64 from its encoding."""
    return (value >> 1) ^ -(value & 1)


def fixed64(body: bytes, at: int) -> int:
    """A fixed64, unsigned."""
    return int.from_bytes(body[at : at + 8], "little")


def double(body: bytes, at: int) -> float:
    """A double."""
    number: float = _DOUBLE.unpack_from(body, at)[0]
    return number


def text(body: bytes, start: int, end: int) -> str:
    """A string. Raises Malformed if it is not UTF-8."""
    try:
        return body[start:end].decode()
    except UnicodeDecodeError:
        raise Malformed(start, "a string is not UTF-8") from None


def varints(body: bytes, wire: int, start: int, end: int) -> list[int]:
    """One field of a repeated varint: packed, or a single one."""
    return list(each_varint(body, wire, start, end))


def each_varint(body: bytes, wire: int, start: int, end: int) -> Iterator[int]:
    """The same, one at a time: for a reader that stops at its limit."""
    if wire == VARINT:
        yield varint(body, start, end)[0]
        return
    at = start
    while at < end:
        number, at = varint(body, at, end)
        yield number


def fixed64s(body: bytes, wire: int, start: int, end: int, dtype: str) -> list[float]:
    """One field of a repeated 8-byte number (`<u8` or `<f8`): packed, or a single one. Raises Malformed."""
    if wire not in (FIXED64, LENGTH) or (end - start) % 8:
        raise Malformed(start, "a packed list of 8-byte numbers has another length")
    numbers: list[float] = np.frombuffer(body, dtype, (end - start) // 8, start).tolist()
    return numbers


def key(*parts: bytes) -> bytes:
    """A 128-bit digest of `parts`, each with its length."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(len(part).to_bytes(8, "little"))
        made.update(part)
    return made.digest()


def as_keys(raw: list[bytes]) -> npt.NDArray[np.uint64]:
    """Digests as rows of two uint64."""
    return np.frombuffer(b"".join(raw), "<u8").reshape(-1, 2)
