"""What NVIDIA says of the faults of its GPUs and switches: XIDs, NVLink 5's decoding of them, and SXIDs.

Each is one table in `data/`, whose first line names source and date. Nothing is guessed: a code whose action NVIDIA
does not state has none.
"""

import csv
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from importlib import resources

from msgspec import Struct


class Takes(StrEnum):
    """Whether a fault takes the GPU, or its machine, out of use until something is reset or restarted."""

    YES = "yes"
    DECODE = "decode"
    """It depends on a workflow, or on the unit and status that the line names."""
    NO = "no"
    UNKNOWN = "unknown"


class Xid(Struct, frozen=True):
    """A fault of a GPU. `action` is NVIDIA's word for what to do at once, `then` for what to look into ("" unknown)."""

    code: int
    takes: Takes
    action: str
    then: str
    mnemonic: str
    meaning: str


class Sxid(Struct, frozen=True, kw_only=True):
    """A fault of an NVSwitch. `fatal` is `always`, `can be` or `no`."""

    code: int
    fatal: str
    name: str
    meaning: str
    impact: str
    recovery: str
    elsewhere: str


class NvlinkError(Struct, frozen=True, kw_only=True):
    """What XIDs 144 to 150 mean by unit and status. `bits` are the patterns of the first word of the line: 32 letters
    each, `-` for any.
    """

    xid: int
    unit: str
    status: str
    severity: str
    action: str
    then: str
    bits: tuple[str, ...]
    effects: str

    @property
    def fatal(self) -> bool:
        """Whether it is fatal to the link or to the GPU."""
        return self.severity.removeprefix("Link ").startswith("Fatal")

    def fits(self, word: int) -> bool:
        """Whether the first word of a line is of this row."""
        letters = f"{word:032b}"
        return any(all(want in ("-", got) for want, got in zip(row, letters, strict=True)) for row in self.bits)


OFF_THE_BUS = 79
RECOVERY_CHANGED = 154
NVLINK = 74
RESETS = frozenset({"RESET_GPU", "RESTART_BM", "RESTART_VM"})
"""Actions that take the GPU or its machine out of use."""
_DOWN_BY_WORKFLOW = frozenset({48, NVLINK})
"""Of the XIDs whose action depends on a workflow, those whose workflow ends in a reset wherever the GPU stays idle:
a double-bit error, and an error of NVLink up to the third generation (NVIDIA, "XID Errors", workflows)."""
_WORDS = {
    "IGNORE": "nothing to do",
    "RESTART_APP": "restart the application",
    "RESET_GPU": "drain the machine and reset the GPU",
    "RESTART_VM": "restart the virtual machine",
    "RESTART_BM": "drain and restart the machine",
    "RESTART_FM": "restart the fabric manager",
    "CONTACT_SUPPORT": "ask NVIDIA's support if it comes again",
    "CHECK_MECHANICALS": "check power cables and seating of the board",
    "CHECK_UVM": "check the unified memory driver",
    "CHECK_APP/CUDA": "check the application",
    "UPDATE_SWFW": "update driver and firmware",
    "XID_154": "follow the recovery action that it names",
    "XID_154_EVAL": "follow the recovery action of the XID 154 beside it",
    "WORKFLOW_XID_45": "follow the XID before it; restart the fabric manager if there is none",
    "WORKFLOW_XID_48": "drain the machine and reset the GPU, unless an XID 94 says that the error was contained",
    "WORKFLOW_NVLINK_ERR": "reset the GPU if the link does not come back; check both ends of it",
    "WORKFLOW_NVLINK5_ERR": "decode the unit and status of the line",
}
"""NVIDIA's actions in words (NVIDIA, "XID Errors", resolution buckets)."""


@lru_cache(maxsize=1)
def xids() -> Mapping[int, Xid]:
    """Every XID by its code."""
    return {
        int(row["xid"]): Xid(
            int(row["xid"]), Takes(row["takes"]), row["action"], row["then"], row["mnemonic"], row["meaning"]
        )
        for row in _rows("xids.csv")
    }


@lru_cache(maxsize=1)
def sxids() -> Mapping[int, Sxid]:
    """Every SXID by its code."""
    return {
        int(row["sxid"]): Sxid(
            code=int(row["sxid"]),
            fatal=row["fatal"],
            name=row["name"],
            meaning=row["meaning"],
            impact=row["impact"],
            recovery=row["recovery"],
            elsewhere=row["elsewhere"],
        )
        for row in _rows("sxids.csv")
    }


@lru_cache(maxsize=1)
def nvlink_errors() -> tuple[NvlinkError, ...]:
    """The decoding of NVLink 5's XIDs, in NVIDIA's order."""
    return tuple(
        NvlinkError(
            xid=int(row["xid"]),
            unit=row["unit"],
            status=row["status"],
            severity=row["severity"],
            action=row["action"],
            then=row["then"],
            bits=(row["bits"], row["bits_2"]),
            effects=row["effects"],
        )
        for row in _rows("nvlink.csv")
    )


def decoded(xid: int, unit: str, status: str) -> tuple[NvlinkError, ...]:
    """The rows of a unit and a status. A line may name only the group of a unit (`NETIR`): then those of the group."""
    rows = [row for row in nvlink_errors() if row.xid == xid and int(row.status, 16) == int(status, 16)]
    return tuple([row for row in rows if row.unit == unit] or [row for row in rows if row.unit.startswith(unit)])


@lru_cache(maxsize=1)
def fatal_xids() -> frozenset[int]:
    """XIDs for which NVIDIA asks for a reset of the GPU or a restart of its machine, whatever else the line says."""
    return frozenset(code for code, xid in xids().items() if xid.takes is Takes.YES)


@lru_cache(maxsize=1)
def down_while_idle() -> frozenset[int]:
    """XIDs after which a GPU that does nothing is out of use: the fatal ones, and two whose workflow ends in a reset.

    The gauge of DCGM and NVML keeps the last XID and names no unit, so XIDs that must be decoded are not among them.
    """
    return fatal_xids() | _DOWN_BY_WORKFLOW


def label(xid: int) -> str:
    """How an XID is named as a cause: `XID 79`, `NVLink (XID 74)`."""
    return f"NVLink (XID {xid})" if xid == NVLINK else f"XID {xid}"


def meaning(xid: int) -> str:
    """What an XID means, "" for one that the catalogue does not have or explain."""
    known = xids().get(xid)
    return "" if known is None or known.meaning == "Unused" else known.meaning


def words(action: str) -> str:
    """An action of NVIDIA's in words; as NVIDIA writes it where there are none; "not stated" for none."""
    return _WORDS.get(action, action) or "not stated"


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = resources.files("trimtab.gpu_faults").joinpath("data", name).read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
