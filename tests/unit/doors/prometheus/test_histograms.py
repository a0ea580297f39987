import math
import struct
from types import SimpleNamespace
from typing import Any

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.doors.prometheus.histograms import NativeHistogram, read_histogram
from trimtab.doors.protobuf.wire import Malformed
from trimtab.metrics.model import Kind


def read(message: Any) -> NativeHistogram:
    body = message.SerializeToString()
    return read_histogram(body, 0, len(body))


def spans(prompb: SimpleNamespace, *pairs: tuple[int, int]) -> list[Any]:
    return [prompb.BucketSpan(offset=offset, length=length) for offset, length in pairs]


def integer(prompb: SimpleNamespace, **changes: Any) -> Any:
    """Buckets -1: 2, 0: 3, 3: 1 and, negative, 2: 4; zero: 5."""
    fields: dict[str, Any] = {
        "count_int": 15,
        "sum": 18.5,
        "schema": 3,
        "zero_threshold": 1e-3,
        "zero_count_int": 5,
        "positive_spans": spans(prompb, (-1, 2), (2, 1)),
        "positive_deltas": [2, 1, -2],
        "negative_spans": spans(prompb, (2, 1)),
        "negative_deltas": [4],
        "timestamp": 1_764_000_000_000,
    }
    return prompb.Histogram(**fields | changes)


def test_gaps_are_filled_and_buckets_numbered_as_opentelemetry_does(prompb: SimpleNamespace) -> None:
    point = read(integer(prompb)).point(7)
    assert (7, 1_764_000_000_000, True, 15, 18.5) == (
        point.series,
        point.time_ms,
        point.cumulative,
        point.count,
        point.sum,
    )
    assert (True, 3, 5, 1e-3) == (point.exponential, point.scale, point.zero_count, point.zero_threshold)
    assert (-2, (2, 3, 0, 0, 1), 1, (4,)) == (
        point.positive_offset,
        point.positive,
        point.negative_offset,
        point.negative,
    )
    assert math.isnan(point.minimum)


def test_a_float_histogram_of_whole_counts_is_the_same(prompb: SimpleNamespace) -> None:
    whole = prompb.Histogram(
        count_float=15,
        sum=18.5,
        schema=3,
        zero_threshold=1e-3,
        zero_count_float=5,
        positive_spans=spans(prompb, (-1, 2), (2, 1)),
        positive_counts=[2, 3, 1],
        negative_spans=spans(prompb, (2, 1)),
        negative_counts=[4],
        timestamp=1_764_000_000_000,
    )
    assert str(read(integer(prompb)).point(7)) == str(read(whole).point(7))  # as text: NaN is not equal to itself


def test_custom_bounds_make_an_explicit_histogram(prompb: SimpleNamespace) -> None:
    message = prompb.Histogram(
        count_int=6,
        sum=9,
        schema=-53,
        custom_values=[0.1, 1, 10],
        positive_spans=spans(prompb, (1, 2)),
        positive_deltas=[4, -2],
        timestamp=1,
    )
    point = read(message).point(1)
    assert (False, (0.1, 1.0, 10.0), (0, 4, 2, 0)) == (point.exponential, point.bounds, point.counts)


def test_an_observation_of_nan_is_in_no_bucket(prompb: SimpleNamespace) -> None:
    assert 16 == read(integer(prompb, count_int=16, sum=math.nan)).point(1).count


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"count_int": 14}, "do not add up"),
        ({"schema": 9}, "schema is not between"),
        ({"positive_deltas": [2, 1]}, "as many buckets as its spans"),
        ({"positive_deltas": [2, -3, 1]}, "64-bit unsigned"),
        ({"schema": -53, "custom_values": [1.0]}, "more buckets than custom bounds"),
    ],
)
def test_what_cannot_be_is_refused(prompb: SimpleNamespace, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read(integer(prompb, **changes)).point(1)


def test_fractions_and_wide_gaps_are_refused(prompb: SimpleNamespace) -> None:
    with pytest.raises(InvalidInput, match="not a whole number"):
        read(prompb.Histogram(count_float=0.5)).point(1)
    wide = integer(prompb, positive_spans=spans(prompb, (0, 2), (20_000, 1)))
    with pytest.raises(InvalidInput, match="gap"):
        read(wide).point(1)
    with pytest.raises(Malformed, match="out of bounds"):
        read(integer(prompb, positive_spans=spans(prompb, (0, 2**31))))


def test_native_histograms_are_stored_beside_samples(door: Any, prompb: SimpleNamespace) -> None:
    now = door.clock.now_ms()
    made = prompb.WriteRequest()
    for name in ("rpc_seconds", "rpc_seconds_count"):
        made.timeseries.add().labels.add(name="__name__", value=name)
    made.timeseries[0].histograms.append(integer(prompb, timestamp=now))
    made.timeseries[1].samples.add(value=3, timestamp=now)
    for _ in range(2):
        assert 204 == door.post(made).status_code
    tables = [[section.table for section in batch] for batch in door.log.batches]
    both = ["metric_samples", "metric_histograms"]
    assert [["metric_series", *both], both] == tables
    kinds = {series.identity.name: series.identity.kind for series in map(door.registry.get, known(door))}
    assert {"rpc_seconds": Kind.HISTOGRAM, "rpc_seconds_count": Kind.COUNTER} == kinds


def known(door: Any) -> list[int]:
    return [series.id for series in door.registry.since(0)]


def test_a_histogram_that_cannot_be_kept_is_refused_and_registers_nothing(door: Any, prompb: SimpleNamespace) -> None:
    made = prompb.WriteRequest()
    series = made.timeseries.add()
    series.labels.add(name="__name__", value="rpc_seconds")
    series.histograms.append(integer(prompb, timestamp=door.clock.now_ms(), count_int=1))
    series.histograms.append(integer(prompb, timestamp=5))
    answer = door.post(made)
    assert 400 == answer.status_code
    assert "do not add up to its count (1, e.g. rpc_seconds{})" in answer.text
    assert "a sample's time is not between" in answer.text
    assert 0 == len(door.registry)


def test_the_end_of_a_histogram_series_is_no_measurement(door: Any, prompb: SimpleNamespace) -> None:
    made = prompb.WriteRequest()
    series = made.timeseries.add()
    series.labels.add(name="__name__", value="rpc_seconds")
    stale = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
    series.histograms.append(prompb.Histogram(sum=stale, timestamp=door.clock.now_ms()))
    assert 204 == door.post(made).status_code
    assert [] == door.log.batches
