"""Kernel messages that take machines down without an XID: memory, disks, file systems, networks, and other drivers."""

import re

from msgspec import Struct

_AMD_RESET = r"amdgpu.*(?:GPU reset begin|ring \S+ timeout|GPU reset\(\d+\) failed)"
_OOM = r"invoked oom-killer|oom-kill:constraint=|\bKill(?:ed)? process \d+"
_FABRIC = "fabric manager"


class Event(Struct, frozen=True):
    """A kind of trouble: where it lies, its name, and the text by which it is known."""

    area: str
    name: str
    text: re.Pattern[str]


def _event(area: str, name: str, text: str) -> Event:
    return Event(area, name, re.compile(text))


EVENTS = (
    _event("kernel", "kernel panic", r"Kernel panic - not syncing"),
    _event("kernel", "file limit reached", r"VFS: file-max limit \d+ reached"),
    _event("cpu", "task blocked", r"\btask \S+:\d+ blocked for more than \d+ seconds"),
    _event("cpu", "soft lockup", r"BUG: soft lockup - CPU#\d+ stuck for \d+s"),
    _event("cpu", "hard lockup", r"Watchdog detected hard LOCKUP"),
    _event("memory", "out of memory", _OOM),
    _event("memory", "memory errors", r"EDAC \S+: \d+ [CU]E |\b[CU]E memory (?:read|scrubbing) error"),
    _event("disk", "file system read-only", r"Remounting filesystem read-only"),
    _event("disk", "disk of an array failed", r"md/raid\S*:? ?\S*: Disk failure on \S+"),
    _event("disk", "no path to disk", r"no available path - failing I/O"),
    _event("disk", "disk controller timed out", r"\bnvme\S* \S+: I/O .*timeout, (?:reset|disable) controller"),
    _event("disk", "disk disabled", r"\bnvme\S* \S+: Disabling device after reset failure"),
    _event("disk", "access beyond end of device", r"attempt to access beyond end of device"),
    _event("disk", "superblock not written", r"I/O error while writing superblock"),
    _event("disk", "buffer I/O error", r"Buffer I/O error on dev(?:ice)?\b"),
    _event("disk", "I/O error", r"(?:blk_update_request|print_req_error): .*\berror, dev \S+, sector"),
    _event("network storage", "NFS server silent", r"nfs: server \S+ not responding"),
    _event("network storage", "NFS write-back hangs", r"\bnfs_lock_and_join_requests\+0x"),
    _event("InfiniBand", "too little slot power", r"Detected insufficient power on the PCIe slot \(\d+W\)"),
    _event("InfiniBand", "module too hot", r"Port module event\[error\]: .*High Temperature"),
    _event("InfiniBand", "register access failed", r"mlx5_cmd_out_err\S*:? .*ACCESS_REG\S* .*failed"),
    _event("NCCL", "crash in NCCL", r"segfault at .* in libnccl\.so"),
    _event("peer memory", "invalid context", r"nvidia-peermem .*ERROR detected invalid context"),
    _event("NVLink", "link not detected", r"NVRM: knvlink\w*RxDet\w*: .*[Ff]ail"),
    _event(_FABRIC, "NVSwitch fatal error", r"detected NVSwitch fatal error \d+"),
    _event(_FABRIC, "NVSwitch non-fatal error", r"detected NVSwitch non-fatal error \d+"),
    _event(_FABRIC, "multicast team failed", r"failed to find the GPU handle \d+ in the multicast team"),
    _event(_FABRIC, "unknown topology", r"number of NVSwitches don't match with any supported system topology"),
    _event(_FABRIC, "no NVSwitch information", r"request to query NVSwitch device information .* failed"),
    _event("GPU driver", "GPU not initialised", r"NVRM: .*\bRmInitAdapter failed!"),
    _event("GPU driver", "GPU reset by driver", _AMD_RESET),
)
"""In the order in which they are asked; a message has one. Texts: Linux 5.15 to 6.8, the drivers of NVIDIA (535 to
590), AMD and NVIDIA Networking, and the fabric manager's log."""


def event_of(text: str) -> Event | None:
    """The trouble that a message tells of, None for none."""
    return next((event for event in EVENTS if event.text.search(text)), None)
