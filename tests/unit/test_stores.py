"""What must work for the server to be ready: the periodic jobs too."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State
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
