"""What must work for the server to be ready: the periodic jobs too."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import insert

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State
from trimtab.store.state.tables import alarm_clocks
from trimtab.stores import JOBS, checks_of


def test_the_server_is_not_ready_while_the_jobs_process_is_silent(tmp_path: Path) -> None:
    state, clock = State.open("", tmp_path), ManualClock()
    stores = SimpleNamespace(state=state, telemetry=None, ingest_logs=())
    jobs = checks_of(cast(Any, stores), clock)["jobs"]

    async def scenario() -> None:
        await jobs()  # it starts after the server
        clock.advance(121)
        with pytest.raises(Unavailable, match="was never seen: alarms are not evaluated"):
            await jobs()
        await Lock(state, clock, JOBS).renew()
        await jobs()
        clock.advance(24)
        await jobs()
        clock.advance(2)
        with pytest.raises(Unavailable, match="was last seen 26 s ago"):
            await jobs()

    asyncio.run(scenario())
    state.close()


def test_the_server_is_not_ready_while_alarms_are_not_evaluated(tmp_path: Path) -> None:
    state, clock = State.open("", tmp_path), ManualClock()
    stores = SimpleNamespace(state=state, telemetry=None, ingest_logs=())
    alarms = checks_of(cast(Any, stores), clock)["alarms"]

    async def scenario() -> None:
        await alarms()  # the jobs process starts after the server
        clock.advance(121)
        with pytest.raises(Unavailable, match="alarms were never evaluated"):
            await alarms()
        at_ms = clock.now_ms() // 60_000 * 60_000
        rows = [{"cadence_s": 10, "at_ms": at_ms}, {"cadence_s": 60, "at_ms": at_ms}]
        await state.change(lambda connection: connection.execute(insert(alarm_clocks), rows))
        await alarms()
        clock.at_ms = at_ms + 10_000 + 5_000 + 60_000  # the fast one is due after 10 s, and given 5 s for late data
        await alarms()
        clock.advance(1)
        with pytest.raises(Unavailable, match="alarms are evaluated 61 s late"):
            await alarms()

    asyncio.run(scenario())
    state.close()
