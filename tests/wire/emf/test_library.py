"""AWS's own embedded-metrics library for Python, over TCP and UDP: what comes back is what it was told."""

import os
import subprocess
import sys

import pytest

from live_server import LiveServer
from patience import until
from trimtab.client.api import Client

pytestmark = pytest.mark.wire
LATENCIES = [float(number % 7) + 0.5 for number in range(250)]
PROGRAM = """
import asyncio, json, sys
from aws_embedded_metrics import metric_scope
from aws_embedded_metrics.logger.metrics_logger_factory import create_metrics_logger

async def main(namespace, latencies):
    logger = create_metrics_logger()
    logger.set_namespace(namespace)
    logger.set_dimensions({"service": "api"}, {"service": "api", "zone": "a"})
    for latency in latencies:  # more than one document holds
        logger.put_metric("latency", latency, "Milliseconds")
    logger.put_metric("requests", len(latencies), "Count", 1)
    logger.set_property("request", "is not a metric")
    await logger.flush()

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_what_the_library_sends_comes_back(server: LiveServer, protocol: str) -> None:
    host, port = server.address_of("embedded metric format")
    namespace = f"emf-library/{protocol}"
    environment = {
        **os.environ,
        "AWS_EMF_AGENT_ENDPOINT": f"{protocol}://{host}:{port}",
        "AWS_EMF_ENVIRONMENT": "default",  # else it asks the cloud where it is
        "AWS_EMF_SERVICE_NAME": "wire",
        "AWS_EMF_SERVICE_TYPE": "test",
        "AWS_EMF_LOG_GROUP_NAME": "wire",
    }
    command = [sys.executable, "-c", PROGRAM, namespace, repr(LATENCIES)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    with Client(server.url) as trimtab:
        wanted = 2 * len(LATENCIES) + 2
        until(
            lambda: any(one.name == namespace and one.rows >= wanted for one in trimtab.sources().sources),
            "the library's metrics are not stored",
        )
        found = trimtab.metrics(namespace=namespace).series
        names = {(series.name, series.unit, tuple(sorted(series.dimensions.items()))) for series in found}
        sets = ((("service", "api"),), (("service", "api"), ("zone", "a")))
        expected = {
            (name, unit, one) for name, unit in (("latency", "Milliseconds"), ("requests", "Count")) for one in sets
        }
        assert expected == names
        for series in found:
            values = trimtab.raw(series.id, start="-10m", end="now", fresh=True).values
            assert sorted(LATENCIES if series.name == "latency" else [250.0]) == sorted(values)
        (source,) = [one for one in trimtab.sources().sources if one.name == namespace]
        assert ("emf", 0, 2 * len(LATENCIES) + 2) == (source.door, source.rejected, source.rows)
