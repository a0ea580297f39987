"""Pipelines: once in a cool-down, whatever comes again; the sandbox; what is started elsewhere."""

import json
import threading
from typing import Any

import pytest
from tests.unit.notify.receiver import Receiver
from tests.unit.triggers.conftest import ACCOUNT, HERE, REGION, Rooms

from trimtab.base.errors import InvalidInput
from trimtab.triggers.pipelines.model import Run, RunState

_WAIT_S = 30


def _put(rooms: Rooms, name: str, kind: str, cooldown_s: int = 600, **form: Any) -> str:
    return str(rooms.run(rooms.room.pipelines.put(HERE, name, kind, form, cooldown_s)).arn)


def _settled(rooms: Rooms) -> list[Run]:
    """The runs once none is expected to change, the first first."""
    pause = threading.Event()
    for _ in range(_WAIT_S * 20):
        rooms.advance(1)
        rooms.run(rooms.delivering.runs.turn())
        found: list[Run] = rooms.run(rooms.room.runs.page(None))[::-1]
        if all(one.state.over for one in found):
            return found
        pause.wait(0.05)
    raise AssertionError(f"not over: {found}")


def test_a_command_runs_in_its_own_folder_with_the_event_on_its_input(rooms: Rooms) -> None:
    rooms.rule("r", {"source": ["my.app"]}, _put(rooms, "p", "command", command="train"))
    rooms.send(n=5)
    rooms.tick()
    (run,) = _settled(rooms)
    assert run.state is RunState.SUCCEEDED, run.outcome
    work = rooms.directory / "triggers/runs" / run.id / "work"
    assert run.output == f"trained p\n{work}\n"
    assert json.loads((work / "got.json").read_text())["detail"] == {"n": 5}
    assert run.why == "test from my.app, by rule r"


def test_causes_in_the_cool_down_are_of_the_run_that_there_is(rooms: Rooms) -> None:
    rooms.rule("r", {"source": ["my.app"]}, _put(rooms, "p", "command", 600, command="train"))
    for seconds in (0, 10, 599, 0, 1, 700):
        rooms.clock.advance(seconds)
        rooms.send(at=seconds)
    rooms.tick()
    runs = _settled(rooms)
    causes = rooms.run(rooms.room.runs.causes([one.id for one in runs]))
    assert [[one.folded for one in causes[run.id]] for run in runs] == [[False, True], [False, True, True], [False]]


def test_what_happened_earlier_and_came_later_starts_no_second_run(rooms: Rooms) -> None:
    rooms.rule("r", {"source": ["my.app"]}, _put(rooms, "p", "command", 600, command="train"))
    now_ms = rooms.clock.now_ms()
    for at_ms in (now_ms, now_ms - 500_000, now_ms + 10**9):
        entry = {"Source": "my.app", "DetailType": "t", "Detail": "{}", "Time": at_ms}
        rooms.send_entry(entry)
    rooms.tick()
    assert len(_settled(rooms)) == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("fail", "the command ended with status 3"),
        ("slow", "did not end within 0.2 s"),
        ("big", "the command ended with status 1"),
    ],
)
def test_a_command_that_fails_says_how(rooms: Rooms, command: str, said: str) -> None:
    rooms.rule("r", {"source": ["my.app"]}, rooms.arn(f"command/{command}"))
    rooms.send()
    rooms.tick()
    (run,) = _settled(rooms)
    assert run.state is RunState.FAILED
    assert said in run.outcome
    if command == "big":
        assert "MemoryError" in run.output


def test_a_command_that_the_settings_do_not_name_cannot_be_put(rooms: Rooms) -> None:
    with pytest.raises(InvalidInput, match="the settings name no command 'rm'"):
        _put(rooms, "p", "command", command="rm")


