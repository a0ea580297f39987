"""Jobs that several change at once."""

import asyncio

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.batch.store import JobStore, KeptJob
from trimtab.store.state.database import State

TIMES = 40


def test_of_changes_at_once_none_is_lost(state: State) -> None:
    store = JobStore(state, ManualClock())

    async def count() -> str:
        await store.put(KeptJob("a", "1" * 12, "us-east-1", "test", "a", "InProgress", 0, 0, "{}", "0"))
        await asyncio.gather(*(store.change("a", lambda job: replace(job, form=str(int(job.form) + 1)))
                               for _ in range(TIMES)))  # fmt: skip
        [job] = await store.listed(EVERYTHING)
        return job.form

    assert str(TIMES) == asyncio.run(count())
