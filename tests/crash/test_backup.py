"""A backup of a running trimtab, in mid-ingest: what was acknowledged before it is in it, once, and it opens."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import psutil
import pytest

from crash.writers import DATUMS, Ledger, run_clients, stored
from live_server import LiveServer
from patience import until
from trimtab.store.telemetry.lock import owner_of

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


def trimtab(data_dir: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "TRIMTAB_DATA_DIR": str(data_dir)}
    return subprocess.Popen(
        [sys.executable, "-m", "trimtab", *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def acknowledged(ledger: Ledger) -> set[int]:
    return {value for batch in list(ledger.batches) if batch.acknowledged for value in batch.values}


def test_what_was_acknowledged_before_a_backup_is_in_it_once(tmp_path: Path) -> None:
    ledger, before, sent = Ledger(), set(), set()
    live = LiveServer(tmp_path / "data").start()

    def back_up() -> None:
        until(lambda: len(acknowledged(ledger)) > 60 * DATUMS, "clients do not write")
        before.update(acknowledged(ledger))
        assert "trimtab stood still for" in ended(trimtab(live.data_dir, "backup", str(tmp_path / "backups")))
        sent.update(value for batch in list(ledger.batches) for value in batch.values)
        many = len(acknowledged(ledger))
        until(lambda: len(acknowledged(ledger)) > many + 20 * DATUMS, "clients do not go on")

    run_clients(live, ledger, back_up)
    [made] = (tmp_path / "backups").iterdir()
    told = json.loads(ended(trimtab(live.data_dir, "restore", "--check", "--json", str(made))))
    assert (told["wrong"], told["files"] > 100, told["state"]) == ([], True, True)
    refused = trimtab(live.data_dir, "restore", "--replace", str(made))
    assert "is using it; stop that trimtab first" in refused.communicate(timeout=60)[0]
    live.kill()
    ended(trimtab(tmp_path / "restored", "restore", str(made)))
    again = LiveServer(tmp_path / "restored").start()
    until(lambda: before <= set(stored(again.data_dir)), "what was acknowledged is not there")
    found = stored(again.data_dir)
    assert set(found.values()) == {1}
    assert set(found) <= sent
    assert again.stop() == 0


@pytest.mark.slow  # who holds a process and is killed: tests/unit/store/backup/test_standstill.py
def test_a_backup_that_is_killed_lets_trimtab_go_on(tmp_path: Path) -> None:
    live = LiveServer(tmp_path / "data").start()
    server = psutil.Process(owner_of(live.data_dir / "log" / "metrics"))
    found = []

    def watch() -> None:
        while not found and backup.poll() is None:
            if server.status() == psutil.STATUS_STOPPED:
                backup.send_signal(signal.SIGKILL)
                found.append("held")

    backup = trimtab(live.data_dir, "backup", str(tmp_path / "backups"))
    watching = threading.Thread(target=watch)
    watching.start()
    backup.communicate(timeout=300)
    watching.join()
    assert found == ["held"]
    until(lambda: httpx.get(f"{live.url}/readyz", timeout=60).status_code == 200, "it does not go on")
    assert not list((tmp_path / "backups").glob("*/manifest.json"))
    ended(trimtab(live.data_dir, "backup", str(tmp_path / "backups")))
    assert live.stop() == 0
