import struct
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from trimtab.access.principal import Principal, Role, scope_of
from trimtab.base.errors import DiskFull, Throttled, Unavailable
from trimtab.doors.prometheus import remote_write
from trimtab.metrics.model import SAMPLE_ROW, Identity, Kind

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
ACCOUNT, REGION = "123456789012", "us-east-1"


def request(prompb: SimpleNamespace, *series: tuple[dict[str, str], list[tuple[float, int]]]) -> Any:
    made = prompb.WriteRequest()
    for labels, samples in series:
        item = made.timeseries.add()
        for name, value in labels.items():
            item.labels.add(name=name, value=value)
        for value, time in samples:
            item.samples.add(value=value, timestamp=time)
    return made


def test_samples_are_stored_under_their_labels(door: Any, prompb: SimpleNamespace) -> None:
    now = door.clock.now_ms()
    labels = {"__name__": "up", "job": "node", "instance": "h1:9100"}
    answer = door.post(request(prompb, (labels, [(1.0, now), (0.0, now - 15_000)])))
    assert (204, b"") == (answer.status_code, answer.content)
    dimensions = (("instance", "h1:9100"), ("job", "node"))
    resource = f"local/{ACCOUNT}/{REGION}/host/h1"
    expected = Identity(ACCOUNT, REGION, "Prometheus", "up", dimensions, kind=Kind.GAUGE, resource=resource)
    assert [(expected, now, 1.0), (expected, now - 15_000, 0.0)] == door.samples()
    (source,) = door.ledger.list()
    assert ("prometheus", "Prometheus/3 at 127.0.0.1", 2) == (source.door, source.name, source.rows)


def test_the_series_goes_in_front_of_its_samples_once(door: Any, prompb: SimpleNamespace) -> None:
    now = door.clock.now_ms()
    for at in range(3):
        door.post(request(prompb, ({"__name__": "up"}, [(1.0, now + at)])))
    tables = [[section.table for section in batch] for batch in door.log.batches]
    assert [["metric_series", "metric_samples"], ["metric_samples"], ["metric_samples"]] == tables


def test_a_stale_marker_reaches_the_log_bit_for_bit(door: Any, prompb: SimpleNamespace) -> None:
    door.post(request(prompb, ({"__name__": "up"}, [(STALE, door.clock.now_ms())])))
    rows = np.frombuffer(door.log.batches[0][-1].body, SAMPLE_ROW)
    assert [0x7FF0000000000002] == np.ascontiguousarray(rows["value"]).view(np.uint64).tolist()


def test_the_compiled_scan_takes_over_with_the_same_series(
    door: Any, prompb: SimpleNamespace, kernels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = door.clock.now_ms()
    many = [({"__name__": "m", "id": str(at)}, [(float(at), now)]) for at in range(3000)]
    door.post(request(prompb, *many))
    monkeypatch.setattr(remote_write.Kernels, "get", lambda _self, _size: kernels)
    door.post(request(prompb, *many))
    door.post(request(prompb, *reversed(many)))
    stored = door.samples()
    assert stored[:3000] == stored[3000:6000] == stored[:5999:-1]
    assert 3000 == len(door.registry)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"job": "x"}, "no label __name__"),
        ({"__name__": ""}, "no label __name__"),
        ({"__name__": "m", "": "x"}, "without a name"),
    ],
)
def test_a_bad_series_is_refused_by_name_and_the_others_stored(
    door: Any, prompb: SimpleNamespace, labels: dict[str, str], reason: str
) -> None:
    now = door.clock.now_ms()
    good = ({"__name__": "good"}, [(1.0, now)])
    answer = door.post(request(prompb, (labels, [(1.0, now), (2.0, now)]), good))
    assert 400 == answer.status_code
    assert reason in answer.text
    assert "cannot store 2 samples" in answer.text
    assert ["good"] == [identity.name for identity, _, _ in door.samples()]
    assert [(2, True)] == [(row.rows, reason in row.reason) for row in door.ledger.rejections(10)]


def test_a_repeated_label_is_refused(door: Any, prompb: SimpleNamespace) -> None:
    made = request(prompb, ({"__name__": "m"}, [(1.0, door.clock.now_ms())]))
    made.timeseries[0].labels.add(name="__name__", value="n")
    assert "label twice" in door.post(made).text


