"""How a training program is asked for a checkpoint, and how it is known that there is one.

Asked by a signal, a command, or a file that is written; done when a file in the checkpoint directory is newer than the
request and has stopped to grow.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

Ask = Callable[[int], None]
"""Ask the process of an id (a group leader) for a checkpoint."""


class Newest(Struct, frozen=True):
    """The newest checkpoint: its path, when it was last written (ns), and how large it is."""

    path: Path
    at_ns: int
    size: int


def by_signal(number: signal.Signals) -> Ask:
    """By a signal to the program and its children."""

    def ask(pid: int) -> None:
        os.killpg(pid, number)

    return ask


def by_command(command: str) -> Ask:
    """By a command line, run by the shell with the program's id in TRIMTAB_PID."""

    def ask(pid: int) -> None:
        subprocess.run(["/bin/sh", "-c", f"TRIMTAB_PID={pid}; export TRIMTAB_PID; {command}"], check=False)

    return ask


def by_file(path: Path) -> Ask:
    """By a file that the program looks for, and removes."""

    def ask(pid: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{pid}\n")

    return ask


def newest(directory: Path | None) -> Newest | None:
    """The newest file or directory in the checkpoint directory; names that begin with a dot do not count."""
    if directory is None or not directory.is_dir():
        return None
    found = []
    for path in directory.iterdir():
        if path.name.startswith("."):
            continue
        try:
            found.append(_seen(path))
        except FileNotFoundError:  # it was renamed or removed in between
            continue
    return max(found, key=lambda one: one.at_ns, default=None)


def _seen(path: Path) -> Newest:
    stat = path.stat()
    if not path.is_dir():
        return Newest(path, stat.st_mtime_ns, stat.st_size)
    inside = [one.stat() for one in path.rglob("*") if one.is_file()]
    times = [stat.st_mtime_ns, *(one.st_mtime_ns for one in inside)]
    return Newest(path, max(times), sum(one.st_size for one in inside))
