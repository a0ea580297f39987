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


class Job(Struct, frozen=True):
    """A named piece of work to do every `seconds`, and once more when stopping if `at_stop`."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]
    at_stop: bool = False


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
    while not stopping.done():
        await _attempt(job, book)
        await asyncio.wait((stopping,), timeout=job.seconds)  # no task of its own for each of 30 looks a second
    if job.at_stop:
        await _attempt(job, book)


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
