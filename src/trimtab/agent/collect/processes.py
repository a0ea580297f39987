"""The processes that matter now: the busiest and the largest, and how many there are of each status."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from trimtab.agent.collect.process_table import DiskUse, Process, disk_use, executable_name
from trimtab.agent.reading import Reading

# Enough to show what a machine does, few enough that a day of 10 s intervals stays some tens of megabytes.
BUSIEST = 15
LARGEST = 10
SETTLED_S = 60.0
"""A process is named once it was there this long: each pid is a series for good, and builds start thousands a day."""

ProcessKey = tuple[int, float]
"""A pid and when it started: a pid alone is used again."""


class Used(Struct, frozen=True):
    """A process with the share of one core that it used since the last look (None: it was not there then)."""

    process: Process
    share: float | None


def counts(table: Iterable[Process]) -> list[Reading]:
    """How many processes are in each status."""
    tally = Counter(process.status for process in table)
    return [
        Reading("system.processes.count", "{process}", number, (("status", status),))
        for status, number in sorted(tally.items())
    ]


def key_of(process: Process) -> ProcessKey:
    """What makes a process itself."""
    return process.pid, process.started


def shares(table: Iterable[Process], before: Mapping[ProcessKey, float] | None, elapsed_s: float) -> list[Used]:
    """Each process' share of one core over the `elapsed_s` since `before` (processor seconds by process).

    A process that started since then used all of its time within it. Without a look before there are no shares.
    """
    if before is None or elapsed_s <= 0:
        return [Used(process, None) for process in table]
    return [Used(process, max(0.0, process.cpu_s - before.get(key_of(process), 0.0)) / elapsed_s) for process in table]


def choose(used: Iterable[Used], busiest: int = BUSIEST, largest: int = LARGEST) -> list[Used]:
    """The busiest processes (those that used any time), then the largest that are not among them."""
    pool = [item for item in used if item.process.status != "zombies"]
    by_cpu = sorted((item for item in pool if item.share), key=lambda item: (-(item.share or 0), item.process.pid))
    with_memory = (item for item in pool if item.process.rss)
    by_memory = sorted(with_memory, key=lambda item: (-item.process.rss, item.process.pid))
    chosen = {key_of(item.process): item for item in (*by_cpu[:busiest], *by_memory[:largest])}
    return list(chosen.values())


def of_process(item: Used, name: str, disk: DiskUse | None, started_ms: int) -> list[Reading]:
    """What one process uses: share of one core (1 = one core), resident bytes, and its disk traffic if known."""
    who = (("process.executable.name", name), ("process.pid", str(item.process.pid)))
    found = [Reading("process.memory.usage", "By", item.process.rss, who)]
    if item.share is not None:
        found.append(Reading("process.cpu.utilization", "1", item.share, who))
    if disk is not None:
        for direction, bytes_ in (("read", disk.read), ("write", disk.written)):
            found.append(Reading("process.disk.io", "By", bytes_, (*who, ("disk.io.direction", direction)), started_ms))
    return found


class Settled:
    """Tells which processes have been there long enough to be named; those of the first look count as such."""

    def __init__(self) -> None:
        self._since: dict[ProcessKey, float] | None = None

    def among(self, used: Iterable[Used], now_s: float) -> list[Used]:
        """The settled ones of `used`, every process of this look (`now_s` on a monotonic clock)."""
        items = list(used)
        known = self._since
        self._since = {
            key: now_s - SETTLED_S if known is None else known.get(key, now_s)
            for key in (key_of(item.process) for item in items)
        }
        return [item for item in items if now_s - self._since[key_of(item.process)] >= SETTLED_S]


class Names:
    """Executable names of the chosen processes, each looked up once in its life."""

    def __init__(self, procfs: Path) -> None:
        self._procfs = procfs
        self._known: dict[ProcessKey, str] = {}

    def of(self, chosen: Iterable[Used]) -> dict[ProcessKey, str]:
        """Names by process; those of processes no longer chosen are forgotten."""
        self._known = {
            key_of(item.process): self._known.get(key_of(item.process)) or executable_name(item.process, self._procfs)
            for item in chosen
        }
        return self._known


def readings(chosen: Iterable[Used], names: Mapping[ProcessKey, str], procfs: Path, epoch_ms: int) -> list[Reading]:
    """Readings of the chosen processes; `epoch_ms` is what `started` counts from (boot on Linux, else 0)."""
    found: list[Reading] = []
    for item in chosen:
        started_ms = epoch_ms + round(item.process.started * 1000)
        name = names[key_of(item.process)]
        found.extend(of_process(item, name, disk_use(item.process.pid, procfs), started_ms))
    return found
