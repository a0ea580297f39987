"""Holds the processes of a running trimtab still, for as long as a picture of its files takes.

What is on the disk at such a moment is what a power cut leaves, and trimtab opens after a power cut. Whoever holds them
may be killed: a guard process sees it by the end of its standard input and lets them go on.
"""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from trimtab.base.errors import SetupError
from trimtab.store.telemetry.lock import owner_of

_GUARD = """
import os, signal, sys
held = [int(line) for line in sys.stdin]
for pid in reversed(held):
    try:
        os.kill(pid, signal.SIGCONT)
    except OSError:
        pass
"""
_STOPS_S = 10.0
"""A process that reads from a slow disk stops when that read ends."""


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """Those that write to a data directory: every process below the `trimtab up` that owns it; [] where none runs.

    Raises SetupError where the directory is open and its owner is no child of `trimtab up`.
    """
    pids = {owner_of(data_dir / place) for place in ("engine", "log/metrics")} - {None}
    owners = [psutil.Process(pid) for pid in pids if pid is not None and psutil.pid_exists(pid)]
    if not owners:
        return []
    above = {parent for owner in owners if (parent := owner.parent()) is not None}
    if len(above) != 1 or not _supervises(next(iter(above))):
        raise SetupError(
            f"cannot back up {data_dir}: processes {sorted(one.pid for one in owners)} have it open and are not below "
            "one `trimtab up`; stop them first"
        )
    return above.pop().children(recursive=True)


def _supervises(process: psutil.Process) -> bool:
    return any(Path(word).name.startswith("trimtab") for word in process.cmdline())


@contextmanager
def standstill(find: Callable[[], list[psutil.Process]]) -> Iterator[list[psutil.Process]]:
    """None of the processes that `find` names runs while the block does, nor any that they started meanwhile.

    Raises SetupError if one does not stop within ten seconds.
    """
    held: list[psutil.Process] = []
    with subprocess.Popen([sys.executable, "-I", "-c", _GUARD], stdin=subprocess.PIPE, text=True) as guard:
        while new := [one for one in find() if one not in held]:
            for process in new:
                print(process.pid, file=guard.stdin, flush=True)
                held.append(process)
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGSTOP)
            for process in new:
                _await_stopped(process)
        yield held


def _await_stopped(process: psutil.Process) -> None:
    for _ in range(int(_STOPS_S / 0.01)):
        try:
            if process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP, psutil.STATUS_ZOMBIE):
                return
            process.wait(0.01)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
    raise SetupError(f"cannot make a backup now: process {process.pid} does not stop; try again")
