"""Dashboards over a state database of their own, at a time that the test moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock
from trimtab.reports.dashboards.shares import ShareStore
from trimtab.reports.dashboards.store import DashboardStore
from trimtab.store.state.database import State


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State.open("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def store(state: State, clock: ManualClock) -> DashboardStore:
    return DashboardStore(state, clock)


@pytest.fixture
def shares(state: State, clock: ManualClock) -> ShareStore:
    return ShareStore(state, clock)
