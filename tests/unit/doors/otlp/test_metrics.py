from typing import Any

import pytest

from trimtab.access.principal import Principal, Role, scope_of
from trimtab.metrics.admission import SeriesLimits
from trimtab.metrics.model import Identity, Kind
from trimtab.settings import MOST_LABELS

ACCOUNT, REGION = "123456789012", "us-east-1"
DELTA, CUMULATIVE = 1, 2
MEDIA = pytest.mark.parametrize("media", ["application/x-protobuf", "application/json"])


@MEDIA
def test_the_namespace_and_dimensions_follow_the_resource(door: Any, build: Any, media: str) -> None:
    build.resource(service_namespace="trimtab", service_name="Host", host_name="h1", service_version="1.2", os_type="x")
    build.gauge(0.5, "system.cpu.utilization", {"cpu": "all", "state": "user"})
    assert 200 == door.post(build.request, media).status_code
    dimensions = (("cpu", "all"), ("host.name", "h1"), ("state", "user"))
    resource = f"local/{ACCOUNT}/{REGION}/host/h1"
    expected = Identity(
        ACCOUNT, REGION, "trimtab/Host", "system.cpu.utilization", dimensions, "By", Kind.GAUGE, resource
    )
    assert [(expected, door.clock.now_ms(), 0.5)] == door.samples()
    (source,) = door.ledger.list()
    assert ("otlp", "trimtab/Host on h1", 1) == (source.door, source.name, source.rows)


@pytest.mark.parametrize(
    ("attributes", "namespace"),
    [({}, "default"), ({"service_name": "api"}, "api"), ({"service_namespace": "shop"}, "default")],
)
def test_a_namespace_needs_a_service_name(door: Any, build: Any, attributes: dict[str, str], namespace: str) -> None:
    door.post(build.resource(**attributes).gauge(1.0).request)
    assert [namespace] == [identity.namespace for identity, _, _ in door.samples()]


@MEDIA
@pytest.mark.parametrize(
    ("temporality", "monotonic", "kind"),
    [
        (CUMULATIVE, True, Kind.COUNTER),
        (CUMULATIVE, False, Kind.GAUGE),
        (DELTA, True, Kind.EVENTS),
        (DELTA, False, Kind.EVENTS),
    ],
)
def test_sums_are_counters_gauges_or_events(
    door: Any, build: Any, media: str, temporality: int, monotonic: bool, kind: Kind
) -> None:
    door.post(build.sum(7, temporality, monotonic).request, media)
    now = door.clock.now_ms()
    if kind is Kind.EVENTS:
        assert [(kind, now, 7.0, 1.0)] == [(identity.kind, *rest) for identity, *rest in door.values()]
    else:
        assert [(kind, now, 7.0)] == [(identity.kind, *rest) for identity, *rest in door.samples()]


@MEDIA
def test_a_counter_that_is_new_counts_from_its_start_once(door: Any, build: Any, media: str) -> None:
    now, lately = door.clock.now_ms(), 300_000
    for at, start_ms in enumerate((now - 5_000, now - lately, now - lately - 1, 0, now, now + 1)):
        build.sum(7, CUMULATIVE, True, {"at": str(at)}, start_time_unix_nano=start_ms * 1_000_000)
    build.sum(7, CUMULATIVE, False, start_time_unix_nano=(now - 5_000) * 1_000_000)
    build.sum(7, DELTA, True, start_time_unix_nano=(now - 5_000) * 1_000_000)
    door.post(build.request, media)
    door.post(build.request, media)
    began = [(dict(identity.dimensions)["at"], at, value) for identity, at, value in door.samples() if at != now]
    assert [("0", now - 5_000, 0.0), ("1", now - lately, 0.0)] == began


