"""The records of the write-ahead log and how they look in a segment file.

A segment starts with a magic word and 24 bytes of salt, and holds records: a frame (the length of what follows, its
CRC-32 and its Adler-32), then a type byte, a sequence number and the payload. Both checksums start from the salt, so
that nothing inside a payload passes for a record. Segments of the first format have neither salt nor Adler-32.

    BATCH   one acknowledged append: its idempotency key, its sections, and when it came
    BLOCK   "batches first..last go to the engine as one block": written and synced before the block is sent
    DONE    "every batch up to this one is in the engine"
    KEYS    the recent idempotency keys, at the head of a new segment, so that older segments can go
    SCHEMA  the columns in which the segment's sections carry their rows, at its head too

Reading goes on behind what is not whole, at the next whole record (`scan`); one flipped bit is put right (`mend`).
"""

import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum

import msgspec
import numpy as np
from msgspec import Struct

from trimtab.base import typed
from trimtab.store.telemetry.batch import Section
from trimtab.store.telemetry.mend import mended

MAGIC = b"TTLOG002"
FIRST_MAGIC = b"TTLOG001"
_SALTS = 3  # a vote of three: damage to one copy hides no record
_SALT_BYTES = 8
HEADER_BYTES = len(MAGIC) + _SALTS * _SALT_BYTES
_HEAD = struct.Struct("<BQ")  # type, sequence
_SECTION = struct.Struct("<BIHI")  # length of the table's name, rows, number of days, length of the body
_PAIR = struct.Struct("<QQ")
_TIME = struct.Struct("<Q")
_AHEAD = 1 << 24
"""A sequence number further on than this is no record's, when the next whole one is looked for."""

Columns = tuple[tuple[str, str], ...]
"""(name, type) of each column, in the order in which rows carry them."""


class RecordType(IntEnum):
    """What a record is."""

    BATCH = 1
    BLOCK = 2
    DONE = 3
    KEYS = 4
    SCHEMA = 5


class Record(Struct, frozen=True):
    """One record read back, and where its payload lay in its segment. `healed`: a flipped bit was put right."""

    type: RecordType
    sequence: int
    payload: memoryview
    offset: int
    end: int
    healed: bool = False


class Gap(Struct, frozen=True):
    """Bytes of a segment that are no whole record; `tail` where no whole record follows."""

    offset: int
    end: int
    tail: bool


class Format(Struct, frozen=True):
    """How the records of one segment are framed."""

    frame: struct.Struct
    header_bytes: int
    seeds: tuple[int, ...]
    """What the checksums start from, in the order of the frame."""

    @property
    def overhead(self) -> int:
        """Bytes of a record before its payload."""
        return self.frame.size + _HEAD.size

    def framed(self, type_: RecordType, sequence: int, payload: bytes) -> bytes:
        """A record ready to be appended."""
        head = _HEAD.pack(type_, sequence)
        checks = self._checks(payload, self._checks(head, self.seeds))
        return self.frame.pack(len(head) + len(payload), *checks) + head + payload

    def check(self, segment: memoryview, offset: int, length: int | None = None) -> int | None:
        """Where the record at `offset` ends, if it is whole; with a `length`, if it were that of the record."""
        told, *checks = self.frame.unpack_from(segment, offset)
        start, length = offset + self.frame.size, told if length is None else length
        end = start + length
        if length < _HEAD.size or end > len(segment):
            return None
        return end if list(self._checks(segment[start:end], self.seeds)) == checks else None

    def record(self, segment: memoryview, offset: int, end: int, *, healed: bool = False) -> Record:
        """The whole record at `offset`."""
        start = offset + self.frame.size
        type_, sequence = _HEAD.unpack_from(segment, start)
        payload = start + _HEAD.size
        return Record(RecordType(type_), sequence, segment[payload:end], payload, end, healed)

    def _checks(self, data: bytes | memoryview, seeds: Sequence[int]) -> tuple[int, ...]:
        crc = zlib.crc32(data, seeds[0])
        return (crc,) if len(seeds) == 1 else (crc, zlib.adler32(data, seeds[1]))


_FIRST = Format(struct.Struct("<II"), len(FIRST_MAGIC), (0,))


def new_header() -> bytes:
    """The header of a new segment."""
    return MAGIC + os.urandom(_SALT_BYTES) * _SALTS


def format_of(segment: bytes | memoryview) -> Format:
    """How a segment that begins so is framed. Of a damaged header the salt is what two of its copies say."""
    if segment[: len(MAGIC)] == FIRST_MAGIC:
        return _FIRST
    raw = bytes(segment[len(MAGIC) : HEADER_BYTES]).ljust(HEADER_BYTES - len(MAGIC), b"\0")
    first, second, third = (raw[at : at + _SALT_BYTES] for at in range(0, len(raw), _SALT_BYTES))
    salt = bytes((a & b) | (a & c) | (b & c) for a, b, c in zip(first, second, third, strict=True))
    return Format(struct.Struct("<III"), HEADER_BYTES, (zlib.crc32(salt), zlib.adler32(salt)))


def scan(segment: memoryview) -> Iterator[Record | Gap]:
    """The whole records of a segment, in order, and what lies between them that is none.

    A header that is not whole is a gap as well. Of the first format, whose magic word may be what is damaged, records
    are looked for where the present one finds none.
    """
    here = format_of(segment)
    if here is not _FIRST and not any(isinstance(one, Record) for one in _scan(segment, here)):
        here = _FIRST if any(isinstance(one, Record) for one in _scan(segment, _FIRST)) else here
    if not _whole(segment[: here.header_bytes], here):
        yield Gap(0, min(here.header_bytes, len(segment)), tail=len(segment) <= here.header_bytes)
    yield from _scan(segment, here)


