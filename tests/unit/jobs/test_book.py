"""What processes tell of their jobs, their event loops and themselves."""

import asyncio
import os
import subprocess
import sys
import threading
from typing import Any

import psutil
import pytest

from trimtab.base.clock import ManualClock, SystemClock
from trimtab.base.errors import Unavailable
from trimtab.jobs.book import JobBook, JobReport
from trimtab.jobs.lag import LoopLag
from trimtab.jobs.periodic import Job, run_jobs
from trimtab.jobs.processes import Processes, _children
from trimtab.jobs.reports import STALE_MS, ProcessReport, Reporting, Told, check_ages, read_reports
from trimtab.store.state.database import State


def test_a_job_is_counted_with_its_failures_and_how_long_it_took() -> None:
    clock = ManualClock()
    book = JobBook(clock)
    book.begin("roll up", 60.0)
    clock.advance(2)
    (running,) = book.reports()
    assert (running.runs, running.running_s, running.age_s) == (0, 2.0, 2.0)
    book.end("roll up", well=True)
    clock.advance(60)
    book.begin("roll up", 60.0)
    clock.advance(1)
    book.end("roll up", well=False)
    clock.advance(4)
    (found,) = book.reports()
    assert found == JobReport(
        name="roll up", seconds=60.0, runs=2, failures=1, busy_s=3.0, last_s=1.0, age_s=4.0, running_s=None
    )


@pytest.mark.parametrize(("seconds", "age_s"), [(1.0, 300.0), (100.0, 300.0), (3600.0, 10_800.0)])
def test_a_job_is_late_after_three_periods_and_five_minutes_at_the_earliest(seconds: float, age_s: float) -> None:
    clock = ManualClock()
    book = JobBook(clock)
    book.begin("drop", seconds)
    clock.advance(age_s)
    check_ages([ProcessReport("jobs", 0, 0.0, book.reports())])
    clock.advance(1)
    with pytest.raises(Unavailable, match=rf"jobs are late: 'drop' \(jobs\) has not ended for {age_s + 1:.0f} s"):
        check_ages([ProcessReport("jobs", 0, 0.0, book.reports())])
    book.end("drop", well=True)
    check_ages([ProcessReport("jobs", 0, 0.0, book.reports())])


def test_running_jobs_tells_the_book_of_each_run() -> None:
    book = JobBook(SystemClock())

    async def scenario() -> None:
        stop, times = asyncio.Event(), [0]

        async def work() -> None:
            times[0] += 1
            if times[0] == 2:
                stop.set()
                raise Unavailable("not now")
            if times[0] == 3:
                raise ValueError("a fault")

        await run_jobs([Job("work", 0.001, work, at_stop=True)], stop, book)

    asyncio.run(scenario())
    (found,) = book.reports()
    assert (found.runs, found.failures, found.running_s) == (3, 2, None)


def test_the_loops_lag_is_the_worst_of_the_last_minute() -> None:
    lag = LoopLag(ManualClock())
    assert lag.worst_s == 0.0
    for late in (0.5, *[0.1] * 59):
        lag.note(late)
    assert lag.worst_s == 0.5
    lag.note(-0.1)
    assert lag.worst_s == 0.1
    asyncio.run(lag.look())  # the clock stands still: not late
    assert lag.worst_s == 0.1


def test_work_that_holds_the_loop_up_is_seen() -> None:
    clock = SystemClock()
    lag = LoopLag(clock)

    async def scenario() -> None:
        looking = asyncio.create_task(lag.look())
        await asyncio.sleep(0)
        until = clock.monotonic() + 0.3
        while clock.monotonic() < until:
            continue
        await looking

    asyncio.run(scenario())
    assert lag.worst_s >= 0.15


def test_what_a_process_tells_is_read_by_another_while_it_is_fresh(state: State) -> None:
    clock = ManualClock()
    reporting, told = Reporting.of("jobs", clock), Told(state, clock)
    reporting.book.begin("evaluate alarms", 1.0)
    reporting.lag.note(0.25)

    async def scenario() -> None:
        await told.refresh()
        assert told.reports == []
        await reporting.write(state)
        clock.advance(1)
        reporting.book.end("evaluate alarms", well=True)
        await reporting.write(state)
        await told.refresh()
        (found,) = told.reports
        assert (found.process, found.lag_s, found.jobs[0].runs) == ("jobs", 0.25, 1)
        clock.advance(STALE_MS / 1000 + 0.001)
        assert await read_reports(state, clock.now_ms()) == []

    asyncio.run(scenario())


def test_the_system_tells_of_this_process() -> None:
    looking = Processes()
    assert looking.facts == []
    asyncio.run(looking.refresh())
    found: dict[str, Any] = {one.process: one for one in looking.facts}
    own = found["server"]
    assert own.resident > 1_000_000
    assert own.open_files >= 3
    assert own.threads >= 1
    assert 0 < own.cpu_s <= sum(os.times()[:2]) + 1


def test_children_are_those_that_threads_started_too() -> None:
    own, started = psutil.Process(), []

    def start() -> None:
        started.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    start()
    try:
        assert {child.pid for child in started} <= {child.pid for child in _children(own)}
        assert {child.pid for child in own.children()} == {child.pid for child in _children(own)}
    finally:
        for child in started:
            child.kill()
            child.communicate()
