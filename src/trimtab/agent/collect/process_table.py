"""The process table in one cheap pass: what every process has used, without asking each for everything.

On Linux that is one small read of `/proc/<pid>/stat` a process (about 20 µs each); elsewhere psutil's iterator.
Names of executables and disk counters cost more and may need rights, so they are read for a few processes only.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
from msgspec import Struct

_STATUS = {"R": "running", "S": "sleeping", "D": "blocked", "I": "idle", "T": "stopped", "t": "stopped", "Z": "zombies"}
_PSUTIL_STATUS = {psutil.STATUS_DISK_SLEEP: "blocked", psutil.STATUS_ZOMBIE: "zombies"}
# A stat line is some 300 bytes; the name in it is at most 64 bytes even for kernel threads.
_STAT_BYTES = 1024


class Process(Struct, frozen=True):
    """One process: `started` (seconds since boot, or since the epoch off Linux) tells apart two users of one pid."""

    pid: int
    started: float
    name: str
    status: str
    cpu_s: float
    rss: int


class DiskUse(Struct, frozen=True):
    """Bytes that a process had the disks read and write since it started."""

    read: int
    written: int


def read_table(procfs: Path) -> list[Process]:
    """Every process that can be seen now."""
    return list(_linux(str(procfs)) if sys.platform == "linux" else _elsewhere())


def _linux(procfs: str) -> Iterator[Process]:
    ticks = os.sysconf("SC_CLK_TCK")
    page = os.sysconf("SC_PAGE_SIZE")
    for entry in os.listdir(procfs):
        if not entry.isdigit():
            continue
        try:
            descriptor = os.open(f"{procfs}/{entry}/stat", os.O_RDONLY)
        except OSError:
            continue  # it ended since the listing, or is hidden from us
        try:
            line = os.read(descriptor, _STAT_BYTES)
        except OSError:
            continue
        finally:
            os.close(descriptor)
        process = parse_stat(int(entry), line, ticks, page)
        if process is not None:
            yield process


def parse_stat(pid: int, line: bytes, ticks: int, page: int) -> Process | None:
    """A process from its stat line (proc(5)); None if the line is not one. The name may hold spaces and brackets."""
    opening, closing = line.find(b"("), line.rfind(b")")
    fields = line[closing + 2 :].split()
    if opening < 0 or closing < 0 or len(fields) < 22:
        return None
    return Process(
        pid=pid,
        started=int(fields[19]) / ticks,
        name=line[opening + 1 : closing].decode("utf-8", "replace"),
        status=_STATUS.get(chr(fields[0][0]), "unknown"),
        cpu_s=(int(fields[11]) + int(fields[12])) / ticks,
        rss=max(0, int(fields[21])) * page,
    )


def _elsewhere() -> Iterator[Process]:
    wanted = ["name", "status", "cpu_times", "memory_info", "create_time"]
    for process in psutil.process_iter(wanted):
        known = process.info
        times, memory = known["cpu_times"], known["memory_info"]
        yield Process(
            pid=process.pid,
            started=known["create_time"] or 0.0,
            name=known["name"] or "",
            status=_PSUTIL_STATUS.get(known["status"], known["status"] or "unknown"),
            cpu_s=times.user + times.system if times else 0.0,
            rss=memory.rss if memory else 0,
        )


def executable_name(process: Process, procfs: Path) -> str:
    """The file name of what it runs; where that cannot be read (rights, kernel threads) its short name."""
    try:
        path = os.readlink(procfs / str(process.pid) / "exe")
    except OSError:
        return process.name
    return os.path.basename(path.removesuffix(" (deleted)")) or process.name


def disk_use(pid: int, procfs: Path) -> DiskUse | None:
    """What the process had the disks do; None where that cannot be read (rights, another platform, it ended)."""
    try:
        text = (procfs / str(pid) / "io").read_bytes()
    except OSError:
        return None
    fields = dict(line.split(b": ", 1) for line in text.splitlines() if b": " in line)
    try:
        return DiskUse(int(fields[b"read_bytes"]), int(fields[b"write_bytes"]))
    except (KeyError, ValueError):
        return None
