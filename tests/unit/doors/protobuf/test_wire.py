import struct

import numpy as np
import pytest
from google.protobuf.internal import encoder
from hypothesis import given
from hypothesis import strategies as st

from trimtab.doors.protobuf import primitives, wire
from trimtab.doors.protobuf.wire import Malformed


def varint(value: int) -> bytes:
    parts: list[bytes] = []
    encoder._EncodeVarint(parts.append, value, None)
    return b"".join(parts)


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3))
def test_varints_are_read_as_protobuf_writes_them(value: int, rest: bytes) -> None:
    body = varint(value) + rest
    assert (value, len(body) - len(rest)) == wire.varint(body, 0, len(body))
    found, at = primitives.varint(np.frombuffer(body, np.uint8), 0, len(body))
    assert (value, len(body) - len(rest)) == (int(found) % 2**64, at)


@pytest.mark.parametrize("body", [b"", b"\x80", b"\xff" * 10, b"\xff" * 11])
def test_a_varint_cut_short_or_too_long_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        wire.varint(body, 0, len(body))
    assert -1 == primitives.varint(np.frombuffer(body, np.uint8), 0, len(body))[1]


@given(st.integers(-(2**63), 2**63 - 1))
def test_signed_numbers_come_back(value: int) -> None:
    assert value == wire.signed(value % 2**64)
    assert value == wire.zigzag(((value << 1) ^ (value >> 63)) % 2**64)


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_digests_differ_where_bytes_do(left: bytes, right: bytes) -> None:
    seed = np.uint64(7)
    found = [
        tuple(int(word) for word in primitives.digest(np.frombuffer(body, np.uint8), 0, len(body), seed, np.uint64(0)))
        for body in (left, right, left)
    ]
    assert found[0] == found[2]
    assert (left == right) == (found[0] == found[1])


def test_a_digest_depends_on_its_seeds_and_its_place_does_not_matter() -> None:
    body = np.frombuffer(b"xx-some bytes of a label block-yy", np.uint8)
    inner = np.frombuffer(b"-some bytes of a label block-", np.uint8)
    one, two, none = np.uint64(1), np.uint64(2), np.uint64(0)
    placed = primitives.digest(body, 2, 31, one, none)
    assert placed == primitives.digest(inner, 0, 29, one, none)
    assert placed != primitives.digest(inner, 0, 29, two, none)
    assert placed != primitives.digest(inner, 0, 29, one, two)


def test_a_few_flipped_bits_move_many() -> None:
    body = np.random.default_rng(5).integers(0, 256, 64, np.uint8)
    seed = np.uint64(0)
    base = primitives.digest(body, 0, 64, seed, seed)
    for bit in range(0, 512, 7):
        other = body.copy()
        other[bit // 8] ^= 1 << bit % 8
        found = primitives.digest(other, 0, 64, seed, seed)
        changed = sum(bin(int(left) ^ int(right)).count("1") for left, right in zip(base, found, strict=True))
        assert 30 < changed < 98


def test_lists_of_numbers_come_packed_and_single() -> None:
    packed = struct.pack("<3d", 1, 2, 3)
    assert [1, 2, 3] == wire.fixed64s(packed, wire.LENGTH, 0, 24, "<f8")
    assert [1] == wire.fixed64s(packed, wire.FIXED64, 0, 8, "<f8")
    assert [1, 300] == wire.varints(varint(1) + varint(300), wire.LENGTH, 0, 3)
    assert [300] == wire.varints(varint(300), wire.VARINT, 0, 2)
    for kind, size in ((wire.LENGTH, 7), (wire.VARINT, 8)):
        with pytest.raises(Malformed):
            wire.fixed64s(packed, kind, 0, size, "<f8")


def test_groups_are_malformed() -> None:
    with pytest.raises(Malformed, match="at byte 0"):
        list(wire.fields(b"\x0b\x0c", 0, 2))
