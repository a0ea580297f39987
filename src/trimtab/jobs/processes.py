"""What the system says of trimtab's processes: memory, open files, threads and CPU of each, asked every ten seconds."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil
from msgspec import Struct, field

from trimtab.jobs.periodic import Job

EVERY_S = 10.0
_MODULES = {
    "trimtab.store.telemetry.owner": "engine",
    "trimtab.server": "server",
    "trimtab.worker": "jobs",
    "agent": "agent",
}


class ProcessFacts(Struct, frozen=True):
    """Of one process: resident bytes, open files (-1 where the system does not tell), threads, CPU seconds."""

    process: str
    resident: int
    open_files: int
    threads: int
    cpu_s: float


class Processes(Struct):
    """The facts as last looked: finding the processes takes some ten milliseconds, which no scrape waits for."""

    facts: list[ProcessFacts] = field(default_factory=list)

    def job(self) -> Job:
        """The job that looks."""
        return Job("look at the processes", EVERY_S, self.refresh)

    async def refresh(self) -> None:
        """Look again."""
        self.facts = await asyncio.to_thread(processes)


def processes() -> list[ProcessFacts]:
    """This server's own: itself, its supervisor, and what else that one started."""
    return [facts for name, process in _found() if (facts := _facts(name, process)) is not None]


def _found() -> Iterator[tuple[str, psutil.Process]]:
    own = psutil.Process()
    yield "server", own
    with contextlib.suppress(psutil.Error):
        parent = own.parent()
        if parent is None or not any("trimtab" in word for word in parent.cmdline()):  # started by something else
            return
        yield "supervisor", parent
        for child in _children(parent):
            with contextlib.suppress(psutil.Error):
                words = child.cmdline()
                name = next((known for word, known in _MODULES.items() if word in words), None)
                if name is not None and child.pid != own.pid:
                    yield name, child


def _children(parent: psutil.Process) -> list[psutil.Process]:
    """By the kernel's own lists, one a thread, where it keeps them: psutil asks every process of the machine whose it
    is."""
    lists = list(Path(f"/proc/{parent.pid}/task").glob("*/children"))
    if not lists:
        return parent.children()
    found = []
    for each in lists:
        with contextlib.suppress(psutil.Error, OSError):  # the thread or the process has just ended
            found += [psutil.Process(int(identifier)) for identifier in each.read_text().split()]
    return found


def _facts(name: str, process: psutil.Process) -> ProcessFacts | None:
    try:
        with process.oneshot():
            cpu = process.cpu_times()
            return ProcessFacts(
                name, process.memory_info().rss, process.num_fds(), process.num_threads(), cpu.user + cpu.system
            )
    except psutil.Error:  # it has just ended
        return None
