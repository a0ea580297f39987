"""Subscriptions, data protection, schedules, exports, lookups and live tails over REST and from the command line."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from click.testing import CliRunner
from tests.unit.notify.receiver import receiving

from live_server import LiveServer
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.cli.logs import logs
from trimtab.cli.metrics import metrics
from trimtab.client import log_doors_wire as wire
from trimtab.client.api import Client
from trimtab.client.log_contributors import LogContributors
from trimtab.client.log_contributors_wire import PutRule
from trimtab.client.log_doors import LogDoors
from trimtab.client.log_events import LogEvents
from trimtab.client.log_events_wire import NewLogEvent

pytestmark = pytest.mark.wire
WAIT_S = 60


@pytest.fixture
def client(server: LiveServer) -> Iterator[Client]:
    with Client(server.url) as found:
        yield found


@pytest.fixture
def doors(client: Client) -> LogDoors:
    return LogDoors(client)


@pytest.fixture
def group(client: Client) -> str:
    name = f"doors/{uuid.uuid4().hex[:12]}"
    LogEvents(client).put(name, [NewLogEvent('{"host": "h0"}')])
    return name


def awaited(found: Callable[[], Any]) -> Any:
    until = time.monotonic() + WAIT_S
    while not (answer := found()):
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)
    return answer


def run(server: LiveServer, *words: str) -> str:
    answer = CliRunner().invoke(logs, [*words, "--url", server.url], catch_exceptions=False)
    assert 0 == answer.exit_code, answer.output
    return answer.output


def test_a_tail_shows_what_comes(server: LiveServer, client: Client, doors: LogDoors, group: str) -> None:
    updates = doors.tail([group], pattern="ERROR")
    next(updates)
    LogEvents(client).put(group, [NewLogEvent("fine"), NewLogEvent("ERROR one", severity="ERROR")])
    seen = next(update for update in updates if update.seen)
    assert [(group, "ERROR one", "ERROR")] == [(one.group, one.message, one.severity) for one in seen.events]
    updates.close()  # type: ignore[attr-defined]  # a generator
    with pytest.raises(NotFound):
        next(doors.tail(["doors/none"]))
    with pytest.raises(InvalidInput):
        next(doors.tail([group], pattern="{ $.a = "))
    stop = threading.Event()

    def write() -> None:
        with Client(server.url) as other:
            while not stop.wait(0.2):
                LogEvents(other).put(group, [NewLogEvent("WARN two")])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert "WARN two" in run(server, "tail", group, "--live", "--filter", "WARN", "--seconds", "3")
    finally:
        stop.set()
        writer.join()


def test_subscriptions_are_put_seen_and_deleted(
    server: LiveServer, client: Client, doors: LogDoors, group: str
) -> None:
    with receiving() as receiver:
        made = doors.subscribe(wire.PutSubscription(group, "hook", receiver.url, "ERROR"))
        assert ("hook", "ERROR", 0) == (made.name, made.filter, made.sent)
        LogEvents(client).put(group, [NewLogEvent("ERROR")])
        awaited(lambda: doors.subscriptions(group)[0].sent)
        assert "hook" in run(server, "subscriptions", "list", group)
        run(server, "subscriptions", "put", group, "second", receiver.url)
        run(server, "subscriptions", "delete", group, "second")
    assert ["hook"] == [one.name for one in doors.subscriptions(group)]
    doors.unsubscribe(group, "hook")
    with pytest.raises(NotFound):
        doors.unsubscribe(group, "hook")


def test_what_is_protected_is_masked(server: LiveServer, client: Client, doors: LogDoors, group: str) -> None:
    assert "from now on" in run(server, "protect", "put", "EmailAddress", "--group", group)
    LogEvents(client).put(group, [NewLogEvent("to a@example.com")])
    assert "to *************" in run(server, "get", group)
    assert "to a@example.com" in run(server, "get", group, "--unmask")
    (own,) = [one for one in doors.protections().policies if one.group == group]
    assert ["EmailAddress"] == own.identifiers
    assert group in run(server, "protect", "list")
    run(server, "protect", "delete", "--group", group)
    assert group not in [one.group for one in doors.protections().policies]
    with pytest.raises(InvalidInput):
        doors.protect(wire.PutProtection(group, identifiers=["Nothing"]))


def test_queries_are_scheduled(server: LiveServer, doors: LogDoors, group: str) -> None:
    name = f"q-{uuid.uuid4().hex[:12]}"
    asked = ("schedules", "put", name, "cron(0 12 * * ? *)", "stats count(*) as n", "--group", group)
    assert "runs next at" in run(server, *asked, "--zone", "Europe/Berlin")
    run(server, *asked, "--span", "60", "--to", "folder:out")
    (made,) = [one for one in doors.schedules() if one.name == name]
    assert (60, "folder:out", "") == (made.start_offset_s, made.destination, made.last_status)
    assert name in run(server, "schedules", "list")
    assert [] == doors.runs(name)
    assert "run" in run(server, "schedules", "runs", name)
    with pytest.raises(NotFound):
        doors.result("none")
    run(server, "schedules", "delete", name)
    with pytest.raises(NotFound):
        doors.runs(name)


def test_events_are_exported(server: LiveServer, client: Client, doors: LogDoors, group: str) -> None:
    LogEvents(client).events(group)  # waits until the engine has them
    run(server, "exports", "create", group, "rest")
    (mine,) = [one for one in doors.exports() if one.group == group]
    done = awaited(lambda: [one for one in doors.exports() if one.id == mine.id and one.status == "COMPLETED"])
    folder = server.data_dir / "exports" / "rest" / "exportedlogs" / done[0].id / "default"
    assert ["000000.gz"] == [file.name for file in folder.iterdir()]
    assert mine.id in run(server, "exports", "list")
    failed = CliRunner().invoke(logs, ["exports", "cancel", mine.id, "--url", server.url])
    assert failed.exit_code != 0


def test_lookup_tables_are_kept(server: LiveServer, doors: LogDoors, tmp_path: Any) -> None:
    name, file = f"t_{uuid.uuid4().hex[:12]}", tmp_path / "owners.csv"
    file.write_text("host,team\nh0,search\n")
    assert "1 records of host, team" in run(server, "lookups", "put", name, str(file))
    assert name in run(server, "lookups", "list")
    assert [["host", "team"]] == [one.fields for one in doors.lookups() if one.name == name]
    run(server, "lookups", "delete", name)
    with pytest.raises(NotFound):
        doors.delete_lookup(name)


def test_an_event_stream_is_one_for_browsers(server: LiveServer, group: str) -> None:
    with httpx.stream("GET", f"{server.url}/rest/v1/logs/tail", params={"group": group}, timeout=60) as answer:
        assert "text/event-stream; charset=utf-8" == answer.headers["content-type"]
        lines = answer.iter_lines()
        assert ": following" == next(lines)
        assert 'data: {"events":[],"seen":0}' == next(line for line in lines if line.startswith("data"))


def test_the_page_of_the_set_up_shows_what_there_is(server: LiveServer, doors: LogDoors, group: str) -> None:
    name = f"t_{uuid.uuid4().hex[:12]}"
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
    doors.subscribe(wire.PutSubscription(group, "shown", bus, "ERROR"))
    doors.schedule(wire.PutSchedule(name, "stats count(*)", "cron(0 12 * * ? *)", [group], "Europe/Berlin"))
    doors.protect(wire.PutProtection(group, identifiers=["IpAddress"]))
    doors.put_lookup(wire.PutLookup(name, "host,team\n"))
    found = httpx.get(f"{server.url}/logs/setup.json", timeout=30).json()
    assert (group, "shown", "ERROR", bus) in [
        (one["group"], one["name"], one["filter"], one["destination"]) for one in found["subscriptions"]
    ]
    assert (name, "cron(0 12 * * ? *) Europe/Berlin", "kept") in [
        (one["name"], one["schedule"], one["destination"]) for one in found["schedules"]
    ]
    assert {"group": group, "identifiers": "IpAddress", "masks": "True"} in found["masked"]
    assert {"name": name, "fields": "host, team", "records": 0} in found["lookups"]
    text = httpx.get(f"{server.url}/logs/setup", headers={"accept": "text/html"}, timeout=30).text
    assert name in text
    assert "events, to a URL" in text
    doors.unschedule(name)
    doors.unprotect(group)


def test_contributors_are_told_over_rest_by_the_command_line_and_on_their_page(
    server: LiveServer, client: Client, tmp_path: Path
) -> None:
    name = f"doors/{uuid.uuid4().hex[:12]}"
    lines = [f'{{"ip": "10.0.0.{1 + at % 3 // 2}", "bytes": {at}}}' for at in range(9)]
    LogEvents(client).put(name, [NewLogEvent(line) for line in lines])
    schema = {"Name": "CloudWatchLogRule", "Version": 1}
    definition = {"Schema": schema, "LogGroupNames": [name], "LogFormat": "JSON", "AggregateOn": "Sum",
                  "Contribution": {"Keys": ["$.ip"], "ValueOf": "$.bytes"}}  # fmt: skip
    (tmp_path / "rule.json").write_text(json.dumps(definition))
    assert f"{name} is enabled\n" == run(server, "contributors", "put", name, str(tmp_path / "rule.json"))
    contributors = LogContributors(client)
    found = awaited(lambda: one if (one := contributors.report(name)).contributors and one.total == 36 else None)
    assert [("10.0.0.1", 21.0), ("10.0.0.2", 15.0)] == [(one.keys[0], one.value) for one in found.contributors]
    assert (2, [name], 36.0) == (found.unique, found.groups, sum(found.metrics["Sum"]))
    told = run(server, "contributors", "report", name, "--by-largest", "--most", "1")
    assert "10.0.0.2" in told
    assert "10.0.0.1" not in told
    assert name in run(server, "contributors", "list")
    where = f"{server.url}/logs/contributors"
    text = httpx.get(where, params={"rule": name}, headers={"accept": "text/html"}, timeout=30).text
    assert "2 contributors" in text
    assert "58.3 %" in text
    table = httpx.get(f"{where}.csv", params={"rule": name}, timeout=30).text
    assert "$.ip,sum\n10.0.0.1,21.0\n10.0.0.2,15.0\n" == table
    assert (
        "There is no rule" in httpx.get(where, params={"rule": "no"}, headers={"accept": "text/html"}, timeout=30).text
    )
    assert f"deleted {name}\n" == run(server, "contributors", "delete", name)
    with pytest.raises(NotFound):
        contributors.report(name)
    with pytest.raises(InvalidInput, match="expected one of LogGroupNames"):
        contributors.put(PutRule("r", json.dumps({**definition, "LogGroupARNs": ["x"]})))


def test_metric_streams_say_how_sending_goes(server: LiveServer) -> None:
    session = boto3.client("cloudwatch", endpoint_url=server.url, region_name="us-east-1",
                           aws_access_key_id="a", aws_secret_access_key="b")  # fmt: skip
    name = f"s-{uuid.uuid4().hex[:12]}"
    with receiving() as receiver:
        form = {"RoleArn": "arn:aws:iam::123456789012:role/r", "OutputFormat": "json"}
        include = [{"Namespace": name}]
        session.put_metric_stream(Name=name, FirehoseArn=f"{receiver.url}/in", IncludeFilters=include, **form)
        answer = CliRunner().invoke(metrics, ["streams", "--url", server.url], catch_exceptions=False)
        assert 0 == answer.exit_code, answer.output
        assert name in answer.output
        shown = httpx.get(f"{server.url}/rest/v1/metric-streams", timeout=30).json()["streams"]
        assert [("json", True, 0, "")] == [
            (one["format"], one["running"], one["sent"], one["last_error"]) for one in shown if one["name"] == name
        ]
        session.delete_metric_stream(Name=name)
