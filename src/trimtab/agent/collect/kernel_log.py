"""Faults of GPUs and NVSwitches in the kernel's log, read from /dev/kmsg as they come.

The kernel lets root read it, and everybody where `kernel.dmesg_restrict` is 0; else nothing is told.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from trimtab.agent.reading import Attributes, Reading
from trimtab.gpu_faults import catalogue
from trimtab.gpu_faults.catalogue import RECOVERY_CHANGED, Takes
from trimtab.gpu_faults.lines import Follower, KernelLine, Kind, bus_id

_log = logging.getLogger(__name__)
PATH = "/dev/kmsg"
_RECORD = 8192
"""Bytes that a record has at most (CONSOLE_EXT_LOG_MAX); a read gives one."""
_MOST = 10_000
"""Records taken at one look: a flood must not hold the agent."""
_BUS = "gpu.pci.bus_id"


class KernelLog:
    """Counts faults since `since_ms`; what the log held before is passed over."""

    def __init__(self, path: Path, since_ms: int) -> None:
        self._since_ms = since_ms
        self._follower = Follower()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self._descriptor, 0, os.SEEK_END)
        except OSError as problem:
            _log.info("cannot follow the kernel's log %s: %s; only drivers tell of faults", path, problem)

    @classmethod
    def of(cls, descriptor: int, since_ms: int) -> "KernelLog":
        """Over an open file that gives a record a read."""
        log = cls(Path(os.devnull), since_ms)
        log.close()
        log._descriptor = descriptor
        return log

    def readings(self, others: Iterable[Reading]) -> list[Reading]:
        """How often each device told each code, and whether a GPU was taken or given back since the last look. `others`
        are the readings of the GPUs: where one names its place on the bus, its faults are named as it is.
        """
        lines = [line for line in self._lines() if line.kind in (Kind.XID, Kind.SXID) and line.code is not None]
        for line in lines:
            self._counts[line.bus_id, f"{line.kind}.{line.code}"] += 1
        if not self._counts:
            return []
        names = _named(others)
        found = [
            Reading("gpu.faults", "{fault}", count, (*_about(bus, names), ("error.type", code)), self._since_ms)
            for (bus, code), count in self._counts.items()
        ]
        down = {line.bus_id: state for line in lines if (state := _taken(line)) is not None}
        return [*found, *(Reading("gpu.fault.down", "1", state, _about(bus, names)) for bus, state in down.items())]

    def close(self) -> None:
        """Let go of the log."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _lines(self) -> Iterator[KernelLine]:
        for _ in range(_MOST if self._descriptor is not None else 0):
            try:
                record = os.read(self._descriptor or 0, _RECORD)
            except BrokenPipeError:  # records were overwritten before they were read: go on with those that are there
                continue
            except BlockingIOError:
                return
            if not record:
                return
            # priority,sequence,microseconds,flags;message, and lines of further keys (the kernel's ABI, dev-kmsg)
            message = record.decode("utf-8", "replace").partition(";")[2].partition("\n")[0]
            yield self._follower.read(message)


def _taken(line: KernelLine) -> int | None:
    """1 where a line takes a GPU, 0 where the driver says that it is well, None else."""
    if line.kind is not Kind.XID:
        return None
    if line.takes is Takes.YES or line.code in catalogue.down_while_idle():
        return 1
    return 0 if line.code == RECOVERY_CHANGED and line.recovery else None


def _named(readings: Iterable[Reading]) -> Mapping[str, Attributes]:
    """The attributes of GPUs by their place on the bus, as `hw.gpu.info` tells it."""
    found = {}
    for one in readings:
        pairs = dict(one.attributes)
        if one.name == "hw.gpu.info" and (place := bus_id(pairs.get(_BUS, ""))):
            kept = ("hw.id", "hw.name", "gpu.number", "gpu.uuid")
            found[place] = tuple((name, pairs[name]) for name in kept if name in pairs)
    return found


def _about(bus: str, names: Mapping[str, Attributes]) -> Attributes:
    return (*names.get(bus, (("hw.id", bus),)), (_BUS, bus))
