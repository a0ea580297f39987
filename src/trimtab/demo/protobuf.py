"""Protobuf's wire format, as far as the demo writes it: varints, length-delimited fields, and fixed-width points.

Source: protobuf.dev, "Encoding". Points of one series have the same length each, so that numpy writes them all at once.
"""

from collections.abc import Iterable


def varint(number: int) -> bytes:
    """`number` in groups of seven bits, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, content: bytes | str) -> bytes:
    """A length-delimited field: a message, bytes or text."""
    body = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(body)) + body


def head(number: int, length: int) -> bytes:
    """What stands before the `length` bytes of a length-delimited field."""
    return varint(number << 3 | 2) + varint(length)


def number_field(number: int, value: int) -> bytes:
    """A varint field: an enumeration or a flag."""
    return varint(number << 3) + varint(value)


def message(number: int, parts: Iterable[bytes]) -> bytes:
    """A message field made of fields."""
    return field(number, b"".join(parts))
