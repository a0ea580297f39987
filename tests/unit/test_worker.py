import asyncio
from pathlib import Path

from trimtab.base.clock import ManualClock
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State
from trimtab.worker import Leading


def test_work_runs_with_the_lock_only_and_not_after_the_end(tmp_path: Path) -> None:
    state, done = State.open("", tmp_path), []

    async def scenario() -> None:
        stop = asyncio.Event()
        lock = Lock(state, ManualClock(), "jobs")
        leading = Leading(lock, stop)
        await leading.run(lambda: done.append("without"))
        await lock.renew()
        await leading.run(lambda: done.append("with"))
        stop.set()
        await leading.run(lambda: done.append("after"))

    asyncio.run(scenario())
    state.close()
    assert ["with"] == done
