"""One process owns a directory: an advisory lock that says who."""

import fcntl
import os
from pathlib import Path
from typing import IO

from trimtab.base.errors import SetupError


def lock_directory(directory: Path) -> IO[str]:
    """Lock `directory` for this process; keep the returned file open. Raises SetupError if another owns it."""
    directory.mkdir(parents=True, exist_ok=True)
    handle = (directory / "lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        owner = handle.read().strip() or "another one"
        handle.close()
        raise SetupError(
            f"cannot open data directory {directory.parent}: process {owner} is using it; "
            "stop that trimtab, or set TRIMTAB_DATA_DIR to another directory"
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def owner_of(directory: Path) -> int | None:
    """The process that has `directory` locked; None if nobody has."""
    try:
        with (directory / "lock").open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return int(handle.read())
    except FileNotFoundError:
        pass
    return None
