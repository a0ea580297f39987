"""Bytes and operations of whole disks, cumulative since boot.

What is left out, so that a sum over devices is the machine's traffic once:
partitions (their disk counts them), loop, ram and zram devices (memory, or a file on another disk), floppies
and optical drives, and devices stacked on others (device mapper, md: `/sys/block/<name>/slaves` is not empty).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from trimtab.agent.reading import Reading

_NOT_DISKS = ("loop", "ram", "zram", "fd", "sr")


def readings(sysfs: Path, boot_ms: int) -> list[Reading]:
    """Counters of every whole disk; nothing where the machine shows none (some containers)."""
    return of_counters(psutil.disk_io_counters(perdisk=True, nowrap=False) or {}, sysfs, boot_ms)


def of_counters(counters: Mapping[str, Any], sysfs: Path, boot_ms: int) -> list[Reading]:
    """Readings of psutil's per-disk counters."""
    found: list[Reading] = []
    for device, counted in sorted(counters.items()):
        if not is_disk(device, sysfs):
            continue
        for direction in ("read", "write"):
            attributes = (("system.device", device), ("disk.io.direction", direction))
            found.append(Reading("system.disk.io", "By", getattr(counted, f"{direction}_bytes"), attributes, boot_ms))
            operations = getattr(counted, f"{direction}_count")
            found.append(Reading("system.disk.operations", "{operation}", operations, attributes, boot_ms))
    return found


def is_disk(device: str, sysfs: Path) -> bool:
    """Whether `device` is a whole disk by the rules above (all that are not named so, where there is no /sys/block)."""
    if device.rstrip("0123456789") in _NOT_DISKS:
        return False
    blocks = sysfs / "block"
    if not blocks.is_dir():
        return True
    block = blocks / device.replace("/", "!")
    if not block.is_dir():
        return False
    slaves = block / "slaves"
    return not (slaves.is_dir() and any(slaves.iterdir()))
