"""`kill -9` while events cause pipelines: each run that should start starts, and none starts twice.

Ten events come to a group and groups lie further apart than the cool-down: a run a group, whatever dies in between.
"""

import asyncio
import json
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.crash.triggering import HERE, rooms

from live_server import LiveServer
from trimtab.base.clock import SystemClock
from trimtab.triggers.pipelines.model import RunState
from trimtab.triggers.rules import Wish

pytestmark = pytest.mark.crash
_WAIT_S = 120
_COMMAND = """\
[train]
argv = ["sh", "-c", "echo $TRIMTAB_RUN_ID >> {started}"]
timeout_s = 60
"""
_PATTERN = {"source": ["data"], "detail-type": ["arrived"]}
_ARN = HERE.arn("trimtab", "pipeline/train")


def _prepare(directory: Path) -> Path:
    started = directory / "started.txt"
    (directory / "commands.toml").write_text(_COMMAND.format(started=started))
    return started


def _child(directory: Path, base_ms: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.crash.triggering", str(directory), str(base_ms)]
    here = Path(__file__).parents[2]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here)


@pytest.mark.slow
def test_the_process_that_starts_pipelines_is_killed_again_and_again(tmp_path: Path) -> None:
    events, kills = 50, 2
    started = _prepare(tmp_path)
    room, _, state = rooms(tmp_path)

    async def put() -> None:
        await room.pipelines.put(HERE, "train", "command", {"command": "train"}, 500)
        await room.rules.put(HERE, Wish("retrain", pattern=json.dumps(_PATTERN)))
        assert await room.targets.put(HERE, "", "retrain", [{"Id": "1", "Arn": _ARN}]) == []

    asyncio.run(put())
    base_ms = SystemClock().now_ms() - events // 10 * 1_000_000
    chance = random.Random(5)
    stops = sorted(chance.sample(range(events), kills))
    acknowledged: set[int] = set()
    while len(acknowledged) < events:
        child = _child(tmp_path, base_ms)
        assert child.stdin is not None
        assert child.stdout is not None
        with child.stdin, child.stdout:
            left = [number for number in range(events) if number not in acknowledged]
            child.stdin.write("".join(f"{number}\n" for number in left))
            child.stdin.flush()
            for line in child.stdout:
                acknowledged.add(int(line.split()[1]))
                if stops and len(acknowledged) > stops[0]:
                    stops.pop(0)
                    break
                if len(acknowledged) == events:
                    break
            child.kill()
        child.wait(30)
    assert stops == []

    last = _child(tmp_path, base_ms)
    try:
        _until(lambda: len(asyncio.run(room.log.page(None, state="delivered", limit=1000))) == events)
        runs = _all_over(lambda: asyncio.run(room.runs.page(None, limit=1000)), events // 10)
        causes = asyncio.run(room.runs.causes([one.id for one in runs]))
    finally:
        last.kill()
        last.communicate(timeout=30)
        state.close()
    assert sorted(started.read_text().split()) == sorted(one.id for one in runs)
    assert {one.state for one in runs} == {RunState.SUCCEEDED}
    assert [len(causes[one.id]) for one in runs] == [10] * len(runs)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_events_with_all_of_trimtab_killed_in_between(tmp_path: Path) -> None:
    events, kills = 1000, 6
    started = _prepare(tmp_path)
    live = LiveServer(tmp_path / "data", TRIMTAB_TRIGGER_COMMANDS=str(tmp_path / "commands.toml")).start()
    try:
        pipeline = {"name": "train", "kind": "command", "form": {"command": "train"}, "cooldown_s": 500}
        rule = {"name": "retrain", "pattern": json.dumps(_PATTERN), "targets": [{"id": "1", "arn": _ARN}]}
        httpx.post(f"{live.url}/rest/v1/pipelines", json=pipeline).raise_for_status()
        httpx.post(f"{live.url}/rest/v1/event-rules", json=rule).raise_for_status()
        base_ms = SystemClock().now_ms() - events // 10 * 1_000_000
        chance = random.Random(11)
        stops = set(chance.sample(range(50, events), kills))
        for number in range(events):
            if number in stops:  # while what came before is being delivered and run
                live.kill()
                live.start()
            _send(live, number, base_ms + number // 10 * 1_000_000 + number % 10 * 1_000)
        _until(lambda: sum(len(one["causes"]) for one in _runs(live)) == events)
        runs = _all_over(lambda: _runs(live), events // 10)
    finally:
        live.stop()
    assert sorted(started.read_text().split()) == sorted(one["id"] for one in runs)
    assert {one["state"] for one in runs} == {"succeeded"}
    assert [len(one["causes"]) for one in runs] == [10] * len(runs)


def _send(live: LiveServer, number: int, at_ms: int) -> None:
    event = {"source": "data", "detail_type": "arrived", "detail": json.dumps({"n": number}), "time_ms": at_ms}
    headers = {"Idempotency-Key": f"event-{number}"}
    httpx.post(f"{live.url}/rest/v1/events", json={"events": [event]}, headers=headers, timeout=60).raise_for_status()


def _runs(live: LiveServer) -> list[Any]:
    found: list[Any] = httpx.get(f"{live.url}/rest/v1/pipeline-runs?limit=1000", timeout=60).json()["runs"]
    return found


def _until(done: Any) -> None:
    pause = threading.Event()
    for _ in range(_WAIT_S * 5):
        if done():
            return
        pause.wait(0.2)
    raise AssertionError("not every event was delivered in time")


def _all_over(read: Any, count: int) -> list[Any]:
    """The runs once there are `count` and all have ended."""
    pause = threading.Event()
    found: list[Any] = []
    for _ in range(_WAIT_S * 5):
        found = read()
        states = [one["state"] if isinstance(one, dict) else one.state.value for one in found]
        if len(found) >= count and not {"waiting", "running"} & set(states):
            break
        pause.wait(0.2)
    assert len(found) == count, f"got {len(found)} runs, expected {count}"
    return found
