"""Blocks as Prometheus remote write 1.0 requests.

Source: prometheus.io, "Prometheus Remote-Write 1.0 specification"; prompb/types.proto for the field numbers.
"""

from collections.abc import Iterable, Iterator, Sequence

import cramjam
import numpy as np

from trimtab.demo.block import Block, Labels
from trimtab.demo.noise import Times
from trimtab.demo.protobuf import field, head, message, number_field

PATH = "/api/v1/write"
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "User-Agent": "Prometheus/3.5.0",
}
REQUEST_SAMPLES = 100_000
"""Samples of a request: what the server stores as one block, 1.8 MB before compression."""

# A Sample in its TimeSeries: tag and length, tag and double, tag and six bytes of varint (any time from 1971 to 2109).
_SAMPLE = np.dtype([("head", "V3"), ("value", "<f8"), ("tag", "u1"), ("time", "V6")])
_HEAD = np.void(bytes((2 << 3 | 2, _SAMPLE.itemsize - 2, 1 << 3 | 1)))
_TIME_TAG = 2 << 3
_COUNTER, _GAUGE = 1, 2  # MetricMetadata.MetricType


def series_head(labels: Labels) -> bytes:
    """The label fields of a TimeSeries, sorted as the specification asks."""
    return b"".join(message(1, (field(1, name), field(2, value))) for name, value in sorted(labels.items()))


def bodies(blocks: Sequence[Block]) -> Iterator[tuple[bytes, int]]:
    """Snappy-compressed WriteRequests with the number of samples of each."""
    parts: list[bytes] = []
    samples = 0
    for block in blocks:
        for series, number in _series(block):
            parts += series
            samples += number
            if samples >= REQUEST_SAMPLES:
                yield _compressed(parts), samples
                parts, samples = [], 0
    if samples:
        yield _compressed(parts), samples


def metadata(kinds: Iterable[tuple[str, bool]]) -> bytes:
    """A WriteRequest that says of each metric family whether it is a counter."""
    return _compressed(
        [message(3, (number_field(1, _COUNTER if counter else _GAUGE), field(2, name))) for name, counter in kinds]
    )


def _series(block: Block) -> Iterator[tuple[tuple[bytes, ...], int]]:
    """Each series of a block as parts of a WriteRequest, with its number of samples."""
    rows, columns = block.values.shape
    points = np.empty((rows, columns), _SAMPLE)
    points["head"] = _HEAD
    points["value"] = block.values
    points["tag"] = _TIME_TAG
    points["time"] = _varints(block.times)
    whole = bool(np.isfinite(block.values).all())
    for at, labels in enumerate(block.heads):
        row = points[at] if whole else points[at][np.isfinite(block.values[at])]
        if len(row):
            data = row.tobytes()
            yield (head(1, len(labels) + len(data)), labels, data), len(row)


def _varints(times: Times) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Times (ms) as varints of six bytes."""
    groups = (times[:, None] >> np.arange(0, 42, 7)) & 0x7F
    groups[:, :5] |= 0x80
    return np.ascontiguousarray(groups.astype(np.uint8)).view("V6").reshape(-1)


def _compressed(parts: list[bytes]) -> bytes:
    return bytes(cramjam.snappy.compress_raw(b"".join(parts)))
