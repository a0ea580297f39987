from types import SimpleNamespace
from typing import Any

import pytest

from trimtab.base.errors import Throttled
from trimtab.doors.prometheus import remote_write
from trimtab.metrics.model import Kind

HEADERS = [f"x-prometheus-remote-write-{what}-written" for what in ("samples", "histograms", "exemplars")]
COUNTER, GAUGE, HISTOGRAM, SUMMARY = 1, 2, 3, 5


class Build:
    """Makes a Request and its symbols."""

    def __init__(self, prompb: SimpleNamespace) -> None:
        self.request = prompb.Request(symbols=[""])

    def ref(self, text: str) -> int:
        if text not in self.request.symbols:
            self.request.symbols.append(text)
        return list(self.request.symbols).index(text)

    def series(self, labels: dict[str, str], *samples: tuple[float, int], type_: int = 0, **fields: Any) -> Any:
        made = self.request.timeseries.add(**fields)
        made.labels_refs.extend(self.ref(text) for pair in labels.items() for text in pair)
        for value, time in samples:
            made.samples.add(value=value, timestamp=time)
        if type_:
            made.metadata.type, made.metadata.unit_ref = type_, self.ref("seconds")
        return made


@pytest.fixture
def build(prompb: SimpleNamespace) -> Build:
    return Build(prompb)


def counts(answer: Any) -> list[str | None]:
    return [answer.headers.get(name) for name in HEADERS]


def test_samples_are_stored_and_counted_in_the_headers(door: Any, build: Build) -> None:
    now = door.clock.now_ms()
    build.series({"__name__": "up", "job": "node"}, (1.0, now), (0.0, now - 15_000))
    answer = door.post_v2(build.request)
    assert (204, b"") == (answer.status_code, answer.content)
    assert ["2", "0", "0"] == counts(answer)
    assert [("up", now, 1.0), ("up", now - 15_000, 0.0)] == [(one.name, at, value) for one, at, value in door.samples()]


