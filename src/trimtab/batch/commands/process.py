"""One attempt of a job: a process of this machine that never outlives the server which runs it."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from trimtab.base.parent import CANNOT_RUN, bound
from trimtab.batch.commands.model import FINISHED, TIMED_OUT

_PASSED = ("HOME", "LANG", "LC_ALL", "PATH", "TZ", "USER")
"""What of the server's own environment a job sees: nothing of its keys and addresses."""
_LOOK_S = 0.2
_PATIENCE_S = 30.0  # AWS's, from SIGTERM to SIGKILL


class Ended(Struct, frozen=True):
    """How an attempt ended. `exit_code` is None where it was ended from outside."""

    exit_code: int | None
    reason: str
    status_reason: str


class Run(Struct, frozen=True):
    """What is run: a command without a shell, its folder, what it finds in its environment, and where it writes."""

    command: Sequence[str]
    directory: str
    environment: Mapping[str, str]
    log: Path
    timeout_s: int


async def run(what: Run, began: Callable[[], object], stop: asyncio.Event) -> Ended:
    """Run an attempt to its end, its time or `stop`. `began` is called once it runs. Never raises for the command."""
    what.log.parent.mkdir(parents=True, exist_ok=True)
    try:
        process = await _started(what)
    except (OSError, ValueError) as problem:
        return Ended(CANNOT_RUN, f"CannotStartError: {problem}", FINISHED)
    try:
        began()
        timed_out = await _waited(process, what.timeout_s, stop)
    finally:
        await _end(process)
    code = process.returncode
    if timed_out:
        return Ended(None, "", TIMED_OUT)
    if stop.is_set() and (code is None or code < 0):
        return Ended(None, "", "")
    if code is not None and code < 0:
        return Ended(128 - code, f"ended by {signal.Signals(-code).name}", FINISHED)
    return Ended(code, "", FINISHED)


async def _started(what: Run) -> Process:
    command = bound(what.command, _PASSED, what.environment)
    with what.log.open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *command, cwd=what.directory or what.log.parent, stdin=DEVNULL, stdout=log, stderr=STDOUT,
            start_new_session=True,
        )  # fmt: skip


async def _waited(process: Process, timeout_s: int, stop: asyncio.Event) -> bool:
    """Wait for the end or `stop`; whether its time is over."""
    ending = {asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())}
    done, rest = await asyncio.wait(ending, timeout=timeout_s or None, return_when=asyncio.FIRST_COMPLETED)
    for one in rest:
        one.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    return not done


async def _end(process: Process) -> None:
    """Ask its whole group to end, and make it."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE_S)
    _signal(process, signal.SIGKILL)  # what it started and left behind, too
    await process.wait()


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
