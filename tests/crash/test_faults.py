"""What a machine does to a server: a second one on its folder, a disk that goes read-only, few files, a wrong clock.

The disk is an ext4 image whose file system is aborted under the server, as the kernel does after an error of a device;
it needs root and loop devices. The clock is libfaketime's (Debian: libfaketime).
"""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from crash.test_power_cut import Disk, disk
from live_server import LiveServer
from patience import until

__all__ = ["disk"]
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


def refused(data_dir: Path, prepare: Callable[[], None] | None = None) -> str:
    """What a start on `data_dir` says before it ends with an error."""
    settings = {"TRIMTAB_HTTP_ADDR": "127.0.0.1:0", "TRIMTAB_OTLP_HTTP_ADDR": "off", "TRIMTAB_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "trimtab", "up", "--no-agent"]
    ran = subprocess.run(
        command, env=os.environ | settings, capture_output=True, text=True, timeout=120, preexec_fn=prepare, check=False
    )
    assert ran.returncode == 1, ran
    assert "Traceback" not in ran.stderr
    return ran.stderr


def put(server: LiveServer, value: int) -> httpx.Response:
    body = {"namespace": "faults", "metrics": [{"name": "kept", "value": value}]}
    return httpx.post(f"{server.url}/rest/v1/metrics", json=body, timeout=60)


def kept(server: LiveServer) -> float:
    """The sum of all values that are there."""
    asked = {"namespace": "faults", "name": "kept", "statistic": "Sum", "period": "1h", "fresh": "true"}
    found = httpx.get(f"{server.url}/rest/v1/metrics/query", params=asked, timeout=60)
    found.raise_for_status()
    return float(sum(value or 0 for line in found.json()["lines"] for _, value in line["points"]))


def owner(server: LiveServer) -> int:
    return int((server.data_dir / "engine" / "lock").read_text())


def test_each_fault_is_told_and_nothing_acknowledged_is_lost(disk: Disk) -> None:
    server = LiveServer(disk.mount / "data").start()
    assert put(server, 1).status_code == 200
    assert f"process {owner(server)} is using it; stop that trimtab, or set TRIMTAB_DATA_DIR" in refused(
        server.data_dir
    )
    assert put(server, 2).status_code == 200

    subprocess.run(["mount", "-o", "remount,abort", str(disk.mount)], check=True)
    answer = put(server, 4)
    assert answer.status_code in (503, 507), answer.text
    assert "read-only" in answer.text.lower()
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    ready = httpx.get(f"{server.url}/readyz")
    assert (ready.status_code, "log" in ready.text) == (503, True)
    assert "cannot use the data directory" in refused(disk.mount / "other")

    server.kill()
    disk.detach()
    subprocess.run(["/usr/sbin/e2fsck", "-p", str(disk.image)], check=False)  # 1: it put something right
    disk.attach()
    assert "may open 64 files; expected at least 1,024" in refused(
        server.data_dir, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    )
    server.start()
    assert put(server, 8).status_code == 200
    assert until(lambda: kept(server) == 11, "what was acknowledged")
    assert server.stop() == 0


@pytest.mark.slow
@pytest.mark.skipif(FAKETIME is None, reason="needs libfaketime: apt-get install libfaketime")
def test_a_clock_that_was_a_day_ahead_and_is_set_right_stops_no_alarm(tmp_path: Path) -> None:
    shift = tmp_path / "shift"
    shift.write_text("+0")
    server = LiveServer(
        tmp_path / "data",
        LD_PRELOAD=str(FAKETIME),
        FAKETIME_TIMESTAMP_FILE=str(shift),
        FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    ).start()
    metric = {"Namespace": "faults", "MetricName": "kept", "Statistic": "Sum", "Period": 10, "EvaluationPeriods": 1}
    alarm = metric | {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.5}

    def days_off() -> int:
        shown = parsedate_to_datetime(httpx.get(f"{server.url}/healthz").headers["date"])
        return round((shown - datetime.now(UTC)) / timedelta(days=1))

    def evaluated(name: str) -> bool:
        assert put(server, 1).status_code == 200
        state: str = httpx.get(f"{server.url}/rest/v1/alarms/{name}", timeout=60).json()["state"]
        return state == "ALARM"

    def put_alarm(name: str) -> None:
        put_ = httpx.put(f"{server.url}/rest/v1/alarms/{name}", json={"definition": alarm}, timeout=60)
        put_.raise_for_status()

    for number, (text, days) in enumerate((("+1d", 1), ("-1d", -1), ("+0", 0))):
        shift.write_text(text)
        until(lambda days=days: days_off() == days, f"the clock is {text}")
        put_alarm(f"a{number}")
        until(lambda number=number: evaluated(f"a{number}"), f"an alarm is evaluated at {text}")
    shift.write_text("-1d")
    server.kill()  # the lock of the jobs process, which is a day ahead now, holds nobody up
    server.start()
    put_alarm("last")
    until(lambda: evaluated("last"), "an alarm is evaluated after a restart")
    assert server.stop() == 0
