"""Classifies lines of training programs: which tell that a collective, the fabric under it or a data loader is in
trouble.

Texts are those of PyTorch 2.0 to 2.9 (ProcessGroupNCCL, DataLoader), NCCL 2.18 to 2.28 (also RCCL), and Lightning.
What stands before the message does not matter.
"""

import re
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

_TIMEOUT = re.compile(
    r"Watchdog caught collective operation timeout: WorkNCCL\((?P<work>(?:[^()]|\([^()]*\))*)\)"
    r"(?: ran for (?P<ran>\d+) milliseconds)?"
)
_SEQUENCE, _OPERATION = re.compile(r"\bSeqNum=(\d+)"), re.compile(r"\bOpType=(\w+)")
_RANK = re.compile(r"\[[Rr]ank ?(\d+)\]|\bRank (\d+)\]")
_COMPLETION = re.compile(
    r"NET/IB ?: .*?Got completion from peer (?P<peer>\S+) with (?:error |status=)(?P<status>\d+)"
    r"(?:.*?vendor err (?P<vendor>\d+))?"
)
_ASYNC = re.compile(r"NET/IB ?: .*Got (?:fatal )?async(?: error)? event ?: ?(?P<what>.*)")
_RETURNED = (
    ("remote error", re.compile(r"\bncclRemoteError\b|remote process exited or there was a network error")),
    (
        "system error",
        re.compile(r"\bncclSystemError\b|NCCL[^\n]*unhandled system error|\bunhandled system error\b.*NCCL"),
    ),
    ("CUDA error", re.compile(r"\bncclUnhandledCudaError\b|NCCL[^\n]*unhandled cuda error")),
    ("internal error", re.compile(r"\bncclInternalError\b")),
)
_SOCKET = re.compile(
    r"NCCL WARN (?:\S+ )?(?:Call to (?:connect|bind|accept|recv|send)\b.*(?:failed|returned)|"
    r"\S*[Ss]ocket\S*.*(?:[Tt]imed? ?out|refused|reset|[Cc]losed)|Net : .*(?:refused|reset|closed))"
)
_WARN = re.compile(r"\bNCCL WARN (?P<what>.+)")
_MANY = re.compile(
    r"This DataLoader will create (?P<workers>\d+) worker processes in total\. "
    r"Our suggested max number of worker in current system is (?P<most>\d+)"
)
_FEW = re.compile(r"does not have many workers which may be a bottleneck(?:.*?`num_workers=(?P<most>\d+)`)?")
_DIED = re.compile(
    r"DataLoader worker \(pid(?:\(s\))? [\d, ]+\) (?:exited unexpectedly|is killed by signal: (?P<signal>.+))"
)
_LATE = re.compile(r"DataLoader timed out after (?P<seconds>\d+) seconds")
_QUOTED = re.compile(r"filterwarnings|\bgrep\b|COMMAND=")
"""What stands before a line that somebody searched for or silenced."""
WORDS = ("NCCL", "nccl", "RCCL", "NET/IB", "DataLoader", "many workers", "remote process exited")
"""One of these is in every line that tells anything: others are passed over at once."""

STATUSES = {
    4: "local protection error", 5: "work request flushed", 9: "remote invalid request", 10: "remote access error",
    11: "remote operation error", 12: "transport retries exceeded", 13: "receiver not ready, retries exceeded",
}  # fmt: skip
"""What the statuses of work completions mean (enum ibv_wc_status of libibverbs)."""


class Trouble(StrEnum):
    """What a line tells of. The first ones are of collectives and the fabric, the last of data loaders."""

    TIMEOUT = "collective timeout"
    COMPLETION = "InfiniBand completion error"
    ASYNC = "InfiniBand port event"
    SOCKET = "socket error"
    RETURNED = "NCCL error"
    WARNING = "NCCL warning"
    MANY_WORKERS = "too many loader workers"
    FEW_WORKERS = "too few loader workers"
    WORKER_DIED = "loader worker died"
    LOADER_LATE = "loader timeout"


