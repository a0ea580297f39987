"""The sections over a real state database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.alarms.room import AlarmRoom
from trimtab.base.clock import ManualClock
from trimtab.detectors.store import DetectorStore
from trimtab.doors.config.kinds.alarms import alarm_sections
from trimtab.doors.config.kinds.anomaly_detectors import DetectorSection
from trimtab.doors.config.kinds.dashboards import DashboardSection
from trimtab.doors.config.kinds.mute_rules import MuteRuleSection
from trimtab.doors.config.model import Owner
from trimtab.doors.config.room import Configurations
from trimtab.reports.dashboards.store import DashboardStore
from trimtab.store.state.database import State

OWNER = Owner("123456789012", "us-east-1", "tester")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    found = State.open("", tmp_path)
    yield found
    found.close()


@pytest.fixture
def alarms(state: State) -> AlarmRoom:
    return AlarmRoom.of(state, ManualClock())


@pytest.fixture
def configurations(state: State, alarms: AlarmRoom) -> Configurations:
    clock = ManualClock()
    return Configurations(
        [
            DetectorSection(DetectorStore(state, clock)),
            *alarm_sections(alarms),
            MuteRuleSection(alarms.mute_rules),
            DashboardSection(DashboardStore(state, clock)),
        ]
    )
