"""Remote write 1.0 as a sender speaks it, without a protobuf or snappy library: both are simple enough to write.

A snappy block may consist of one literal, so what is sent is valid, only not smaller; batches at rest are gzipped.
Sources: prometheus/prompb (remote.proto, types.proto); google/snappy, format_description.txt.
"""

import gzip
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

PATH = "/api/v1/write"
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The NaN with which Prometheus says that a series has ended here (model/value: StaleNaN)."""
_TYPES = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")
"""MetricMetadata.MetricType, by number."""
_GZIP_LEVEL = 1  # a scrape of 300 kB: 2 ms and 6 % of the size; level 6 costs four times that for 4 %
_LITERAL_4 = 0xFC  # a literal whose length less one follows in four bytes
_VALUE = struct.Struct("<BBBd")
_SAMPLE_TAG, _VALUE_TAG, _TIME_TAG = 0x12, 0x09, 0x10

Labels = Iterable[tuple[str, str]]


class Metadata(Struct, frozen=True):
    """What is known of a metric family; `type` is one of Prometheus's in lower case."""

    family: str
    type: str
    help: str = ""
    unit: str = ""


def varint(number: int) -> bytes:
    """A number of at least 0 in protobuf's base-128 form."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def label_block(labels: Labels) -> bytes:
    """The labels of a series, `__name__` among them, sorted as the specification asks; empty ones are none."""
    return b"".join(
        _field(0x0A, _field(0x0A, name.encode()) + _field(0x12, value.encode()))
        for name, value in sorted(labels)
        if value
    )


@lru_cache(maxsize=8192)  # series that were scraped together share their times
def _time(ms: int) -> bytes:
    return bytes((_TIME_TAG,)) + varint(ms)


def sample(value: float, ms: int) -> bytes:
    """One sample within a series."""
    time = _time(ms)
    return _VALUE.pack(_SAMPLE_TAG, 9 + len(time), _VALUE_TAG, value) + time


def series(block: bytes, samples: bytes) -> bytes:
    """A time series of a request: a label block and its samples."""
    return _field(0x0A, block + samples)


def metadata(of: Metadata) -> bytes:
    """A metadata entry of a request."""
    number = _TYPES.index(of.type) if of.type in _TYPES else 0
    texts = b"".join(
        _field(tag, text.encode()) for tag, text in ((0x12, of.family), (0x22, of.help), (0x2A, of.unit)) if text
    )
    return _field(0x1A, bytes((0x08, number)) + texts)


def snappy_block(body: bytes) -> bytes:
    """`body` as a snappy block of one literal."""
    if not body:
        return b"\0"
    return varint(len(body)) + bytes((_LITERAL_4,)) + (len(body) - 1).to_bytes(4, "little") + body


def pack(request: bytes) -> bytes:
    """A request as it waits in a spool."""
    return gzip.compress(request, _GZIP_LEVEL, mtime=0)


def unpack(body: bytes) -> bytes:
    """A request of a spool as it is sent. Raises OSError where it is damaged."""
    return snappy_block(gzip.decompress(body))


def requests(
    parts: Sequence[bytes], known: Mapping[str, Metadata], most_bytes: int, add: Callable[[bytes], None]
) -> None:
    """Hand `parts` (each from `series`) to `add` as requests of about `most_bytes`, the first with the metadata."""
    chunk: list[bytes] = [metadata(one) for one in known.values()]
    size = sum(map(len, chunk))
    for part in parts:
        if chunk and size + len(part) > most_bytes:
            add(b"".join(chunk))
            chunk, size = [], 0
        chunk.append(part)
        size += len(part)
    if chunk:
        add(b"".join(chunk))


def _field(tag: int, data: bytes) -> bytes:
    return bytes((tag,)) + varint(len(data)) + data