@MEDIA
def test_a_counter_that_began_in_the_millisecond_of_its_first_value_counts_it(
    door: Any, build: Any, media: str
) -> None:
    now = door.clock.now_ms()
    late, early = now * 1_000_000 + 900_000, now * 1_000_000 + 100_000
    build.sum(7, CUMULATIVE, True, time_unix_nano=late, start_time_unix_nano=early)
    build.sum(7, CUMULATIVE, True, {"at": "it knows no start"}, time_unix_nano=late, start_time_unix_nano=late)
    door.post(build.request, media)
    assert [(now - 1, 0.0), (now, 7.0), (now, 7.0)] == sorted((at, value) for _, at, value in door.samples())


@MEDIA
def test_attribute_values_of_every_type_become_text(door: Any, build: Any, media: str) -> None:
    attributes = {
        "text": "x",
        "flag": True,
        "whole": -7,
        "real": 0.5,
        "real_whole": 1.0,
        "raw": b"\xff\x00",
        "list": ["a", 1, False],
        "map": {"b": 1, "a": [2.5]},
        "empty": "",
    }
    door.post(build.gauge(1.0, attributes=attributes).request, media)
    ((identity, _, _),) = door.samples()
    expected = {
        "text": "x",
        "flag": "true",
        "whole": "-7",
        "real": "0.5",
        "real_whole": "1.0",
        "raw": "/wA=",
        "list": '["a",1,false]',
        "map": '{"a":[2.5],"b":1}',
    }
    assert expected == dict(identity.dimensions)


@MEDIA
def test_a_repeated_series_is_registered_once(door: Any, build: Any, media: str) -> None:
    build.gauge(1.0, attributes={"a": "1"}).gauge(2.0, attributes={"a": "2"})
    for _ in range(3):
        door.post(build.request, media)
    assert 2 == len(door.registry)
    tables = [[section.table for section in batch] for batch in door.log.batches]
    assert [["metric_series", "metric_samples"], ["metric_samples"], ["metric_samples"]] == tables


def test_protobuf_and_json_name_the_same_series(door: Any, build: Any) -> None:
    build.resource(service_name="api").sum(1, CUMULATIVE, True, {"n": 5, "l": ["x", 2]})
    door.post(build.request, "application/json")
    door.post(build.request, "application/x-protobuf")
    assert 1 == len(door.registry)
    assert 2 == len(door.samples())


@MEDIA
def test_bad_points_are_refused_one_by_one_and_counted(door: Any, build: Any, media: str) -> None:
    day = 86_400 * 10**9
    build.gauge(1.0, "good")
    build.gauge(float("nan"), "nan").gauge(float("inf"), "inf")
    build.gauge(1.0, "no_time", time_unix_nano=0)
    build.gauge(1.0, "old", time_unix_nano=build.now_ns - 15 * day)
    build.gauge(1.0, "fresh", time_unix_nano=build.now_ns - 13 * day)
    build.gauge(1.0, "ahead", time_unix_nano=build.now_ns + day)
    build.gauge(1.0, "none", flags=1)
    build.gauge(1.0, "")
    build.sum(1, 0, True)
    build.point(build.metric("empty").gauge)
    answer = door.post(build.request, media)
    assert 200 == answer.status_code
    assert ["good", "fresh"] == [identity.name for identity, _, _ in door.samples()]
    reasons = {(row.reason, row.rows) for row in door.ledger.rejections(20)}
    assert {
        ("a point's value is not a finite number", 2),
        ("a point has no time", 1),
        ("a point's time is not between 14 days ago and two hours from now", 2),
        ("a metric has no name", 1),
        ("a sum or histogram has no aggregation temporality; expected delta or cumulative", 1),
        ("a point has no value", 1),
    } == reasons
    assert 2 == len(door.registry)


@MEDIA
def test_refusals_belong_to_the_resource_that_sent_them(door: Any, build: Any, media: str) -> None:
    build.resource(service_name="a").gauge(1.0)
    group = build.request.resource_metrics.add()
    build.attributes(group.resource, {"service.name": "b"})
    metric = group.scope_metrics.add().metrics.add(name="m")
    build.point(metric.gauge, as_double=float("nan"))
    door.post(build.request, media)
    assert {("a", 1, 0), ("b", 0, 1)} == {(row.name, row.rows, row.rejected) for row in door.ledger.list()}


