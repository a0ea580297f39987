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


def test_a_fault_of_one_job_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> int:
        stop, done = asyncio.Event(), 0

        async def broken() -> None:
            raise KeyError("missing")

        async def work() -> None:
            nonlocal done
            done += 1
            if done == 3:
                stop.set()

        await run_jobs([Job("break", 0.001, broken), Job("count", 0.001, work)], stop)
        return done

    assert 3 == asyncio.run(scenario())
    assert "cannot break" in caplog.text
    assert "KeyError: 'missing'" in caplog.text
