"""Bodies of OTLP spans straight into rows, by `span_rows_compiled`; spans with anything rare by plain Python.

What all spans of a resource share is worked out once and remembered by the bytes of the resource.
"""

from collections import Counter, defaultdict
from types import ModuleType

import numpy as np
import numpy.typing as npt

from trimtab.base.errors import LimitExceeded
from trimtab.doors.otlp.span_fields import (
    DATABASE,
    FUTURE_NS,
    GEN_AI,
    HOST,
    MESSAGING,
    METHOD,
    PEER_SERVICE,
    RPC,
    RPC_SYSTEM,
    STATUS,
    URL,
    Place,
    RefusedSpan,
    place_of,
    span_of,
)
from trimtab.doors.otlp.span_read import Read, read_records, within
from trimtab.doors.otlp.span_records import decode_protobuf_spans, read_resource, read_span
from trimtab.doors.otlp.values import read_any_value, stringify
from trimtab.doors.protobuf.wire import Malformed
from trimtab.store.telemetry.rowbinary import string
from trimtab.traces.ingest import EncodedSpans
from trimtab.traces.model import NS_A_MS
from trimtab.traces.rows import MAX_NS, SAMPLED_ONCE, day_of, map_of, row_of
from trimtab.traces.sizes import TraceSizes

NAMES = (*METHOD, *STATUS, *URL, *PEER_SERVICE, *DATABASE, *MESSAGING, *GEN_AI, *RPC, *RPC_SYSTEM, *HOST)
"""Attributes that become columns, in the order that the compiled code knows them by."""
_REMEMBERED = 4096  # resources; a few hundred bytes each
_LEAST_BYTES = 30  # of a span that says something: ids and a time
_MOST_SPANS = 2_000_000
_FIXED_BYTES = 300  # of a row, beside what is copied from the body and of the resource
_GROWTH = 6  # bytes of a row for a byte of the span, at most: an integer of one byte is up to 20 as text, after its key
_OTHERS = 8  # values of a span, on the whole, that are neither text, integer nor boolean; spans beyond that are plain
_SHORT = 64  # bytes of such a value that is remembered with its text
_NS_A_DAY = 86_400 * 1_000_000_000
Bytes = npt.NDArray[np.uint8]
Table = npt.NDArray[np.int64]
_NONE = np.zeros((0, 2), np.int64)


