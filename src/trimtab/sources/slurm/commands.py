"""Runs SLURM's tools, or reads what they printed into files."""

import gzip
import logging
import re
import shlex
import shutil
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from trimtab.base.clock import to_datetime
from trimtab.base.errors import SetupError, Unavailable
from trimtab.sources.slurm import squeue
from trimtab.sources.slurm.events import FIELDS as FIELDS_OF_EVENTS
from trimtab.sources.slurm.sacct import FIELDS, NEEDED

_log = logging.getLogger(__name__)
TIMEOUT_S = 300.0
"""A month of a large cluster's accounting takes a busy slurmdbd some minutes."""
SEPARATOR = "\x1f"
_GZIP = b"\x1f\x8b"
_NO_ACCOUNTING = re.compile(r"accounting storage is disabled", re.IGNORECASE)
"""What sacct says where a cluster keeps no accounts (`AccountingStorageType=accounting_storage/none`)."""
_REFUSED = re.compile(r"[Ii]nvalid field requested: \"?([A-Za-z]+)\"?")


class Files(Struct, frozen=True):
    """What was printed, by tool; None where there is no such file."""

    sacct: Path | None = None
    jobs: Path | None = None
    nodes: Path | None = None
    squeue: Path | None = None
    others: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return any((self.sacct, self.jobs, self.nodes, self.squeue, self.others))


class Tools:
    """Runs the tools, in UTC and with SLURM's own time format. `via` stands before each: `("ssh", "login1")`."""

    def __init__(self, via: Sequence[str] = ()) -> None:
        self._via = tuple(via)
        self._accounts = True
        self._fields = list(FIELDS)

    def sacct(self, start_ms: int, end_ms: int) -> str:
        """Jobs that waited or ran in a range, each attempt of one that was requeued. Fields that this version does not
        have are left out; "" where the cluster keeps no accounts.
        """
        while self._accounts:
            words = ["sacct", "--parsable2", "--allocations", "--allusers", "--duplicates", f"--delimiter={SEPARATOR}"]
            words += [f"--starttime={_when(start_ms)}", f"--endtime={_when(end_ms)}"]
            words.append(f"--format={','.join(self._fields)}")
            done = self._run(words)
            refused = _REFUSED.search(done.stderr)
            if refused and refused[1] in self._fields and refused[1] not in NEEDED:
                self._fields.remove(refused[1])
                if refused[1] in ("AllocTRES", "ReqTRES"):
                    self._fields.insert(0, refused[1].replace("TRES", "GRES"))
                continue
            if done.returncode and _NO_ACCOUNTING.search(done.stderr):
                self._accounts = False
                _log.warning("the cluster keeps no accounts: only jobs that its controller still knows can be read")
                break
            return _text(done, words)
        return ""

    def jobs(self) -> str:
        """Jobs that the controller knows, with the GPUs that they hold."""
        return self._asked("scontrol", "show", "job", "--details")

    def nodes(self) -> str:
        """Every node."""
        return self._asked("scontrol", "show", "node", "--details")

    def squeue(self) -> str:
        """Why jobs wait."""
        return self._asked("squeue", "--all", "--array", "--states=PENDING", f"--format={squeue.FORMAT}")

    def events(self, start_ms: int) -> str:
        """Nodes of the past; "" where the cluster keeps no accounts, or does not show them to this user."""
        words = [
            "sacctmgr",
            "--parsable2",
            "show",
            "event",
            f"start={_when(start_ms)}",
            f"format={','.join(FIELDS_OF_EVENTS)}",
        ]
        try:
            done = self._run(words)
        except SetupError:
            return ""
        if done.returncode:
            _log.warning("nodes of the past cannot be read: sacctmgr says: %s", done.stderr.strip()[-300:])
        return "" if done.returncode else done.stdout

    def others(self) -> list[tuple[str, str]]:
        """None: what the tools print is known."""
        return []

    def cluster(self) -> str:
        """The name of the cluster; "" where the controller does not say."""
        found = re.search(r"(?m)^ClusterName\s*=\s*(\S+)", self._asked("scontrol", "show", "config"))
        return found[1] if found else ""

    def _asked(self, *words: str) -> str:
        return _text(self._run(words), words)

    def _run(self, words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        command = [*self._via, "env", "TZ=UTC", "SLURM_TIME_FORMAT=standard", *words]
        if not self._via and shutil.which(words[0]) is None:
            raise SetupError(
                f"cannot run {words[0]}: it is not on this machine; run this on a login node, try --via 'ssh login1', "
                "or give files (--sacct-file …)"
            )
        if self._via:  # a remote shell reads the words again
            command = [*self._via, shlex.join(command[len(self._via) :])]
        try:
            return subprocess.run(
                command, capture_output=True, encoding="utf-8", errors="replace", timeout=TIMEOUT_S, check=False
            )
        except OSError as problem:
            raise SetupError(f"cannot run {command[0]}: {problem}") from None
        except subprocess.TimeoutExpired:
            raise Unavailable(f"cannot read from SLURM: {words[0]} took longer than {TIMEOUT_S:g} s") from None


class Printed:
    """The same, out of files."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def sacct(self, start_ms: int, end_ms: int) -> str:
        """All of the file, whatever the range."""
        del start_ms, end_ms
        return _content(self._files.sacct, "sacct --parsable2 --allocations --format=…")

    def jobs(self) -> str:
        """What `scontrol show job -d` printed."""
        return _content(self._files.jobs, "scontrol show job -d")

    def nodes(self) -> str:
        """What `scontrol show node -d` printed."""
        return _content(self._files.nodes, "scontrol show node -d")

    def squeue(self) -> str:
        """What squeue printed."""
        return _content(self._files.squeue, "squeue -a -r -t PD -o '%A|%i|%r'")

    def events(self, start_ms: int) -> str:
        """None: such a file is one of the others."""
        del start_ms
        return ""

    def others(self) -> list[tuple[str, str]]:
        """Files of any kind, by their names."""
        return [(path.name, _content(path, "sacct --json")) for path in self._files.others]

    def cluster(self) -> str:
        """Not in the files."""
        return ""


def _when(ms: int) -> str:
    return to_datetime(ms).strftime("%Y-%m-%dT%H:%M:%S")


def _text(done: "subprocess.CompletedProcess[str]", words: Sequence[str]) -> str:
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()
        raise Unavailable(f"cannot read from SLURM: `{' '.join(words[:3])}` says: {said[-1][:300]}")
    return done.stdout


def _content(path: Path | None, command: str) -> str:
    """What is in a file, "" where none was given. Raises SetupError that names it and what belongs there."""
    if path is None:
        return ""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode("utf-8", "replace")
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise SetupError(
            f"cannot read {path}: its compressed content is damaged; try it again from its source"
        ) from None
    except OSError as problem:
        raise SetupError(
            f"cannot read {path}: {problem.strerror or problem}; expected what `{command}` printed; "
            f"try `{command} > {path.name}` on a login node"
        ) from None
