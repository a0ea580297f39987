"""The clients of Datadog and of StatsD itself: what comes back is what they were told."""

import threading
from typing import Any

import pytest
from datadog.dogstatsd.base import DogStatsd
from statsd import StatsClient

from live_server import LiveServer
from trimtab.client.api import Client

pytestmark = pytest.mark.wire
WAIT_S = 30  # a window and then some


@pytest.fixture(scope="module")
def trimtab(server: LiveServer) -> Any:
    """Both clients have sent, and the windows are over."""
    host, port = server.address_of("StatsD")
    plain = StatsClient(host, port, prefix="plain")
    dog = DogStatsd(host=host, port=port, namespace="dog", constant_tags=["env:test"], disable_telemetry=True)
    for number in range(10):
        plain.incr("hits", 2)
        plain.timing("took", number)
        dog.increment("hits", 3, tags=["route:/a"])
        dog.histogram("size", number * 10.5)
        dog.distribution("spread", number)
        dog.set("users", number % 4)
    plain.gauge("level", 5)
    plain.gauge("level", -2, delta=True)
    dog.gauge("level", 7.25)
    dog.event("deployed", "is no metric")
    plain.close()
    dog.flush()
    dog.stop()
    with Client(server.url) as client:
        pause = threading.Event()
        for _ in range(WAIT_S * 5):
            if len(client.metrics(namespace="StatsD").series) >= 8:
                break
            pause.wait(0.2)
        yield client


def values(trimtab: Client, name: str, **dimensions: str) -> tuple[str, str, list[float | None]]:
    (series,) = trimtab.metrics(namespace="StatsD", name=name).series
    assert dimensions == series.dimensions
    return series.kind, series.unit, trimtab.raw(series.id, start="-10m", end="now", fresh=True).values


def test_counters_are_sums(trimtab: Client) -> None:
    kind, unit, sums = values(trimtab, "plain.hits")
    assert ("events", "Count", 20.0) == (kind, unit, sum(value or 0 for value in sums))
    _, _, sums = values(trimtab, "dog.hits", env="test", route="/a")
    assert 30.0 == sum(value or 0 for value in sums)


def test_timings_are_all_there(trimtab: Client) -> None:
    kind, unit, found = values(trimtab, "plain.took")
    assert ("events", "Milliseconds", [float(number) for number in range(10)]) == (kind, unit, sorted(found))
    _, _, found = values(trimtab, "dog.size", env="test")
    assert [number * 10.5 for number in range(10)] == sorted(found)
    _, _, found = values(trimtab, "dog.spread", env="test")
    assert [float(number) for number in range(10)] == sorted(found)


def test_gauges_and_sets(trimtab: Client) -> None:
    assert 3.0 == values(trimtab, "plain.level")[2][-1]
    assert ("gauge", "None", [7.25]) == values(trimtab, "dog.level", env="test")
    assert 4.0 == max(value or 0 for value in values(trimtab, "dog.users", env="test")[2])


def test_what_is_no_metric_is_in_the_ledger(trimtab: Client) -> None:
    (source,) = [one for one in trimtab.sources().sources if one.door == "statsd"]
    assert ("StatsD", 1) == (source.name, source.rejected)
