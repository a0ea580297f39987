"""`trimtab up`: starts the engine owner, the server, the jobs and the local agent, and keeps them running.

Children are spawned, never forked, and hold a pipe to this process on their standard input: when it closes they
end, however this process ended. A child that crashes is started again, with its last words in the log; so is one that
hangs: its heartbeat is silent for HANG_S. It is asked first where its threads are.
"""

import contextlib
import logging
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from trimtab import preflight
from trimtab.base.clock import Clock
from trimtab.base.errors import SetupError
from trimtab.base.records import replace
from trimtab.jobs.anew import ANEW
from trimtab.jobs.heartbeat import BEAT
from trimtab.listen import bind, check_exposure
from trimtab.settings import Settings, child_environment

logger = logging.getLogger(__name__)

READY = "ready"
_ENGINE = "engine"
START_TIMEOUT_S = 120.0  # a store that lost power checks its parts before it opens
STOP_TIMEOUT_S = 3.5
"""What the children may take to end together; then they are killed, which loses nothing that was acknowledged."""
ENGINE_STOP_TIMEOUT_S = 1.3
_RESTART_DELAY_S = 1.0
_MAX_RESTARTS = 5  # in a row, each within _STABLE_S of its start; then trimtab gives up and says why
_STABLE_S = 60.0
_LAST_WORDS = 60
HANG_S = 45.0  # nine heartbeats: longer than any pause that was seen on a machine with ten times too much to do
_DUMP_S = 2.0


@dataclass
class Child:
    """One supervised process: how to start it, and what it said last."""

    name: str
    command: list[str]
    environment: dict[str, str]
    waits_ready: bool = True
    after: "Child | None" = None
    """The child without which it is not started again: it has nothing to lean on."""
    process: "subprocess.Popen[str] | None" = None
    ready: threading.Event = field(default_factory=threading.Event)
    said: str = ""
    last_words: "deque[str]" = field(default_factory=lambda: deque(maxlen=_LAST_WORDS))
    started: float = 0.0
    restarts: int = 0
    asked: bool = False
    """Whether it was ended to be started again."""
    beat_at: float | None = None
    """When it last said that its event loop turns; None before the first time."""


