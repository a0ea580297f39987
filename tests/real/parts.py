"""The real programs that these tests run: where they are, which package has them, and that none outlives its test."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from patience import until

LIST = Path(__file__).with_name("parts.txt")
UNPACKED = Path(__file__).parents[2] / ".real"
"""What scripts/real_parts.sh unpacks where the system should not have it."""
_POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
_PLACES = (
    *os.environ.get("PATH", "").split(":"), "/usr/sbin", "/sbin", "/usr/share/zookeeper/bin", *map(str, _POSTGRES),
    f"{UNPACKED}/usr/sbin", f"{UNPACKED}/usr/bin", f"{UNPACKED}/venv/bin",
    f"{UNPACKED}/helm/bin",
)  # fmt: skip
_END_S = 20.0

used: dict[str, str] = {}
"""Programs that a test of this run started, and the package of each."""


@cache
def listed() -> dict[str, tuple[str, str]]:
    """By program: where its package comes from, and the package."""
    lines = [line.split() for line in LIST.read_text().splitlines()]
    return {words[0]: (words[1], words[2]) for words in lines if words and words[0] != "#"}


def program(name: str) -> str:
    """Where a program of the list is; skips the test that needs it where it is not."""
    source, package = listed()[name]
    path = shutil.which(name, path=":".join(_PLACES))
    if path is None:
        pytest.skip(f"no {name} on this machine: package {package} ({source}; scripts/real_parts.sh)")
    used[name] = package
    return path


def need_root(what: str) -> None:
    """Skip where only root may do it."""
    if os.geteuid() != 0:
        pytest.skip(f"{what} needs root")


def free_port() -> int:
    """A port of loopback that nobody listens on, below those that the system gives to clients."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        if port in _given:
            continue
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            _given.add(port)
            return port
    raise AssertionError("no port is free")


_given: set[int] = set()


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens there."""
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex((host, port)) == 0


class Daemons:
    """Programs in the foreground, with what they print in a file each; they are stopped in the opposite order."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = {**os.environ, **(environment or {})}
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, *words: str, label: str = "", user: str | None = None) -> "subprocess.Popen[bytes]":
        """Start a program of the list; `label` tells several of it apart."""
        label = label or name
        with (self.folder / f"{label}.out").open("wb") as out:
            process = subprocess.Popen(
                [program(name), *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self.folder,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                start_new_session=True,
            )
        self._running.append((label, process))
        return process

    def output(self, label: str) -> str:
        """What it printed."""
        return (self.folder / f"{label}.out").read_text("utf-8", "replace")

    def listens(self, label: str, port: int) -> None:
        """Wait until it listens on the port; what it printed is told where it ended."""
        process = next(running for name, running in self._running if name == label)
        until(lambda: answers(port) or process.poll() is not None, f"{label} does not listen on {port}")
        assert process.poll() is None, f"{label} ended: {self.output(label)[-3000:]}"

    def stop(self, label: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, and all that it started."""
        process = next(running for name, running in self._running if name == label)
        self._running.remove((label, process))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_END_S)

    def stop_all(self) -> None:
        """End what still runs."""
        for label, _ in reversed(self._running.copy()):
            self.stop(label)


@contextmanager
def daemons(**environment: str) -> Iterator[Daemons]:
    """A folder that every user may read, and programs that end with it."""
    folder = Path(mkdtemp(prefix="trimtab-real"))
    folder.chmod(0o755)
    running = Daemons(folder, environment)
    try:
        yield running
    finally:
        running.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