class _Shared:
    """Of a resource: its place, and what its rows begin and end with."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.head = string(place.account) + string(place.region) + string(place.service)
        self.origin = string(place.origin)
        self.tail = string(place.resource) + SAMPLED_ONCE + map_of(place.attributes)


class SpanRows:
    """Makes rows of bodies; remembers resources."""

    def __init__(self, sizes: TraceSizes | None = None) -> None:
        self._sizes = sizes or TraceSizes()
        raw = [name.encode() for name in NAMES]
        self._names = np.frombuffer(b"".join(raw), np.uint8)
        self._name_at = np.cumsum([0, *map(len, raw)], dtype=np.int64)
        self._shared: dict[tuple[str, str, bytes], _Shared] = {}
        self._texts: dict[bytes, bytes] = {}

    def read(self, body: bytes, kernels: ModuleType, place: tuple[str, str], now_ms: int) -> Read:
        """What a body holds. Raises Malformed, LimitExceeded."""
        buffer = np.frombuffer(body, np.uint8)
        resources, spans = _find(buffer, kernels)
        shared = [self._share(body[start:end], place) for start, end in resources.tolist()]
        parts = [part for one in shared for part in (one.head, one.origin, one.tail)]
        cuts = np.cumsum([0, *map(len, parts)], dtype=np.int64)
        places = (
            np.stack([cuts[0:-1:3], cuts[1::3], cuts[2::3], cuts[3::3]], axis=1)
            if shared
            else np.zeros((0, 4), np.int64)
        )
        joined = np.frombuffer(b"".join(parts) or b"\0", np.uint8)
        latest = min(now_ms * NS_A_MS + FUTURE_NS, MAX_NS)

        def write(source: Bytes, wanted: Table, texts: Table, others: Table, more: int) -> tuple[Bytes, Table, int]:
            out = np.empty(_room(wanted, places) + more + 1, np.uint8)
            named = (self._names, self._name_at)
            end, told, noted = kernels.rows(source, wanted, joined, places, *named, latest, now_ms, texts, others, out)
            return out[:end], told, noted

        others = np.empty((_OTHERS * len(spans), 2), np.int64)
        out, told, noted = write(buffer, spans, _NONE, others, 0)
        if noted:
            later = told[:, 0] == kernels.LATER
            texts = self._texts_of(body, others[:noted])
            ends = np.cumsum([len(body), *map(len, texts)], dtype=np.int64)
            source = np.frombuffer(body + b"".join(texts), np.uint8)  # read-only as the body: compiled once
            cuts = np.stack((ends[:-1], ends[1:]), axis=1)
            then, told_then, _ = write(source, spans[later], cuts, _NONE, int(ends[-1]) - len(body))
            told_then[told_then[:, 0] >= 0, 0] += len(out)
            spans = np.concatenate((spans[~later], spans[later]))
            out, told = np.concatenate((out, then)), np.concatenate((told[~later], told_then))
        read = _sorted(body, spans, shared, out, told, place, now_ms)
        over = self._sizes.over(read.encoded.sizes) if read.encoded else {}
        return _read_within(over, self._sizes.reason, body, place, now_ms) if over else read

    def _texts_of(self, body: bytes, others: Table) -> list[bytes]:
        """The text of each value whose AnyValue lies there. Raises Malformed."""
        found = []
        for start, end in others.tolist():
            raw = body[start:end]
            if (text := self._texts.get(raw)) is None:
                text = stringify(read_any_value(body, start, end)).encode("utf-8", "replace")
                if len(raw) <= _SHORT:
                    if len(self._texts) >= _REMEMBERED:
                        self._texts.clear()
                    self._texts[raw] = text
            found.append(text)
        return found

    def _share(self, raw: bytes, place: tuple[str, str]) -> _Shared:
        key = (*place, raw)
        found = self._shared.get(key)
        if found is None:
            if len(self._shared) >= _REMEMBERED:
                self._shared.clear()
            found = self._shared[key] = _Shared(place_of(read_resource(raw, 0, len(raw)), *place))
        return found


def _room(spans: Table, places: Table) -> int:
    """Bytes that the rows of spans have at most, beside the texts of other values."""
    if not len(spans):
        return 0
    widths = places[:, 3] - places[:, 0]
    return int((widths[spans[:, 0]] + _GROWTH * (spans[:, 2] - spans[:, 1]) + _FIXED_BYTES).sum())


def _read_within(over: dict[str, int], reason: str, body: bytes, place: tuple[str, str], now_ms: int) -> Read:
    """The same body without the spans that traces have no room for: rare, and so by plain Python."""
    return within(read_records(decode_protobuf_spans(body), place, now_ms), over, reason)


def _find(buffer: Bytes, kernels: ModuleType) -> tuple[Table, Table]:
    most = len(buffer) // _LEAST_BYTES + 64
    fault = kernels.FULL
    while fault == kernels.FULL:
        if most > _MOST_SPANS:
            raise LimitExceeded(f"cannot take more than {_MOST_SPANS // 4} spans at once; send them in parts")
        fault, resources, spans = kernels.find(buffer, most)
        most *= 4
    if fault >= 0:
        raise Malformed(fault)
    return resources, spans


def _sorted(
    body: bytes,
    spans: Table,
    shared: list[_Shared],
    out: Bytes,
    told: Table,
    place: tuple[str, str],
    now_ms: int,
) -> Read:
    """Rows by day, with those that plain Python makes, and what the ledger and `trace_times` are to know."""
    read = Read()
    written = told[:, 0] >= 0
    ends = told[written, 0]
    starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    days = told[written, 1] // _NS_A_DAY
    rows: dict[int, list[bytes]] = defaultdict(list)
    counts: dict[int, int] = defaultdict(int)
    raw = out[: int(ends[-1])].tobytes() if len(ends) else b""
    _cut(raw, starts, ends, days, rows, counts)
    traces, sizes = _traces(body, told[written, 2], days)
    taken = np.bincount(spans[written, 0], minlength=len(shared)).tolist()
    for number, start, end in spans[~written].tolist():
        where = shared[number].place
        try:
            span = span_of(read_span(body, start, end), where, now_ms * NS_A_MS)
        except RefusedSpan as problem:
            read.refuse(where.service, problem)
            continue
        day = day_of(span.start_ns)
        rows[day].append(row_of(span, now_ms))
        counts[day] += 1
        traces.add((span.trace_id, day))
        sizes[span.trace_id] += 1
        taken[number] += 1
    for one, count in zip(shared, taken, strict=True):
        if count:
            read.services[one.place.service] = read.services.get(one.place.service, 0) + count
    if counts:
        joined = {day: (b"".join(found), counts[day]) for day, found in rows.items()}
        read.encoded = EncodedSpans(*place, joined, traces, sizes)
    return read


def _cut(
    raw: bytes, starts: Table, ends: Table, days: Table, rows: dict[int, list[bytes]], counts: dict[int, int]
) -> None:
    if not len(days):
        return
    if (days == days[0]).all():  # nearly always
        rows[int(days[0])].append(raw)
        counts[int(days[0])] += len(days)
        return
    for start, end, day in zip(starts.tolist(), ends.tolist(), days.tolist(), strict=True):
        rows[day].append(raw[start:end])
        counts[day] += 1


def _traces(body: bytes, places: Table, days: Table) -> tuple[set[tuple[str, int]], Counter[str]]:
    """The (trace, day) of spans by where their trace ids are, and how many each trace has."""
    sizes: Counter[str] = Counter()
    if not len(places):
        return set(), sizes
    ids = np.frombuffer(body, np.uint8)[places[:, None] + np.arange(16)]
    both = np.concatenate((np.ascontiguousarray(ids).view(np.int64), days[:, None]), axis=1)
    unique, counts = np.unique(both, axis=0, return_counts=True)
    hexes = np.ascontiguousarray(unique[:, :2]).tobytes().hex()
    found = [(hexes[32 * n : 32 * n + 32], day) for n, day in enumerate(unique[:, 2].tolist())]
    for (trace, _), count in zip(found, counts.tolist(), strict=True):
        sizes[trace] += count
    return set(found), sizes
