"""The fast way through a PutMetricData body: JSON straight into numpy rows, for requests with nothing wrong.

It answers "these rows" or None. None means "look closer": the general path then reads the same body and either takes
it or says what is wrong, so there is one set of messages. What makes it fast: typed structs, dimensions left as bytes
and looked up as such, columns built at once. 1,000 datums take about 0.4 ms where the general path takes 10.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Raw, Struct

from trimtab.base.tags import make_tags
from trimtab.doors.aws.cloudwatch.complaints import Complaints
from trimtab.doors.aws.cloudwatch.limits import (
    FUTURE_MS,
    MAX_ABSOLUTE,
    MAX_DIMENSION_VALUE,
    MAX_DIMENSIONS,
    MAX_METRICS,
    MAX_NAME,
    MAX_VALUES,
    PAST_MS,
    Unit,
)
from trimtab.doors.aws.cloudwatch.names import check_dimensions, check_metric_name, check_namespace
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms
from trimtab.doors.aws.cloudwatch.series_ids import Ids
from trimtab.doors.aws.service import CallContext
from trimtab.doors.aws.wire.json import UNREADABLE
from trimtab.metrics.admission import SeriesLimits
from trimtab.metrics.model import SET_ROW, VALUE_ROW, Identity, MetricBatch

_NONE = Raw(b"[]")
_FAR_S = 1e12
"""A time far outside what may be written, to which larger ones are cut so that milliseconds do not overflow."""

Floats = npt.NDArray[np.float64]


class _Single(Struct, rename="pascal", gc=False, forbid_unknown_fields=True):
    """A datum with one value: the common case, with no other shape to ask about."""

    metric_name: str
    value: float
    dimensions: Raw = _NONE
    timestamp: float | None = None
    unit: Unit = "None"
    storage_resolution: Literal[1, 60] = 60


class _Set(Struct, rename="pascal", gc=False):
    sample_count: float
    sum: float
    minimum: float
    maximum: float


class _Any(Struct, rename="pascal", gc=False, forbid_unknown_fields=True):
    """A datum of any shape."""

    metric_name: str
    value: float | None = None
    dimensions: Raw = _NONE
    timestamp: float | None = None
    unit: Unit = "None"
    storage_resolution: Literal[1, 60] = 60
    values: list[float] | None = None
    counts: list[float] | None = None
    statistic_values: _Set | None = None


class _Singles(Struct, rename="pascal", forbid_unknown_fields=True):
    namespace: str
    metric_data: list[_Single]


class _Body(Struct, rename="pascal", forbid_unknown_fields=True):
    namespace: str
    metric_data: list[_Any]


class _Dimension(Struct, rename="pascal", gc=False):
    name: str
    value: str


_singles = msgspec.json.Decoder(_Singles).decode
_any = msgspec.json.Decoder(_Body).decode
_dimensions = msgspec.json.Decoder(list[_Dimension]).decode


class Fast(Struct, frozen=True):
    """What a body holds: its namespace and rows."""

    namespace: str
    batch: MetricBatch


def read_fast(body: bytes, rooms: CloudWatchRooms, context: CallContext) -> Fast | None:
    """The rows of a plain body; None where the general path has to look."""
    now_ms = rooms.clock.now_ms()
    try:
        singles = _singles(body)
    except UNREADABLE:
        return _read_any(body, rooms, context, now_ms)
    data = singles.metric_data
    if not 0 < len(data) <= MAX_METRICS:
        return None
    times = _times(data, now_ms)
    values = np.array([datum.value for datum in data], dtype=np.float64)
    if times is None or not _in_range(values):
        return None
    ids = _series(data, singles.namespace, rooms, context)
    if ids is None:
        return None
    rows = np.empty(len(data), VALUE_ROW)
    rows["series"], rows["time"], rows["value"], rows["count"] = ids, times, values, 1.0
    return Fast(singles.namespace, MetricBatch(rows))


def _read_any(body: bytes, rooms: CloudWatchRooms, context: CallContext, now_ms: int) -> Fast | None:
    try:
        parsed = _any(body)
    except UNREADABLE:
        return None
    data = parsed.metric_data
    if not 0 < len(data) <= MAX_METRICS:
        return None
    times = _times(data, now_ms)
    if times is None or not all(_is_plain(datum) for datum in data):
        return None
    ids = _series(data, parsed.namespace, rooms, context)
    if ids is None:
        return None
    return Fast(parsed.namespace, _batch(data, ids, times.tolist()))


def _is_plain(datum: _Any) -> bool:
    """Whether the datum has exactly one shape and all of it is in range."""
    if datum.statistic_values is not None:
        if datum.value is not None or datum.values is not None or datum.counts is not None:
            return False
        of = datum.statistic_values
        return of.sample_count > 0 and of.minimum <= of.maximum and _in_range(np.array(_columns(of)))
    if datum.values is not None:
        size = len(datum.values)
        if datum.value is not None or not 0 < size <= MAX_VALUES or not _in_range(np.array(datum.values)):
            return False
        if not datum.counts:
            return True
        return len(datum.counts) == size and min(datum.counts) > 0 and _in_range(np.array(datum.counts))
    return datum.value is not None and datum.counts is None and abs(datum.value) <= MAX_ABSOLUTE


def _batch(data: Sequence[_Any], ids: Sequence[int], times: Sequence[int]) -> MetricBatch:
    values: list[tuple[int, int, float, float]] = []
    sets: list[tuple[int, int, float, float, float, float]] = []
    for datum, series_id, time in zip(data, ids, times, strict=True):
        if datum.statistic_values is not None:
            sets.append((series_id, time, *_columns(datum.statistic_values)))
        elif datum.values is not None:
            counts = datum.counts or [1.0] * len(datum.values)
            values += [(series_id, time, value, count) for value, count in zip(datum.values, counts, strict=True)]
        elif datum.value is not None:
            values.append((series_id, time, datum.value, 1.0))
    return MetricBatch(np.array(values, VALUE_ROW), np.array(sets, SET_ROW))


def _columns(of: _Set) -> tuple[float, float, float, float]:
    return of.sample_count, of.sum, of.minimum, of.maximum


def _times(data: Sequence[_Single] | Sequence[_Any], now_ms: int) -> npt.NDArray[np.int64] | None:
    """The times in ms, `now_ms` where none is given; None if one is outside what may be written."""
    seconds = np.array([datum.timestamp for datum in data], dtype=np.float64)  # None becomes NaN
    times = np.rint(np.clip(seconds, -_FAR_S, _FAR_S) * 1000.0)
    times[np.isnan(times)] = now_ms
    if times.min() < now_ms - PAST_MS or times.max() > now_ms + FUTURE_MS:
        return None
    return times.astype(np.int64)


def _in_range(values: Floats) -> bool:
    return bool((np.abs(values) <= MAX_ABSOLUTE).all())  # NaN compares false


def _series(
    data: Sequence[_Single] | Sequence[_Any], namespace: str, rooms: CloudWatchRooms, context: CallContext
) -> list[int] | None:
    """The series of each datum; None if a name is not as it must be."""
    known = rooms.ids.of(context.account, context.region, namespace)
    limits, room = rooms.registry.admission.limits, rooms.registry.admission.room(context.account)
    if room < len(data) or not _wide(limits):
        return None  # one that is refused would leave those before it half taken
    ids: list[int] = []
    for datum in data:
        sent = (datum.metric_name, bytes(datum.dimensions), datum.unit)
        series_id = known.get(sent)
        if series_id is None:
            resolved = _resolve(sent, namespace, rooms, context)
            if resolved is None:
                return None
            series_id, known = resolved
        ids.append(series_id)
    return ids


def _wide(limits: SeriesLimits) -> bool:
    """Whether what CloudWatch allows is within the limits of every door."""
    lengths = limits.name_length >= MAX_NAME and limits.value_length >= MAX_DIMENSION_VALUE
    return lengths and limits.labels >= MAX_DIMENSIONS


def _resolve(
    sent: tuple[str, bytes, str], namespace: str, rooms: CloudWatchRooms, context: CallContext
) -> tuple[int, Ids] | None:
    name, raw, unit = sent
    try:
        pairs = [(item.name, item.value) for item in _dimensions(raw)]
    except UNREADABLE:
        return None
    complaints = Complaints()
    check_namespace(namespace, complaints)
    check_metric_name(name, "MetricName", complaints)
    check_dimensions(pairs, "Dimensions", complaints)
    if complaints:
        return None
    series_id = rooms.registry.add(Identity(context.account, context.region, namespace, name, make_tags(pairs), unit))
    return series_id, rooms.ids.remember(context.account, context.region, namespace, sent, series_id)
