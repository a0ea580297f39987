import asyncio

import pytest

from trimtab.base.errors import Unavailable
from trimtab.jobs.periodic import TICK_S, Job, run_jobs, until_tick


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


def test_a_job_that_begins_later_does_nothing_before_but_at_the_stop() -> None:
    async def scenario() -> list[str]:
        stop, done = asyncio.Event(), list[str]()

        async def late() -> None:
            done.append("late")

        async def now() -> None:
            done.append("now")
            stop.set()

        await run_jobs([Job("late", 0.001, late, at_stop=True, after_s=3600), Job("now", 0.001, now)], stop)
        return done

    assert ["now", "late"] == asyncio.run(scenario())


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


@pytest.mark.parametrize("seconds", [1.0, 2.0, 10.0, 3600.0])
def test_jobs_of_a_pace_wake_together_whenever_each_of_them_ended(seconds: float) -> None:
    ended = [100.0, 100.01, 100.2, 100.24]
    assert {100.0 + seconds} == {round(now_s + until_tick(seconds, now_s), 6) for now_s in ended}
    assert round(100.0 + TICK_S + seconds, 6) == round(100.3 + until_tick(seconds, 100.3), 6)


def test_a_pace_that_is_shorter_than_two_ticks_is_kept() -> None:
    assert 0.7 == until_tick(0.7, 100.24)
