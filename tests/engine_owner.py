"""A real engine for tests: its owner is a process, as in production.

An engine of unit tests does not sync: it survives no power cut, and a test that imports a bill would wait for eighty
syncs. Nor does it compile expressions, which takes a tenth of a second each and pays from a million rows on. Those of
the servers in the tests of wire, crash and browser do both.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.cluster import LOCAL
from trimtab.store.telemetry.migrations import migrate
from trimtab.store.telemetry.schema import TABLES
from trimtab.store.telemetry.table import DURABLE, TIDY

_QUICK = (str(Path(__file__).with_name("quick_owner.py")),)


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
def engine_in(directory: Path, *, synced: bool = False) -> Iterator[Telemetry]:
    """An engine with the newest schema in `directory`, while the block runs."""
    owner = start_owner(directory, _QUICK)
    telemetry = Telemetry(lambda: embedded_endpoint(directory))
    with nullcontext() if synced else quick_tables():
        migrate(telemetry)
    yield telemetry
    telemetry.close()
    stop_owner(owner)


@contextmanager
def quick_tables() -> Iterator[None]:
    """Tables that are made meanwhile are not synced, and who waits until old parts are gone waits for a second."""
    synced, tidy = dict(DURABLE), dict(TIDY)
    DURABLE.update((name, "0") for name in synced if "fsync" in name)
    TIDY.update(cleanup_delay_period="1", max_cleanup_delay_period="1", cleanup_delay_period_random_add="0")
    yield
    DURABLE.update(synced)
    TIDY.update(tidy)


def empty(read: Callable[[str], dict[str, Any]], command: Callable[[str], None]) -> None:
    """Empty every table of the schema that has rows: few have, and to empty all of them takes 25 statements."""
    parts = "SELECT DISTINCT table FROM system.parts WHERE active AND database = currentDatabase()"
    for table in {str(name).removesuffix(LOCAL) for name in read(parts)["table"]} & TABLES.keys():
        command(f"TRUNCATE TABLE {table}")
