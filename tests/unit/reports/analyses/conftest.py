"""The room of analyses over made-up sources, with its alarms."""

import pytest

from made_analyses import Kept
from made_datasets import NOW, SOURCES, A
from trimtab.alarms.store import AlarmStore
from trimtab.base.clock import ManualClock
from trimtab.jobs.lock import Lock
from trimtab.reports.analyses.room import AnalysisRoom
from trimtab.reports.analyses.watches import WatchStore
from trimtab.reports.analyses.watching import Watching
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.timeseries.forecast.forecaster import Forecaster


@pytest.fixture
def watching(engine: Telemetry, state: State) -> Watching:
    clock = ManualClock(NOW)
    datasets = DatasetRoom.of(state, DatasetReader(engine, SOURCES, clock), clock, A)
    room = AnalysisRoom.of(state, datasets, Forecaster(), clock)
    kept = Kept()
    lock = Lock(state, clock, "watched visuals")
    return Watching(room, WatchStore(state, clock), AlarmStore(state, clock), kept, kept, lock, clock, "us-east-1")  # type: ignore[arg-type] # no registry
