"""A test that takes too long fails, and the run goes on.

pytest-timeout interrupts the test where it is, by a signal. Where no Python code runs that a signal could interrupt (a
call of C code, a lock that a native library holds), the process ends a little later with the stacks of its threads; of
a run with workers that is one worker, which is replaced (by_file.py).

pytest-timeout starts one clock for all tries of a test and stops it when one fails; here every try has the whole time,
and so has putting things in order after it. Between these, while pytest writes down how one ended, no clock interrupts:
what it raises there would end the whole run.
"""

import faulthandler
import os
import signal
import sys
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any

import pytest

GRACE_S = float(os.environ.get("TESTS_GRACE_S", "60"))  # from the signal until the process ends
_SETTINGS: pytest.StashKey[Any] = pytest.StashKey()
_debugged = False
_interruptible = False
"""Whether the code of a test or of its fixtures runs."""


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Generator[None, Any, Any]:
    item.stash[_SETTINGS] = settings
    outcome = yield
    if settings.method == "signal":
        signal.signal(signal.SIGALRM, _where_it_may(signal.getsignal(signal.SIGALRM)))
        # Again and again: what waits on the way out of the test, as `with Popen(…)` does, is interrupted too.
        signal.setitimer(signal.ITIMER_REAL, settings.timeout, GRACE_S / 3)
    if not _debugged and not item.config.getoption("usepdb"):
        file = sys.__stderr__  # before pytest captured it; a worker's is the run's
        faulthandler.dump_traceback_later(settings.timeout + GRACE_S, exit=True, file=file)
    return outcome


def _where_it_may(interrupt: Any) -> Callable[[int, FrameType | None], None]:
    def interrupt_test(number: int, frame: FrameType | None) -> None:
        if _interruptible:
            interrupt(number, frame)

    return interrupt_test


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    if getattr(item, "execution_count", 1) > 1:  # pytest-rerunfailures counts the tries
        _start_again(item)
    return (yield from _interrupted())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call() -> Generator[None, Any, Any]:
    return (yield from _interrupted())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    _start_again(item)
    return (yield from _interrupted())


def _interrupted() -> Generator[None, Any, Any]:
    global _interruptible
    _interruptible = True
    try:
        return (yield)
    finally:
        _interruptible = False


def _start_again(item: pytest.Item) -> None:
    settings = item.stash.get(_SETTINGS, None)  # none where the limit is 0
    if settings is not None and not settings.func_only:
        item.ihook.pytest_timeout_set_timer(item=item, settings=settings)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_enter_pdb() -> None:
    global _debugged
    _debugged = True
    faulthandler.cancel_dump_traceback_later()
