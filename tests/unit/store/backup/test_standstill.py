"""Processes that are held still go on, however that ends."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from patience import until
from trimtab.store.backup.standstill import standstill

FAMILY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print("there", flush=True)
input()
child.stdin.close()
"""
HOLDER = """
import psutil, sys
from trimtab.store.backup.standstill import standstill
with standstill(lambda: [psutil.Process(int(sys.argv[1]))]):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def family() -> Iterator[psutil.Process]:
    """A process with a child."""
    with subprocess.Popen([sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield psutil.Process(process.pid)


def stopped(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def test_everything_stands_still_and_goes_on(family: psutil.Process) -> None:
    with standstill(lambda: [family, *family.children()]) as held:
        assert [stopped(one) for one in held] == [True, True]
    until(lambda: not any(stopped(one) for one in held), "they do not go on")


def test_what_appears_meanwhile_is_held_too(family: psutil.Process) -> None:
    found = iter([[family], [family, *family.children()]])
    with standstill(lambda: next(found, [])) as held:
        assert len(held) == 2
        assert all(stopped(one) for one in held)
    until(lambda: not any(stopped(one) for one in held), "they do not go on")


def test_they_go_on_when_the_block_fails(family: psutil.Process) -> None:
    with pytest.raises(OSError, match="disk"), standstill(lambda: [family]):
        raise OSError("disk")
    until(lambda: not stopped(family), "it does not go on")


def test_they_go_on_when_whoever_holds_them_is_killed(family: psutil.Process) -> None:
    command = [sys.executable, "-c", HOLDER, str(family.pid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert stopped(family)
        holder.send_signal(signal.SIGKILL)
    until(lambda: not stopped(family), "it does not go on")
