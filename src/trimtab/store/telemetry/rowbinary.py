"""ClickHouse's RowBinary for the few variable-width columns; fixed-width rows are numpy bytes already.

Source: ClickHouse documentation, "RowBinary" (unsigned LEB128 lengths, little-endian numbers).
"""

import struct
from collections.abc import Iterable, Sequence


def varint(number: int) -> bytes:
    """An unsigned LEB128 number."""
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append((number & 0x7F) | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def string(text: str) -> bytes:
    """A String: its length in bytes, then UTF-8."""
    raw = text.encode("utf-8", "surrogatepass")
    return varint(len(raw)) + raw


def string_map(pairs: Iterable[tuple[str, str]]) -> bytes:
    """A Map(String, String)."""
    items = tuple(pairs)
    return varint(len(items)) + b"".join(string(key) + string(value) for key, value in items)


def float_array(values: Sequence[float]) -> bytes:
    """An Array(Float64)."""
    return varint(len(values)) + struct.pack(f"<{len(values)}d", *values)


def uint_array(values: Sequence[int]) -> bytes:
    """An Array(UInt64)."""
    return varint(len(values)) + struct.pack(f"<{len(values)}Q", *values)
