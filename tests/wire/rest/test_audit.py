"""The audit over REST and from the command line, against a live server."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from live_server import LiveServer
from made_audit import record
from patience import until
from trimtab.base.clock import SystemClock

pytestmark = pytest.mark.wire


def cli(server: LiveServer, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "trimtab", *arguments, "--url", server.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def get(server: LiveServer, path: str, **query: Any) -> Any:
    answer = httpx.get(f"{server.url}/rest/v1/audit/{path}", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_records_that_are_sent_are_found_by_every_read(server: LiveServer) -> None:
    now = SystemClock().now_ms()
    made = [
        record(now - n * 1000, f"rest-{n}", eventName="TurnTheWheel", requestParameters={"wheelName": "big"})
        for n in range(3)
    ]
    put = httpx.post(f"{server.url}/rest/v1/audit/events", json={"records": [*made, {"eventTime": "x"}]})
    assert put.json()["stored"] == 3
    assert put.json()["refused"][0].startswith("records[3]: cannot read audit record")
    page = get(server, "events", name="TurnTheWheel", limit=2)
    assert [one["id"] for one in page["events"]] == ["rest-0", "rest-1"]
    rest = get(server, "events", name="TurnTheWheel", limit=2, after=page["next"])
    assert ([one["id"] for one in rest["events"]], rest["next"]) == (["rest-2"], None)
    assert get(server, "events/rest-1")["record"] == made[1]
    summary = get(server, "summary", about="big")
    assert (summary["events"], summary["changes"], summary["facets"]["user"]) == (
        3,
        3,
        [{"value": "alice", "events": 3}],
    )
    changes = get(server, "changes", word="big", window="10m")
    assert [one["event"]["id"] for one in changes["changes"][:3]] == ["rest-0", "rest-1", "rest-2"]
    assert changes["changes"][0]["about"] == ["big"]


def test_the_command_line_imports_looks_up_queries_and_verifies(server: LiveServer, tmp_path: Path) -> None:
    now = SystemClock().now_ms()
    name = f"OpenTheHatch{now}"
    made = [record(now, f"cli-{now}-{n}", eventName=name) for n in range(4)]
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(json.dumps({"Records": made}).encode()))
    assert "4 records in 1 files; 4 are new" in cli(server, "import", "cloudtrail", str(tmp_path))
    assert "4 records in 1 files; 0 are new" in cli(server, "import", "cloudtrail", str(tmp_path))
    assert cli(server, "audit", "lookup", "--name", name).count(name) == 4
    assert f'"eventName": "{name}"' in cli(server, "audit", "show", f"cli-{now}-2")
    text = "SELECT eventName, count(*) AS n FROM audit_events WHERE eventName = ? GROUP BY 1"
    assert json.loads(cli(server, "audit", "query", text, "-p", name, "--json"))["rows"] == [[name, "4"]]
    assert "only one SELECT" in cli(server, "audit", "query", "DELETE FROM audit_events", code=2)
    verified = cli(server, "audit", "verify")
    assert "no hour was closed yet" in verified or "last digest" in verified  # of a server that sees a full hour
    assert "UpdateEndpoint" not in cli(server, "audit", "trails")
    cli(server, "audit", "findings")


def test_a_place_that_is_not_there_is_refused(server: LiveServer) -> None:
    assert "there is no such file or folder" in cli(server, "import", "cloudtrail", "/nowhere/at/all", code=2)


def page(server: LiveServer, path: str) -> str:
    answer = httpx.get(f"{server.url}{path}", headers={"Accept": "text/html"}, timeout=60)
    assert answer.status_code == 200, answer.text[:300]
    return answer.text


def test_the_page_shows_who_did_what_and_one_record_whole(server: LiveServer) -> None:
    now = SystemClock().now_ms()
    made = [
        record(now - 1000, "page-1", eventName="PaintTheDoor"),
        record(now, "page-2", eventName="StopLogging", eventSource="cloudtrail.amazonaws.com"),
    ]
    httpx.post(f"{server.url}/rest/v1/audit/events", json={"records": made})
    until(lambda: get(server, "events", name="PaintTheDoor")["events"], "the record is not stored")
    listed = page(server, "/audit?name=PaintTheDoor&show=changes")
    assert ("/audit/events/page-1" in listed, "page-2" in listed, ">alice</a>" in listed) == (True, False, True)
    assert "switched off or narrowed" in page(server, "/audit?tab=findings&range=1h")
    assert "No unusual rate" in page(server, "/audit?tab=insights&about=nothing-at-all")
    assert "endpointConfigName" in page(server, "/audit/events/page-1")
    rows = httpx.get(f"{server.url}/audit.csv", params={"name": "PaintTheDoor"}).text.splitlines()
    assert rows[1].split(",")[1:5] == ["alice", "PaintTheDoor", "sagemaker.amazonaws.com", "chat"]
    assert httpx.get(f"{server.url}/audit.json", params={"name": "PaintTheDoor"}).json()["events"] == [made[0]]
    assert httpx.get(f"{server.url}/audit/events/none", headers={"Accept": "text/html"}).status_code == 404


def test_what_changed_before_is_on_the_page_of_an_alarm(server: LiveServer) -> None:
    alarm = {
        "Namespace": "chat", "MetricName": "latency", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [{"Name": "endpoint", "Value": "door-endpoint"}],
    }  # fmt: skip
    put = httpx.put(f"{server.url}/rest/v1/alarms/door-latency", json={"definition": alarm}, timeout=60)
    assert put.status_code < 300, put.text
    fired = {"state": "ALARM", "reason": "test"}
    set_ = httpx.post(f"{server.url}/rest/v1/alarms/door-latency/state", json=fired, timeout=60)
    assert set_.status_code < 300, set_.text
    parameters = {"endpointName": "door-endpoint"}
    made = record(SystemClock().now_ms() - 60_000, "door-1", requestParameters=parameters)
    sent = httpx.post(f"{server.url}/rest/v1/audit/events", json={"records": [made]}, timeout=60)
    assert sent.status_code < 300, sent.text
    until(lambda: get(server, "events", about="door-endpoint", changes=True)["events"], "the record is not stored")
    text = page(server, "/alarms/named/door-latency")
    assert "What changed before" in text
    assert "alice: UpdateEndpoint door-endpoint" in text