def test_a_series_is_the_same_by_either_version_and_either_scan(
    door: Any, build: Build, prompb: SimpleNamespace, kernels_v2: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = door.clock.now_ms()
    first = prompb.WriteRequest()
    made = first.timeseries.add()
    for name, value in {"__name__": "m", "a": "b"}.items():
        made.labels.add(name=name, value=value)
    made.samples.add(value=1, timestamp=now)
    build.series({"__name__": "m", "a": "b"}, (2.0, now + 1))
    assert [204] * 3 == [door.post(first).status_code, *(door.post_v2(build.request).status_code for _ in range(2))]
    monkeypatch.setattr(remote_write.Kernels, "get", lambda _self, _size: kernels_v2)
    for _ in range(2):
        door.post_v2(build.request)
    assert 1 == len(door.registry)
    assert [1.0, 2.0, 2.0, 2.0, 2.0] == [value for _, _, value in door.samples()]


@pytest.mark.parametrize(
    ("name", "type_", "kind"),
    [
        ("served", COUNTER, Kind.COUNTER),
        ("memory_total", GAUGE, Kind.GAUGE),
        ("latency_bucket", HISTOGRAM, Kind.COUNTER),
        ("latency_sum", SUMMARY, Kind.COUNTER),
        ("latency", SUMMARY, Kind.GAUGE),
        ("queue_sum", 4, Kind.GAUGE),
        ("requests_total", 0, Kind.COUNTER),
        ("requests_total", 99, Kind.COUNTER),
    ],
)
def test_the_type_comes_with_the_series(door: Any, build: Build, name: str, type_: int, kind: Kind) -> None:
    build.series({"__name__": name}, (1.0, door.clock.now_ms()), type_=type_)
    assert 204 == door.post_v2(build.request).status_code
    assert [kind] == [identity.kind for identity, _, _ in door.samples()]


@pytest.mark.parametrize("place", ["series", "sample"])
def test_a_counter_that_began_lately_starts_at_zero_once(door: Any, build: Build, place: str) -> None:
    now = door.clock.now_ms()
    made = build.series({"__name__": "c_total"}, (5.0, now))
    gauge = build.series({"__name__": "g"}, (5.0, now), created_timestamp=now - 1000)
    if place == "series":
        made.created_timestamp = now - 20_000
    else:
        made.samples[0].start_timestamp = now - 20_000
    for at in range(3):
        made.samples[0].timestamp = gauge.samples[0].timestamp = now + at
        assert ["2", "0", "0"] == counts(door.post_v2(build.request))
    found = [(time - now, value) for identity, time, value in door.samples() if identity.name == "c_total"]
    assert [(-20_000, 0.0), (0, 5.0), (1, 5.0), (2, 5.0)] == found
    assert {5.0} == {value for identity, _, value in door.samples() if identity.name == "g"}


def test_a_counter_that_began_long_ago_has_no_zero(door: Any, build: Build) -> None:
    now = door.clock.now_ms()
    build.series({"__name__": "c_total"}, (5.0, now), created_timestamp=now - 86_400_000)
    door.post_v2(build.request)
    assert [5.0] == [value for _, _, value in door.samples()]


def test_a_zero_that_was_not_written_is_sent_with_the_retry(door: Any, build: Build) -> None:
    now = door.clock.now_ms()
    build.series({"__name__": "c_total"}, (5.0, now), created_timestamp=now - 1000)
    door.log.failure = Throttled("full", retry_after_s=3)
    answer = door.post_v2(build.request)
    assert (429, "3") == (answer.status_code, answer.headers["retry-after"])
    door.log.failure = None
    door.post_v2(build.request)
    assert [0.0, 5.0] == [value for _, _, value in door.samples()]


def histogram(made: Any, time: int, **fields: Any) -> None:
    point = made.histograms.add(count_int=3, sum=4.5, schema=0, timestamp=time, **fields)
    point.positive_spans.add(offset=1, length=2)
    point.positive_deltas.extend([1, 1])


def test_native_histograms_are_counted_and_begin_empty(door: Any, build: Build) -> None:
    now = door.clock.now_ms()
    histogram(build.series({"__name__": "latency"}, type_=HISTOGRAM), now, start_timestamp=now - 1000)
    assert ["0", "1", "0"] == counts(door.post_v2(build.request))
    assert ["0", "1", "0"] == counts(door.post_v2(build.request))
    rows = [section.rows for batch in door.log.batches for section in batch if section.table == "metric_histograms"]
    assert [2, 1] == rows


def test_exemplars_are_noted_and_none_is_said_to_be_written(door: Any, build: Build) -> None:
    made = build.series({"__name__": "m_total"}, (1.0, door.clock.now_ms()))
    made.exemplars.add(value=1)
    answer = door.post_v2(build.request)
    assert (204, ["1", "0", "0"]) == (answer.status_code, counts(answer))
    assert ["m_total{}"] == [row.example for row in door.ledger.rejections(10)]


def test_what_is_refused_is_said_and_the_rest_counted(door: Any, build: Build) -> None:
    now = door.clock.now_ms()
    build.series({"__name__": "good"}, (1.0, now))
    build.series({"job": "x"}, (1.0, now))
    build.series({"__name__": "late"}, (1.0, now // 1000))
    build.series({"__name__": "odd"}, (1.0, now)).labels_refs.append(1)
    answer = door.post_v2(build.request)
    assert (400, ["1", "0", "0"]) == (answer.status_code, counts(answer))
    for reason in ("cannot store 3 samples", "no label __name__", "year 2000", "label without a value"):
        assert reason in answer.text
    assert ["good"] == [identity.name for identity, _, _ in door.samples()]


def test_a_reference_to_no_symbol_refuses_the_request(door: Any, build: Build) -> None:
    build.series({"__name__": "m"}, (1.0, door.clock.now_ms())).labels_refs.extend([98, 99])
    answer = door.post_v2(build.request)
    assert 400 == answer.status_code
    assert "not a Request" in answer.text


def test_the_content_type_tells_the_version(door: Any, prompb: SimpleNamespace, build: Build) -> None:
    build.series({"__name__": "m"}, (1.0, door.clock.now_ms()))
    body = build.request
    for media in (
        'application/x-protobuf; proto="io.prometheus.write.v2.Request"',
        "Application/X-Protobuf;PROTO=io.prometheus.write.v2.Request",
    ):
        assert ["1", "0", "0"] == counts(door.post_v2(body, **{"Content-Type": media}))
    first = {"Content-Type": "application/x-protobuf;proto=prometheus.WriteRequest"}
    assert [None] * 3 == counts(door.post_v2(prompb.WriteRequest(), **first))
