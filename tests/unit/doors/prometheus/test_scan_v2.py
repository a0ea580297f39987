"""The scans of remote write 2.0 against protobuf's own reading, and against each other."""

import struct
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.base.errors import InvalidInput
from trimtab.doors.prometheus.labels import make_labels
from trimtab.doors.prometheus.scan import EXEMPLARS, HISTOGRAMS
from trimtab.doors.prometheus.scan_v2 import ScannedV2, scan_v2
from trimtab.doors.protobuf.wire import Malformed

INT64 = st.integers(-(2**63), 2**63 - 1)
BITS = st.integers(0, 2**64 - 1)
TEXT = st.text(max_size=20)
SERIES = st.tuples(
    st.dictionaries(st.text(min_size=1, max_size=9), TEXT, max_size=4),
    st.lists(st.tuples(BITS, INT64, INT64), max_size=4),
    st.integers(0, 2),
    st.integers(0, 2),
    INT64,
)
BODIES = st.lists(SERIES, max_size=6)
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(60))


def build(prompb: SimpleNamespace, series: Any, order: int = 1) -> bytes:
    texts = {"", *(text for labels, *_ in series for pair in labels.items() for text in pair)}
    symbols = sorted(texts, key=lambda text: (text != "", text[::order]))
    place = {text: at for at, text in enumerate(symbols)}
    request = prompb.Request(symbols=symbols)
    for labels, samples, exemplars, histograms, created in series:
        made = request.timeseries.add(created_timestamp=created)
        for pair in labels.items():
            made.labels_refs.extend(place[text] for text in pair)
        for bits, time, start in samples:
            value = struct.unpack("<d", struct.pack("<Q", bits))[0]
            made.samples.add(value=value, timestamp=time, start_timestamp=start)
        for at in range(exemplars):
            made.exemplars.add(value=at)
        for at in range(histograms):
            made.histograms.add(count_int=at)
    return request.SerializeToString()


def same(left: ScannedV2, right: ScannedV2) -> None:
    for name in ("symbols", "series", "times", "starts", "others"):
        assert getattr(left, name).tolist() == getattr(right, name).tolist(), name
    assert left.values.tobytes() == right.values.tobytes()


@shared
@given(series=BODIES)
def test_both_scans_find_what_protobuf_wrote(prompb: SimpleNamespace, kernels_v2: Any, series: Any) -> None:
    body = build(prompb, series)
    found = scan_v2(body, kernels_v2)
    same(scan_v2(body, None), found)
    assert [len(samples) for _, samples, *_ in series] == found.samples_by_series().tolist()
    flat = [(bits, time, start or created) for _, samples, *_, created in series for bits, time, start in samples]
    assert [time for _, time, _ in flat] == found.times.tolist()
    assert [start for *_, start in flat] == found.starts.tolist()
    assert [struct.pack("<Q", bits) for bits, *_ in flat] == [one.tobytes() for one in found.values]
    for at, (labels, *_) in enumerate(series):
        assert {name: value for name, value in labels.items() if value} == make_labels(found.pairs(at))
    kinds = found.others[:, 0].tolist()
    assert sum(one[2] for one in series) == kinds.count(EXEMPLARS)
    assert sum(one[3] for one in series) == kinds.count(HISTOGRAMS)


@shared
@given(series=BODIES, cut=st.integers(0, 400), flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255))))
def test_both_scans_agree_on_broken_bodies(
    prompb: SimpleNamespace, kernels_v2: Any, series: Any, cut: int, flips: Any
) -> None:
    body = bytearray(build(prompb, series)[:cut])
    for at, byte in flips:
        if at < len(body):
            body[at] = byte
    agree(bytes(body), kernels_v2)


@shared
@given(body=st.binary(max_size=64))
def test_both_scans_agree_on_noise(kernels_v2: Any, body: bytes) -> None:
    agree(body, kernels_v2)


def agree(body: bytes, kernels: Any) -> None:
    try:
        plain = scan_v2(body, None)
    except Malformed:
        with pytest.raises(Malformed):
            scan_v2(body, kernels)
    else:
        same(plain, scan_v2(body, kernels))
        for number in range(len(plain.series)):
            try:
                make_labels(plain.pairs(number))
                plain.metadata(number)
            except InvalidInput:
                continue


@shared
@given(series=st.lists(st.dictionaries(st.text(min_size=1, max_size=5), TEXT, min_size=1), min_size=2, max_size=6))
def test_a_series_has_one_key_however_a_request_numbers_its_symbols(
    prompb: SimpleNamespace, kernels_v2: Any, series: list[dict[str, str]]
) -> None:
    bodies = [build(prompb, [(labels, [], 0, 0, 0) for labels in series], order) for order in (1, -1)]
    for kernels in (None, kernels_v2):
        first, second = (scan_v2(body, kernels) for body in bodies)
        assert first.keys.tolist() == second.keys.tolist()
        assert len({tuple(labels.items()) for labels in series}) == len({key.tobytes() for key in first.keys})


def test_references_come_packed_or_one_by_one(prompb: SimpleNamespace, kernels_v2: Any) -> None:
    symbols = prompb.Request(symbols=["", "a", "b"]).SerializeToString()
    packed, single = b"\x0a\x02\x01\x02", b"\x08\x01\x08\x02"
    body = symbols + b"".join(b"\x2a" + bytes([len(refs)]) + refs for refs in (packed, single))
    for found in (scan_v2(body, None), scan_v2(body, kernels_v2)):
        assert {"a": "b"} == dict(found.pairs(0)) == dict(found.pairs(1))
        assert found.keys[0].tolist() == found.keys[1].tolist()


def test_a_reference_beyond_the_symbols_is_malformed(prompb: SimpleNamespace, kernels_v2: Any) -> None:
    request = prompb.Request(symbols=["", "a"])
    request.timeseries.add(labels_refs=[1, 2])
    for kernels in (None, kernels_v2):
        with pytest.raises(Malformed, match="refers to a symbol that is not there"):
            scan_v2(request.SerializeToString(), kernels)


def test_symbols_may_come_after_the_series(prompb: SimpleNamespace, kernels_v2: Any) -> None:
    series = prompb.Request()
    series.timeseries.add(labels_refs=[1, 2])
    body = series.SerializeToString() + prompb.Request(symbols=["", "a", "b"]).SerializeToString()
    for kernels in (None, kernels_v2):
        assert {"a": "b"} == dict(scan_v2(body, kernels).pairs(0))
