"""The AWS SDK for JavaScript, in its own protocol (JSON) and forced to CBOR and query."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from live_server import LiveServer

pytestmark = [pytest.mark.wire, pytest.mark.slow]  # the packages have to be installed first
HERE = Path(__file__).parent
CONTENT_TYPES = {
    "default": "application/x-amz-json-1.0",
    "json": "application/x-amz-json-1.0",
    "cbor": "application/cbor",
    "query": "application/x-www-form-urlencoded",
}


@pytest.fixture(scope="module")
def node() -> str:
    """Node, with the packages of package-lock.json installed."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("no node and npm on the path")
    if not (HERE / "node_modules" / "@aws-sdk").exists():
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=110, check=False)
        if done.returncode:
            pytest.skip(f"cannot install the SDK: {done.stderr[-300:]}")
    return found


@pytest.mark.parametrize("protocol", list(CONTENT_TYPES))
def test_metrics_go_and_come_back(server: LiveServer, node: str, protocol: str) -> None:
    namespace = f"js/{protocol}"
    command = [node, "--no-warnings", "cloudwatch.mjs", server.url, protocol, namespace]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert [CONTENT_TYPES[protocol]] == answer["contentTypes"]
    dimensions = [{"Name": "service", "Value": "a & <b>"}]
    assert [{"Namespace": namespace, "MetricName": "latency", "Dimensions": dimensions}] == answer["listed"]
    expected = [
        {"id": "m0", "minutes": [0, 5], "values": [11.5, 30]},
        {"id": "m1", "minutes": [0, 5], "values": [4, 20]},
    ]
    assert expected == answer["data"]
    assert [[0, 2.3, 5, "Seconds"], [5, 15, 2, "Seconds"]] == answer["statistics"]
    assert ("InvalidParameterValueException", 400) == (answer["error"]["name"], answer["error"]["status"])
