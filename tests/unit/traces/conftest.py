"""The room over an empty table, and a log that drains into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock, SystemClock
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog
from trimtab.traces.room import TracesRoom

NOW = 1_764_072_000_000  # 2025-11-25T12:00:00Z


@pytest.fixture
def clock() -> ManualClock:
    clock = ManualClock()
    clock.at_ms = NOW
    return clock


@pytest.fixture
def room(engine: Telemetry, state: State, clock: ManualClock, tmp_path: Path) -> Iterator[TracesRoom]:
    engine.truncate(["spans", "trace_times"])
    log = IngestLog(tmp_path / "log", engine, SystemClock())  # its drain waits in real time
    log.open()
    yield TracesRoom.of(engine, state, log, clock)
    log.close()