@MEDIA
def test_an_explicit_histogram_is_kept_whole(door: Any, build: Any, media: str, histograms: Any) -> None:
    data = build.metric("latency", "s").histogram
    data.aggregation_temporality = CUMULATIVE
    fields = {"count": 6, "sum": 7.5, "min": 0.1, "max": 5.0, "bucket_counts": [1, 2, 3], "explicit_bounds": [0.5, 1]}
    build.point(data, {"route": "/"}, start_time_unix_nano=build.now_ns - 10**9, **fields)
    assert b"{}" == (door.post(build.request, media).content or b"{}")
    (point,) = histograms(door)
    now = door.clock.now_ms()
    assert (now, now - 1000, True, 6, 7.5, 0.1, 5.0) == (
        point.time_ms,
        point.start_ms,
        point.cumulative,
        point.count,
        point.sum,
        point.minimum,
        point.maximum,
    )
    assert ((0.5, 1.0), (1, 2, 3), False) == (point.bounds, point.counts, point.exponential)
    identity = door.identity(point.series)
    assert ("latency", "s", Kind.HISTOGRAM) == (identity.name, identity.unit, identity.kind)


@MEDIA
def test_an_exponential_histogram_is_kept_whole(door: Any, build: Any, media: str, histograms: Any) -> None:
    data = build.metric("latency").exponential_histogram
    data.aggregation_temporality = DELTA
    point = build.point(data, count=10, sum=3.0, scale=-2, zero_count=1, zero_threshold=1e-9)
    point.positive.offset, point.negative.offset = -3, 4
    point.positive.bucket_counts.extend([1, 0, 300])
    point.negative.bucket_counts.extend([2])
    point.count = 1 + 301 + 2
    door.post(build.request, media)
    (made,) = histograms(door)
    assert (True, False, -2, 1, 1e-9) == (
        made.exponential,
        made.cumulative,
        made.scale,
        made.zero_count,
        made.zero_threshold,
    )
    assert (-3, (1, 0, 300), 4, (2,)) == (made.positive_offset, made.positive, made.negative_offset, made.negative)
    assert made.minimum != made.minimum, "a minimum that was not sent is NaN"


@MEDIA
def test_a_histogram_of_count_and_sum_only_has_one_bucket(door: Any, build: Any, media: str, histograms: Any) -> None:
    data = build.metric().histogram
    data.aggregation_temporality = DELTA
    build.point(data, count=4, sum=2.0)
    door.post(build.request, media)
    assert [((), (4,))] == [(point.bounds, point.counts) for point in histograms(door)]


@MEDIA
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"bucket_counts": [1], "explicit_bounds": [1.0], "count": 1}, "one bucket more than bounds"),
        ({"bucket_counts": [1, 0, 0], "explicit_bounds": [2.0, 1.0], "count": 1}, "bounds do not rise"),
        ({"bucket_counts": [1, 1], "explicit_bounds": [1.0], "count": 3}, "do not add up"),
        ({"count": 1, "sum": float("inf")}, "not a finite number"),
        ({"count": 1, "time_unix_nano": 0}, "no time"),
    ],
)
def test_a_histogram_that_cannot_be_is_refused(
    door: Any, build: Any, media: str, fields: dict[str, Any], reason: str
) -> None:
    data = build.metric().histogram
    data.aggregation_temporality = CUMULATIVE
    build.point(data, {"a": "b"}, **fields)
    assert 200 == door.post(build.request, media).status_code
    (row,) = door.ledger.rejections(5)
    assert reason in row.reason
    assert 'm{a="b"} at ' in row.example
    assert 0 == len(door.registry)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scale": 25}, "scale is not between"),
        ({"zero_threshold": -1.0}, "zero threshold"),
        ({"count": 5}, "do not add up"),
    ],
)
def test_an_exponential_histogram_that_cannot_be_is_refused(
    door: Any, build: Any, change: dict[str, Any], reason: str
) -> None:
    data = build.metric().exponential_histogram
    data.aggregation_temporality = CUMULATIVE
    build.point(data, **change)
    door.post(build.request)
    assert reason in door.ledger.rejections(1)[0].reason


