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


def test_what_does_not_end_at_a_stop_is_left_and_named() -> None:
    async def scenario() -> list[str]:
        stop, cancelled = asyncio.Event(), []

        async def stuck() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        async def quick() -> None:
            stop.set()

        left = await run_jobs([Job("stuck", 1, stuck), Job("quick", 1, quick)], stop, grace_s=0.01)
        assert [True] == cancelled
        return left

    assert ["stuck"] == asyncio.run(scenario())


def test_a_job_that_ends_within_the_grace_is_not_left() -> None:
    async def scenario() -> list[str]:
        stop, done = asyncio.Event(), []

        async def work() -> None:
            stop.set()
            await asyncio.sleep(0)
            done.append(True)

        left = await run_jobs([Job("work", 1, work, at_stop=True)], stop)
        assert [True, True] == done
        return left

    assert [] == asyncio.run(scenario())
