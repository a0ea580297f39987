"""Where everything is in a Request of remote write 2.0: what a scan finds, and the scan in plain Python.

Field numbers: prometheus/prompb/io/prometheus/write/v2, types.proto. Labels are pairs of references to a list of
symbols, which every request numbers anew; so a series is known by the digest of what its references stand for.
"""

from collections.abc import Iterator
from itertools import islice
from types import ModuleType

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.doors.prometheus.kinds import Metadata, metadata_of
from trimtab.doors.prometheus.scan import EXEMPLARS, HISTOGRAMS, Places
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import FIXED64, LENGTH, VARINT, Malformed
from trimtab.settings import MOST_LABELS

SYMBOLS, TIMESERIES = 4, 5  # of Request
REFS, SAMPLES, METADATA, CREATED = 1, 2, 5, 6  # of TimeSeries; 6 until version 2.0-rc.4 of the specification
_OTHERS = {3: HISTOGRAMS, 4: EXEMPLARS}  # TimeSeries.histograms, .exemplars
VALUE, TIMESTAMP, START = 1, 2, 3  # of Sample
TYPE, HELP_REF, UNIT_REF = 1, 3, 4  # of Metadata
_FAULT = "a field is cut short, of an unknown type, or refers to a symbol that is not there"


class ScannedV2(Struct, frozen=True):
    """What is where in a body; a `Found` (scan.py).

    `symbols` has a row a symbol: start, end. `series` has a row a time series: start, end of its message, the number of
    samples up to and with it, when it was created. `keys` are the digests of the labels.
    """

    body: bytes
    symbols: Places
    series: Places
    keys: npt.NDArray[np.uint64]
    times: Places
    values: npt.NDArray[np.float64]
    starts: Places
    others: Places

    def samples_by_series(self) -> Places:
        """See Found."""
        return np.diff(self.series[:, 2], prepend=0)

    def pairs(self, number: int) -> Iterator[tuple[str, str]]:
        """See Found."""
        refs = self._refs(number)
        for name in refs:
            value = next(refs, None)
            if value is None:
                raise InvalidInput("a series has a label without a value")
            yield self._text(name), self._text(value)

    def cacheable(self, number: int) -> bool:
        """See Found."""
        return True

    def series_key(self, number: int) -> bytes:
        """See Found."""
        parts = []
        for ref in islice(self._refs(number), 2 * MOST_LABELS):  # what has more is no series that is taken
            start, end = self.symbols[ref].tolist()
            parts.append(self.body[start:end])
        return wire.key(*parts)

    def metadata(self, number: int) -> Metadata | None:
        """See Found."""
        start, end, _, _ = self.series[number].tolist()
        found = None
        for field, kind, _, begin, stop in wire.fields(self.body, start, end):
            if (field, kind) == (METADATA, LENGTH):
                found = begin, stop
        if found is None:
            return None
        numbers = {TYPE: 0, HELP_REF: 0, UNIT_REF: 0}
        for field, kind, _, begin, stop in wire.fields(self.body, *found):
            if field in numbers and kind == VARINT:
                numbers[field] = wire.varint(self.body, begin, stop)[0]
        name = next((value for name, value in self.pairs(number) if name == "__name__"), "")
        return metadata_of(name, numbers[TYPE], self._text(numbers[UNIT_REF]), self._text(numbers[HELP_REF]))

    def start_of(self, number: int) -> int:
        """See Found."""
        return int(self.series[number, 3])

    def _refs(self, number: int) -> Iterator[int]:
        start, end, _, _ = self.series[number].tolist()
        return (ref for ref, _ in _refs(self.body, start, end))

    def _text(self, ref: int) -> str:
        if ref >= len(self.symbols):
            return ""  # of metadata only: the scan has checked those of labels
        start, end = self.symbols[ref].tolist()
        return wire.text(self.body, start, end)


def scan_v2(body: bytes, kernels: ModuleType | None) -> ScannedV2:
    """Scan with `scan_v2_compiled`, or in plain Python where `kernels` is None. Raises Malformed."""
    if kernels is None:
        return _scan_plain(body)
    fault, symbols, series, samples, others = kernels.scan(np.frombuffer(body, np.uint8))
    if fault >= 0:
        raise Malformed(fault, _FAULT)
    keys = np.ascontiguousarray(series[:, 4:]).view(np.uint64)
    return _scanned(body, symbols[:, :2], series[:, :4], keys, samples, others)


def _scanned(
    body: bytes, symbols: Places, series: Places, keys: npt.NDArray[np.uint64], samples: Places, others: Places
) -> ScannedV2:
    starts, created = samples[:, 2], series[:, 3]
    if created.any():
        starts = np.where(starts == 0, np.repeat(created, np.diff(series[:, 2], prepend=0)), starts)
    values = np.ascontiguousarray(samples[:, 1]).view(np.float64)
    return ScannedV2(body, symbols, series, keys, samples[:, 0], values, starts, others)


def _scan_plain(body: bytes) -> ScannedV2:
    """The same as the compiled scan, save that `keys` are other digests."""
    parts = [part for part in wire.fields(body, 0, len(body)) if part[1] == LENGTH]
    symbols = [(start, end) for field, _, _, start, end in parts if field == SYMBOLS]
    series: list[tuple[int, ...]] = []
    keys: list[bytes] = []
    samples: list[tuple[int, int, int]] = []
    others: list[tuple[int, ...]] = []
    for field, _, _, start, end in parts:
        if field != TIMESERIES:
            continue
        created = 0
        for number, kind, _, begin, stop in wire.fields(body, start, end):
            if (number, kind) == (SAMPLES, LENGTH):
                samples.append(_sample(body, begin, stop))
            elif number in _OTHERS and kind == LENGTH:
                others.append((_OTHERS[number], len(series), begin, stop))
            elif (number, kind) == (CREATED, VARINT):
                created = wire.signed(wire.varint(body, begin, stop)[0])
        labels = []
        for ref, at in _refs(body, start, end):
            if ref >= len(symbols):
                raise Malformed(at, _FAULT)
            labels.append(body[slice(*symbols[ref])])
        series.append((start, end, len(samples), created))
        keys.append(wire.key(*labels))
    return _scanned(
        body,
        np.array(symbols, np.int64).reshape(-1, 2),
        np.array(series, np.int64).reshape(-1, 4),
        wire.as_keys(keys),
        np.array(samples, np.int64).reshape(-1, 3),
        np.array(others, np.int64).reshape(-1, 4),
    )


def _refs(body: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The references of a series' labels, packed or not, and where the field of each is. Raises Malformed."""
    for field, kind, tag_at, begin, stop in wire.fields(body, start, end):
        if field == REFS and kind in (VARINT, LENGTH):
            yield from ((ref, tag_at) for ref in wire.each_varint(body, kind, begin, stop))


def _sample(body: bytes, start: int, end: int) -> tuple[int, int, int]:
    """(time, value bits, start)."""
    found = {VALUE: 0, TIMESTAMP: 0, START: 0}
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if (field, kind) == (VALUE, FIXED64):
            found[VALUE] = wire.signed(wire.fixed64(body, begin))
        elif field in (TIMESTAMP, START) and kind == VARINT:
            found[field] = wire.signed(wire.varint(body, begin, stop)[0])
    return found[TIMESTAMP], found[VALUE], found[START]