OF_LOADERS = frozenset({Trouble.MANY_WORKERS, Trouble.FEW_WORKERS, Trouble.WORKER_DIED, Trouble.LOADER_LATE})


class ProgramLine(Struct, frozen=True, kw_only=True):
    """A line read; "" and None are what it does not say. `detail` is short and the same for the same trouble.

    `ran_ms` is how long a collective ran before it timed out, `workers` of a loader's what it has and `most` what it
    should have.
    """

    trouble: Trouble
    detail: str = ""
    rank: int | None = None
    operation: str = ""
    sequence: int | None = None
    ran_ms: int | None = None
    peer: str = ""
    workers: int | None = None
    most: int | None = None


def classify(text: str) -> ProgramLine | None:
    """What a line tells; None for nothing."""
    if not any(word in text for word in WORDS) or _QUOTED.search(text):
        return None
    for pattern, read in _READERS:
        match = pattern.search(text)
        if match:
            return read(match, text)
    return None


def _timeout(match: re.Match[str], text: str) -> ProgramLine:
    work = match["work"]
    sequence, operation = _SEQUENCE.search(work), _OPERATION.search(work)
    return ProgramLine(
        trouble=Trouble.TIMEOUT,
        detail=operation[1] if operation else "",
        rank=_rank(text),
        operation=operation[1] if operation else "",
        sequence=int(sequence[1]) if sequence else None,
        ran_ms=int(match["ran"]) if match["ran"] else None,
    )


def _completion(match: re.Match[str], text: str) -> ProgramLine:
    status = int(match["status"])
    detail = f"status {status}" + (f", {STATUSES[status]}" if status in STATUSES else "")
    return ProgramLine(trouble=Trouble.COMPLETION, detail=detail, rank=_rank(text), peer=match["peer"])


def _async(match: re.Match[str], text: str) -> ProgramLine:
    return ProgramLine(trouble=Trouble.ASYNC, detail=match["what"].strip()[:60], rank=_rank(text))


def _returned(what: str) -> "Callable[[re.Match[str], str], ProgramLine]":
    return lambda match, text: ProgramLine(trouble=Trouble.RETURNED, detail=what, rank=_rank(text))


def _socket(match: re.Match[str], text: str) -> ProgramLine:
    return ProgramLine(trouble=Trouble.SOCKET, rank=_rank(text))


def _warning(match: re.Match[str], text: str) -> ProgramLine:
    return ProgramLine(trouble=Trouble.WARNING, rank=_rank(text))


def _many(match: re.Match[str], text: str) -> ProgramLine:
    return ProgramLine(
        trouble=Trouble.MANY_WORKERS,
        detail=f"{match['workers']} workers, {match['most']} at most",
        workers=int(match["workers"]),
        most=int(match["most"]),
    )


def _few(match: re.Match[str], text: str) -> ProgramLine:
    most = int(match["most"]) if match["most"] else None
    return ProgramLine(trouble=Trouble.FEW_WORKERS, detail=f"{most} would do" if most else "", most=most)


def _died(match: re.Match[str], text: str) -> ProgramLine:
    return ProgramLine(trouble=Trouble.WORKER_DIED, detail=(match["signal"] or "").strip(" .")[:40])


def _late(match: re.Match[str], text: str) -> ProgramLine:
    return ProgramLine(trouble=Trouble.LOADER_LATE, detail=f"{match['seconds']} s")


def _rank(text: str) -> int | None:
    found = _RANK.search(text)
    return int(found[1] or found[2]) if found else None


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], ProgramLine]], ...] = (
    (_TIMEOUT, _timeout),
    (_COMPLETION, _completion),
    (_ASYNC, _async),
    *((pattern, _returned(what)) for what, pattern in _RETURNED),
    (_SOCKET, _socket),
    (_WARN, _warning),
    (_MANY, _many),
    (_FEW, _few),
    (_DIED, _died),
    (_LATE, _late),
)
"""In the order in which they are asked; a line tells one thing, the most exact."""
