"""`aws ce` of both versions against a live server, on a bill worked out by hand."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.wire.aws_cli.test_aws_cli import find

from brought import bring
from live_server import LiveServer
from made_bill import PROD, RESEARCH, cur2

pytestmark = pytest.mark.wire
MADE = json.dumps({"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [RESEARCH, PROD]}})
AUGUST = ("--time-period", "Start=2026-08-01,End=2026-09-01")


@pytest.fixture(scope="module", params=[1, 2])
def aws(request: pytest.FixtureRequest, server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    binary = find(request.param)
    path = tmp_path_factory.mktemp("bill") / "made.csv"
    path.write_text(cur2())
    bring(server, Path(path))

    def run(*arguments: str) -> Any:
        given = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": server.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }
        command = [binary, "ce", *arguments, "--endpoint-url", server.url, "--output", "json"]
        done = subprocess.run(
            command, env={**os.environ, **given}, capture_output=True, text=True, timeout=60, check=False
        )
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    return run


def test_costs_by_service(aws: Any) -> None:
    found = aws(
        "get-cost-and-usage", *AUGUST, "--granularity", "MONTHLY", "--metrics", "UnblendedCost", "AmortizedCost",
        "--group-by", "Type=DIMENSION,Key=SERVICE", "--filter", MADE,
    )  # fmt: skip
    groups = {one["Keys"][0]: one["Metrics"] for one in found["ResultsByTime"][0]["Groups"]}
    assert groups["Amazon Elastic Compute Cloud"]["AmortizedCost"] == {"Amount": "246.96", "Unit": "USD"}
    assert groups["Amazon Simple Storage Service"]["UnblendedCost"] == {"Amount": "34.5", "Unit": "USD"}


def test_values_and_tags(aws: Any) -> None:
    found = aws("get-dimension-values", *AUGUST, "--dimension", "REGION", "--filter", MADE)
    assert [one["Value"] for one in found["DimensionValues"]] == ["NoRegion", "eu-west-1", "us-east-1"]
    assert aws("get-tags", *AUGUST, "--tag-key", "team", "--filter", MADE)["Tags"] == ["", "search", "vision"]


def test_use_of_commitments(aws: Any) -> None:
    found = aws("get-savings-plans-utilization", *AUGUST, "--filter", MADE)
    assert found["Total"]["Utilization"]["UtilizationPercentage"] == "90"
    found = aws("get-reservation-utilization", *AUGUST, "--filter", MADE)
    assert found["Total"]["UtilizationPercentage"] == "75"


def test_a_refusal_is_read_as_one(aws: Any) -> None:
    told = aws("get-cost-and-usage", "--time-period", "Start=2026-08-02,End=2026-08-01", "--granularity", "DAILY",
               "--metrics", "UnblendedCost")  # fmt: skip
    assert "ValidationException" in told
    assert "Start date (and hour) should be before end date (and hour)" in told
