"""Periodic work inside a process: one task a job, errors logged and tried again at the next turn.

A fault in the code of one job is logged with its traceback and ends neither the others nor the process.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from msgspec import Struct

from trimtab.base.errors import TrimtabError

logger = logging.getLogger(__name__)

GRACE_S = 1.0
"""What jobs may take to end at a stop."""

TICK_S = 0.5
"""Jobs begin at multiples of it, so that they wake their process together: a wake costs more than most looks do."""


QUIET_S = 15.0
"""So long after a start jobs that work much and that nobody waits for begin: the first pages come before them."""


class Job(Struct, frozen=True):
    """A named piece of work to do every `seconds`, and once more when stopping if `at_stop`.

    `after_s`: how long after the start it begins, for what nobody waits for: what people look at first comes before it.
    """

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]
    at_stop: bool = False
    after_s: float = 0.0


class Book(Protocol):
    """What running tells of jobs: `jobs.book.JobBook`."""

    def begin(self, name: str, seconds: float) -> None:
        """A job begins."""
        ...

    def end(self, name: str, *, well: bool) -> None:
        """A job ended."""
        ...


async def run_jobs(
    jobs: list[Job], stop: asyncio.Event, book: Book | None = None, grace_s: float = GRACE_S
) -> list[str]:
    """Run every job at its pace until `stop` is set; the names of those that were left. `book` is told of each run.

    What still runs `grace_s` after the stop is left: its task is cancelled, a thread that it waits for ends with the
    process. Every job is made to be killed at any moment, so nothing is lost by it.
    """
    stopping = asyncio.ensure_future(stop.wait())
    running = {asyncio.create_task(_run(job, stopping, book)): job for job in jobs}
    try:
        await stopping
        _, late = await asyncio.wait(running, timeout=grace_s)
    finally:
        stopping.cancel()
        for task in running:
            task.cancel()
        found = await asyncio.gather(*running, return_exceptions=True)
    for problem in found:
        if isinstance(problem, BaseException) and not isinstance(problem, asyncio.CancelledError):
            raise problem
    return sorted(running[task].name for task in late)


async def _run(job: Job, stopping: asyncio.Future[Any], book: Book | None) -> None:
    if job.after_s:
        await asyncio.wait((stopping,), timeout=job.after_s)
    while not stopping.done():
        await _attempt(job, book)
        pause_s = until_tick(job.seconds, asyncio.get_running_loop().time())
        await asyncio.wait((stopping,), timeout=pause_s)  # no task of its own for each of 30 looks a second
    if job.at_stop:
        await _attempt(job, book)


def until_tick(seconds: float, now_s: float) -> float:
    """How long to wait for a pace: until the tick that is nearest to it, where it is longer than ticks are apart."""
    return seconds if seconds < 2 * TICK_S else round((now_s + seconds) / TICK_S) * TICK_S - now_s


async def _attempt(job: Job, book: Book | None) -> None:
    if book is not None:
        book.begin(job.name, job.seconds)
    well = False
    try:
        await job.work()
        well = True
    except TrimtabError as problem:
        logger.warning("cannot %s, will try again in %g s: %s", job.name, job.seconds, problem)
    except Exception:
        logger.exception("cannot %s, will try again in %g s: this is a fault in trimtab", job.name, job.seconds)
    finally:
        if book is not None:
            book.end(job.name, well=well)
