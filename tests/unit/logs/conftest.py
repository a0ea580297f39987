"""An engine of its own, and a log that drains into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gates import open_gate
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.logs.room import LogsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog

NOW = 1_764_072_000_000  # 2025-11-25T12:00:00Z


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
    yield LogsRoom.of(engine, state, log, clock, open_gate())
    log.close()
