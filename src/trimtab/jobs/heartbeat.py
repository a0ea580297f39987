"""A process tells its supervisor that its event loop turns: one that hangs, or was stopped, is silent."""

from trimtab.jobs.periodic import Job

BEAT = "beat"
"""The line."""
EVERY_S = 5.0


def heartbeat() -> Job:
    """Say it every few seconds on standard output, which the supervisor reads."""

    async def beat() -> None:
        print(BEAT, flush=True)  # noqa: T201 - the supervisor reads this line

    return Job("tell the supervisor that it lives", EVERY_S, beat)
