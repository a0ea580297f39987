"""An engine of its own, and a log that drains into it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock, SystemClock
from trimtab.logs.room import LogsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.log import IngestLog
from trimtab.store.telemetry.migrations import migrate

NOW = 1_764_072_000_000  # 2025-11-25T12:00:00Z


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telemetry]:
    directory = tmp_path_factory.mktemp("logs") / "engine"
    owner = subprocess.Popen(
        [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory), "1024"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    assert b"ready\n" == owner.stdout.readline()
    telemetry = Telemetry(lambda: embedded_endpoint(directory))
    migrate(telemetry)
    yield telemetry
    telemetry.close()
    owner.stdin.close()
    owner.wait(30)
    owner.stdout.close()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State.open("", tmp_path)
    yield state
    state.close()


@pytest.fixture
def clock() -> ManualClock:
    clock = ManualClock()
    clock.at_ms = NOW
    return clock


@pytest.fixture
def room(engine: Telemetry, state: State, clock: ManualClock, tmp_path: Path) -> Iterator[LogsRoom]:
    """The room over an empty table."""
    engine.command("TRUNCATE TABLE log_events")
    log = IngestLog(tmp_path / "log", engine, SystemClock())  # its drain waits in real time
    log.open()
    yield LogsRoom.of(engine, state, log, clock)
    log.close()
