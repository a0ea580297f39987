"""Metric streams by boto3: what is kept of them, and what they send, minute by minute, with a clock of the test's."""

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from tests.unit.doors.aws.conftest import World
from tests.unit.notify.receiver import receiving

from boto_in_process import client
from gates import open_gate
from trimtab.access.scope import Scope
from trimtab.alarms.tagged import AlarmTags
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.doors.aws.cloudwatch.service import build
from trimtab.doors.aws.cloudwatch.tags import EveryTagged, named_exist
from trimtab.metric_streams.deliver import KEPT_MS, Parcel, Streaming
from trimtab.metric_streams.otlp import unit
from trimtab.metric_streams.room import StreamsRoom
from trimtab.metric_streams.store import StreamStore
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.notify.model import Outcome, Verdict
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State
from trimtab.wiring.metric_streams import Places, Sending, admitting

START_MS = 1_795_600_020_000
ARN = "arn:aws:firehose:us-east-1:123456789012:deliverystream/metrics"
ROLE = "arn:aws:iam::123456789012:role/stream"
WHERE = ("123456789012", "us-east-1")


class Registry:
    """The world's own, which knows everything at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def follow(self) -> frozenset[tuple[str, str]]:
        return frozenset()

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        return self._world.registry.find(scope, query)


@dataclass
class Taken:
    """A receiver in memory: what it took, and what it says to the next ones."""

    parcels: list[Parcel] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    def __call__(self, parcel: Parcel) -> Verdict:
        verdict = self.verdicts.pop(0) if self.verdicts else Verdict(Outcome.DELIVERED, "")
        if verdict.outcome is Outcome.DELIVERED:
            self.parcels.append(parcel)
        return verdict

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for parcel in self.parcels for line in parcel.body.splitlines()]


@dataclass
class Home:
    """CloudWatch's client, and the job that sends."""

    world: World
    clock: ManualClock
    store: StreamStore
    taken: Taken
    api: Any

    def put(self, name: str = "all", **more: Any) -> str:
        form = {"FirehoseArn": ARN, "RoleArn": ROLE, "OutputFormat": "json", **more}
        return str(self.api.put_metric_stream(Name=name, **form)["Arn"])

    def data(self, namespace: str, metric: str, values: Sequence[float], **dimensions: str) -> None:
        pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        datum = {"MetricName": metric, "Dimensions": pairs, "Values": list(values), "Unit": "Bytes"}
        self.api.put_metric_data(Namespace=namespace, MetricData=[datum])

    def turn(self, send: Any = None) -> int:
        """Send as a process that has just begun would: nothing is remembered but what is stored."""
        work = Streaming(self.store, Registry(self.world), self.world.reader, send or self.taken, self.clock)
        return asyncio.run(work.turn())


@pytest.fixture
def home(state: State, tmp_path: Path) -> Iterator[Home]:
    clock = ManualClock(START_MS)
    world, store = World(clock=clock), StreamStore(state, clock)
    places = Places({"metrics": "s3://bucket/prefix", "local": "folder:metrics"}, tmp_path)
    tagged = EveryTagged(AlarmTags(state), (named_exist(store.get, "metric-stream"),))
    rooms = replace(world.rooms, streams=StreamsRoom(store, admitting(places, open_gate())), tagged=tagged)
    yield Home(world, clock, store, Taken(), client(build(rooms), clock, "us-east-1"))


