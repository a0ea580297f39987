import random
import struct
import zlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from trimtab.store.telemetry.batch import Section
from trimtab.store.telemetry.mend import mended
from trimtab.store.telemetry.records import (
    FIRST_MAGIC,
    HEADER_BYTES,
    Gap,
    Record,
    RecordType,
    decode_batch,
    decode_block,
    decode_keys,
    decode_schema,
    encode_batch,
    encode_block,
    encode_keys,
    encode_schema,
    format_of,
    new_header,
    scan,
)

sections = st.lists(
    st.builds(
        Section,
        table=st.text(min_size=1, max_size=40),
        rows=st.integers(0, 2**32 - 1),
        days=st.frozensets(st.integers(-(2**31), 2**31 - 1), max_size=100),
        body=st.binary(max_size=300),
    ),
    max_size=4,
)


@given(key=st.one_of(st.none(), st.text(min_size=1, max_size=80)), written=sections, at_ms=st.integers(0, 2**63))
def test_a_batch_reads_back_as_it_was_written(key: str | None, written: list[Section], at_ms: int) -> None:
    payload = encode_batch(key, written, at_ms)
    assert decode_batch(memoryview(payload)) == ((key or ""), written, at_ms)
    assert decode_batch(memoryview(payload[:-8])) == ((key or ""), written, 0)  # as the first format has it


def segment_of(payloads: list[bytes], header: bytes = b"") -> tuple[bytes, list[int]]:
    """A segment, and where each of its records ends."""
    written = header or new_header()
    ends = []
    for number, payload in enumerate(payloads, start=1):
        written += format_of(header or written).framed(RecordType.BATCH, number, payload)
        ends.append(len(written))
    return written, ends


def read(segment: bytes) -> tuple[list[bytes], list[Gap]]:
    found = list(scan(memoryview(segment)))
    return [bytes(one.payload) for one in found if isinstance(one, Record)], [
        one for one in found if isinstance(one, Gap)
    ]


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5), st.data())
def test_a_torn_tail_hides_only_the_record_that_it_tears(payloads: list[bytes], data: st.DataObject) -> None:
    segment, ends = segment_of(payloads)
    start = ends[-2] if len(ends) > 1 else HEADER_BYTES
    cut = data.draw(st.integers(start + 1, len(segment) - 1))
    assert read(segment[:cut]) == (payloads[:-1], [Gap(start, cut, tail=True)])


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=6), st.data())
def test_one_flipped_bit_is_put_right_wherever_it_is(payloads: list[bytes], data: st.DataObject) -> None:
    segment, _ = segment_of(payloads)
    written = bytearray(segment)
    position = data.draw(st.integers(0, len(written) - 1))
    written[position] ^= 1 << data.draw(st.integers(0, 7))
    found = list(scan(memoryview(bytes(written))))
    assert [bytes(one.payload) for one in found if isinstance(one, Record)] == payloads
    healed = [one for one in found if isinstance(one, Gap) or one.healed]
    assert len(healed) == 1
    assert isinstance(healed[0], Gap) == (position < HEADER_BYTES)


@given(st.lists(st.binary(min_size=4, max_size=60), min_size=1, max_size=6), st.data())
def test_what_cannot_be_put_right_hides_nothing_else(payloads: list[bytes], data: st.DataObject) -> None:
    segment, ends = segment_of(payloads)
    starts = [HEADER_BYTES, *ends[:-1]]
    at = data.draw(st.integers(0, len(payloads) - 1))
    written = bytearray(segment)
    first = data.draw(st.integers(starts[at], ends[at] - 4))
    written[first : first + 4] = bytes(byte ^ 0xFF for byte in written[first : first + 4])
    kept, gaps = read(bytes(written))
    assert kept == payloads[:at] + payloads[at + 1 :]
    assert gaps == [Gap(starts[at], ends[at], tail=at == len(payloads) - 1)]


def test_what_looks_like_a_record_inside_a_payload_is_none() -> None:
    planted = segment_of([b"planted"])[0][HEADER_BYTES:]
    segment, ends = segment_of([planted * 3, b"next"])
    written = bytearray(segment)
    written[HEADER_BYTES : HEADER_BYTES + 8] = bytes(8)
    assert read(bytes(written)) == ([b"next"], [Gap(HEADER_BYTES, ends[0], tail=False)])


def first_format(payloads: list[bytes]) -> bytes:
    written = FIRST_MAGIC
    for number, payload in enumerate(payloads, start=1):
        body = struct.pack("<BQ", RecordType.BATCH, number) + payload
        written += struct.pack("<II", len(body), zlib.crc32(body)) + body
    return written


def test_the_first_format_is_read_and_what_is_damaged_in_it_stepped_over() -> None:
    payloads = [b"one", b"two" * 9, b"three"]
    segment = first_format(payloads)
    assert read(segment) == (payloads, [])
    damaged = bytearray(segment)
    damaged[segment.index(b"two")] ^= 1  # one checksum does not say that it was the only bit
    kept, gaps = read(bytes(damaged))
    assert (kept, len(gaps)) == ([b"one", b"three"], 1)
    assert read(b"x" + segment[1:]) == (payloads, [Gap(0, 8, tail=False)])


@pytest.mark.parametrize("size", [1, 7, 200, 5_000])
def test_a_turned_bit_is_found_by_the_checksum(size: int) -> None:
    chance = random.Random(size)
    for _ in range(30):
        data, seed = chance.randbytes(size), chance.getrandbits(32)
        turned = bytearray(data)
        turned[chance.randrange(size)] ^= 1 << chance.randrange(8)
        assert mended(bytes(turned), zlib.crc32(data, seed), seed) == data
        assert mended(turned, chance.getrandbits(32), seed) != data


def test_boundaries_keys_and_columns_read_back() -> None:
    assert (3, 9) == decode_block(memoryview(encode_block(3, 9)))
    assert (1, 2**64 - 1) == decode_keys(memoryview(encode_keys([1, 2**64 - 1])))
    columns = {"metric_values": (("series", "UInt64"), ("time", "DateTime64(3, 'UTC')"))}
    assert columns == decode_schema(memoryview(encode_schema(columns)))
