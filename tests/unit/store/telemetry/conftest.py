"""The engine with its tables emptied for each test."""

import pytest

from engine_owner import empty
from trimtab.store.telemetry.client import Telemetry


@pytest.fixture
def telemetry(engine: Telemetry) -> Telemetry:
    empty(engine.fetch_sync, engine.command)
    return engine
