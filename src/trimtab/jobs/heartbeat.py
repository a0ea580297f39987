"""A process tells its supervisor that its event loop turns: one that hangs, or was stopped, is silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trimtab.jobs.periodic import Job

BEAT = "beat"
"""The line."""
EVERY_S = 5.0


def heartbeat() -> Job:
    """Say it every few seconds on standard output, which the supervisor reads."""

    async def beat() -> None:
        _beat()

    return Job("tell the supervisor that it lives", EVERY_S, beat)


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Say it while something long is done before the jobs run."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            _beat()

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()


def _beat() -> None:
    print(BEAT, flush=True)  # noqa: T201 - the supervisor reads this line
