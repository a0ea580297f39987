import gzip
from typing import Any

import cramjam
import msgspec
import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from trimtab.agent import otlp as agent_otlp
from trimtab.agent.reading import Reading
from trimtab.base.errors import DiskFull, InvalidInput, LimitExceeded, Throttled, Unavailable
from trimtab.doors.otlp import body as body_module
from trimtab.doors.otlp import intake as module
from trimtab.doors.otlp.body import held_size, inflate
from trimtab.metrics.model import Kind

PROTOBUF, JSON = "application/x-protobuf", "application/json"
MEDIA = pytest.mark.parametrize("media", [PROTOBUF, JSON])


def read(answer: Any, kind: Any) -> Any:
    if answer.headers["content-type"] == JSON:
        return json_format.Parse(answer.text, kind())
    return kind.FromString(answer.content)


@MEDIA
@pytest.mark.parametrize("zipped", [True, False])
def test_the_answer_comes_in_the_encoding_of_the_request(door: Any, build: Any, media: str, zipped: bool) -> None:
    answer = door.post(build.gauge(1.0).request, media, zipped)
    assert (200, media) == (answer.status_code, answer.headers["content-type"])
    assert not read(answer, ExportMetricsServiceResponse).HasField("partial_success")
    assert 1 == len(door.samples())


@MEDIA
def test_refused_points_are_counted_in_a_partial_success(door: Any, build: Any, media: str) -> None:
    build.gauge(1.0, "good").gauge(float("nan"), "bad", {"a": "b"}).gauge(float("nan"), "worse")
    answer = door.post(build.request, media)
    assert 200 == answer.status_code
    partial = read(answer, ExportMetricsServiceResponse).partial_success
    assert 2 == partial.rejected_data_points
    expected = f'a point\'s value is not a finite number (2, e.g. bad{{a="b"}} at {door.clock.now_ms()} ms)'
    assert expected == partial.error_message


@MEDIA
@pytest.mark.parametrize(
    ("error", "status", "code", "retry"),
    [
        (Throttled("full", retry_after_s=7), 429, 8, "7"),
        (DiskFull("disk"), 503, 14, "5"),
        (Unavailable("stopping"), 503, 14, "5"),
    ],
)
def test_what_passes_is_answered_so_that_the_client_tries_again(
    door: Any, build: Any, media: str, error: Exception, status: int, code: int, retry: str
) -> None:
    door.log.failure = error
    answer = door.post(build.gauge(1.0).request, media)
    assert (status, retry) == (answer.status_code, answer.headers["retry-after"])
    assert Status(code=code, message=str(error)) == read(answer, Status)
    door.log.failure = None
    assert 200 == door.post(build.request, media).status_code
    assert ["metric_series", "metric_samples"] == [section.table for section in door.log.batches[0]]


@pytest.mark.parametrize(
    ("content", "media", "headers", "status", "text"),
    [
        (b"{}", "text/plain", {}, 415, "expected application/x-protobuf or application/json"),
        (b"{}", JSON, {"Content-Encoding": "br"}, 415, "expected gzip, zstd or none"),
        (b"{", JSON, {}, 400, "not an OTLP metrics request in JSON"),
        (b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":5}]}]}]}', JSON, {}, 400, "metrics[0].name"),
        (b"\x0a\x7f", PROTOBUF, {}, 400, "not an OTLP metrics request"),
        (b"nonsense", JSON, {"Content-Encoding": "gzip"}, 400, "not gzip"),
        (gzip.compress(b"{}", mtime=0)[:-5], JSON, {"Content-Encoding": "gzip"}, 400, "cut short"),
        (b"{}", JSON, {"Idempotency-Key": "k" * 201}, 400, "at most 200"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(
    door: Any, content: bytes, media: str, headers: dict[str, str], status: int, text: str
) -> None:
    answer = door.post(content, media, **headers)
    assert status == answer.status_code
    assert text in read(answer, Status).message
    assert text in door.ledger.rejections(1)[0].reason


def test_two_data_in_one_metric_are_refused_in_both_encodings(door: Any) -> None:
    metric = b"\x2a\x00\x3a\x00"  # gauge and sum
    scope = b"\x12\x04" + metric
    group = b"\x12\x06" + scope
    body = b"\x0a\x08" + group
    assert 400 == door.post(body).status_code
    text = b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{},"sum":{}}]}]}]}'
    assert 400 == door.post(text, JSON).status_code


@MEDIA
def test_an_empty_request_is_welcome(door: Any, media: str) -> None:
    assert 200 == door.post(b"{}" if media == JSON else b"", media).status_code
    assert [] == door.log.batches