@MEDIA
def test_a_summary_becomes_quantile_gauges_and_two_counters(door: Any, build: Any, media: str) -> None:
    data = build.metric("rpc", "s").summary
    point = build.point(data, {"m": "get"}, count=10, sum=2.5)
    for quantile, value in ((0.5, 0.2), (0.99, 0.9), (1.0, float("nan"))):
        point.quantile_values.add(quantile=quantile, value=value)
    door.post(build.request, media)
    found = {
        (item.name, dict(item.dimensions).get("quantile"), item.kind, item.unit, value)
        for item, _, value in door.samples()
    }
    assert {
        ("rpc_count", None, Kind.COUNTER, "None", 10.0),
        ("rpc_sum", None, Kind.COUNTER, "s", 2.5),
        ("rpc", "0.5", Kind.GAUGE, "s", 0.2),
        ("rpc", "0.99", Kind.GAUGE, "s", 0.9),
    } == found


def test_a_distribution_without_a_recorded_value_is_left_out(door: Any, build: Any) -> None:
    data = build.metric().histogram
    data.aggregation_temporality = CUMULATIVE
    build.point(data, flags=1)
    assert b"" == door.post(build.request).content
    assert [] == door.log.batches


def test_a_bound_caller_writes_to_its_account(door_of: Any, builder: Any) -> None:
    door = door_of(Principal("team", "999999999999", Role.WRITE, scope_of("999999999999")))
    door.post(builder(door.clock.now_ms()).gauge(1.0).request)
    assert ["999999999999"] == [identity.account for identity, _, _ in door.samples()]


def test_a_wipe_makes_the_door_register_its_series_again(door: Any, build: Any) -> None:
    build.gauge(1.0)
    door.post(build.request)
    door.registry.clear()
    for forget in door.writing.forget:
        forget()
    door.post(build.request)
    assert 1 == len(door.registry)


def test_the_compiled_scan_takes_over_with_the_same_series(
    door: Any, build: Any, kernels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(1000):
        build.gauge(float(at), attributes={"id": at})
    door.post(build.request)
    monkeypatch.setattr("trimtab.doors.protobuf.kernels.Kernels.get", lambda _self, _size: kernels)
    door.post(build.request)
    door.post(build.request)
    stored = door.samples()
    assert 1000 == len(door.registry)
    assert stored[:1000] == stored[1000:2000] == stored[2000:]


@MEDIA
def test_a_series_over_the_limits_is_refused_and_the_others_stored(door: Any, build: Any, media: str) -> None:
    door.registry.admission.limits = SeriesLimits(labels=2, per_account=2)
    build.gauge(1.0, "right", {"a": "1"}).gauge(1.0, "wrong", {"a": "1", "b": "2", "c": "3"})
    build.sum(1, CUMULATIVE, True).gauge(1.0, "too many")
    answer = door.post(build.request, media)
    assert 200 == answer.status_code
    assert ["right", "m"] == [identity.name for identity, *_ in door.samples()]
    assert b"number of labels exceeds the limit (actual: 3, limit: 2)" in answer.content
    assert b"per-user series limit of 2 exceeded" in answer.content


@MEDIA
def test_more_attributes_than_any_limit_are_not_decoded(door: Any, build: Any, media: str) -> None:
    many = {f"a{at}": "v" for at in range(MOST_LABELS + 1)}
    answer = door.post(build.gauge(1.0, "wrong", many).gauge(1.0, "right").request, media)
    assert b"(actual: more than 1000)" in answer.content
    assert ["right"] == [identity.name for identity, *_ in door.samples()]
