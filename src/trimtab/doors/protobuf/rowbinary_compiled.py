"""Compiled pieces of ClickHouse's RowBinary: what is copied from a message into rows. Positions are int64.

Source: ClickHouse documentation, "RowBinary". The caller has made `out` large enough.
"""

import numpy as np

from trimtab.doors.protobuf.jit import compiled
from trimtab.doors.protobuf.primitives import Bytes, Int

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_8, _255 = np.uint64(8), np.uint64(255)
_LEAST = -9223372036854775808


@compiled
def is_utf8(body: Bytes, start: Int, end: Int) -> bool:
    """Whether text is UTF-8 (Unicode 15, table 3-7): what is not, no reader could decode."""
    place = start
    while place < end:
        first = body[place]
        if first < 128:
            place += 1
            continue
        least, most = 128, 191  # of the byte behind the first
        if 194 <= first <= 223:
            more = 1
        elif 224 <= first <= 239:
            more = 2
            least = 160 if first == 224 else 128
            most = 159 if first == 237 else 191
        elif 240 <= first <= 244:
            more = 3
            least = 144 if first == 240 else 128
            most = 143 if first == 244 else 191
        else:
            return False
        if place + more >= end or not least <= body[place + 1] <= most:
            return False
        for behind in range(place + 2, place + more + 1):
            if not 128 <= body[behind] <= 191:
                return False
        place += more + 1
    return True


@compiled
def same(left: Bytes, start: Int, end: Int, right: Bytes, at: Int, stop: Int) -> bool:
    """Whether two pieces of bytes are the same."""
    if end - start != stop - at:
        return False
    for place in range(end - start):  # noqa: SIM110 - numba compiles no generators
        if left[start + place] != right[at + place]:
            return False
    return True


@compiled
def any_byte(body: Bytes, at: Int, length: Int) -> bool:
    """Whether any of some bytes is not zero."""
    for place in range(length):  # noqa: SIM110 - numba compiles no generators
        if body[at + place]:
            return True
    return False


@compiled
def digits(value: Int) -> Int:
    """How many characters an integer has as text."""
    if value < 0:
        if value == _LEAST:
            return 20
        return 1 + _digits_of(-value)
    return _digits_of(value)


@compiled
def _digits_of(value: Int) -> Int:
    count = 1
    while value >= 10:
        value //= 10
        count += 1
    return count


@compiled
def put_text(body: Bytes, start: Int, end: Int, out: Bytes, at: Int) -> Int:
    """Bytes with their length before them; the position after."""
    at = put_length(end - start, out, at)
    return put(body, start, end, out, at)


@compiled
def put(source: Bytes, start: Int, end: Int, out: Bytes, at: Int) -> Int:
    """Bytes as they are; the position after."""
    for place in range(start, end):
        out[at] = source[place]
        at += 1
    return at


@compiled
def put_byte(value: Int, out: Bytes, at: Int) -> Int:
    """One byte; the position after."""
    out[at] = value
    return at + 1


@compiled
def put_length(value: Int, out: Bytes, at: Int) -> Int:
    """An unsigned LEB128 number; the position after."""
    while value >= 128:
        out[at] = (value & 127) | 128
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@compiled
def put_int64(value: Int, out: Bytes, at: Int) -> Int:
    """Eight bytes, little-endian; the position after."""
    bits = np.uint64(value)
    for _ in range(8):
        out[at] = np.uint8(bits & _255)
        bits >>= _8
        at += 1
    return at


@compiled
def put_hex(body: Bytes, start: Int, length: Int, out: Bytes, at: Int) -> Int:
    """Bytes as hexadecimal text, its length before it; the position after."""
    at = put_length(2 * length, out, at)
    for place in range(start, start + length):
        out[at], out[at + 1] = _HEX[body[place] >> 4], _HEX[body[place] & 15]
        at += 2
    return at