@MEDIA
@pytest.mark.parametrize("zipped", [True, False])
def test_a_body_that_unpacks_too_large_is_refused(
    door: Any, build: Any, media: str, zipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_module.inflate, "__defaults__", (100,))
    monkeypatch.setattr(body_module.check_size, "__defaults__", (100,))
    answer = door.post(build.gauge(1.0, "x" * 200).request, media, zipped)
    assert 413 == answer.status_code
    assert [] == door.log.batches


def test_several_gzip_members_are_one_body(door: Any, build: Any) -> None:
    body = build.gauge(1.0).request.SerializeToString()
    answer = door.post(gzip.compress(body[:9]) + gzip.compress(body[9:]), **{"Content-Encoding": "gzip"})
    assert 200 == answer.status_code
    assert 1 == len(door.samples())


@MEDIA
def test_the_same_idempotency_key_is_stored_once(door: Any, build: Any, media: str) -> None:
    build.gauge(1.0)
    for _ in range(2):
        assert 200 == door.post(build.request, media, **{"Idempotency-Key": "agent/7"}).status_code
    assert ["otlp/local/agent/7"] == door.log.keys
    assert 1 == door.ledger.list()[0].rows


@MEDIA
def test_a_large_body_is_decoded_in_a_thread_with_the_same_result(
    door: Any, build: Any, media: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_THREAD_BYTES_PLAIN", 1)
    door.post(build.gauge(1.0).request, media)
    assert [1.0] == [value for _, _, value in door.samples()]


def test_json_takes_numbers_as_text_enum_names_and_unknown_fields(door: Any) -> None:
    now = door.clock.now_ms() * 10**6
    point = {"timeUnixNano": now, "asInt": "12", "unknownField": 1}
    other = {"timeUnixNano": str(now + 10**6), "asDouble": "1.5"}
    data = {"aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE", "dataPoints": [point, other]}
    scope = {"scope": {"name": "s"}, "metrics": [{"name": "m", "sum": data}]}
    request = {"resourceMetrics": [{"resource": {"attributes": []}, "scopeMetrics": [scope], "schemaUrl": ""}]}
    assert b"{}" == door.post(msgspec.json.encode(request), JSON).content
    assert [12.0, 1.5] == [value for _, _, value in door.samples()]


def test_attributes_nested_beyond_reason_are_refused(door: Any, build: Any) -> None:
    value: Any = "x"
    for _ in range(40):
        value = [value]
    build.gauge(1.0, attributes={"deep": value})
    for media in (PROTOBUF, JSON):
        partial = read(door.post(build.request, media), ExportMetricsServiceResponse).partial_success
        assert 1 == partial.rejected_data_points
        assert "nested too deeply" in partial.error_message


def test_what_the_agent_sends_is_taken_whole(door: Any) -> None:
    now = door.clock.now_ms()
    readings = [
        Reading("system.cpu.utilization", "1", 0.25, (("cpu.mode", "user"),)),
        Reading("system.network.io", "By", 2**53, (("direction", "receive"),), start_ms=now - 60_000),
    ]
    resource = {"service.namespace": "trimtab", "service.name": "Host", "host.name": "h1", "host.id": "0af3"}
    body = agent_otlp.encode(readings, resource, "0.1.0", now)
    answer = door.post(body, JSON, **{"Content-Encoding": "gzip", "Idempotency-Key": "0af3/1"})
    assert (200, b"{}") == (answer.status_code, answer.content)
    found = [(item.namespace, item.name, item.kind, item.unit, time, value) for item, time, value in door.samples()]
    assert [
        ("trimtab/Host", "system.cpu.utilization", Kind.GAUGE, "1", now, 0.25),
        ("trimtab/Host", "system.network.io", Kind.COUNTER, "By", now, float(2**53)),
        ("trimtab/Host", "system.network.io", Kind.COUNTER, "By", now - 60_000, 0.0),
    ] == found


@pytest.mark.parametrize("told", [True, False], ids=["size told", "size not told"])
def test_frames_of_zstandard_are_unpacked_within_the_limit(door: Any, build: Any, told: bool) -> None:
    for number in range(3_000):
        build.gauge(1.0, "m", {"number": f"{number:08}"})
    body = build.request.SerializeToString()
    if told:
        packed = bytes(cramjam.zstd.compress(body))
    else:
        stream = cramjam.zstd.Compressor()
        stream.compress(body)
        packed = bytes(stream.finish())
    assert len(packed) * 8 < len(body)
    assert 200 == door.post(packed, **{"Content-Encoding": "zstd"}).status_code
    assert 3_000 == len(door.samples())
    assert body * 2 == inflate(packed * 2)
    with pytest.raises(LimitExceeded, match="above 1000 bytes"):
        inflate(packed, 1_000)
    with pytest.raises(InvalidInput, match="not Zstandard"):
        inflate(packed[:-9])
    assert 2 * (len(body) if told else 8 * len(packed)) == held_size(packed, zipped=True)
