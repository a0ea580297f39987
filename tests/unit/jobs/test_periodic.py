import asyncio

import pytest

from trimtab.base.errors import Unavailable
from trimtab.jobs.periodic import Job, run_jobs


def test_jobs_run_again_after_an_error_and_once_more_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> int:
        stop, done = asyncio.Event(), 0

        async def work() -> None:
            nonlocal done
            done += 1
            if done == 1:
                raise Unavailable("not yet")
            stop.set()

        await run_jobs([Job("count", 0.001, work, at_stop=True)], stop)
        return done

    assert 3 == asyncio.run(scenario())
    assert "cannot count, will try again in 0.001 s: not yet" in caplog.text
