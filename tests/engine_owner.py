"""A real engine for tests: its owner is a process, as in production."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate


def start_owner(
    directory: Path, program: Sequence[str] = ("-m", "trimtab.store.telemetry.owner")
) -> "subprocess.Popen[bytes]":
    """An owner of `directory` that answers."""
    process = subprocess.Popen(
        [sys.executable, *program, str(directory), "1024"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"ready\n" == process.stdout.readline()
    return process


def stop_owner(process: "subprocess.Popen[bytes]") -> int:
    """End an owner in order; its exit code."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    code = process.wait(30)
    process.stdout.close()
    return code


@contextmanager
def engine_in(directory: Path) -> Iterator[Telemetry]:
    """An engine with the newest schema in `directory`, while the block runs."""
    owner = start_owner(directory)
    telemetry = Telemetry(lambda: embedded_endpoint(directory))
    migrate(telemetry)
    yield telemetry
    telemetry.close()
    stop_owner(owner)
