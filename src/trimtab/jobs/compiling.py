"""Has compiled loops made by a process that ends: compiling takes 20 CPU-s, and 100 MB that no process gives back.

numba keeps the machine code beside the modules, for every process. Which version was compiled is noted in the data
directory, so that a start does nothing where it is there.
"""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec import Struct

logger = logging.getLogger(__name__)

_MOST_S = 1800.0
"""A hundred times what it takes: at the lowest priority it may wait for long."""


def compiled_as(stamp: str) -> str:
    """Names what is compiled, by the `stamp` of its text, and by what. Empty where there is no compiler."""
    try:
        compiler = version("numba")
    except PackageNotFoundError:
        return ""
    return f"{stamp} numba {compiler} python {sys.version_info.major}.{sys.version_info.minor} at {sys.prefix}"


class Rehearsal(Struct):
    """Runs loops once in a process of their own, where this version of them (`stamp`) was not compiled yet.

    `module` is one whose `main` calls `rehearsing`; `what` names the loops, for the log and the note in `folder`.
    """

    what: str
    stamp: str
    folder: Path
    module: str
    program: tuple[str, ...] = (sys.executable, "-m", "trimtab.child")
    _tried: bool = False

    async def once(self) -> None:
        """Compile, if that is not done. What fails is tried again after the next start: who needs it compiles it."""
        if self._tried:
            return
        self._tried = True
        note, name = self.folder / f"{self.what.replace(' ', '_')}_compiled", compiled_as(self.stamp)
        is_there = note.is_file() and note.read_text() == name
        if name and not is_there and await asyncio.to_thread(self._run):
            note.write_text(name)

    def _run(self) -> bool:
        try:
            # It ends when this pipe closes, however this process ends.
            with subprocess.Popen(
                (*self.program, self.module), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            ) as process:
                try:
                    status = process.wait(_MOST_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise
        except (OSError, subprocess.TimeoutExpired) as problem:
            logger.info("cannot compile %s apart: %s; the first use compiles", self.what, problem)
            return False
        if status:
            logger.info("cannot compile %s apart: status %d; the first use compiles", self.what, status)
        return not status


def rehearsing(work: Callable[[], object], *, waits: bool = True) -> int:
    """The whole life of such a process: run `work` at the lowest priority, ending with the process that started it.

    With `waits` it works only while nobody else wants the processor.
    """
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    os.nice(19)
    with contextlib.suppress(AttributeError, OSError):  # not Linux, or not allowed: nice is what there is
        if waits:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    work()
    return 0


def _end_with_the_parent() -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock, held here, would fail the interpreter's own end
        pass
    os._exit(0)