class Supervisor:
    """Starts, watches and stops the children."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        announce: Callable[[str], None],
        ending: Callable[[], None] = lambda: None,
    ) -> None:
        """`announce` is told the address once all answer, `ending` that the end begins."""
        self._settings = settings
        self._clock = clock
        self._announce = announce
        self._ending = ending
        self._children: list[Child] = []
        self._stop = threading.Event()
        self._changed = threading.Event()

    def run(self) -> None:
        """Start everything, announce the address, and block until SIGINT or SIGTERM. Raises SetupError."""
        check_exposure(self._settings)
        preflight.check(self._settings.data_dir)
        bind(self._settings.http_addr, "TRIMTAB_HTTP_ADDR").close()  # a taken port is said before the engine starts
        for signal_ in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_, lambda *_: self._end())
        try:
            url = self._start_all()
            if not self._stop.is_set():
                self._announce(url)
            self._watch()
        finally:
            self._stop_all()

    def _start_all(self) -> str:
        settings = self._settings
        environment = child_environment(settings)
        if not settings.clickhouse_url:
            directory = str(settings.data_dir / "engine")
            command = _python("trimtab.store.telemetry.owner", directory, str(settings.engine_memory_mb))
            self._launch(Child(_ENGINE, command, {**environment, "TZ": "UTC"}))
        server = Child("server", _python("trimtab.child", "trimtab.server"), environment)
        self._launch(server)
        url = server.said.removeprefix(READY).strip()
        worker = _python("trimtab.child", "trimtab.worker")
        self._launch(Child("jobs", worker, environment, waits_ready=False, after=server))
        if settings.agent and not self._stop.is_set():
            own = replace(settings, url=settings.url or url)
            command = _python("trimtab", "agent", "--with-parent")
            self._launch(Child("agent", command, child_environment(own), waits_ready=False))
        return url

    def _launch(self, child: Child) -> None:
        if self._stop.is_set():
            return
        self._children.append(child)
        self._start(child)
        if child.waits_ready:
            self._await_ready(child)

    def _start(self, child: Child) -> None:
        _close(child)
        child.ready.clear()
        child.beat_at = None
        child.started = self._clock.monotonic()
        ours = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: it is ours, not a child's
        try:
            child.process = subprocess.Popen(
                child.command,
                env=child.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        finally:
            signal.signal(signal.SIGINT, ours)
        for stream in (self._read_output, self._read_errors):
            threading.Thread(target=stream, args=(child, child.process), daemon=True).start()

    def _await_ready(self, child: Child) -> None:
        deadline = self._clock.monotonic() + START_TIMEOUT_S
        while not child.ready.wait(0.1):
            if self._stop.is_set():
                return
            if child.process is not None and child.process.poll() is not None:
                raise SetupError("\n".join(child.last_words) or f"cannot start the {child.name}: it ended at once")
            if self._clock.monotonic() > max(deadline, (child.beat_at or 0.0) + START_TIMEOUT_S):
                raise SetupError(f"cannot start the {child.name}: it was not ready after {START_TIMEOUT_S:.0f} s")

    def _read_output(self, child: Child, process: "subprocess.Popen[str]") -> None:
        for line in _lines(process.stdout):
            if line.rstrip() == BEAT:
                child.beat_at = self._clock.monotonic()
            elif line.startswith(READY):
                child.said = line.strip()
                child.ready.set()
            else:
                logger.info("%s: %s", child.name, line.rstrip())
        self._changed.set()

    def _read_errors(self, child: Child, process: "subprocess.Popen[str]") -> None:
        for line in _lines(process.stderr):
            child.last_words.append(line.rstrip())
            logger.debug("%s: %s", child.name, line.rstrip())
            if child.name != _ENGINE:  # the engine's own stderr is noise until it fails
                sys.stderr.write(line)

    def _watch(self) -> None:
        looked = self._clock.monotonic()
        while not self._stop.is_set():
            self._changed.wait(1.0)
            self._changed.clear()
            now, before = self._clock.monotonic(), looked
            looked = now
            for child in self._children:
                if child.beat_at is not None and now - before > HANG_S / 2:  # it was we who did not look
                    child.beat_at = now
                if child.beat_at is not None and now - child.beat_at > HANG_S:
                    self._end_hung(child)
                waits = child.after is not None and not child.after.ready.is_set()
                if waits or self._stop.is_set() or child.process is None or child.process.poll() is None:
                    continue
                self._restart(child)

    def _end_hung(self, child: Child) -> None:
        """Have a child say where it is, and end it; then it is started again like one that crashed."""
        if child.process is None or child.process.poll() is not None:
            return
        logger.error("the %s has not answered for %.0f s; it is ended", child.name, HANG_S)
        child.process.send_signal(signal.SIGUSR1)
        self._stop.wait(_DUMP_S)  # its threads are written to its last words
        child.process.kill()
        child.process.wait()

    def _restart(self, child: Child) -> None:
        code = child.process.returncode if child.process else 0
        if child.asked or code == ANEW:
            logger.info("the %s starts anew, as it was asked to", child.name)
            above = [one for one in self._children if one.after is child]
            self._stop_together(above, STOP_TIMEOUT_S)
            for one in above:
                one.asked = True
            child.asked = False
            self._start(child)
            return
        logger.error("the %s ended (%s); starting it again. Its last words:\n%s", child.name, code, _tail(child))
        lived_s = self._clock.monotonic() - child.started
        child.restarts = 0 if lived_s > _STABLE_S else child.restarts + 1
        if child.restarts > _MAX_RESTARTS:
            raise SetupError(f"cannot keep the {child.name} running: it ended {child.restarts} times.\n{_tail(child)}")
        self._stop.wait(_RESTART_DELAY_S * child.restarts)
        if not self._stop.is_set():
            self._start(child)

    def _end(self) -> None:
        self._stop.set()
        self._changed.set()

    def _stop_all(self) -> None:
        """End the children: all that lean on the engine at once, then the engine."""
        self._stop.set()
        self._ending()
        above = [child for child in self._children if child.name != _ENGINE]
        self._stop_together(above[::-1], STOP_TIMEOUT_S)
        self._stop_together([child for child in self._children if child.name == _ENGINE], ENGINE_STOP_TIMEOUT_S)
        for child in self._children:
            _close(child)

    def _stop_together(self, children: list[Child], within_s: float) -> None:
        running = [
            (child, child.process) for child in children if child.process is not None and child.process.poll() is None
        ]
        for _, process in running:
            process.terminate()
        deadline = self._clock.monotonic() + within_s
        for child, process in running:
            try:
                process.wait(max(deadline - self._clock.monotonic(), 0))
            except subprocess.TimeoutExpired:
                logger.warning("the %s did not end in %.1f s; it is killed", child.name, within_s)
                process.kill()
                process.wait()


def _close(child: Child) -> None:
    """Close our end of the standard input of a child that ended."""
    if child.process is not None and child.process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            child.process.stdin.close()


def _lines(stream: "IO[str] | None") -> Iterator[str]:
    """The lines of what a child says, until it ends."""
    if stream is not None:
        with stream:
            yield from stream


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-X", "faulthandler", "-m", module, *arguments]  # a crash of native code says where


def _tail(child: Child) -> str:
    return "\n".join(f"  {line}" for line in child.last_words) or "  (none)"
