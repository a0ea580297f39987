"""Nothing that a test started outlives the run, however that ends: Ctrl-C, a worker that crashes, `kill -9` of pytest.

conftest.py imports this first. The process that was started stays in front, and pytest goes on in a grandchild:

    keeper            exits as pytest did
      └─ warden       in a mount namespace of its own, where it may have one: what is mounted in it ends with it
           └─ pytest ── workers ── servers, engines, browsers, …

Keeper and warden do the same: they take in what lost its parent, and when their child ends, they kill all that is below
them. Each of the three ends when the one above it does, so any one of them may be killed.
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_RUN = "TESTS_KEPT_BY"
"""In the environment of everything in a run: the warden's process id."""
_OWNER = "TESTS_STARTED_BY"
"""In the environment of whatever a pytest process (a worker, or the only one) starts: that one's process id."""
_LOOK_S = 1.0
_PATIENCE_S = 20.0  # after SIGKILL: one that writes to a slow disk ends when that is done
_EMPTY_LOOKS = 2
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_CLONE_NEWNS, _MS_REC, _MS_SLAVE = 0x20000, 0x4000, 1 << 19
_ENDING = {signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}


def _keep() -> None:
    """Return in a grandchild of this process; stay here and in the child until that one ends."""
    libc = ctypes.CDLL(None)
    _fork(libc, signal.SIGTERM)
    os.environ[_RUN] = str(os.getpid())
    if libc.unshare(_CLONE_NEWNS) == 0:  # only root may
        libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None)  # mounts of others still come in
    _fork(libc, signal.SIGKILL)


def _fork(libc: ctypes.CDLL, when_parent_dies: signal.Signals) -> None:
    """Return in a child; this process stays with it."""
    parent = os.getpid()
    child = os.fork()
    if child:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        _stay(child)
    libc.prctl(_PR_SET_PDEATHSIG, int(when_parent_dies), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _stay(child: int) -> NoReturn:
    """Wait for the child or a signal to end, kill what is left, and exit as the child did."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches pytest too, which ends in order
    ending = {one for one in _ENDING if signal.getsignal(one) != signal.SIG_IGN}  # nohup has it ignored
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *ending})
    code = None
    while code is None:
        came = signal.sigtimedwait({signal.SIGCHLD, *ending}, _LOOK_S)
        code = 128 + came.si_signo if came and came.si_signo in ending else _reap(child)
        if code is None:
            _kill_forsaken(child)
    _kill_all()
    os._exit(code)


def _reap(child: int) -> int | None:
    """Take note of every child that ended; the exit code of `child`, if it is one of them."""
    code = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
    except ChildProcessError:
        pass
    return 128 - code if code is not None and code < 0 else code


def _kill_forsaken(child: int) -> None:
    """A worker that crashed leaves its servers behind: they would slow down what follows."""
    parents = _parents()
    for process, parent in parents.items():
        if parent == os.getpid() and process != child:
            owner = _owner(process)
            if owner is not None and owner not in parents:
                _kill(process)


def _kill_all() -> None:
    """Kill until two looks in a row find nothing: while parents end, one look can miss what they leave behind."""
    until, empty = time.monotonic() + _PATIENCE_S, 0
    while empty < _EMPTY_LOOKS and time.monotonic() < until:
        left = _below(os.getpid())
        empty = 0 if left else empty + 1
        for process in left:
            _kill(process)
        _reap(0)
        time.sleep(0.02)


def _kill(process: int) -> None:
    with suppress(OSError):  # it ended meanwhile, or is another user's
        os.kill(process, signal.SIGKILL)


def _below(ancestor: int) -> set[int]:
    """All processes that descend from `ancestor`."""
    parents, found = _parents(), {ancestor}
    while more := {process for process, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {ancestor}


def _parents() -> dict[int, int]:
    """Every process of this machine that has not ended, and its parent."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # it may have ended meanwhile
            state, parent = file.read().rpartition(b")")[2].split()[:2]
            # One that ended and of which nobody took note (xdist does not of a worker) is no process any more. One of
            # which only the first thread ended is: what it started is still below it.
            if state != b"Z" or len(os.listdir(f"/proc/{name}/task")) > 1:
                parents[int(name)] = int(parent)
    return parents


def _owner(process: int) -> int | None:
    """Which pytest process started it, if it still tells."""
    try:
        environment = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    prefix = f"{_OWNER}=".encode()
    return next((int(entry[len(prefix) :]) for entry in environment if entry.startswith(prefix)), None)


if sys.platform == "linux":
    if _RUN not in os.environ:
        _keep()
    os.environ[_OWNER] = str(os.getpid())
