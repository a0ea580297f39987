"""Log events over REST and the command line: stored, listed, tailed; and what Fluent Bit's HTTP output sends."""

import gzip
import json
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from live_server import LiveServer
from trimtab.cli.main import root
from trimtab.client import log_events_wire as wire
from trimtab.client.api import Client
from trimtab.client.log_events import LogEvents

pytestmark = pytest.mark.wire


@pytest.fixture
def group() -> str:
    return f"rest-{uuid.uuid4().hex[:10]}"


def now() -> int:
    return int(time.time() * 1000)


def cli(server: LiveServer, *arguments: str, given: str | None = None) -> str:
    done = CliRunner().invoke(root, ["logs", *arguments, "--url", server.url], input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_events_are_stored_and_listed_page_by_page_from_both_ends(server: LiveServer, group: str) -> None:
    with Client(server.url) as client:
        logs = LogEvents(client)
        at = now() - 60_000
        events = [wire.NewLogEvent(f"line {n}", time_ms=at + n, severity="WARN") for n in range(7)]
        assert logs.put(group, [*events, wire.NewLogEvent("old", time_ms=1)], stream="s").rejected == 1
        first = logs.events(group, limit=5)
        rest = logs.events(group, limit=5, after=first.next or "")
        assert [one.message for one in (*first.events, *rest.events)] == [f"line {n}" for n in range(7)]
        assert rest.next is None
        newest = logs.events(group, limit=2, newest=True)
        older = logs.events(group, limit=9, newest=True, after=newest.next or "")
        assert [one.message for one in (*newest.events, *older.events)] == [f"line {n}" for n in range(6, -1, -1)]
        assert {(one.stream, one.severity) for one in newest.events} == {("s", "WARN")}
        assert [one.message for one in logs.events(group, pattern='"line 3"').events] == ["line 3"]
        assert [one.name for one in logs.groups(contains=group.upper()).groups] == [group]


def test_a_position_that_nobody_gave_and_a_group_that_is_not_there_are_named(server: LiveServer, group: str) -> None:
    with Client(server.url) as client:
        LogEvents(client).put(group, [wire.NewLogEvent("x")])
    url = f"{server.url}/rest/v1/logs/events"
    wrong = httpx.get(url, params={"group": group, "after": "nonsense"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "after")
    assert httpx.get(url, params={"group": "not-there"}).status_code == 404


def test_fluent_bits_records_become_events(server: LiveServer, group: str) -> None:
    url, at = f"{server.url}/rest/v1/logs/ingest?group={group}", time.time()
    records: list[Any] = [{"date": at, "log": "GET / 200\n", "level": "info"}, {"date": 1.0, "log": "too old"}]
    body = gzip.compress(json.dumps(records).encode())
    headers = {"Content-Encoding": "gzip", "Idempotency-Key": group}
    for _ in range(2):
        answer = httpx.post(url + "&stream=a", content=body, headers=headers).raise_for_status().json()
        assert answer == {"accepted": 1, "rejected": 1}
    lines = '{"@timestamp": "2026-13-01", "log": "no time"}\n{"log": "b"}\n'
    httpx.post(url + "&stream=b&message_key=log", content=lines).raise_for_status()
    with Client(server.url) as client:
        found = LogEvents(client).events(group, end=str(now() + 1000)).events
    assert [(one.stream, one.message) for one in found] == [
        ("a", '{"log":"GET / 200\\n","level":"info"}'), ("b", "no time"), ("b", "b"),
    ]  # fmt: skip
    assert (found[0].time_ms, found[0].severity) == (round(at * 1000), "INFO")
    assert httpx.post(url, content="nonsense").status_code == 400
    assert httpx.post(f"{server.url}/rest/v1/logs/ingest", content="[]").status_code == 400


def test_the_command_line_puts_lists_gets_and_tails(server: LiveServer, group: str) -> None:
    assert f"2 events stored in {group}" in cli(server, "put", group, given="first\nsecond line\n")
    cli(server, "put", group, "third", "--severity", "ERROR", "--stream", "t")
    assert group in cli(server, "groups", "--prefix", group)
    lines = cli(server, "get", group).splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["default first", "default second line", "t ERROR third"]
    assert json.loads(cli(server, "get", group, "--filter", "second", "--json"))[0]["message"] == "second line"
    assert [line[25:] for line in cli(server, "tail", group, "--seconds", "0", "--stream", "t").splitlines()] == [
        "t ERROR third"
    ]


def test_a_file_is_followed_and_its_json_lines_keep_their_time(
    server: LiveServer, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    at, log = now() - 5000, tmp_path / "app.log"
    log.write_text(f'{{"time": {at}, "level": "warn", "log": "slow", "trace_id": "{"ab" * 16}"}}\nplain\n  continued\n')
    for _ in range(2):  # the second one has nothing to send
        cli(server, "follow", group, str(log), "--stream", "s", "--seconds", "1")
    with Client(server.url) as client:
        first, second = LogEvents(client).events(group, end=str(now() + 1000)).events
    assert (first.time_ms, first.severity, first.trace_id) == (at, "WARN", "ab" * 16)
    assert first.message == log.read_text().splitlines()[0]
    assert second.message == "plain\n  continued"
