"""How one batch lies in a spool segment: a header with length, checksum, number and time, then the body.

The checksum covers everything after itself, so a record that was cut short by a crash, or damaged since, is
recognised; the magic lets a reader find the next whole record behind a damaged one.
"""

import struct
import zlib

from msgspec import Struct

MAGIC = b"TTr1"
_HEAD = struct.Struct("<4sI")  # magic, checksum
_REST = struct.Struct("<IQQ")  # length of the body, number, time in ms
HEADER_BYTES = _HEAD.size + _REST.size
# A batch is some kilobytes; anything longer is not a length but damage.
MAX_BODY_BYTES = 16 * 1024 * 1024


class Record(Struct, frozen=True):
    """One batch: its number (unique and rising in a spool), when it was collected (ms), and the gzipped request."""

    sequence: int
    time_ms: int
    body: bytes

    @property
    def size(self) -> int:
        """Bytes it takes in a segment."""
        return HEADER_BYTES + len(self.body)


def pack(record: Record) -> bytes:
    """The bytes of `record` in a segment."""
    rest = _REST.pack(len(record.body), record.sequence, record.time_ms) + record.body
    return _HEAD.pack(MAGIC, zlib.crc32(rest)) + rest


def unpack(data: bytes, offset: int = 0) -> Record | None:
    """The record at `offset`; None if what is there is no whole, undamaged record."""
    start = offset + _HEAD.size
    if len(data) - offset < HEADER_BYTES or data[offset : offset + 4] != MAGIC:
        return None
    _, checksum = _HEAD.unpack_from(data, offset)
    length, sequence, time_ms = _REST.unpack_from(data, start)
    end = offset + HEADER_BYTES + length
    if length > MAX_BODY_BYTES or end > len(data) or zlib.crc32(data[start:end]) != checksum:
        return None
    return Record(sequence, time_ms, data[offset + HEADER_BYTES : end])


def find_next(data: bytes, offset: int) -> int | None:
    """Where the first whole record at or after `offset` starts; None if there is none."""
    while (found := data.find(MAGIC, offset)) >= 0:
        if unpack(data, found) is not None:
            return found
        offset = found + 1
    return None
