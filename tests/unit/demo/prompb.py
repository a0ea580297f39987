"""A reader of WriteRequests by the book (prompb/remote.proto, types.proto), apart from the door's own."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cramjam


@dataclass
class TimeSeries:
    labels: list[tuple[str, str]]
    times: list[int]
    values: list[float]


def fields(body: bytes) -> Iterator[tuple[int, bytes | int]]:
    """(number, content) of each field: bytes of a length-delimited or fixed one, a number of a varint."""
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        if key & 7 == 0:
            number, at = _varint(body, at)
            yield key >> 3, number
            continue
        length = 8
        if key & 7 == 2:
            length, at = _varint(body, at)
        yield key >> 3, body[at : at + length]
        at += length


def labels(head: bytes) -> list[tuple[str, str]]:
    return [_pair(content) for number, content in fields(head) if number == 1]


def series(compressed: bytes) -> list[TimeSeries]:
    found = []
    for number, content in fields(bytes(cramjam.snappy.decompress_raw(compressed))):
        if number == 1:
            assert isinstance(content, bytes)
            samples = [dict(fields(sample)) for part, sample in fields(content) if part == 2]
            values = [struct.unpack("<d", sample[1])[0] for sample in samples]
            found.append(TimeSeries(labels(content), [sample[2] for sample in samples], values))
    return found


def families(compressed: bytes) -> dict[str, int]:
    """Types of metric families by name: 1 is a counter, 2 a gauge."""
    messages = [
        dict(fields(content))
        for number, content in fields(bytes(cramjam.snappy.decompress_raw(compressed)))
        if number == 3
    ]
    return {message[2].decode(): message[1] for message in messages}


def _pair(label: bytes | int) -> tuple[str, str]:
    assert isinstance(label, bytes)
    parts = dict(fields(label))
    return parts[1].decode(), parts[2].decode()


def _varint(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (body[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if body[at - 1] < 0x80:
            return number, at
