"""Where everything is in a WriteRequest of remote write 1.0: what a scan finds, and the scan in plain Python.
`scan_v2.py` is its twin for 2.0; `Found` is what both tell.

Labels are not decoded here: a series that was met before is known by the digest of its label block.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.doors.prometheus.kinds import Metadata
from trimtab.doors.prometheus.labels import read_pairs
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import FIXED64, LENGTH, VARINT, Malformed

Places = npt.NDArray[np.int64]

TIMESERIES, METADATA = 1, 3  # of WriteRequest
LABELS, SAMPLES, EXEMPLARS, HISTOGRAMS = 1, 2, 3, 4  # of TimeSeries
VALUE, TIMESTAMP = 1, 2  # of Sample
_KEY_AND_LENGTH = 2


class Found(Protocol):
    """What a scan of either version tells. Times are ms; `starts` are when the counter of each sample began (0: not
    said). `others` has rows (EXEMPLARS or HISTOGRAMS; number of the series; start; end).
    """

    @property
    def body(self) -> bytes:
        """What was scanned."""
        ...

    @property
    def keys(self) -> npt.NDArray[np.uint64]:
        """Digests of the labels of each series."""
        ...

    @property
    def times(self) -> Places:
        """Of the samples of all series, in order."""
        ...

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """Of the samples of all series, in order, bit for bit."""
        ...

    @property
    def starts(self) -> Places | None:
        """Of the samples of all series, in order; None where none is said."""
        ...

    @property
    def others(self) -> Places:
        """Where exemplars and histograms are."""
        ...

    def samples_by_series(self) -> Places:
        """The number of samples of each series."""
        ...

    def pairs(self, number: int) -> Iterator[tuple[str, str]]:
        """The labels of a series as they come, unchecked. Raises InvalidInput where one cannot be read."""
        ...

    def cacheable(self, number: int) -> bool:
        """Whether the digest covers the labels and nothing else."""
        ...

    def series_key(self, number: int) -> bytes:
        """Bytes that stand for the labels of a series, in this and in other requests."""
        ...

    def metadata(self, number: int) -> Metadata | None:
        """What is said of the family of a series beside its samples. Raises InvalidInput."""
        ...

    def start_of(self, number: int) -> int:
        """When what a series counts began, if that is said of the series (ms; 0: not said)."""
        ...


class Scanned(Struct, frozen=True):
    """What is where in a body.

    `series` has a row a time series: start and end of its label block (from the tag of the first label to the end of
    the last), whether other fields lie in between (1) or not (0), and the number of samples up to and with it. `keys`
    are the digests of the blocks. `times` (ms) and `values` are the samples of all series in order; the bits of a
    value are kept, because stale markers are NaNs with a meaning. `others` has rows (EXEMPLARS, HISTOGRAMS or 0 for
    metadata; number of the series or -1; start; end).
    """

    body: bytes
    series: Places
    keys: npt.NDArray[np.uint64]
    times: Places
    values: npt.NDArray[np.float64]
    others: Places

    def samples_by_series(self) -> Places:
        """The number of samples of each series."""
        return np.diff(self.series[:, 3], prepend=0)

    @property
    def starts(self) -> Places | None:
        """See Found: 1.0 cannot say it."""
        return None

    def pairs(self, number: int) -> Iterator[tuple[str, str]]:
        """See Found."""
        return read_pairs(self.label_block(number))

    def cacheable(self, number: int) -> bool:
        """See Found: the digest of a scattered block covers other fields too."""
        return not self.series[number, 2]

    def series_key(self, number: int) -> bytes:
        """See Found."""
        return self.label_block(number)

    def metadata(self, number: int) -> Metadata | None:
        """See Found: 1.0 says it apart from the samples."""
        return None

    def start_of(self, number: int) -> int:
        """See Found: 1.0 cannot say it."""
        return 0

    def label_block(self, number: int) -> bytes:
        """The label fields of one series, with nothing in between."""
        start, end, scattered, _ = self.series[number].tolist()
        if not scattered:
            return self.body[start:end]
        parts = wire.fields(self.body, start, end)
        return b"".join(
            self.body[tag_at:stop] for field, kind, tag_at, _, stop in parts if (field, kind) == (LABELS, 2)
        )


def scan(body: bytes, kernels: ModuleType | None) -> Scanned:
    """Scan with `scan_compiled`, or in plain Python where `kernels` is None. Raises Malformed."""
    if kernels is None:
        return scan_plain(body)
    fault, series, samples, others = kernels.scan(np.frombuffer(body, np.uint8))
    if fault >= 0:
        raise Malformed(fault)
    keys = np.ascontiguousarray(series[:, 4:]).view(np.uint64)
    return Scanned(body, series[:, :4], keys, samples[:, 0], samples.view(np.float64)[:, 1], others)


def scan_plain(body: bytes) -> Scanned:
    """The same as the compiled scan, save that `keys` are other digests. Raises Malformed."""
    series: list[tuple[int, int, int, int]] = []
    keys: list[bytes] = []
    times: list[int] = []
    bits: list[bytes] = []
    others: list[tuple[int, int, int, int]] = []
    for field, kind, _, start, end in wire.fields(body, 0, len(body)):
        if kind != LENGTH:
            continue
        if field == METADATA:
            others.append((0, -1, start, end))
        elif field == TIMESERIES:
            first, last, scattered = _scan_series(body, start, end, len(series), times, bits, others)
            series.append((first, last, scattered, len(times)))
            keys.append(wire.key(body[first:last]))
    return Scanned(
        body,
        np.array(series, np.int64).reshape(-1, 4),
        wire.as_keys(keys),
        np.array(times, np.int64),
        np.frombuffer(b"".join(bits), "<f8"),
        np.array(others, np.int64).reshape(-1, 4),
    )


def _scan_series(
    body: bytes,
    start: int,
    end: int,
    number: int,
    times: list[int],
    bits: list[bytes],
    others: list[tuple[int, int, int, int]],
) -> tuple[int, int, int]:
    first, last, scattered = -1, -1, 0
    for field, kind, tag_at, begin, stop in wire.fields(body, start, end):
        if kind != LENGTH:
            continue
        if field == LABELS:
            if first < 0:
                first = tag_at
            elif tag_at != last:
                scattered = 1
            last = stop
        elif field == SAMPLES:
            time, value = _sample(body, begin, stop)
            times.append(time)
            bits.append(value)
        elif field in (EXEMPLARS, HISTOGRAMS):
            others.append((field, number, begin, stop))
    return (end, end, 0) if first < 0 else (first, last, scattered)


def _sample(body: bytes, start: int, end: int) -> tuple[int, bytes]:
    time, value = 0, b"\0\0\0\0\0\0\0\0"
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if field == VALUE and kind == FIXED64:
            value = body[begin:stop]
        elif field == TIMESTAMP and kind == VARINT:
            time = wire.signed(wire.varint(body, begin, stop)[0])
    return time, value
