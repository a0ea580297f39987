"""Run a training program so that an interruption costs no more than a checkpoint.

    start → ask for a checkpoint every so often → on a notice: ask once more, wait for it, end the program, say 75

The exit code 75 (EX_TEMPFAIL of sysexits.h) says: start the same command again, here or elsewhere, and it goes on from
the newest checkpoint, whose path the program finds in TRIMTAB_CHECKPOINT.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from trimtab.agent.training.checkpoints import Ask, Newest, newest
from trimtab.agent.training.notice import Notice, Watch, first
from trimtab.base.clock import Clock

INTERRUPTED = 75
_TURN_S = 0.2
_PART = 0.8
"""The part of the grace in which a checkpoint is waited for; in the rest the program may end by itself."""
_STABLE_TURNS = 2
"""Looks at which a checkpoint must be the same: it is written to its end."""

Say = Callable[[str], None]


class Options(Struct, frozen=True):
    """How to run. `every_s` None: no checkpoints but at interruptions. `look_s`: between two looks for a notice.

    `grace_s` is what there is between a notice and the end of the machine: two minutes of AWS, 30 s of Kubernetes.
    `resume` is appended to the command where there is a checkpoint; `{checkpoint}` in it is its path.
    """

    command: Sequence[str]
    directory: Path | None = None
    ask: Ask | None = None
    every_s: float | None = None
    grace_s: float = 110.0
    look_s: float = 5.0
    resume: Sequence[str] = ()


class Ended(Struct, frozen=True):
    """How it ended: the program's exit code (75 after a notice), the notice, checkpoints seen, and the last one."""

    code: int
    notice: Notice | None
    checkpoints: int
    last: Newest | None


class Training:
    """One attempt. `stop` is set by signal handlers; `wait` sleeps for seconds, and returns early where told."""

    def __init__(
        self, options: Options, watches: Sequence[Watch], clock: Clock, wait: Callable[[float], object], say: Say
    ) -> None:
        self._options = options
        self._watches = watches
        self._clock = clock
        self._wait = wait
        self._say = say
        self._told: Notice | None = None
        self._seen: Newest | None = None
        self._count = 0

    def tell(self, notice: Notice) -> None:
        """Say from outside (a signal handler) that it will be interrupted."""
        self._told = self._told or notice

    def run(self) -> Ended:
        """Run the program to its end or to an interruption."""
        options = self._options
        self._seen = newest(options.directory)
        process = subprocess.Popen(self._command(), start_new_session=True)
        began = looked = asked = self._clock.monotonic()
        try:
            while process.poll() is None:
                now = self._clock.monotonic()
                if self._told is None and now - looked >= options.look_s:
                    self._told, looked = first(self._watches), now
                if self._told is not None:
                    return self._interrupted(process)
                if options.every_s is not None and now - asked >= options.every_s:
                    self._ask(process)
                    asked = now
                self._note()
                self._wait(_TURN_S)
        finally:
            self._end(process)
        self._note()
        self._say(f"ended with {process.returncode} after {self._clock.monotonic() - began:.0f} s")
        return Ended(_code(process.returncode), None, self._count, self._seen)

    def _command(self) -> list[str]:
        """The command with what it is told; `env` hands it the rest of our own environment."""
        command, told = list(self._options.command), []
        if self._options.directory is not None:
            told.append(f"TRIMTAB_CHECKPOINT_DIR={self._options.directory}")
        if self._seen is not None:
            told.append(f"TRIMTAB_CHECKPOINT={self._seen.path}")
            command += [one.replace("{checkpoint}", str(self._seen.path)) for one in self._options.resume]
            self._say(f"goes on from {self._seen.path}")
        return ["env", *told, *command]

    def _ask(self, process: "subprocess.Popen[bytes]") -> None:
        if self._options.ask is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._options.ask(process.pid)

    def _note(self) -> bool:
        """Whether there is a checkpoint that was not there before."""
        found = newest(self._options.directory)
        if found is None or (self._seen is not None and found.at_ns <= self._seen.at_ns):
            return False
        self._count += self._seen is None or found.path != self._seen.path or found.at_ns > self._seen.at_ns
        self._seen = found
        return True

    def _interrupted(self, process: "subprocess.Popen[bytes]") -> Ended:
        """A last checkpoint within the grace, then the end."""
        began, grace = self._clock.monotonic(), self._options.grace_s
        before = self._seen.at_ns if self._seen else 0
        self._say(f"interruption: {self._told}")
        self._ask(process)
        stable: Newest | None = None
        turns = 0
        while (
            self._options.ask is not None and process.poll() is None and self._clock.monotonic() - began < grace * 0.8
        ):
            self._wait(_TURN_S)
            self._note()
            if self._seen is not None and self._seen.at_ns > before:
                turns = turns + 1 if self._seen == stable else 0
                stable = self._seen
                if turns >= _STABLE_TURNS:
                    break
        took = self._clock.monotonic() - began
        written = self._seen is not None and self._seen.at_ns > before
        self._say(
            f"checkpoint {self._seen.path} within {took:.1f} s" if self._seen and written else "no new checkpoint"
        )
        self._end(process, max(grace - took, 1.0))
        return Ended(INTERRUPTED, self._told, self._count, self._seen)

    def _end(self, process: "subprocess.Popen[bytes]", patience_s: float = 10.0) -> None:
        """End the program and all its children: politely, then not."""
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        until = self._clock.monotonic() + patience_s
        while process.poll() is None and self._clock.monotonic() < until:
            self._wait(_TURN_S)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _code(returned: int | None) -> int:
    """An exit code as a shell has it: 128 and the signal, where one ended it."""
    code = returned or 0
    return 128 - code if code < 0 else code
