"""The engine with its tables emptied for each test."""

import pytest

from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema import TABLES


@pytest.fixture
def telemetry(engine: Telemetry) -> Telemetry:
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table}")
    return engine
