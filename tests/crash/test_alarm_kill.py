"""`kill -9` of what evaluates alarms: no transition is lost and none is told twice."""

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

from crash import evaluating
from live_server import LiveServer
from trimtab.store.state.database import State
from trimtab.store.state.tables import alarm_history, outbox

MINUTES = 60
KILLS = 6
STEP_MS = 10_000
BUSY_S = 100  # of data that are sent ahead: the dead process's lock runs out after 30 s, then another one makes up

pytestmark = pytest.mark.crash


def told(database: State) -> tuple[list[Any], list[Any]]:
    """Everything that happened to alarms, and everything that was told of them."""

    def read(connection: Any) -> tuple[list[Any], list[Any]]:
        columns = alarm_history.c
        items = connection.execute(alarm_history.select().order_by(columns.at_ms, columns.id)).fetchall()
        events = connection.execute(outbox.select().order_by(outbox.c.position)).fetchall()
        return [(row.name, row.at_ms, row.summary, row.data) for row in items], [
            (row.subject, json.loads(row.body)["StateChangeTime"], json.loads(row.body)["actions"]) for row in events
        ]

    return database.read_sync(read)


@pytest.mark.slow  # half a minute
def test_an_evaluator_that_is_killed_again_and_again_writes_the_history_of_one_that_never_was(tmp_path: Path) -> None:
    whole, broken = State.open("", tmp_path / "whole"), State.open("", tmp_path / "broken")
    asyncio.run(evaluating.put(whole))
    asyncio.run(evaluating.put(broken))
    asyncio.run(evaluating.evaluate(whole, MINUTES))
    chance = random.Random(4)
    for number in range(KILLS):
        command = [sys.executable, evaluating.__file__, str(tmp_path / "broken"), str(MINUTES)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(3 + number):
                assert process.stdout.readline(), "it ended before it was killed"
            threading.Event().wait(chance.uniform(0, 0.02))  # somewhere in the next minutes
            process.kill()
    asyncio.run(evaluating.evaluate(broken, MINUTES))
    expected, found = told(whole), told(broken)
    assert expected[0] == found[0]
    assert expected[1] == found[1]
    assert len(expected[0]) > 500
    whole.close()
    broken.close()


@pytest.mark.slow
def test_a_killed_jobs_process_loses_and_repeats_no_transition(tmp_path: Path) -> None:
    live = LiveServer(tmp_path / "data").start()
    try:
        client = client_of(live.url)
        begin_ms = int(time.time() * 1000) // STEP_MS * STEP_MS
        data = [
            {"MetricName": "wave", "Value": high(at), "Timestamp": at / 1000}
            for at in range(begin_ms - STEP_MS, begin_ms + BUSY_S * 1000, STEP_MS)
        ]
        client.put_metric_data(Namespace="crash", MetricData=data)
        client.put_metric_alarm(
            AlarmName="wave",
            Namespace="crash",
            MetricName="wave",
            Period=10,
            Statistic="Maximum",
            EvaluationPeriods=1,
            Threshold=5,
            ComparisonOperator="GreaterThanThreshold",
        )
        transitions(client, at_least=2)
        jobs_process(live).kill()
        killed_ms = int(time.time() * 1000)
        found = transitions(client, at_least=1, since_ms=killed_ms + 40_000)
        first, last = found[0][0], found[-1][0]
        moments = range(first, last + 1, STEP_MS)
        states = ["ALARM" if high(at - 5_000 - STEP_MS) else "OK" for at in moments]
        expected = [
            (at, now) for at, before, now in zip(moments, [None, *states], states, strict=False) if now != before
        ]
        assert [(at, state) for at, state in found] == expected
        assert any(killed_ms < at < killed_ms + 30_000 for at, _ in found), "nothing was made up for"
    finally:
        live.stop()


def high(at_ms: int) -> float:
    """9 for two steps of five, so that the alarm changes often and not at every step."""
    return 9.0 if at_ms // STEP_MS % 5 < 2 else 0.0


def transitions(client: Any, at_least: int, since_ms: int = 0) -> list[tuple[int, str]]:
    """When the alarm changed and to what, once `at_least` of those lie after `since_ms`."""
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        answer = client.describe_alarm_history(
            AlarmName="wave", HistoryItemType="StateUpdate", ScanBy="TimestampAscending", MaxRecords=100
        )
        found = [
            (round(item["Timestamp"].timestamp() * 1000), item["HistorySummary"].split()[-1])
            for item in answer["AlarmHistoryItems"]
        ]
        if sum(at > since_ms for at, _ in found) >= at_least:
            return found
        threading.Event().wait(0.5)
    raise AssertionError(f"the alarm did not change: {found}")


def client_of(url: str) -> Any:
    return boto3.client(
        "cloudwatch",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 3}),
    )


def jobs_process(live: LiveServer) -> psutil.Process:
    assert live.process is not None
    children = psutil.Process(live.process.pid).children(recursive=True)
    (found,) = [child for child in children if "trimtab.worker" in child.cmdline()]
    return found
