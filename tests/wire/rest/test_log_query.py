"""Logs Insights over REST and from the command line, against a live server."""

import json
import os
import subprocess
import sys
import time
import uuid
from typing import Any

import boto3
import httpx
import pytest

from live_server import LiveServer

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def group(server: LiveServer) -> str:
    logs = boto3.client(
        "logs", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    name = f"/rest/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    start = int(time.time() * 1000) - 60_000
    events = [{"timestamp": start + n, "message": json.dumps({"n": n, "odd": n % 2})} for n in range(10)]
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    return name


def post(server: LiveServer, **body: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/rest/v1/logs/query", json=body, timeout=60)


def trimtab(server: LiveServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TRIMTAB_URL": server.url, "COLUMNS": "120"}
    command = [sys.executable, "-m", "trimtab", "logs", "query", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_rows_with_what_was_read(server: LiveServer, group: str) -> None:
    answer = post(server, query="filter odd = 1 | stats count(*) as n, sum(n) as total", groups=[group]).json()
    assert (answer["columns"], answer["rows"]) == (["n", "total"], [["5", "25"]])
    assert answer["statistics"] == {"matched": 5, "scanned": 10, "bytes": 180, "groups": 1}


def test_explain_binds_what_the_query_says(server: LiveServer, group: str) -> None:
    answer = post(server, query="filter odd = 'x; DROP'", groups=[group], explain=True).json()
    assert answer["sql"].startswith("SELECT ")
    assert "DROP" not in answer["sql"]
    assert "x; DROP" in answer["parameters"].values()
    assert answer["rows"] == []


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"query": "filtr"}, 400, "Invalid syntax at character 1"),
        ({"query": "fields " + "+".join(["a"] * 4000)}, 400, "at most 200 operators"),
        ({"query": "fields a | " * 60 + "fields a"}, 400, "more than 50 commands"),
        ({"query": "filter a = '" + "é" * 9000 + "'"}, 400, "too long for the engine"),
        ({"query": "filter @message like /(a{1000}){1000}/"}, 400, "regular expression"),
        ({"query": "fields a", "groups": ["none"]}, 404, "Log group 'none' does not exist"),
        ({"query": "DROP TABLE x", "language": "SQL"}, 400, "expected select"),
    ],
)
def test_what_is_wrong_is_said(server: LiveServer, group: str, body: dict[str, Any], status: int, message: str) -> None:
    answer = post(server, **{"groups": [group], **body})
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]


def test_the_command_line(server: LiveServer, group: str) -> None:
    table = trimtab(server, "-g", group, "stats max(n) as most by odd")
    assert [line.split() for line in table.stdout.splitlines() if line[:1].isdigit()] == [["0", "8"], ["1", "9"]]
    assert "10 of 10 events match" in table.stderr
    csv = trimtab(server, "-g", group, "--csv", "--sql", "SELECT n FROM logs WHERE n > 7 ORDER BY n")
    assert [line.split(",")[0] for line in csv.stdout.splitlines()] == ["n", "8", "9"]
    wrong = trimtab(server, "-g", group, "nonsense")
    assert (wrong.returncode != 0, "Invalid syntax at character 1" in wrong.stderr) == (True, True)
