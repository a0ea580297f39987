"""The records of the write-ahead log and how they look in a segment file.

A segment starts with MAGIC and holds records: length and CRC-32 of what follows, then a type byte, a sequence
number and the payload. A crash can tear only the last record; reading stops at the first one that is not whole.

    BATCH   one acknowledged append: its idempotency key and its sections
    BLOCK   "batches first..last go to the engine as one block": written and synced before the block is sent
    DONE    "every batch up to this one is in the engine"
    KEYS    the recent idempotency keys, at the head of a new segment, so that older segments can go
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from trimtab.store.telemetry.batch import Section

MAGIC = b"TTLOG001"
_FRAME = struct.Struct("<II")  # length of the rest, CRC-32 of the rest
_HEAD = struct.Struct("<BQ")  # type, sequence
_SECTION = struct.Struct("<BIHI")  # length of the table's name, rows, number of days, length of the body
_PAIR = struct.Struct("<QQ")
OVERHEAD = _FRAME.size + _HEAD.size


class RecordType(IntEnum):
    """What a record is."""

    BATCH = 1
    BLOCK = 2
    DONE = 3
    KEYS = 4


@dataclass(frozen=True, slots=True)
class Record:
    """One record read back, and where it lay in its segment."""

    type: RecordType
    sequence: int
    payload: memoryview
    offset: int
    length: int


def frame(type_: RecordType, sequence: int, payload: bytes) -> bytes:
    """A record ready to be appended."""
    head = _HEAD.pack(type_, sequence)
    checksum = zlib.crc32(payload, zlib.crc32(head))
    return _FRAME.pack(len(head) + len(payload), checksum) + head + payload


def scan(segment: memoryview) -> Iterator[Record]:
    """The whole records of a segment, in order; stops at the first torn one."""
    offset = len(MAGIC)
    while offset + OVERHEAD <= len(segment):
        length, checksum = _FRAME.unpack_from(segment, offset)
        start = offset + _FRAME.size
        body = segment[start : start + length]
        if length < _HEAD.size or len(body) < length or zlib.crc32(body) != checksum:
            return
        type_, sequence = _HEAD.unpack_from(body)
        yield Record(RecordType(type_), sequence, body[_HEAD.size :], offset, _FRAME.size + length)
        offset = start + length


def encode_batch(key: str | None, sections: Sequence[Section]) -> bytes:
    """The payload of a BATCH."""
    raw_key = (key or "").encode()
    parts = [struct.pack("<HH", len(raw_key), len(sections)), raw_key]
    for section in sections:
        name = section.table.encode()
        parts.append(_SECTION.pack(len(name), section.rows, len(section.days), len(section.body)))
        parts.append(name)
        parts.append(struct.pack(f"<{len(section.days)}i", *sorted(section.days)))
        parts.append(section.body)
    return b"".join(parts)


def decode_batch(payload: memoryview) -> tuple[str, list[Section]]:
    """The key ("" if none) and sections of a BATCH; bodies are views into `payload`'s memory made bytes."""
    key_length, count = struct.unpack_from("<HH", payload)
    offset = 4 + key_length
    key = bytes(payload[4:offset]).decode()
    sections = []
    for _ in range(count):
        name_length, rows, day_count, body_length = _SECTION.unpack_from(payload, offset)
        offset += _SECTION.size
        table = bytes(payload[offset : offset + name_length]).decode()
        offset += name_length
        days = frozenset(struct.unpack_from(f"<{day_count}i", payload, offset))
        offset += 4 * day_count
        sections.append(Section(table, rows, days, bytes(payload[offset : offset + body_length])))
        offset += body_length
    return key, sections


def encode_block(first: int, last: int) -> bytes:
    """The payload of a BLOCK."""
    return _PAIR.pack(first, last)


def decode_block(payload: memoryview) -> tuple[int, int]:
    """First and last batch of a BLOCK."""
    first, last = _PAIR.unpack(payload)
    return first, last


def encode_keys(keys: Sequence[int]) -> bytes:
    """The payload of a KEYS: 64-bit hashes, oldest first."""
    return struct.pack(f"<{len(keys)}Q", *keys)


def decode_keys(payload: memoryview) -> tuple[int, ...]:
    """The key hashes of a KEYS."""
    return struct.unpack(f"<{len(payload) // 8}Q", payload)