def test_a_stream_is_put_listed_stopped_and_deleted(home: Home) -> None:
    more = [{"IncludeMetrics": [{"Namespace": "A", "MetricName": "m"}], "AdditionalStatistics": ["p99", "TM(10%:90%)"]}]
    include = [{"Namespace": "A", "MetricNames": ["m"]}]
    arn = home.put("one", StatisticsConfigurations=more, IncludeFilters=include, Tags=[{"Key": "k", "Value": "v"}])
    assert arn == "arn:aws:cloudwatch:us-east-1:123456789012:metric-stream/one"
    found = home.api.get_metric_stream(Name="one")
    assert (found["State"], found["StatisticsConfigurations"], found["IncludeFilters"], found["FirehoseArn"]) == (
        "running", more, include, ARN
    )  # fmt: skip
    assert home.api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    home.put("two")
    first = home.api.list_metric_streams(MaxResults=1)
    assert [one["Name"] for one in first["Entries"]] == ["one"]
    assert [one["Name"] for one in home.api.list_metric_streams(NextToken=first["NextToken"])["Entries"]] == ["two"]
    home.api.stop_metric_streams(Names=["one", "absent"])
    home.put("one")
    assert home.api.get_metric_stream(Name="one")["State"] == "stopped"
    home.api.start_metric_streams(Names=["one"])
    assert home.api.get_metric_stream(Name="one")["State"] == "running"
    home.api.delete_metric_stream(Name="one")
    home.api.delete_metric_stream(Name="one")
    with pytest.raises(ClientError) as missing:
        home.api.get_metric_stream(Name="one")
    assert missing.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"IncludeFilters": [{"Namespace": "A"}], "ExcludeFilters": [{"Namespace": "B"}]},
         "InvalidParameterCombination"),
        ({"FirehoseArn": ARN.replace("metrics", "other")}, "InvalidParameterValue"),
        ({"FirehoseArn": "arn:aws:s3:::bucket"}, "InvalidParameterValue"),
        ({"FirehoseArn": "http://169.254.169.254/latest"}, "InvalidParameterValue"),
        ({"OutputFormat": "opentelemetry0.7"}, "InvalidParameterValue"),
        ({"name": "a b"}, "InvalidParameterValue"),
        ({"IncludeFilters": [{"MetricNames": ["m"]}]}, "InvalidParameterValue"),
        ({"StatisticsConfigurations": [{"IncludeMetrics": [{"Namespace": "A", "MetricName": "m"}],
                                        "AdditionalStatistics": ["Sum"]}]}, "InvalidParameterValue"),
        ({"OutputFormat": "opentelemetry1.0",
          "StatisticsConfigurations": [{"IncludeMetrics": [{"Namespace": "A", "MetricName": "m"}],
                                        "AdditionalStatistics": ["tm90"]}]}, "InvalidParameterValue"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_the_documented_code(home: Home, form: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as wrong:
        home.put(**form)
    assert wrong.value.response["Error"]["Code"] == code


def test_a_minute_is_sent_once_it_has_ended_for_a_while_as_documented(home: Home) -> None:
    home.put(StatisticsConfigurations=[{"IncludeMetrics": [{"Namespace": "A", "MetricName": "size"}],
                                        "AdditionalStatistics": ["p50"]}])  # fmt: skip
    home.data("A", "size", [1.0, 2.0, 9.0], Host="h")
    home.clock.advance(119)
    assert home.turn() == 0
    home.clock.advance(1)
    assert home.turn() == 1
    assert home.taken.records() == [
        {
            "metric_stream_name": "all", "account_id": "123456789012", "region": "us-east-1", "namespace": "A",
            "metric_name": "size", "dimensions": {"Host": "h"}, "timestamp": START_MS,
            "value": {"count": 3.0, "sum": 12.0, "max": 9.0, "min": 1.0, "p50": 2.0}, "unit": "Bytes",
        }
    ]  # fmt: skip
    assert home.turn() == 0


def test_filters_choose_what_is_sent(home: Home) -> None:
    home.put("some", IncludeFilters=[{"Namespace": "A", "MetricNames": ["x"]}, {"Namespace": "B"}])
    home.put("rest", ExcludeFilters=[{"Namespace": "A", "MetricNames": ["x"]}, {"Namespace": "B"}])
    for namespace, metric in (("A", "x"), ("A", "y"), ("B", "x"), ("C", "x")):
        home.data(namespace, metric, [1.0])
    home.clock.advance(120)
    assert home.turn() == 4
    sent = {(one["metric_stream_name"], one["namespace"], one["metric_name"]) for one in home.taken.records()}
    assert sent == {("some", "A", "x"), ("some", "B", "x"), ("rest", "A", "y"), ("rest", "C", "x")}


def test_what_did_not_arrive_is_sent_again_and_no_minute_is_lost(home: Home) -> None:
    home.put()
    for value in (1.0, 2.0, 3.0):
        home.data("A", "m", [value])
        home.clock.advance(60)
    home.taken.verdicts = [Verdict(Outcome.RETRY, "away"), Verdict(Outcome.FAILED, "refused")]
    home.clock.advance(60)
    assert home.turn() == 0
    assert home.turn() == 0  # it waits before it tries again
    assert len(home.taken.verdicts) == 1
    home.clock.advance(60)
    assert home.turn() == 0
    stream = asyncio.run(home.store.get(*WHERE, "all"))
    assert (stream.attempts, stream.last_error, stream.position_ms) == (2, "refused", START_MS)
    home.clock.advance(120)
    assert home.turn() == 3
    assert [one["value"]["sum"] for one in home.taken.records()] == [1.0, 2.0, 3.0]
    stream = asyncio.run(home.store.get(*WHERE, "all"))
    assert (stream.attempts, stream.sent) == (0, 3)


def test_a_process_that_ends_before_it_noted_what_it_sent_repeats_it_under_the_same_names(home: Home) -> None:
    home.put()
    home.data("A", "m", [1.0])
    home.clock.advance(120)

    class Killed(Exception):
        pass

    def dies(parcel: Parcel) -> Verdict:
        home.taken(parcel)
        raise Killed

    with pytest.raises(Killed):
        home.turn(dies)
    home.clock.advance(60)
    assert home.turn() == 1
    first, again = home.taken.parcels
    assert (first.name, first.id, first.body) == (again.name, again.id, again.body)
    assert home.turn() == 0


def test_a_stream_that_was_stopped_sends_nothing_of_the_time_between(home: Home) -> None:
    home.put()
    home.api.stop_metric_streams(Names=["all"])
    home.data("A", "m", [1.0])
    home.clock.advance(180)
    home.api.start_metric_streams(Names=["all"])
    home.data("A", "m", [5.0])
    home.clock.advance(120)
    home.turn()
    assert [one["value"]["sum"] for one in home.taken.records()] == [5.0]


def test_minutes_that_nobody_took_for_a_day_are_left_out_and_counted(home: Home) -> None:
    home.put()
    home.data("A", "m", [1.0])
    home.clock.advance(KEPT_MS / 1000 + 600)
    home.turn()
    stream = asyncio.run(home.store.get(*WHERE, "all"))
    assert (stream.skipped, stream.position_ms) == (10, START_MS + 600_000)
    home.data("A", "m", [7.0])
    home.clock.advance(120)
    for _ in range(200):
        home.turn()
    assert [one["value"]["sum"] for one in home.taken.records()] == [7.0]


def test_otlp_is_read_by_its_own_library(home: Home) -> None:
    arn = home.put(OutputFormat="opentelemetry1.0", StatisticsConfigurations=[
        {"IncludeMetrics": [{"Namespace": "A", "MetricName": "m"}], "AdditionalStatistics": ["p50"]}])  # fmt: skip
    home.data("A", "m", [1.0, 2.0, 9.0], Host="h")
    home.clock.advance(120)
    assert home.turn() == 1
    body = home.taken.parcels[0].body
    length, at = body[0] & 0x7F, 1
    if body[0] & 0x80:
        length, at = length | body[1] << 7, 2
    assert len(body) == at + length
    message = ExportMetricsServiceRequest.FromString(body[at:])
    [resource] = message.resource_metrics
    about = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert about == {"cloud.provider": "aws", "cloud.account.id": "123456789012", "cloud.region": "us-east-1",
                     "aws.exporter.arn": arn}  # fmt: skip
    [metric] = resource.scope_metrics[0].metrics
    [point] = metric.summary.data_points
    assert ("amazonaws.com/A/m", "By") == (metric.name, metric.unit)
    assert (3, 12.0, START_MS * 1_000_000) == (point.count, point.sum, point.start_time_unix_nano)
    assert 60_000_000_000 == point.time_unix_nano - point.start_time_unix_nano
    assert [(0.0, 1.0), (0.5, 2.0), (1.0, 9.0)] == [(one.quantile, one.value) for one in point.quantile_values]
    attributes = {one.key: one.value for one in point.attributes}
    assert "A" == attributes["Namespace"].string_value
    [dimension] = attributes["Dimensions"].kvlist_value.values
    assert ("Host", "h") == (dimension.key, dimension.value.string_value)
    assert ["By/s", "{Count}", "1", "furlong"] == [unit(one) for one in ("Bytes/Second", "Count", "None", "furlong")]


def test_places_are_folders_and_urls_that_are_named(home: Home, tmp_path: Path) -> None:
    with receiving() as receiver:
        places = Places({"local": "folder:metrics", "hook": f"{receiver.url}/in"}, tmp_path)
        sending = Sending(places, HttpTransport(open_gate()))
        parcel = Parcel(ARN.replace("/metrics", "/hook"), "2026/01/one", "id", "arn:stream", 7, b"line\n")
        assert sending(parcel).outcome is Outcome.DELIVERED
        [(path, headers, body)] = receiver.requests
        assert ("/in", "id", "arn:stream") == (
            path, headers["x-amz-firehose-request-id"], headers["x-amz-firehose-source-arn"]
        )  # fmt: skip
        assert {"requestId": "id", "timestamp": 7,
                "records": [{"data": base64.b64encode(b"line\n").decode()}]} == json.loads(body)  # fmt: skip
        receiver.status = 503
        assert sending(parcel).outcome is Outcome.RETRY
    assert sending(replace(parcel, destination=ARN.replace("/metrics", "/local"))).outcome is Outcome.DELIVERED
    assert (tmp_path / "metrics/2026/01/one").read_bytes() == b"line\n"
    assert sending(replace(parcel, destination=ARN)).outcome is Outcome.FAILED
    with pytest.raises(InvalidInput, match="TRIMTAB_DELIVERY_STREAMS"):
        places.place(ARN)
