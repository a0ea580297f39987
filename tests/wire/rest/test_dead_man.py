"""A live server about itself: metrics of every process, as series too; and what is told while the jobs are stopped."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from tests.unit.notify.receiver import Receiver, receiving

from live_server import LiveServer
from trimtab.client import notify_wire
from trimtab.client.api import Client
from trimtab.client.notify import Notify

pytestmark = [pytest.mark.wire, pytest.mark.slow]
INTERVAL_S = 20


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def _child(server: LiveServer, module: str) -> psutil.Process:
    assert server.process is not None
    (found,) = [one for one in psutil.Process(server.process.pid).children() if module in one.cmdline()]
    return found


def _until(what: str, seconds: float, is_so: Callable[[], object]) -> float:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began


def _metrics(server: LiveServer) -> dict[str, float]:
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


@pytest.mark.timeout(600)
def test_the_heartbeat_ends_and_the_notice_goes_out_while_the_jobs_process_is_stopped(
    tmp_path: Path, receiver: Receiver
) -> None:
    beats = {"TRIMTAB_HEARTBEAT_URL": f"{receiver.url}/ping", "TRIMTAB_HEARTBEAT_INTERVAL_S": str(INTERVAL_S)}
    server = LiveServer(tmp_path, TRIMTAB_SELF_METRICS="1", **beats).start()
    assert server.process is not None
    try:
        with Client(server.url) as client:
            Notify(client).add(notify_wire.CreateChannel(name="ops", kind="webhook", endpoint=f"{receiver.url}/ops"))
        _until("a heartbeat", 120, lambda: "/ping" in receiver.gets)
        _until("the time of the start", 150, lambda: _started_s(server) > 125)
        _check_metrics(server)
        jobs = _child(server, "trimtab.worker")
        server.process.send_signal(signal.SIGSTOP)  # or it would start the jobs process again
        jobs.suspend()
        before = len(receiver.gets)
        took_s = _until("the notice", 240, lambda: receiver.requests)
        print(f"the notice went out {took_s:.0f} s after the jobs process was stopped")
        sent = len(receiver.gets) - before
        print(f"{sent} heartbeats went out after it, {INTERVAL_S} s apart")
        assert sent <= 2
        assert receiver.requests[0][0] == "/ops"
        assert "Alarms are not being evaluated" in receiver.requests[0][2].decode()
        ready = httpx.get(f"{server.url}/readyz")
        assert ready.status_code == 503
        assert "not being evaluated" in httpx.get(f"{server.url}/settings").text
        jobs.resume()
        before = len(receiver.gets)
        _until("a heartbeat again", 120, lambda: len(receiver.gets) > before)
        _until("that they are again", 120, lambda: len(receiver.requests) > 1)
        assert "Alarms are evaluated again" in receiver.requests[-1][2].decode()
    finally:
        server.process.send_signal(signal.SIGCONT)
        server.stop()


def _started_s(server: LiveServer) -> float:
    return time.time() - _child(server, "trimtab.server").create_time()


def _check_metrics(server: LiveServer) -> None:
    found = _metrics(server)
    for process in ("supervisor", "engine", "server", "jobs"):
        assert found[f'trimtab_process_bytes{{process="{process}"}}'] > 10_000_000
        assert found[f'trimtab_process_open_files{{process="{process}"}}'] > 3
    for process, job in (("jobs", "evaluate alarms"), ("server", "send the heartbeat")):
        assert found[f'trimtab_job_runs_total{{job="{job}",process="{process}"}}'] > 1
        assert found[f'trimtab_job_age_seconds{{job="{job}",process="{process}"}}'] < 60
    assert found["trimtab_alarms_late_seconds"] < 20
    assert found['trimtab_heartbeats_total{outcome="sent"}'] > 1
    assert found['trimtab_requests_total{door="rest",status="2xx"}'] >= 1
    assert found['trimtab_event_loop_lag_seconds{process="jobs"}'] >= 0
    stored = ("trimtab_process_bytes", "trimtab_alarms_late_seconds", "trimtab_request_seconds_bucket")
    with Client(server.url) as client:
        for name in stored:
            assert client.metrics(namespace="trimtab/Self", name=name).series, name
        assert not client.metrics(namespace="trimtab/Self", name="trimtab_cost_dollars").series
