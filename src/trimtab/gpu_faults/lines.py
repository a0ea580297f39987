"""Classifies kernel-log lines: which tell of a GPU's fault (XID), a switch's (SXID), of other trouble, or of nothing.

A line may come from dmesg, /dev/kmsg, a syslog file, journald (as text or JSON), pstore or the fabric manager's log:
what stands before the message does not matter. A message of several lines comes whole (`classify`) or line by line
(`Follower`).
"""

import re
from enum import StrEnum

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.records import replace
from trimtab.gpu_faults import catalogue
from trimtab.gpu_faults.catalogue import OFF_THE_BUS, RECOVERY_CHANGED, RESETS, NvlinkError, Takes
from trimtab.gpu_faults.other_events import event_of

_BUS = r"[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}"
_XID = re.compile(
    rf"NVRM: Xid \(((?:PCI:)?{_BUS}(?:\.[0-7])?)(?: (GPU-I:\d+))?[^)]*\): (\d+)(?:, ?|$|\s)(.*)", re.DOTALL
)
_SXID = re.compile(rf"\bSXid \(((?:PCI:)?{_BUS}(?:\.[0-7])?)\): (\d+)(?:, ?|$|\s)(.*)", re.DOTALL)
_GPU = re.compile(rf"NVRM: (?:The NVIDIA )?GPU (?:at )?(?:PCI:)?({_BUS})(?:\.[0-7])?(?![0-9a-fA-F:])")
_FALLEN = re.compile(r"\bfallen off the bus\b")
_PROCESS = re.compile(r"^pid='?(?:(\d+)|[^',]*)'?(?:, name=([^,]*))?(?:, |$)")
_NVLINK = re.compile(
    r"(?P<unit>[A-Z][A-Z0-9_/]+) (?P<severity>Fatal|Non-?fatal) XC\d+ i\d+ Link (?P<link>-?\d+) "
    r"\((?P<word>0x[0-9a-fA-F]{1,8}) (?P<status>0x[0-9a-fA-F]{1,8})(?: 0x[0-9a-fA-F]+)*\)"
)
_SWITCH = re.compile(r"^(?P<severity>Fatal|Non-fatal)?(?:.*?\bLink (?P<link>\d+))?", re.DOTALL)
_RECOVERY = re.compile(r"recovery action changed from .* to 0x[0-9a-f]+ \(([^)]*)\)")
_QUOTED = re.compile(r"COMMAND=|\b[ef]?grep\b|\bjournalctl\b")
"""What stands before a fault that somebody searched for: the log of commands, not of the driver."""
_SUB_CODE_AT, _SUB_CODE_BITS = 20, 0x3F
"""Where the first word of an NVLink line holds the code of why a link went down: six bits from the 20th."""
_WITHIN_LINES = 3
"""Lines after "The NVIDIA GPU …" in which the driver says that it has fallen off the bus."""
_NO_RECOVERY = "None"


class Kind(StrEnum):
    """What a line tells of."""

    XID = "xid"
    SXID = "sxid"
    OTHER = "other"
    NONE = "none"


class KernelLine(Struct, frozen=True, kw_only=True):
    """A line read. `device` is as printed (`PCI:0000:9b:00`); `action` is the catalogue's for the code, `decoded` what
    the table of NVLink 5 says of unit and status, the fitting rows first; `event` names other trouble.
    """

    kind: Kind
    code: int | None = None
    device: str = ""
    instance: str = ""
    pid: int | None = None
    process: str = ""
    message: str = ""
    event: str = ""
    area: str = ""
    unit: str = ""
    severity: str = ""
    link: int | None = None
    word: str = ""
    status: str = ""
    sub_code: int | None = None
    recovery: str = ""
    action: str = ""
    decoded: tuple[NvlinkError, ...] = ()

    @property
    def bus_id(self) -> str:
        """The place of the device on the PCI bus as sysfs writes it: `0000:9b:00.0`; "" without a device."""
        return bus_id(self.device)

    @property
    def decoded_actions(self) -> frozenset[str]:
        """Every action that the table of NVLink 5 allows for the unit and status."""
        return frozenset(row.action for row in self.decoded)

    @property
    def advice(self) -> str:
        """NVIDIA's action for this very line: decoded where unit and status are told, else the catalogue's."""
        return self.decoded[0].action if self.decoded else self.action

    @property
    def takes(self) -> Takes:
        """Whether the GPU, or its machine, is out of use until something is reset or restarted."""
        if self.kind is Kind.SXID:
            return _switch_takes(self)
        if self.kind is not Kind.XID or self.code is None:
            return Takes.NO if self.kind is Kind.NONE else Takes.UNKNOWN
        if self.code == RECOVERY_CHANGED and self.recovery:
            return Takes.NO if self.recovery == _NO_RECOVERY else Takes.YES
        known = catalogue.xids().get(self.code)
        if known is None:
            return Takes.UNKNOWN
        if self.decoded:
            return Takes.YES if self.advice in RESETS else Takes.NO
        return known.takes


_NOTHING = KernelLine(kind=Kind.NONE)


