"""GPUs as the collector reads them: in a thread of their own, because a driver in trouble can hold a call for minutes.

The other subjects go on then, and the agent says for how long the driver has been silent.
"""

import logging
import threading
from collections.abc import Callable

from trimtab.agent.reading import Reading
from trimtab.base.clock import Clock

_log = logging.getLogger(__name__)
PATIENCE_S = 5.0
"""Eight GPUs answer in some hundred milliseconds; a driver that wakes a sleeping GPU takes two or three seconds."""


class Patient:
    """Calls `read` in a thread and waits for it, but not for ever."""

    def __init__(self, read: Callable[[], list[Reading]], clock: Clock, patience_s: float = PATIENCE_S) -> None:
        self._read = read
        self._clock = clock
        self._patience_s = patience_s
        self._wanted, self._done = threading.Event(), threading.Event()
        self._answer: list[Reading] | Exception = []
        self._thread: threading.Thread | None = None
        self._asked_s: float | None = None

    def readings(self) -> list[Reading]:
        """What `read` gives; while it does not return, how long it has not. Raises what `read` raises."""
        if self._asked_s is None:
            self._ask()
        elif not self._done.is_set():
            return self._silent()
        if not self._done.wait(self._patience_s):
            _log.error("the driver of the GPUs does not answer; going on without them until it does")
            return self._silent()
        self._asked_s = None
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def _ask(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="gpu", daemon=True)
            self._thread.start()
        self._asked_s = self._clock.monotonic()
        self._done.clear()
        self._wanted.set()

    def _silent(self) -> list[Reading]:
        since = self._clock.monotonic() - (self._asked_s or 0.0)
        return [Reading("trimtab.agent.gpu.silent", "s", since)]

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                self._answer = self._read()
            except (OSError, ValueError, RuntimeError) as problem:
                self._answer = problem
            self._done.set()
