"""The doors without an answer to their sender drop series over the limits, and count them."""

import asyncio
import json

import pytest

from metric_doors import MetricDoor, make_door
from trimtab.doors.emf.door import EmfDoor
from trimtab.doors.log_metrics import LogMetrics
from trimtab.doors.statsd.door import StatsdDoor
from trimtab.logs.filters.emission import Measured
from trimtab.metrics.admission import SeriesLimits
from trimtab.store.state.database import State


@pytest.fixture
def door(state: State) -> MetricDoor:
    return make_door(lambda _writing: [], state, limits=SeriesLimits(labels=1))


def refused(door: MetricDoor) -> list[tuple[str, int]]:
    return [(row.reason.partition(" (")[0], row.rows) for row in door.ledger.rejections(10)]


def test_statsd(door: MetricDoor) -> None:
    statsd = StatsdDoor(door.writing)
    statsd.datagram(b"right:1|c|#a:1\nwrong:1|c|#a:1,b:2\nwrong:2|c|#a:1,b:2")
    assert "" == asyncio.run(statsd.flush_last())
    assert ["right"] == [one.name for one, *_ in door.values()]
    assert [("received a series whose number of labels exceeds the limit", 1)] == refused(door)


def test_emf(door: MetricDoor) -> None:
    emf = EmfDoor(door.writing)
    definitions = [{"Namespace": "App", "Dimensions": [["a"], ["a", "b"]], "Metrics": [{"Name": "latency"}]}]
    meta = {"Timestamp": door.clock.now_ms(), "CloudWatchMetrics": definitions}
    emf.document(json.dumps({"_aws": meta, "a": "1", "b": "2", "latency": 3}).encode(), "TCP")
    asyncio.run(emf.held.flush())
    assert [(("a", "1"),)] == [one.dimensions for one, *_ in door.values()]
    assert [("received a series whose number of labels exceeds the limit", 1)] == refused(door)
    assert [1] == [source.rows for source in door.ledger.list()]


def test_metrics_of_log_events(door: MetricDoor) -> None:
    emit = LogMetrics(door.writing.ingest, door.registry)
    points = [
        Measured("1", "eu", "ns", name, "Count", dimensions, 1_764_000_000_000, 1.0, 1)
        for name, dimensions in (("right", ()), ("wrong", (("a", "1"), ("b", "2"))))
    ]
    asyncio.run(emit(points))
    assert ["right"] == [one.name for one, *_ in door.values()]
