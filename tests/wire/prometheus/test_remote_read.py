"""Remote read as Prometheus asks for it: the samples that were written, by matchers and times."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

import cramjam
import httpx
import pytest

import prompb
from live_server import LiveServer
from patience import until

pytestmark = pytest.mark.wire
PB = prompb.messages()
EQUAL, UNEQUAL, LIKE, UNLIKE = range(4)
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}


@pytest.fixture(scope="module")
def job(server: LiveServer) -> str:
    """A job with two series of three samples each, ten seconds apart; the newest is of a minute ago."""
    name, now = f"read-{uuid.uuid4().hex[:8]}", int(time.time()) * 1000 - 60_000
    request = PB.WriteRequest()
    for number, instance in enumerate(('a "quoted" one', "b")):
        series = request.timeseries.add()
        for key, value in (("__name__", "read_gauge"), ("instance", instance), ("job", name)):
            series.labels.add(name=key, value=value)
        for at in range(3):
            series.samples.add(value=number * 10 + at + 0.5, timestamp=now - (2 - at) * 10_000)
    posted(server, "write", request)
    until(lambda: len(read(server, now - 20_000, now, job=(EQUAL, name))) == 2, "both series are read")
    return f"{name} {now}"


def posted(server: LiveServer, path: str, message: Any) -> httpx.Response:
    body = bytes(cramjam.snappy.compress_raw(message.SerializeToString()))
    return httpx.post(f"{server.url}/api/v1/{path}", content=body, headers=HEADERS, timeout=30)


def read(server: LiveServer, start_ms: int, end_ms: int, **matchers: tuple[int, str]) -> Mapping[str, list[Any]]:
    """Samples by instance."""
    request = PB.ReadRequest()
    query = request.queries.add(start_timestamp_ms=start_ms, end_timestamp_ms=end_ms)
    for name, (type_, value) in matchers.items():
        query.matchers.add(name=name, type=type_, value=value)
    answer = posted(server, "read", request)
    assert (200, "snappy") == (answer.status_code, answer.headers["content-encoding"]), answer.text
    (result,) = PB.ReadResponse.FromString(bytes(cramjam.snappy.decompress_raw(answer.content))).results
    return {
        {label.name: label.value for label in series.labels}["instance"]: [
            (sample.timestamp, sample.value) for sample in series.samples
        ]
        for series in result.timeseries
    }


def test_samples_come_back_as_they_were_written_both_ends_included(server: LiveServer, job: str) -> None:
    name, now = job.split()[0], int(job.split()[1])
    found = read(server, now - 20_000, now, __name__=(EQUAL, "read_gauge"), job=(EQUAL, name))
    assert found == {
        'a "quoted" one': [(now - 20_000, 0.5), (now - 10_000, 1.5), (now, 2.5)],
        "b": [(now - 20_000, 10.5), (now - 10_000, 11.5), (now, 12.5)],
    }
    assert [(now - 10_000, 11.5)] == read(server, now - 19_999, now - 1, job=(EQUAL, name))["b"]
    assert {} == read(server, now, now - 1, job=(EQUAL, name))


@pytest.mark.parametrize(
    ("matcher", "instances"),
    [
        ((EQUAL, 'a "quoted" one'), ['a "quoted" one']),
        ((UNEQUAL, "b"), ['a "quoted" one']),
        ((LIKE, "b|c"), ["b"]),
        ((UNLIKE, "a.*"), ["b"]),
    ],
)
def test_matchers_are_those_of_prometheus(
    server: LiveServer, job: str, matcher: tuple[int, str], instances: list[str]
) -> None:
    name, now = job.split()[0], int(job.split()[1])
    assert instances == list(read(server, now - 20_000, now, job=(EQUAL, name), instance=matcher))


def test_what_cannot_be_read_is_refused(server: LiveServer) -> None:
    answer = httpx.post(f"{server.url}/api/v1/read", content=b"nonsense", headers=HEADERS, timeout=30)
    assert (400, "bad_data") == (answer.status_code, answer.json()["errorType"])
    request = PB.ReadRequest()
    request.queries.add(end_timestamp_ms=1).matchers.add(type=7, name="a", value="b")
    assert "got type 7; expected 0 to 3" in posted(server, "read", request).json()["error"]
