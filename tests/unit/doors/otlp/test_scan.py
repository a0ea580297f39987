from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from trimtab.base.errors import LimitExceeded
from trimtab.doors.otlp import scan as scan_module
from trimtab.doors.otlp.decode_protobuf import decode_protobuf
from trimtab.doors.otlp.request import INTEGER, NO_RECORDED_VALUE, NO_VALUE
from trimtab.doors.otlp.scan import Scanned, scan
from trimtab.doors.protobuf.wire import Malformed

TEXT = st.text(max_size=20)
ATTRIBUTES = st.dictionaries(st.text(min_size=1, max_size=9), TEXT, max_size=3)
NUMBER = st.tuples(
    ATTRIBUTES,
    st.integers(0, 2**64 - 1),
    st.one_of(st.none(), st.floats(), st.integers(-(2**63), 2**63 - 1)),
    st.integers(0, 3),
)
METRIC = st.tuples(
    TEXT,
    TEXT,
    st.sampled_from(["gauge", "sum", "histogram", "exponential_histogram", "summary", ""]),
    st.integers(0, 2),
    st.booleans(),
    st.lists(NUMBER, max_size=4),
)
REQUESTS = st.lists(st.tuples(ATTRIBUTES, st.lists(METRIC, max_size=3)), max_size=3)
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def make(resources: Any) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    for attributes, metrics in resources:
        group = request.resource_metrics.add()
        for key, value in attributes.items():
            group.resource.attributes.add(key=key).value.string_value = value
        scope = group.scope_metrics.add()
        for name, unit, shape, temporality, monotonic, points in metrics:
            metric = scope.metrics.add(name=name, unit=unit)
            if not shape:
                continue
            data = getattr(metric, shape)
            data.SetInParent()
            if shape not in ("gauge", "summary"):
                data.aggregation_temporality = temporality
            if shape == "sum":
                data.is_monotonic = monotonic
            for pairs, time, value, flags in points:
                point = data.data_points.add(time_unix_nano=time, flags=flags)
                for key, text in pairs.items():
                    point.attributes.add(key=key).value.string_value = text
                if shape in ("gauge", "sum") and isinstance(value, float):
                    point.as_double = value
                elif shape in ("gauge", "sum") and value is not None:
                    point.as_int = value
    return request


def same(left: Scanned, right: Scanned) -> None:
    for name in ("resources", "metrics", "numbers", "others"):
        assert getattr(left, name).tolist() == getattr(right, name).tolist(), name


@shared
@given(resources=REQUESTS)
def test_both_scans_find_what_protobuf_wrote(kernels: Any, resources: Any) -> None:
    message = make(resources)
    body = message.SerializeToString()
    same(scan(body, None), scan(body, kernels))
    request = decode_protobuf(body, kernels)
    metrics = [
        metric for group in message.resource_metrics for scope in group.scope_metrics for metric in scope.metrics
    ]
    assert [(metric.name, metric.unit) for metric in metrics] == [request.head(at) for at in range(len(metrics))]
    points = [point for metric in metrics for point in (*metric.gauge.data_points, *metric.sum.data_points)]
    assert [point.time_unix_nano for point in points] == request.numbers.times.tolist()
    assert [expected(point) for point in points] == [
        (state, value if np.isfinite(value) else str(value))
        for state, value in zip(request.numbers.states.tolist(), request.numbers.values.tolist(), strict=True)
    ]
    for at, point in enumerate(points):
        pairs = {item.key: item.value.string_value for item in point.attributes if item.value.string_value}
        assert pairs == request.attributes(at)
    others = sum(
        len(getattr(metric, shape).data_points)
        for metric in metrics
        for shape in ("histogram", "exponential_histogram", "summary")
    )
    assert others == len(request.distributions)


def expected(point: Any) -> tuple[int, Any]:
    state = NO_RECORDED_VALUE if point.flags & 1 else 0
    kind = point.WhichOneof("value")
    if kind is None:
        return state | NO_VALUE, 0.0
    if kind == "as_int":
        return state | INTEGER, float(point.as_int)
    return state, point.as_double if np.isfinite(point.as_double) else str(point.as_double)


@shared
@given(resources=REQUESTS, cut=st.integers(0, 600), flips=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255))))
def test_both_scans_agree_on_broken_bodies(kernels: Any, resources: Any, cut: int, flips: Any) -> None:
    body = bytearray(make(resources).SerializeToString()[:cut])
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


@pytest.mark.parametrize("compiled", [True, False])
def test_keys_tell_apart_all_that_names_a_series(kernels: Any, compiled: bool) -> None:
    point = ({"a": "1"}, 1, 1.0, 0)
    variants = [
        ({"r": "1"}, [("n", "u", "gauge", 0, False, [point])]),
        ({"r": "2"}, [("n", "u", "gauge", 0, False, [point])]),
        ({"r": "1"}, [("nu", "", "gauge", 0, False, [point])]),
        ({"r": "1"}, [("n", "", "gauge", 0, False, [point])]),
        ({"r": "1"}, [("n", "u", "sum", 1, False, [point])]),
        ({"r": "1"}, [("n", "u", "sum", 2, False, [point])]),
        ({"r": "1"}, [("n", "u", "sum", 2, True, [point])]),
        ({"r": "1"}, [("n", "u", "gauge", 0, False, [({"a": "2"}, 1, 1.0, 0)])]),
        ({"r": "1"}, [("n", "u", "gauge", 0, False, [({}, 1, 1.0, 0)])]),
    ]
    body = make([*variants, *variants]).SerializeToString()
    keys = [key.tobytes() for key in scan(body, kernels if compiled else None).keys]
    assert len(variants) == len(set(keys))
    assert keys[: len(variants)] == keys[len(variants) :]


def test_a_resource_behind_its_metrics_is_found(kernels: Any) -> None:
    head, tail = ExportMetricsServiceRequest(), ExportMetricsServiceRequest()
    metric = head.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    metric.gauge.data_points.add(time_unix_nano=1, as_int=1)
    tail.resource_metrics.add().resource.attributes.add(key="k").value.string_value = "v"
    inner = head.resource_metrics[0].SerializeToString() + tail.resource_metrics[0].SerializeToString()
    body = b"\x0a" + bytes([len(inner)]) + inner
    for made in (kernels, None):
        request = decode_protobuf(body, made)
        assert {"k": "v"} == request.resource(0)
    same(scan(body, None), scan(body, kernels))


def test_arrays_grow_with_bodies_of_empty_messages(kernels: Any) -> None:
    points = b"\x0a\x00" * 3000
    gauge = b"\x2a\xf0\x2e" + points
    metric = b"\x12\xf3\x2e" + gauge
    scope = b"\x12\xf6\x2e" + metric
    body = b"\x0a\xf9\x2e" + scope
    same(scan(body, None), scan(body, kernels))
    assert 3000 == len(scan(body, kernels).numbers)


def test_a_body_of_empty_messages_beyond_reason_is_refused(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "_MOST_ROWS", 100)
    body = b"\x0a\xf9\x2e\x12\xf6\x2e\x12\xf3\x2e\x2a\xf0\x2e" + b"\x0a\x00" * 3000
    with pytest.raises(LimitExceeded, match="points at once"):
        scan(body, kernels)