def _whole(header: memoryview, here: Format) -> bool:
    if here is _FIRST:
        return header == FIRST_MAGIC
    salts = bytes(header[len(MAGIC) :])
    return header[: len(MAGIC)] == MAGIC and salts == salts[:_SALT_BYTES] * _SALTS


def _scan(segment: memoryview, here: Format) -> Iterator[Record | Gap]:
    offset, sequence = here.header_bytes, 0
    while offset < len(segment):
        record = _at(segment, offset, here)
        if record is not None:
            sequence = max(sequence, record.sequence)
            yield record
            offset = record.end
            continue
        found = _behind(segment, offset, here) or _next(segment, offset + 1, here, sequence)
        yield Gap(offset, len(segment) if found is None else found, tail=found is None)
        if found is None:
            return
        offset = found


def _behind(segment: memoryview, offset: int, here: Format) -> int | None:
    """The offset behind the record that is not whole, where its length still says so and a record is there."""
    if offset + here.overhead > len(segment):
        return None
    end = offset + here.frame.size + int(here.frame.unpack_from(segment, offset)[0])
    return end if _at(segment, end, here) is not None else None


def _at(segment: memoryview, offset: int, here: Format) -> Record | None:
    """The record at `offset`: whole, or after a flipped bit is put right; None where it is neither."""
    if offset + here.overhead > len(segment):
        return None
    end = here.check(segment, offset)
    if end is not None:
        return here.record(segment, offset, end) if segment[offset + here.frame.size] in _TYPES else None
    return _healed(segment, offset, here)


def _healed(segment: memoryview, offset: int, here: Format) -> Record | None:
    if len(here.seeds) == 1:
        return None  # one checksum finds the bit, and nothing says that it was the only one
    (length, crc, adler), start = here.frame.unpack_from(segment, offset), offset + here.frame.size
    for bit in range(32):  # of the length
        end = here.check(segment, offset, length ^ 1 << bit)
        if end is not None:
            return here.record(segment, offset, end, healed=True)
    if not _HEAD.size <= length <= len(segment) - start:
        return None
    body = segment[start : start + length]
    seed = here.seeds[0]
    crc_holds, adler_holds = zlib.crc32(body, seed) == crc, zlib.adler32(body, here.seeds[1]) == adler
    if crc_holds or adler_holds:  # the flipped bit is one of the other checksum
        told, found = (adler, zlib.adler32(body, here.seeds[1])) if crc_holds else (crc, zlib.crc32(body, seed))
        return here.record(segment, offset, start + length, healed=True) if (told ^ found).bit_count() == 1 else None
    put_right = mended(body, crc, seed)
    if put_right is None or zlib.adler32(put_right, here.seeds[1]) != adler:
        return None
    type_, sequence = _HEAD.unpack_from(put_right)
    if type_ not in _TYPES:
        return None
    payload = memoryview(put_right)[_HEAD.size :]
    return Record(RecordType(type_), sequence, payload, start + _HEAD.size, start + length, healed=True)


_TYPES = frozenset(RecordType)


def _next(segment: memoryview, start: int, here: Format, sequence: int) -> int | None:
    """The offset of the next whole record from `start` on; None where there is none."""
    data = np.frombuffer(segment, np.uint8)
    last = len(data) - here.overhead
    if start > last:
        return None
    at_type = here.frame.size
    types = data[start + at_type : last + at_type + 1]
    places = np.flatnonzero((types >= min(_TYPES)) & (types <= max(_TYPES))) + start
    for shift in (7, 6, 5):  # the high bytes of a sequence number are 0, so most places are none at once
        places = places[data[places + at_type + 1 + shift] == 0]
    lengths = sum(data[places + byte].astype(np.int64) << 8 * byte for byte in range(4))
    places = places[(lengths >= _HEAD.size) & (lengths <= len(data) - places - here.frame.size)]
    for place in places.tolist():
        (told,) = struct.unpack_from("<Q", segment, place + at_type + 1)
        if told <= sequence + _AHEAD and here.check(segment, place) is not None:
            return int(place)
    return None


def encode_batch(key: str | None, sections: Sequence[Section], at_ms: int = 0) -> bytes:
    """The payload of a BATCH that came at `at_ms`."""
    raw_key = (key or "").encode()
    parts = [struct.pack("<HH", len(raw_key), len(sections)), raw_key]
    for section in sections:
        name = section.table.encode()
        parts.append(_SECTION.pack(len(name), section.rows, len(section.days), len(section.body)))
        parts.append(name)
        parts.append(struct.pack(f"<{len(section.days)}i", *sorted(section.days)))
        parts.append(section.body)
    return b"".join([*parts, _TIME.pack(at_ms)])


def decode_batch(payload: memoryview) -> tuple[str, list[Section], int]:
    """The key ("" if none) and sections of a BATCH, and when it came (ms; 0 where it does not say)."""
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
    return key, sections, _TIME.unpack_from(payload, offset)[0] if len(payload) - offset == _TIME.size else 0


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


def encode_schema(columns: Mapping[str, Columns]) -> bytes:
    """The payload of a SCHEMA: by table its columns."""
    return msgspec.json.encode(columns)


def decode_schema(payload: memoryview) -> dict[str, Columns]:
    """By table the columns of a SCHEMA."""
    return typed.decode(bytes(payload), type=dict[str, tuple[tuple[str, str], ...]])
