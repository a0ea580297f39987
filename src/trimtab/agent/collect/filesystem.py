"""Space on the machine's own filesystems.

What is left out: kernel filesystems (proc, cgroup, …), tmpfs other than /dev/shm (where data loaders run out of
room), read-only images (squashfs, iso9660), container layers other than /, files that a container runtime binds
over, and every filesystem on a network: a dead server would hang the call, and with it the agent. A device
mounted more than once is shown once, at its shortest path.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Protocol

import psutil
from msgspec import Struct

from trimtab.agent.collect.roots import Roots
from trimtab.agent.reading import Reading

_LOCAL = frozenset(
    (
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "reiserfs", "nilfs2"),
        *("vfat", "exfat", "msdos", "ntfs", "ntfs3", "fuseblk", "apfs", "hfs", "ufs"),
    )
)
_ONLY_AT = {"overlay": "/", "tmpfs": "/dev/shm", "rootfs": "/"}  # noqa: S108 — a mount point, not a file to write


class Mount(Struct, frozen=True):
    """A filesystem: its device and type, where the host has it and where this process reaches it."""

    device: str
    mountpoint: str
    fstype: str
    reached_at: str


class Space(Struct, frozen=True):
    """Bytes of a filesystem: `reserved` are kept for root; used + free + reserved is the whole."""

    used: int
    free: int
    reserved: int


class Partition(Protocol):
    """What this file needs of psutil's partitions."""

    @property
    def device(self) -> str:
        """What is mounted."""

    @property
    def mountpoint(self) -> str:
        """Where it is mounted."""

    @property
    def fstype(self) -> str:
        """The kind of filesystem."""


def readings(roots: Roots) -> list[Reading]:
    """Space of every filesystem that passes the rules above."""
    found: list[Reading] = []
    for mount in choose(psutil.disk_partitions(all=True), str(roots.rootfs)):
        space = measure(mount.reached_at)
        if space is not None:
            found.extend(of_space(mount, space))
    return found


def choose(partitions: Iterable[Partition], rootfs: str = "/") -> list[Mount]:
    """The mounts to show. Under a `rootfs` other than / only what lies in it counts, by its path on the host."""
    prefix = rootfs.rstrip("/")
    by_device: dict[str, Mount] = {}
    for partition in partitions:
        reached_at = partition.mountpoint
        if prefix and reached_at != prefix and not reached_at.startswith(prefix + "/"):
            continue
        mountpoint = reached_at[len(prefix) :] or "/"
        if partition.fstype.lower() not in _LOCAL and _ONLY_AT.get(partition.fstype) != mountpoint:
            continue
        known = by_device.get(partition.device)
        if known is None or len(mountpoint) < len(known.mountpoint):
            by_device[partition.device] = Mount(partition.device, mountpoint, partition.fstype, reached_at)
    return sorted(by_device.values(), key=lambda mount: mount.mountpoint)


def measure(path: str) -> Space | None:
    """Space of the filesystem at `path`; None for a bound file or one that cannot be read."""
    try:
        if not os.path.isdir(path):
            return None
        answer = os.statvfs(path)
    except OSError:
        return None
    unit = answer.f_frsize
    if not answer.f_blocks:
        return None
    used = (answer.f_blocks - answer.f_bfree) * unit
    return Space(used, answer.f_bavail * unit, (answer.f_bfree - answer.f_bavail) * unit)


def of_space(mount: Mount, space: Space) -> Sequence[Reading]:
    """Usage by state, and the share that a user sees as used: used / (used + free), as `df` prints it."""
    place = (("system.device", mount.device), ("system.filesystem.mountpoint", mount.mountpoint))
    found = [
        Reading("system.filesystem.usage", "By", bytes_, (*place, ("system.filesystem.state", state)))
        for state, bytes_ in (("used", space.used), ("free", space.free), ("reserved", space.reserved))
    ]
    if space.used + space.free > 0:
        share = space.used / (space.used + space.free)
        at = (("system.filesystem.mountpoint", mount.mountpoint),)
        found.append(Reading("system.filesystem.utilization", "1", share, at))
    return found
