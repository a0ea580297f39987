"""`kill -9` of everything in the middle of retention: what must stay is there once, what must go is gone."""

import json
import random
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from live_server import LiveServer
from patience import until
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]
DAYS = range(10)
EACH = 20
"""Points, and log events of a group, a day."""


def call(live: LiveServer, target: str, body: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{target}"}
    answer = httpx.post(live.url, content=json.dumps(body), headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text


def fill(live: LiveServer, now_ms: int) -> None:
    """Ten days of points, and of events in two groups, of which one is kept for a day; that one has days of its own."""
    for day in DAYS:
        at_ms = [now_ms - day * 86_400_000 - 7_200_000 - number * 1000 for number in range(EACH)]
        metrics = [{"name": "points", "value": day * EACH + number, "time": at} for number, at in enumerate(at_ms)]
        answer = httpx.post(f"{live.url}/rest/v1/metrics", json={"namespace": "kill", "metrics": metrics}, timeout=60)
        assert answer.status_code < 300, answer.text
        for group in ("short", "long") if day % 2 == 0 else ("short",):
            if day == 0:
                call(live, "CreateLogGroup", {"logGroupName": group})
                call(live, "CreateLogStream", {"logGroupName": group, "logStreamName": "s"})
            events = [{"timestamp": at, "message": f"{group} {day} {at}"} for at in sorted(at_ms)]
            call(live, "PutLogEvents", {"logGroupName": group, "logStreamName": "s", "logEvents": events})


def asked(data_dir: Path, sql: str) -> list[tuple[Any, ...]]:
    telemetry = Telemetry(lambda: embedded_endpoint(data_dir / "engine"))
    try:
        found = telemetry.fetch_sync(sql)
        return list(zip(*(column.tolist() for column in found.values()), strict=True))
    finally:
        telemetry.close()


def events(data_dir: Path, now_ms: int) -> dict[tuple[str, bool], tuple[int, int]]:
    """By group and whether it is older than two days: how many rows there are, and how many different ones."""
    rows = asked(
        data_dir,
        f"SELECT log_group, toUnixTimestamp64Milli(time) < {now_ms - 2 * 86_400_000} AS old, count() AS n, "
        "uniqExact(message) AS u FROM log_events GROUP BY log_group, old",
    )
    return {(group, bool(old)): (n, u) for group, old, n, u in rows}


@pytest.mark.slow  # a minute
@pytest.mark.parametrize("kills", [2, 10])
def test_retention_that_is_killed_loses_nothing_and_ends(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    live = LiveServer(tmp_path / "data").start()
    now_ms = int(time.time() * 1000)
    fill(live, now_ms)
    hours = "SELECT uniqExact(intDiv(toUnixTimestamp64Milli(time), 86400000)) AS days FROM metric_rollup_1h"
    until(lambda: asked(live.data_dir, hours)[0][0] >= len(DAYS), "it is not rolled up")
    call(live, "PutRetentionPolicy", {"logGroupName": "short", "retentionInDays": 1})
    for number in range(kills):
        print(time.strftime("%X"), "kill", number + 1)
        live.kill()
        live.start()
        threading.Event().wait(chance.uniform(1.0, 6.0))  # the jobs process begins with it, seconds after the start
    live.kill()
    live.start()
    until(lambda: ("short", True) not in events(live.data_dir, now_ms), "what must go stays")
    short, long = len(DAYS) * EACH, len(DAYS[::2]) * EACH
    assert short > long
    found = events(live.data_dir, now_ms)
    assert sum(found.get(("long", old), (0, 0))[0] for old in (False, True)) == long
    assert all(rows == different for rows, different in found.values())
    values = asked(live.data_dir, "SELECT toInt64(value) AS v, count() AS n FROM metric_values GROUP BY v")
    assert sorted(values) == [(value, 1) for value in range(len(DAYS) * EACH)]
    assert asked(live.data_dir, hours)[0][0] >= len(DAYS)
    assert live.stop() == 0
