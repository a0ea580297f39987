"""Event rules over REST, the command line and the pages of a live server."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.unit.notify.receiver import receiving

from live_server import LiveServer
from trimtab.client import pipelines_wire, triggers_wire
from trimtab.client.api import Client
from trimtab.client.triggers import Triggers

pytestmark = pytest.mark.wire
WAIT_S = 60


def _until(done: Callable[[], Any]) -> Any:
    for _ in range(WAIT_S * 10):
        if found := done():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


def _trimtab(server: LiveServer, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "trimtab", "triggers", *arguments, "--url", server.url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_an_event_starts_a_pipeline_once_and_every_page_says_so(server: LiveServer) -> None:
    name = f"rule-{uuid.uuid4().hex[:10]}"
    with receiving() as receiver, Client(server.url) as client:
        calls = Triggers(client)
        form = {"url": f"{receiver.url}/train"}
        pipeline = calls.put_pipeline(pipelines_wire.PutPipeline(name, "webhook", form, 3600, "retrains"))
        targets = [
            triggers_wire.TargetForm("1", pipeline.arn),
            triggers_wire.TargetForm("2", f"{receiver.url}/hook", template='{"n": <n>}', paths={"n": "$.detail.n"}),
            triggers_wire.TargetForm("3", "arn:aws:lambda:us-east-1:123456789012:function:f"),
        ]
        pattern = json.dumps({"source": [name]})
        rule = calls.put_rule(triggers_wire.PutRule(name, pattern=pattern, targets=targets))
        assert [one.reachable for one in rule.targets] == [True, True, False]
        event = triggers_wire.PutEvent(name, "arrived", '{"n": 7}')
        first = calls.put_events([event], key=f"{name}-1")
        assert calls.put_events([event], key=f"{name}-1").ids == first.ids
        calls.put_events([event], key=f"{name}-2")

        def settled() -> list[triggers_wire.EventDelivery]:
            found = calls.deliveries(rule=rule.arn).deliveries
            return found if len(found) == 6 and all(one.state != "waiting" for one in found) else []

        deliveries = _until(settled)
        (run,) = _until(lambda: [one for one in calls.runs(pipeline=name).runs if one.state == "handed over"])
        assert [one.folded for one in run.causes] == [False, True]
        assert run.why == f"arrived from {name}, by rule {name}"
        assert calls.run(run.id).id == run.id
        paths = [path for path, _, _ in receiver.requests]
        assert sorted(paths) == ["/hook", "/hook", "/train"]
        assert {body for path, _, body in receiver.requests if path == "/hook"} == {b'{"n": 7}'}
        dead = next(one for one in deliveries if one.state == "dead")
        detail = calls.delivery(dead.id)
        assert json.loads(detail.event)["detail"] == {"n": 7}
        assert [one.outcome for one in detail.attempts] == ["refused"]
        assert calls.retry(dead.id).state == "waiting"
        assert calls.start(name, pipelines_wire.StartPipeline(dry_run=True)).outcome.startswith(
            f"{name} would not start"
        )
        shown = {
            "/event-rules": name,
            "/event-rules.json": name,
            "/event-rules.csv": name,
            f"/event-rules/edit?edit={rule.arn}": "Save the rule",
            "/event-rules/edit?pattern={&schedule=rate(1 minutes)": "Event pattern is not valid",
            f"/event-rules/deliveries?rule={rule.arn}": "given up",
            f"/event-rules/deliveries?delivery={dead.id}": "cannot reach targets like",
            "/event-rules/deliveries.csv": dead.id,
            "/event-rules/archives": "Archive from now on",
            "/event-rules/pipelines": run.why.partition(", by")[0],
            f"/event-rules/pipelines?run={run.id}": "came in the cool-down",
            "/event-rules/pipelines.json": run.id,
            "/event-rules/pipelines.csv": run.id,
        }
        for path, text in shown.items():
            answer = httpx.get(server.url + path, timeout=60)
            assert answer.status_code == 200, path
            assert text in answer.text, path
        listed = _trimtab(server, "runs", "--pipeline", name)
        assert name in listed.stdout, listed.stderr
        assert calls.remove_rule(name).done == f"removed {name}"
        assert calls.remove_pipeline(name).done == f"removed {name}"


def test_a_connection_comes_without_its_secret_and_goes_with_its_destination(server: LiveServer, tmp_path: Any) -> None:
    name, secret = f"c-{uuid.uuid4().hex[:10]}", "Bearer t0psecret"
    (tmp_path / "header").write_text(secret)
    put = _trimtab(
        server, "connection", "put", name, "api key", "Authorization", "--secret-file", str(tmp_path / "header"),
        "--endpoint", "https://example.com/in",
    )  # fmt: skip
    connection, destination = put.stdout.split()
    assert f":connection/{name}/" in connection, put.stderr
    assert f":api-destination/{name}/" in destination
    listed = httpx.get(f"{server.url}/rest/v1/event-connections", timeout=60)
    assert name in listed.text
    assert secret not in listed.text
    assert secret not in httpx.get(f"{server.url}/event-rules/archives", timeout=60).text
    assert _trimtab(server, "connection", "remove", name).stdout == f"removed {name}\n"


def test_the_buttons_of_the_pages(server: LiveServer) -> None:
    name = f"rule-{uuid.uuid4().hex[:10]}"
    with httpx.Client(base_url=server.url, timeout=60, headers={"Origin": server.url}) as browser:
        fields = {"name": name, "pattern": f'{{"source": ["{name}"]}}', "targets": "https://example.com/hook"}
        assert browser.post("/event-rules/save", data=fields).status_code == 303
        (rule,) = [one for one in browser.get("/event-rules.json").json()["rules"] if one["name"] == name]
        assert rule["enabled"]
        assert browser.post("/event-rules/act", data={"rule": rule["arn"], "do": "switch"}).status_code == 303
        (rule,) = [one for one in browser.get("/event-rules.json").json()["rules"] if one["name"] == name]
        assert not rule["enabled"]
        assert browser.post("/event-rules/act", data={"rule": rule["arn"], "do": "delete"}).status_code == 303
        assert name not in browser.get("/event-rules").text
        assert browser.post("/event-rules/save", data={"name": name, "pattern": "{"}).status_code == 400
        archive = {"do": "archive", "name": name, "days": "1"}
        assert browser.post("/event-rules/archives/act", data=archive).status_code == 303
        replay = {"do": "replay", "name": name, "archive": name, "start": "-1h", "end": "now"}
        assert browser.post("/event-rules/archives/act", data=replay).status_code == 303
        assert name in browser.get("/event-rules/archives").text


def test_the_command_line_reaches_what_is_there(server: LiveServer, tmp_path: Any) -> None:
    name = f"rule-{uuid.uuid4().hex[:10]}"
    pattern = tmp_path / "pattern.json"
    pattern.write_text(json.dumps({"source": [name]}))
    put = _trimtab(server, "put", name, "--pattern", f"@{pattern}", "--target", "https://example.com/x")
    assert f"rule/{name}" in put.stdout, put.stderr
    event = json.dumps({"source": name})
    assert _trimtab(server, "test", "--pattern", f"@{pattern}", "--event", event).returncode == 0
    assert _trimtab(server, "test", "--pattern", '{"source": ["x"]}', "--event", event).returncode == 1
    assert "Reason" in _trimtab(server, "test", "--pattern", "{}", "--event", event).stdout
    preview = _trimtab(server, "preview", "cron(0 9 * * ? *)", "--times", "2")
    assert len(preview.stdout.split()) == 2, preview.stderr
    watched = _trimtab(server, "watch", name, str(tmp_path))
    assert "is looked at every 30 s" in watched.stdout, watched.stderr
    assert name in _trimtab(server, "sources").stdout
    assert _trimtab(server, "unwatch", name).returncode == 0
    assert _trimtab(server, "remove", name).stdout == f"removed {name}\n"