def test_a_label_that_is_not_utf8_is_refused(door: Any) -> None:
    label = b"\x0a\x08__name__\x12\x01\xff"
    sample = b"\x12\x07\x10" + bytes([0x80, 0x80, 0xA0, 0xD5, 0xB3, 0x33])
    series = b"\x0a" + bytes([len(label)]) + label + sample
    answer = door.post(b"\x0a" + bytes([len(series)]) + series)
    assert 400 == answer.status_code
    assert "not UTF-8" in answer.text


def test_times_that_cannot_be_are_refused_one_by_one(door: Any, prompb: SimpleNamespace) -> None:
    now = door.clock.now_ms()
    samples = [(1.0, now), (2.0, now // 1000), (3.0, now + 3 * 3_600_000), (4.0, now - 400 * 86_400_000)]
    answer = door.post(request(prompb, ({"__name__": "m", "a": "b"}, samples)))
    assert 400 == answer.status_code
    assert f'm{{a="b"}} at {now // 1000} ms' in answer.text
    assert [1.0, 4.0] == [value for _, _, value in door.samples()]


def test_exemplars_are_noted_but_no_error(door: Any, prompb: SimpleNamespace) -> None:
    made = request(prompb, ({"__name__": "m_total"}, [(1.0, door.clock.now_ms())]))
    made.timeseries[0].exemplars.add(value=1)
    assert 204 == door.post(made).status_code
    assert ["m_total{}"] == [row.example for row in door.ledger.rejections(10)]


@pytest.mark.parametrize(
    ("name", "type_", "family", "kind"),
    [
        ("http_requests_total", 0, "", Kind.COUNTER),
        ("rpc_seconds_bucket", 0, "", Kind.COUNTER),
        ("rpc_seconds_sum", 0, "", Kind.COUNTER),
        ("rpc_seconds_count", 0, "", Kind.COUNTER),
        ("temperature", 0, "", Kind.GAUGE),
        ("served", 1, "served", Kind.COUNTER),
        ("memory_total", 2, "memory_total", Kind.GAUGE),
        ("served_total", 1, "served", Kind.COUNTER),
        ("queue_sum", 4, "queue", Kind.GAUGE),
        ("rpc_seconds_sum", 3, "rpc_seconds", Kind.COUNTER),
        ("rpc_seconds", 5, "rpc_seconds", Kind.GAUGE),
    ],
)
def test_metadata_and_names_tell_counters(
    door: Any, prompb: SimpleNamespace, name: str, type_: int, family: str, kind: Kind
) -> None:
    made = request(prompb, ({"__name__": name}, [(1.0, door.clock.now_ms())]))
    if family:
        made.metadata.add(type=type_, metric_family_name=family, help="h", unit="u")
    assert 204 == door.post(made).status_code
    assert [kind] == [identity.kind for identity, _, _ in door.samples()]


def test_a_registered_series_keeps_its_kind_whatever_metadata_says_later(door: Any, prompb: SimpleNamespace) -> None:
    now = door.clock.now_ms()
    first = Identity(ACCOUNT, REGION, "Prometheus", "memory_total", (), kind=Kind.GAUGE)
    door.registry.add(first)  # as a restart finds it, without the metadata of before
    door.post(request(prompb, ({"__name__": "memory_total"}, [(1.0, now)])))
    later = request(prompb, ({"__name__": "memory_total"}, [(2.0, now)]))
    later.metadata.add(type=1, metric_family_name="memory_total")
    door.post(later)
    assert [Kind.GAUGE, Kind.GAUGE] == [identity.kind for identity, _, _ in door.samples()]


def test_a_new_series_has_the_kind_of_its_metric_while_no_metadata_is_known(door: Any, prompb: SimpleNamespace) -> None:
    """A server that starts anew knows the series, and not what senders said of their metrics before."""
    door.registry.add(Identity(ACCOUNT, REGION, "Prometheus", "nvlink_bytes", (("gpu", "0"),), kind=Kind.COUNTER))
    now = door.clock.now_ms()
    door.post(request(prompb, ({"__name__": "nvlink_bytes", "gpu": "1"}, [(1.0, now)])))
    told = request(prompb, ({"__name__": "nvlink_bytes", "gpu": "2"}, [(1.0, now)]))
    told.metadata.add(type=2, metric_family_name="nvlink_bytes")
    door.post(told)
    kinds = {dict(identity.dimensions)["gpu"]: identity.kind for identity, _, _ in door.samples()}
    assert {"1": Kind.COUNTER, "2": Kind.GAUGE} == kinds


def test_metadata_alone_is_welcome(door: Any, prompb: SimpleNamespace) -> None:
    made = prompb.WriteRequest()
    made.metadata.add(type=1, metric_family_name="x")
    assert 204 == door.post(made).status_code
    assert [] == door.log.batches


def test_the_same_idempotency_key_is_stored_once(door: Any, prompb: SimpleNamespace) -> None:
    made = request(prompb, ({"__name__": "m"}, [(1.0, door.clock.now_ms())]))
    for _ in range(2):
        assert 204 == door.post(made, **{"Idempotency-Key": "a/1"}).status_code
    assert ["prometheus/local/a/1"] == door.log.keys
    assert 1 == door.ledger.list()[0].rows


def test_a_bound_caller_writes_to_its_account(door_of: Any, prompb: SimpleNamespace) -> None:
    door = door_of(Principal("team", "999999999999", Role.WRITE, scope_of("999999999999")))
    door.post(request(prompb, ({"__name__": "m"}, [(1.0, door.clock.now_ms())])))
    assert ["999999999999"] == [identity.account for identity, _, _ in door.samples()]


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [(Throttled("full", retry_after_s=7), 429, "7"), (DiskFull("disk"), 503, "5"), (Unavailable("stop"), 503, "5")],
)
def test_what_passes_is_answered_so_that_the_sender_tries_again(
    door: Any, prompb: SimpleNamespace, error: Exception, status: int, retry: str
) -> None:
    made = request(prompb, ({"__name__": "m"}, [(1.0, door.clock.now_ms())]))
    door.log.failure = error
    answer = door.post(made)
    assert (status, retry, f"{error}\n") == (answer.status_code, answer.headers["retry-after"], answer.text)
    door.log.failure = None
    assert 204 == door.post(made).status_code
    assert ["metric_series", "metric_samples"] == [section.table for section in door.log.batches[0]]


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({"Content-Type": "application/json"}, 415, "expected application/x-protobuf"),
        ({"Content-Encoding": "gzip"}, 415, "expected snappy"),
        ({"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v3.Request"}, 415, "expected prometheus."),
        ({"Idempotency-Key": "k" * 201}, 400, "at most 200"),
    ],
)
def test_other_formats_are_refused_with_the_reason(
    door: Any, prompb: SimpleNamespace, headers: dict[str, str], status: int, text: str
) -> None:
    answer = door.post(request(prompb), **headers)
    assert status == answer.status_code
    assert text in answer.text


@pytest.mark.parametrize(
    ("raw", "status", "text"),
    [
        (b"\xff\xff\xff\xff", 400, "not a snappy block"),
        (b"\x05hello", 400, "not a snappy block"),
        (b"", 400, "not a snappy block"),
        (b"\x80\x80\x80\x80\x08" + b"\0" * 10, 413, "at most"),
    ],
)
def test_what_is_no_snappy_block_is_refused(door: Any, raw: bytes, status: int, text: str) -> None:
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    answer = door.send(raw, headers)
    assert status == answer.status_code
    assert text in answer.text


def test_what_is_no_write_request_is_refused_with_the_position(door: Any) -> None:
    answer = door.post(b"\x0a\x7f\x00")
    assert 400 == answer.status_code
    assert "not a WriteRequest" in answer.text
    assert "at byte 0" in answer.text


def test_a_large_body_is_decoded_in_a_thread_with_the_same_result(
    door: Any, prompb: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_write, "_THREAD_BYTES_PLAIN", 1)
    door.post(request(prompb, ({"__name__": "m"}, [(1.0, door.clock.now_ms())])))
    assert [1.0] == [value for _, _, value in door.samples()]
