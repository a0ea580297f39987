"""What went wrong with a GPU or its machine at a moment, whoever told it, and the faults that several told as one."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.gpu_faults import catalogue
from trimtab.gpu_faults.catalogue import RESETS, Takes


class Severity(StrEnum):
    """What a fault does to the work on its device."""

    FATAL = "fatal"
    """The work cannot go on: the GPU is gone until a reset, its memory lied, or the network of its machine broke."""
    DEGRADED = "degraded"
    """The work goes on, and the device asks for a reset or is getting worse."""
    APPLICATION = "application"
    """The program is asked to start again: most often the error is its own."""
    NOTICE = "notice"
    """Nothing is asked for."""


class FaultKind(StrEnum):
    """What told of it."""

    XID = "xid"
    SXID = "sxid"
    ECC = "uncorrectable memory error"
    ROWS_FAILED = "row remapping failed"
    ROWS_PENDING = "row remapping pending"
    NVLINK = "NVLink errors"
    INFINIBAND = "InfiniBand link down"
    SILENT = "machine fell silent"


SAME_MS = 60_000
"""How far apart two sources may tell the same fault of a device: four scrapes of the usual 15 s."""
CONTAINED = 94
"""An uncorrectable error of memory that the driver contained: the program that used it ends, the GPU goes on (NVIDIA,
"GPU Memory Error Management")."""
_GROWING = frozenset({63, 92})
"""XIDs that tell of memory that wears: a row or page to be retired, many single-bit errors (NVIDIA, "XID Errors")."""
_HARDWARE = frozenset({48, 62, 64, 74, 79, 92, 94, 95, 110, 119, 120, 121, 140, 143, 145, 149, 155, 156})
"""XIDs whose cause NVIDIA's catalogue looks for in hardware first: memory, bus, links, the board's own processors."""


class Fault(Struct, frozen=True, kw_only=True):
    """A fault of `device` of `machine` (a path of the ledger), None where it is the whole machine's, or nobody says.

    It happened in `[since_ms, at_ms]`: `at_ms` is when it was told, `since_ms` the last moment without it. `action` is
    NVIDIA's for a code (`RESET_GPU`), "" where none is stated. `gpu` is how its series call the device.
    """

    machine: str
    device: int | None
    since_ms: int
    at_ms: int
    kind: FaultKind
    severity: Severity
    code: int | None = None
    count: int = 1
    gpu: str = ""
    action: str = ""
    sources: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How people call it: `XID 79`, `row remapping failed`."""
        return self.kind.value if self.code is None else f"{self.kind.value.upper()} {self.code}"

    @property
    def meaning(self) -> str:
        """What NVIDIA says that the code means; "" where nothing does."""
        if self.kind is FaultKind.XID and self.code is not None:
            return catalogue.meaning(self.code)
        switch = catalogue.sxids().get(self.code or 0) if self.kind is FaultKind.SXID else None
        return switch.name if switch is not None else ""

    @property
    def needs_reset(self) -> bool:
        """Whether the device, or its machine, is to be reset before it is used again."""
        return self.action in RESETS

    @property
    def of_hardware(self) -> bool:
        """Whether a repeat after a reset speaks for a broken part rather than for software."""
        return self.kind in _BROKEN or (self.kind is FaultKind.XID and self.code in _HARDWARE)


_BROKEN = frozenset({FaultKind.ECC, FaultKind.ROWS_FAILED})


def judged(kind: FaultKind, code: int | None = None) -> tuple[Severity, str]:
    """How bad a fault of a kind is, and NVIDIA's action for it ("" where none is stated)."""
    match kind:
        case FaultKind.XID:
            return _xid(code or 0)
        case FaultKind.SXID:
            known = catalogue.sxids().get(code or 0)
            fatal = known is not None and known.fatal == "always"
            return (Severity.FATAL, "RESET_GPU") if fatal else (Severity.NOTICE, "")
        case FaultKind.ECC:
            return Severity.FATAL, "RESET_GPU"
        case FaultKind.ROWS_FAILED:
            return Severity.FATAL, "CHECK_MECHANICALS"
        case FaultKind.ROWS_PENDING:
            return Severity.DEGRADED, "RESET_GPU"
        case FaultKind.NVLINK:
            return Severity.DEGRADED, ""
        case FaultKind.INFINIBAND | FaultKind.SILENT:
            return Severity.FATAL, "RESTART_BM" if kind is FaultKind.SILENT else ""


def _xid(code: int) -> tuple[Severity, str]:
    known = catalogue.xids().get(code)
    action = known.action if known is not None else ""
    if code in catalogue.down_while_idle():
        return Severity.FATAL, action if action in RESETS else "RESET_GPU"
    if code == CONTAINED:
        return Severity.FATAL, action
    if code in _GROWING:
        return Severity.DEGRADED, action
    if action == "RESTART_APP":
        return Severity.APPLICATION, action
    if known is not None and known.takes is Takes.DECODE:
        return Severity.DEGRADED, ""  # the line's unit and status say more; the gauge keeps neither
    return Severity.NOTICE, action


def merged(faults: Iterable[Fault]) -> list[Fault]:
    """Faults by time; what several sources tell of one device and code within a minute is one, as exact as the
    most exact of them.
    """
    found: list[Fault] = []
    last: dict[tuple[str, int | None, FaultKind, int | None], int] = {}
    for fault in sorted(faults, key=lambda one: (one.at_ms, one.since_ms, one.machine, one.device or 0, one.kind)):
        key = fault.machine, fault.device, fault.kind, fault.code
        place = last.get(key)
        if place is None or fault.since_ms - found[place].at_ms > SAME_MS:
            last[key] = len(found)
            found.append(fault)
            continue
        before = found[place]
        since, at = max(before.since_ms, fault.since_ms), min(before.at_ms, fault.at_ms)
        found[place] = replace(
            before,
            since_ms=min(since, at),
            at_ms=at,
            count=max(before.count, fault.count),
            sources=tuple(dict.fromkeys((*before.sources, *fault.sources))),
        )
    return sorted(found, key=lambda one: (one.at_ms, one.machine, one.device if one.device is not None else -1))