def test_a_sagemaker_pipeline_is_started_under_the_runs_id_and_followed(rooms: Rooms) -> None:
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/train"
    list_ = [{"Name": "data", "Value": "s3://b/k"}]
    rooms.rule(
        "r", {"source": ["my.app"]}, {"Arn": arn, "SageMakerPipelineParameters": {"PipelineParameterList": list_}}
    )
    rooms.send()
    rooms.tick()
    rooms.run(rooms.delivering.runs.turn())
    (run,) = rooms.run(rooms.room.runs.page(None))
    asked = rooms.sagemaker.started[run.id]
    assert asked["PipelineName"] == "train"
    assert asked["PipelineParameters"] == list_
    assert run.state is RunState.RUNNING
    rooms.sagemaker.status = "Succeeded"
    rooms.advance(40)
    rooms.run(rooms.delivering.runs.turn())
    assert rooms.run(rooms.room.runs.get(None, run.id)).state is RunState.SUCCEEDED


def test_a_workflow_is_dispatched_as_github_takes_it(rooms: Rooms, receiver: Receiver) -> None:
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "Authorization", "ApiKeyValue": "Bearer t"}}
    connection = rooms.run(rooms.room.connections.create(HERE, "gh", "API_KEY", key, ""))
    form = {"repository": "me/models", "workflow": "train.yml", "ref": "main", "inputs": {"run": "{run}"}}
    arn = _put(rooms, "p", "workflow", api=receiver.url, connection=connection.arn, **form)
    receiver.status = 204
    rooms.rule("r", {"source": ["my.app"]}, arn)
    rooms.send()
    rooms.tick()
    (run,) = _settled(rooms)
    assert run.state is RunState.HANDED_OVER
    path, headers, body = receiver.requests[0]
    assert path == "/repos/me/models/actions/workflows/train.yml/dispatches"
    assert headers["authorization"] == "Bearer t"
    assert json.loads(body) == {"ref": "main", "inputs": {"run": run.id}}


def test_a_webhook_that_is_away_is_asked_again_and_one_that_refuses_ends_it(rooms: Rooms, receiver: Receiver) -> None:
    rooms.rule("r", {"source": ["my.app"]}, _put(rooms, "p", "webhook", 0, url=receiver.url))
    receiver.statuses = [503, 200, 400]
    rooms.send(n=1)
    rooms.tick()
    (run,) = _settled(rooms)
    assert run.state is RunState.HANDED_OVER
    assert {headers["idempotency-key"] for _, headers, _ in receiver.requests} == {run.id}
    rooms.send(n=2)
    rooms.tick()
    assert _settled(rooms)[-1].state is RunState.FAILED


def test_a_start_by_hand_keeps_to_the_cool_down_and_is_on_record(rooms: Rooms) -> None:
    _put(rooms, "p", "command", 600, command="train")
    target = f"{ACCOUNT}/{REGION}/p"
    plan = rooms.run(rooms.actuators.run("start_pipeline", target, {}, requested_by="me", dry_run=True)).plan
    assert plan.changes["starts"] is True
    assert rooms.run(rooms.room.runs.page(None)) == []
    first = rooms.run(rooms.actuators.run("start_pipeline", target, {}, requested_by="me", dry_run=False)).outcome
    second = rooms.run(rooms.actuators.run("start_pipeline", target, {}, requested_by="me", dry_run=False)).outcome
    assert first.startswith("starts run")
    assert second.startswith("came in the cool-down of run")
    assert len(_settled(rooms)) == 1


def test_the_end_of_a_run_is_an_event_too(rooms: Rooms) -> None:
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/runs"
    rooms.rule("told", {"source": ["trimtab.pipelines"], "detail": {"state": ["failed"]}}, group)
    rooms.rule("r", {"source": ["my.app"]}, rooms.arn("command/fail"))
    rooms.send()
    rooms.tick()
    (run,) = _settled(rooms)
    rooms.tick()
    assert [json.loads(line[2])["detail"]["run"] for line in rooms.logged] == [run.id]
