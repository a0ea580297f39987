"""One agent a spool: a lock on a file, which the system releases however the process ends (Linux and macOS)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trimtab.base.errors import SetupError


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold `directory` for this process. Raises SetupError that names the process which holds it."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise SetupError(
            f"cannot use spool directory {directory}: {problem}; try --spool-dir with one you may write"
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            who = f"the agent with process id {holder}" if holder else "another agent"
            raise SetupError(
                f"cannot use spool directory {directory}: {who} uses it; "
                "expected one agent a directory; try stopping that one, or --spool-dir with another directory"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
