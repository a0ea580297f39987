"""The AWS command line, version 1 (JSON, and forced to query and CBOR) and 2 (Debian's speaks query)."""

import datetime as dt
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from live_server import LiveServer

pytestmark = pytest.mark.wire
MODEL = Path("cloudwatch", "2010-08-01", "service-2.json")
FORMS = {"json": "application/x-amz-json-1.0", "query": "application/x-www-form-urlencoded", "cbor": "application/cbor"}
WIRE_NAMES = {"query": "query", "cbor": "smithy-rpc-v2-cbor"}


@dataclass
class Cli:
    """One `aws` against the server."""

    binary: str
    url: str
    form: str
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [self.binary, "cloudwatch", *arguments, "--endpoint-url", self.url, "--output", "json"]
        given = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }
        environment = {**os.environ, **given, **self.environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")


def find(major: int) -> str:
    """An `aws` of that version: beside this Python, on the path, or the system's."""
    beside = Path(sys.executable).with_name("aws")
    for candidate in (beside, shutil.which("aws"), "/usr/bin/aws"):
        if candidate and Path(candidate).exists():
            told = subprocess.run([candidate, "--version"], capture_output=True, text=True, timeout=60, check=False)
            if told.stdout.startswith(f"aws-cli/{major}."):
                return str(candidate)
    pytest.skip(f"no aws of version {major} here" + (": apt-get install awscli" if major == 2 else ""))


def forced(form: str, directory: Path) -> dict[str, str]:
    """The service model of version 1 with one protocol left, where the command line looks first."""
    spec = importlib.util.find_spec("awscli")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("awscli is not a package of this Python")
    for own in ("botocore/data", "../botocore/data"):
        file = Path(spec.submodule_search_locations[0], own, MODEL)
        if file.exists():
            model = json.loads(file.read_text())
            model["metadata"]["protocol"] = WIRE_NAMES[form]
            model["metadata"]["protocols"] = [WIRE_NAMES[form]]
            (directory / MODEL).parent.mkdir(parents=True)
            (directory / MODEL).write_text(json.dumps(model))
            return {"AWS_DATA_PATH": str(directory)}
    pytest.skip("awscli has its models packed")


@pytest.fixture(params=[(1, "json"), (1, "query"), (1, "cbor"), (2, "query")], ids=lambda one: f"v{one[0]}-{one[1]}")
def cli(server: LiveServer, request: pytest.FixtureRequest, tmp_path: Path) -> Cli:
    major, form = request.param
    binary = find(major)
    environment = forced(form, tmp_path) if major == 1 and form in WIRE_NAMES else {}
    return Cli(binary, server.url, form, environment)


def test_metrics_go_and_come_back(cli: Cli) -> None:
    namespace = f"cli/{uuid.uuid4()}"
    hour = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=1)

    def at(minute: int) -> str:
        return (hour + dt.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")

    dimensions = [{"Name": "service", "Value": "a & <b>"}]
    same = {"MetricName": "latency", "Dimensions": dimensions, "Unit": "Seconds"}
    data = [
        {**same, "Timestamp": at(0), "Value": 1.5},
        {**same, "Timestamp": at(1), "Values": [2, 4], "Counts": [3, 1]},
        {
            **same,
            "Timestamp": at(5),
            "StatisticValues": {"SampleCount": 2, "Sum": 30, "Minimum": 10, "Maximum": 20},
        },
    ]
    sent = cli.run("put-metric-data", "--namespace", namespace, "--metric-data", json.dumps(data), "--debug")
    assert sent.returncode == 0, sent.stderr
    assert set(re.findall(r"Content-Type': b'([^';]*)", sent.stderr)) == {FORMS[cli.form]}

    metric = {"Namespace": namespace, "MetricName": "latency", "Dimensions": dimensions}
    queries = [
        {"Id": f"m{at}", "MetricStat": {"Metric": metric, "Period": 300, "Stat": statistic}}
        for at, statistic in enumerate(("Sum", "SampleCount", "Maximum"))
    ]
    window = ("--start-time", at(0), "--end-time", at(10))
    answer = cli.json(
        "get-metric-data", "--metric-data-queries", json.dumps(queries), *window, "--scan-by", "TimestampAscending"
    )
    expected = {"m0": [11.5, 30.0], "m1": [5.0, 2.0], "m2": [4.0, 20.0]}
    assert expected == {one["Id"]: one["Values"] for one in answer["MetricDataResults"]}
    assert [metric] == cli.json("list-metrics", "--namespace", namespace)["Metrics"]


def test_an_error_has_its_code(cli: Cli) -> None:
    done = cli.run("put-metric-data", "--namespace", "cli", "--metric-name", "m", "--value", "1e300")
    assert done.returncode != 0
    assert "(InvalidParameterValue) when calling the PutMetricData operation" in done.stderr
    assert "MetricData.member.1.Value is invalid" in done.stderr