class Follower:
    """Reads a log line by line, and remembers a GPU whose message goes on in the next lines."""

    def __init__(self) -> None:
        self._gpu = ""
        self._left = 0

    def read(self, line: str) -> KernelLine:
        """What the line, together with those just before it, tells."""
        told = classify(line)
        if told.kind is Kind.NONE and self._left and _FALLEN.search(line):
            told = _off_the_bus(self._gpu, line)
        self._left = max(self._left - 1, 0)
        if told.kind is Kind.NONE:
            gpu = _GPU.search(line)
            if gpu:
                self._gpu, self._left = gpu[1], _WITHIN_LINES
        else:
            self._left = 0
        return told


def classify(text: str) -> KernelLine:
    """What a line, or a message of several lines, tells."""
    text = _message(text)
    for pattern, read in ((_XID, _xid), (_SXID, _sxid)):
        match = pattern.search(text)
        if match:
            quoted = _QUOTED.search(text, 0, match.start())
            line = read(match)
            return line if line.code and not quoted else _NOTHING
    fallen = _FALLEN.search(text)
    gpu = _GPU.search(text) if fallen else None
    if gpu:
        return _off_the_bus(gpu[1], text)
    event = event_of(text)
    if event is None:
        return _NOTHING
    return KernelLine(kind=Kind.OTHER, event=event.name, area=event.area, message=text.strip())


def bus_id(device: str) -> str:
    """A device as sysfs writes it: `PCI:0000:9b:00`, `00000000:9B:00.0` → `0000:9b:00.0`; "" for another text."""
    plain = device.strip().lower().removeprefix("pci:")
    domain, _, rest = plain.partition(":")
    if not re.fullmatch(r"[0-9a-f]{4,8}", domain) or not re.fullmatch(r"[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-7])?", rest):
        return ""
    return f"{int(domain, 16):04x}:{rest if '.' in rest else rest + '.0'}"


def _message(text: str) -> str:
    """The message of a journal's JSON record; any other text as it is."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        record = typed.loads(text)
    except ValueError:
        return text
    said = record.get("MESSAGE", record.get("message")) if isinstance(record, dict) else None
    if isinstance(said, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in said):
        return bytes(said).decode("utf-8", "replace")  # how journald writes what is no UTF-8
    return said if isinstance(said, str) else text


def _xid(match: re.Match[str]) -> KernelLine:
    device, instance, number, rest = match[1], match[2] or "", match[3], match[4].strip()
    code = int(number)
    known = catalogue.xids().get(code)
    process = _PROCESS.match(rest)
    message = rest[process.end() :] if process else rest
    nvlink = _NVLINK.search(message)
    recovery = _RECOVERY.search(message) if code == RECOVERY_CHANGED else None
    name = (process[2] or "").strip() if process else ""
    line = KernelLine(
        kind=Kind.XID,
        code=code,
        device=device,
        instance=instance,
        pid=int(process[1]) if process and process[1] else None,
        process="" if name.startswith("<") else name,
        message=message,
        recovery=recovery[1] if recovery else "",
        action=known.action if known else "",
    )
    return _with_nvlink(line, nvlink) if nvlink else line


def _with_nvlink(line: KernelLine, match: re.Match[str]) -> KernelLine:
    """With what the words of an NVLink error say; the rows that fit its first word and its severity come first."""
    word = int(match["word"], 16)
    fatal = match["severity"] == "Fatal"
    rows = catalogue.decoded(line.code or 0, match["unit"], match["status"])
    best = sorted(rows, key=lambda row: (not row.fits(word), row.fatal != fatal, row.action not in RESETS))
    return replace(
        line,
        unit=match["unit"],
        severity=match["severity"],
        link=int(match["link"]),
        word=match["word"],
        status=match["status"],
        sub_code=word >> _SUB_CODE_AT & _SUB_CODE_BITS,
        decoded=tuple(best),
    )


def _sxid(match: re.Match[str]) -> KernelLine:
    code, message = int(match[2]), match[3].strip()
    known = catalogue.sxids().get(code)
    words = _SWITCH.match(message)
    return KernelLine(
        kind=Kind.SXID,
        code=code,
        device=match[1],
        message=message,
        severity=(words["severity"] or "") if words else "",
        link=int(words["link"]) if words and words["link"] else None,
        action=known.recovery if known else "",
    )


def _switch_takes(line: KernelLine) -> Takes:
    known = catalogue.sxids().get(line.code or 0)
    if line.severity:
        return Takes.YES if line.severity == "Fatal" else Takes.NO
    if known is None:
        return Takes.UNKNOWN
    return {"always": Takes.YES, "can be": Takes.DECODE}.get(known.fatal, Takes.NO)


def _off_the_bus(device: str, text: str) -> KernelLine:
    """A GPU of which the driver says in plain words what XID 79 means."""
    return KernelLine(
        kind=Kind.XID,
        code=OFF_THE_BUS,
        device=f"PCI:{device}",
        message=text.strip(),
        action=catalogue.xids()[OFF_THE_BUS].action,
    )
