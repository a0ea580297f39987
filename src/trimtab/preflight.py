"""What the machine must offer before anything starts: a directory to write to, and enough open files.

Without it the parts would fail one after another, each in the words of its own library.
"""

import contextlib
import resource
from pathlib import Path

from trimtab.base.disk import probe
from trimtab.base.errors import SetupError

WANTED_FILES = 65_536
LEAST_FILES = 1024
"""Server, jobs and engine hold about 250 open when idle; connections, parts of tables and followed logs come on top."""


def check(data_dir: Path) -> None:
    """Let this process open more files. Raises SetupError, with what to do, where it could not run on `data_dir`."""
    allow_files()
    check_directory(data_dir)


def allow_files() -> None:
    """Raise the limit of open files as far as it may go. Raises SetupError where that is too little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # a sandbox may forbid it
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    if soft != resource.RLIM_INFINITY and soft < LEAST_FILES:
        raise SetupError(
            f"cannot start: this process may open {soft} files; expected at least {LEAST_FILES:,}. Raise the limit: "
            f"`ulimit -n {WANTED_FILES}` in the shell, LimitNOFILE={WANTED_FILES} in a systemd unit, or --ulimit "
            f"nofile={WANTED_FILES} of a container"
        )


def check_directory(data_dir: Path) -> None:
    """Try to keep a file in `data_dir`, which is made where it is missing. Raises SetupError."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        probe(data_dir)
    except OSError as problem:
        raise SetupError(
            f"cannot use the data directory {data_dir}: {problem.strerror or problem}; expected a directory that "
            "this user may write to: free or mount it, or set TRIMTAB_DATA_DIR to another one"
        ) from None
