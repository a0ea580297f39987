"""A timer of the event loop that is right to microseconds, where the kernel has one (timerfd of Linux).

asyncio and libuv wait in whole milliseconds, which at 5,000 requests a second would send them in clumps of five.
"""

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable

from trimtab.base.clock import SystemClock

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC if hasattr(os, "O_CLOEXEC") else 0  # TFD_NONBLOCK and TFD_CLOEXEC are these
_ABSOLUTE = 1


class _Timerspec(ctypes.Structure):
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Timer:
    """Calls back at one instant of `SystemClock.monotonic`; setting it again replaces the instant."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._clock = SystemClock()
        self._handle: asyncio.TimerHandle | None = None
        self._fd = -1
        if sys.platform == "linux":
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        if self._fd >= 0:
            self._spec = _Timerspec()
            self._reference = ctypes.byref(self._spec)
            self._loop.add_reader(self._fd, self._rings)

    def at(self, when_s: float) -> None:
        """Ring at `when_s`; a time that has passed rings at once."""
        if self._fd < 0:
            if self._handle is not None:
                self._handle.cancel()
            self._handle = self._loop.call_later(max(0.0, when_s - self._clock.monotonic()), self._call)
            return
        whole = int(when_s)
        self._spec.value_s = whole
        self._spec.value_ns = max(1, int((when_s - whole) * 1e9))  # all zero would stop it
        self._libc.timerfd_settime(self._fd, _ABSOLUTE, self._reference, None)

    def close(self) -> None:
        """Stop, and give the descriptor back."""
        if self._handle is not None:
            self._handle.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _rings(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # set anew between ringing and reading
            return
        self._call()
