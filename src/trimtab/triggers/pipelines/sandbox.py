"""Runs of commands on this machine: a runner is started for each, and its directory says what became of it."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from trimtab.base.errors import Unavailable
from trimtab.triggers.pipelines.commands import Command
from trimtab.triggers.pipelines.runner import CLAIMED, LOCK, RESULT, SPEC

_PATH = "/usr/local/bin:/usr/bin:/bin"
_ENDS_S = 5.0
_RUNNER = "trimtab.triggers.pipelines.runner"


class Ended(Struct, frozen=True):
    """How a command ended. `status` is None for one that could not be started or whose runner vanished."""

    status: int | None
    reason: str
    output: str

    @property
    def well(self) -> bool:
        """Whether it did what it was to do."""
        return self.status == 0


class Sandbox(Struct, frozen=True):
    """The directory of all runs, one folder each, named by the run's id."""

    directory: Path
    _started: "dict[str, list[subprocess.Popen[bytes]]]" = field(default_factory=dict)
    """Runners that this process started: they outlive it, but while it lives it must take their statuses."""

    def start(self, run: str, command: Command, text: str, environment: Mapping[str, str]) -> None:
        """Start a runner; for a run that was started before it changes nothing. Raises Unavailable."""
        folder = self.directory / run
        base = {"PATH": os.path.dirname(sys.executable) + ":" + _PATH, "LANG": "C.UTF-8", "TZ": "UTC"}
        spec = {
            "argv": command.argv,
            "timeout_s": command.timeout_s,
            "memory_mb": command.memory_mb,
            "cpu_s": command.cpu_s,
            "open_files": command.open_files,
            "output_kb": command.output_kb,
            "environment": {**base, **command.environment, **environment},
            "input": text,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (folder / CLAIMED).exists():
                partial = folder / f"{SPEC}.{os.getpid()}"
                partial.write_text(json.dumps(spec), encoding="utf-8")
                partial.replace(folder / SPEC)
            with (folder / "runner.log").open("ab") as said:
                runner = subprocess.Popen(
                    [sys.executable, "-m", _RUNNER, str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    cwd=folder,
                    start_new_session=True,
                )
                self._started.setdefault(run, []).append(runner)
        except OSError as problem:
            raise Unavailable(f"cannot start the run {run}: {problem}") from problem

    def look(self, run: str) -> "Ended | bool":
        """How a run ended; True while its runner works, False where none does and it was not started yet."""
        folder = self.directory / run
        held = self._held(folder)
        try:  # after the lock was looked at: a runner writes its result before it lets go
            read = json.loads((folder / RESULT).read_text(encoding="utf-8"))
            ended = Ended(read["status"], read["reason"], read["output"])
        except (OSError, ValueError, KeyError):
            ended = None
        if ended is not None:
            self._bury(run)
            return ended
        if held:
            return True
        if (folder / CLAIMED).exists():
            self._bury(run)
            return Ended(None, "its runner ended without a word: the machine restarted, or someone stopped it", "")
        return False

    def _bury(self, run: str) -> None:
        """Take the statuses of a run's runners; they end right after the result is written."""
        for runner in self._started.pop(run, ()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                runner.wait(_ENDS_S)

    @staticmethod
    def _held(folder: Path) -> bool:
        try:
            with (folder / LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False
