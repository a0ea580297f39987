"""Two servers over one PostgreSQL and one engine, each with a jobs process: one works, and what one knows, both do."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from sqlalchemy import select
from tests.unit.notify.receiver import Receiver, receiving

from crash.test_notify_kill import jobs_process
from engine_owner import start_owner, stop_owner
from live_server import LiveServer
from patience import until
from postgres_server import postgres_running
from trimtab.store.state.database import State
from trimtab.store.state.tables import locks
from trimtab.store.telemetry.client import embedded_endpoint

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(600)]
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"
BILL = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,ServiceName,BilledCost,EffectiveCost\n"
    "p,USD,2031-05-01,2031-05-28,2031-05-03,2031-05-04,Usage,Compute,1.5,1.5\n"
)


class Pair:
    """Two servers, each with its own data directory and copy of the key file, and the state that they share."""

    def __init__(self, first: LiveServer, second: LiveServer, state: State, shared: dict[str, str]) -> None:
        self.first, self.second, self.state, self.shared = first, second, state, shared

    def holder(self) -> str:
        """Who has the lock of the jobs."""
        query = select(locks.c.holder).where(locks.c.name == "jobs")
        return str(self.state.read_sync(lambda connection: connection.scalar(query)))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    folder = tmp_path / "engine"
    owner = start_owner(folder)
    at = embedded_endpoint(folder)
    with postgres_running() as state_url:
        shared = {
            "TRIMTAB_STATE_URL": state_url,
            "TRIMTAB_CLICKHOUSE_URL": f"http://{at.username}:{at.password}@{at.host}:{at.port}/{at.database}",
        }
        servers = [LiveServer(tmp_path / name, **shared) for name in ("first", "second")]
        try:
            servers[0].start()
            servers[1].data_dir.mkdir()
            copy_key(servers[0], servers[1])
            servers[1].start()
            state = State(state_url)
            yield Pair(servers[0], servers[1], state, shared)
            state.close()
        finally:
            for server in servers:
                if server.process is not None and server.process.poll() is None:
                    server.stop()
            stop_owner(owner)


def copy_key(source: LiveServer, target: LiveServer) -> None:
    """The key file, as who runs them copies it."""
    shutil.copy(source.data_dir / "state.key", target.data_dir / "state.key")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as taking:
        yield taking


def cloudwatch(server: LiveServer) -> Any:
    return boto3.client(
        "cloudwatch",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"max_attempts": 1}),
    )


def put_alarm(server: LiveServer, name: str) -> None:
    cloudwatch(server).put_metric_alarm(
        AlarmName=name, Namespace="pair", MetricName=name, Period=10, Statistic="Maximum", EvaluationPeriods=1,
        Threshold=5, ComparisonOperator="GreaterThanThreshold", AlarmActions=[TOPIC],
    )  # fmt: skip


def put_high(server: LiveServer, name: str, seconds: int) -> None:
    begin = int(time.time()) // 10 * 10
    data = [{"MetricName": name, "Value": 9.0, "Timestamp": float(begin + at)} for at in range(-10, seconds, 10)]
    cloudwatch(server).put_metric_data(Namespace="pair", MetricData=data)


def told(receiver: Receiver, alarm: str) -> list[bytes]:
    return [body for _, _, body in receiver.requests if alarm.encode() in body]


def test_what_one_server_is_told_both_know_and_it_is_done_once(pair: Pair, receiver: Receiver, tmp_path: Path) -> None:
    first, second = pair.first, pair.second
    channel = {"name": "hook", "kind": "webhook", "endpoint": f"{receiver.url}/ops", "topics": ["ops"], "group_s": 0}
    httpx.post(f"{first.url}/rest/v1/channels", json=channel).raise_for_status()
    holder = until(lambda: pair.holder() if pair.holder() != "None" else "", "nobody holds the lock of the jobs")

    # An alarm put on one, its metric on the other: told once.
    put_alarm(first, "once")
    put_high(second, "once", 200)
    until(lambda: told(receiver, "once"), "the alarm is not told")
    states = [
        cloudwatch(one).describe_alarms(AlarmNames=["once"])["MetricAlarms"][0]["StateValue"] for one in (first, second)
    ]
    assert ["ALARM", "ALARM"] == states
    assert holder == pair.holder()

    # A metric put on one is read on the other.
    until(
        lambda: cloudwatch(first).list_metrics(Namespace="pair", MetricName="once")["Metrics"],
        "a series of the second server is not known to the first",
    )

    # A token made on one opens the other, until it is revoked there.
    asked = {"kind": "token", "name": "ci", "role": "read"}
    made = httpx.post(f"{first.url}/rest/v1/keys", json=asked).raise_for_status()
    secret = made.json()["secret"]
    with httpx.Client(base_url=second.url, headers={"Authorization": f"Bearer {secret}"}) as bearer:
        # On loopback who shows no live token may do everything; this one may only read, as soon as the second server
        # has read the keys again: for one that it does not know it does so five times a second.
        until(lambda: bearer.post("/rest/v1/keys", json=asked).status_code == 403, "the second does not know the token")
        httpx.delete(f"{second.url}/rest/v1/keys/{made.json()['id']}").raise_for_status()
        until(lambda: bearer.post("/rest/v1/keys", json=asked).status_code != 403, "a revoked token still counts")

    # An import runs once, and the other server knows of it.
    (tmp_path / "bill.csv").write_text(BILL)
    imports = "/rest/v1/costs/imports"
    location = str(tmp_path / "bill.csv")
    httpx.post(f"{first.url}{imports}", json={"location": location, "source": "b"}).raise_for_status()

    def done(server: LiveServer) -> list[str]:
        return [one["state"] for one in httpx.get(f"{server.url}{imports}").json()["imports"]]

    until(lambda: done(first) == ["done"], "the import is not done")
    assert ["done"] == done(second)
    assert 1 == len(told(receiver, "once")), "the alarm was told more than once"


def test_a_rotated_key_file_counts_on_the_other_machine_once_it_is_copied(pair: Pair) -> None:
    first, second = pair.first, pair.second
    wish = {"kind": "token", "name": "ci", "role": "read"}

    def made(server: LiveServer) -> httpx.Response:
        return httpx.post(f"{server.url}/rest/v1/keys", json=wish)

    def refused(server: LiveServer, secret: str) -> bool:
        """Whether it knows the token: it may only read, and who shows none may do everything on loopback."""
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.post(f"{server.url}/rest/v1/keys", json=wish, headers=headers).status_code == 403

    secret = made(first).raise_for_status().json()["secret"]
    until(lambda: refused(second, secret), "the second does not know the token")
    place = {"TRIMTAB_DATA_DIR": str(first.data_dir), **pair.shared}
    rotate = [sys.executable, "-m", "trimtab", "secrets", "rotate"]
    subprocess.run(rotate, env={**os.environ, **place}, check=True, capture_output=True, timeout=300)
    assert refused(first, secret)
    answer = made(second)
    assert (503, True) == (answer.status_code, "copy the key file of that machine here" in answer.text)
    copy_key(first, second)
    until(lambda: refused(second, secret), "the second does not open the token with the new key")
    later = made(second).raise_for_status().json()["secret"]
    until(lambda: refused(first, later), "the first does not open what the second sealed")


def test_the_lock_of_a_jobs_process_that_was_killed_is_taken_over(pair: Pair, receiver: Receiver) -> None:
    channel = {"name": "hook", "kind": "webhook", "endpoint": f"{receiver.url}/ops", "topics": ["ops"], "group_s": 0}
    httpx.post(f"{pair.second.url}/rest/v1/channels", json=channel).raise_for_status()
    put_alarm(pair.second, "before")
    put_high(pair.second, "before", 300)
    until(lambda: told(receiver, "before"), "no jobs process works")
    # The first server started first, so its jobs process has the lock; the whole server dies.
    before = pair.holder()
    assert jobs_process(pair.first).is_running()
    pair.first.kill()
    killed = time.monotonic()
    until(lambda: pair.holder() != before, "nobody took the lock over")
    taken_s = time.monotonic() - killed
    put_alarm(pair.second, "after")
    put_high(pair.second, "after", 300)
    until(lambda: told(receiver, "after"), "the second jobs process does not work")
    worked_s = time.monotonic() - killed
    print(f"lock taken over {taken_s:.1f} s after the kill, an alarm told {worked_s:.1f} s after it")
    assert 1 == len(told(receiver, "before")), "an alarm was told again"
    assert 1 == len(told(receiver, "after"))
