"""Spans in a real engine, behind the reader of populations."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock, SystemClock
from trimtab.bottlenecks.read import PopulationReader
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog
from trimtab.traces.ingest import TraceIngest
from trimtab.traces.read import TraceReader

NOW = 1_764_072_000_000  # 2025-11-25T12:00:00Z


@dataclass(frozen=True)
class Kept:
    """A writer and readers of spans."""

    ingest: TraceIngest
    traces: TraceReader
    populations: PopulationReader


@pytest.fixture
def kept(engine: Telemetry, tmp_path: Path) -> Iterator[Kept]:
    engine.truncate(["spans", "trace_times"])
    clock = ManualClock()
    clock.at_ms = NOW
    log = IngestLog(tmp_path / "log", engine, SystemClock())  # its drain waits in real time
    log.open()
    reader = TraceReader(engine, log)
    yield Kept(TraceIngest(log, clock), reader, PopulationReader(reader))
    log.close()
