import struct
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.doors.prometheus.labels import read_labels, read_pairs
from trimtab.doors.prometheus.scan import EXEMPLARS, HISTOGRAMS, Scanned, scan
from trimtab.doors.protobuf.wire import Malformed

INT64 = st.integers(-(2**63), 2**63 - 1)
BITS = st.integers(0, 2**64 - 1)
TEXT = st.text(max_size=40)
SERIES = st.tuples(
    st.dictionaries(st.text(min_size=1, max_size=20), TEXT, max_size=5),
    st.lists(st.tuples(BITS, INT64), max_size=4),
    st.integers(0, 2),
    st.integers(0, 2),
)
BODIES = st.lists(SERIES, max_size=8)
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def number(bits: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def build(prompb: SimpleNamespace, series: Any, metadata: int = 0) -> Any:
    request = prompb.WriteRequest()
    for labels, samples, exemplars, histograms in series:
        made = request.timeseries.add()
        for name, value in labels.items():
            made.labels.add(name=name, value=value)
        for bits, time in samples:
            made.samples.add(value=number(bits), timestamp=time)
        for at in range(exemplars):
            made.exemplars.add(value=at)
        for at in range(histograms):
            made.histograms.add(count_int=at)
    for at in range(metadata):
        request.metadata.add(metric_family_name=f"m{at}")
    return request


def same(left: Scanned, right: Scanned) -> None:
    assert left.series.tolist() == right.series.tolist()
    assert left.times.tolist() == right.times.tolist()
    assert left.values.tobytes() == right.values.tobytes()
    assert left.others.tolist() == right.others.tolist()


@shared
@given(series=BODIES, metadata=st.integers(0, 3))
def test_both_scans_find_what_protobuf_wrote(prompb: SimpleNamespace, kernels: Any, series: Any, metadata: int) -> None:
    body = build(prompb, series, metadata).SerializeToString()
    found = scan(body, kernels)
    same(scan(body, None), found)
    read = prompb.WriteRequest.FromString(body)
    assert [len(item.samples) for item in read.timeseries] == found.samples_by_series().tolist()
    samples = [sample for item in read.timeseries for sample in item.samples]
    assert [sample.timestamp for sample in samples] == found.times.tolist()
    assert [struct.pack("<d", sample.value) for sample in samples] == [value.tobytes() for value in found.values]
    for at, item in enumerate(read.timeseries):
        expected = {label.name: label.value for label in item.labels if label.value}
        assert expected == read_labels(found.label_block(at))
    kinds = found.others[:, 0].tolist()
    assert metadata == kinds.count(0)
    assert sum(len(item.exemplars) for item in read.timeseries) == kinds.count(EXEMPLARS)
    assert sum(len(item.histograms) for item in read.timeseries) == kinds.count(HISTOGRAMS)


@shared
@given(series=BODIES, cut=st.integers(0, 400), flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255))))
def test_both_scans_agree_on_broken_bodies(
    prompb: SimpleNamespace, kernels: Any, series: Any, cut: int, flips: Any
) -> None:
    body = bytearray(build(prompb, series).SerializeToString()[:cut])
    for at, byte in flips:
        if at < len(body):
            body[at] = byte
    agree(bytes(body), kernels)


@shared
@given(body=st.binary(max_size=64))
def test_both_scans_agree_on_noise(kernels: Any, body: bytes) -> None:
    agree(body, kernels)


def agree(body: bytes, kernels: Any) -> None:
    try:
        plain = scan(body, None)
    except Malformed:
        with pytest.raises(Malformed):
            scan(body, kernels)
    else:
        same(plain, scan(body, kernels))


@shared
@given(series=st.lists(st.dictionaries(st.text(min_size=1, max_size=9), TEXT, min_size=1), min_size=2, max_size=9))
def test_equal_label_blocks_have_equal_keys_and_others_do_not(
    prompb: SimpleNamespace, kernels: Any, series: list[dict[str, str]]
) -> None:
    body = build(prompb, [(labels, [], 0, 0) for labels in series]).SerializeToString()
    for found in (scan(body, kernels), scan(body, None)):
        blocks = [found.label_block(at) for at in range(len(series))]
        keys = [key.tobytes() for key in found.keys]
        assert len(set(blocks)) == len(set(keys))
        assert len(set(zip(blocks, keys, strict=True))) == len(set(keys))


def test_labels_between_samples_are_put_together(prompb: SimpleNamespace, kernels: Any) -> None:
    parts = [
        prompb.TimeSeries(labels=[prompb.Label(name="a", value="1")]),
        prompb.TimeSeries(samples=[prompb.Sample(value=1, timestamp=5)]),
        prompb.TimeSeries(labels=[prompb.Label(name="b", value="2")]),
    ]
    inner = b"".join(part.SerializeToString() for part in parts)
    body = b"\x0a" + bytes([len(inner)]) + inner
    found = scan(body, kernels)
    same(found, scan(body, None))
    assert 1 == found.series[0, 2]
    assert {"a": "1", "b": "2"} == read_labels(found.label_block(0))


def test_arrays_grow_with_bodies_of_empty_messages(kernels: Any) -> None:
    body = (b"\x0a\x04\x12\x00\x1a\x00" * 5000) + (b"\x1a\x00" * 5000)
    found = scan(body, kernels)
    same(found, scan(body, None))
    assert 5000 == len(found.series) == len(found.times)
    assert 10_000 == len(found.others)


def test_a_stale_marker_keeps_its_bits(prompb: SimpleNamespace, kernels: Any) -> None:
    body = build(prompb, [({"__name__": "up"}, [(0x7FF0000000000002, 1)], 0, 0)]).SerializeToString()
    for found in (scan(body, kernels), scan(body, None)):
        assert [0x7FF0000000000002] == found.values.view(np.uint64).tolist()


def test_labels_are_read_however_they_are_written() -> None:
    def pair(name: bytes, value: bytes) -> bytes:
        own = b"\x0a" + bytes((len(name),)) + name + b"\x12" + bytes((len(value),)) + value
        return b"\x0a" + bytes((len(own),)) + own

    long = b"v" * 200
    own = b"\x0a\x01c\x12\xc8\x01" + long
    lengthy = b"\x0a" + bytes((len(own) & 127 | 128, len(own) >> 7)) + own
    turned = b"\x0a\x06\x12\x01w\x0a\x01d"
    other = b"\x10\x05"  # a field that is no label
    block = pair(b"a", b"1") + pair(b"b", b"") + lengthy + other + turned + pair(b"a", b"1")
    expected = [("a", "1"), ("b", ""), ("c", long.decode()), ("d", "w"), ("a", "1")]
    assert expected == list(read_pairs(block))
    for wrong in (block[:3], b"\x0a\x05\x0a\x01a", pair(b"\xff", b""), b"\x0a"):
        with pytest.raises(InvalidInput):
            list(read_pairs(wrong))
