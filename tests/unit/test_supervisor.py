"""What `trimtab up` starts its processes with."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from trimtab import supervisor
from trimtab.base.clock import SystemClock
from trimtab.jobs.anew import ANEW
from trimtab.jobs.heartbeat import BEAT
from trimtab.settings import Settings
from trimtab.supervisor import READY, Child, Supervisor


def test_ctrl_c_is_the_supervisors_from_the_first_moment_of_a_child(tmp_path: Path) -> None:
    """A terminal sends SIGINT to the whole group: a child that still imports would end with a traceback."""
    ours = signal.getsignal(signal.SIGINT)
    says = f"import signal; print({READY!r}, signal.getsignal(signal.SIGINT) == signal.SIG_IGN, flush=True)"
    child = Child("child", [sys.executable, "-c", says], {})
    Supervisor(Settings(data_dir=tmp_path), SystemClock(), print)._start(child)
    assert child.process is not None
    with child.process:
        assert child.ready.wait(30)
        child.process.wait(30)
    assert f"{READY} True" == child.said
    assert signal.getsignal(signal.SIGINT) is ours


HANGS = f"""
import faulthandler, signal, threading, time
faulthandler.register(signal.SIGUSR1, all_threads=True)
print({READY!r}, flush=True)
print({BEAT!r}, flush=True)
def the_place_where_it_hangs():
    threading.Event().wait()
the_place_where_it_hangs()
"""


def test_a_child_that_hangs_says_where_and_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "HANG_S", 3)  # it looks once a second
    child = Child("child", [sys.executable, "-c", HANGS], {})
    watching = Supervisor(Settings(data_dir=tmp_path), SystemClock(), print)
    watching._launch(child)
    first = child.process
    assert first is not None
    seen: list[bool] = []

    def look() -> None:
        seen.append(wait_until(lambda: child.process is not first))
        seen.append(wait_until(lambda: any("the_place_where_it_hangs" in line for line in child.last_words)))
        watching._end()

    watch(watching, look)
    assert seen == [True, True]
    assert first.returncode == -signal.SIGKILL


def watch(watching: Supervisor, look: Callable[[], None]) -> None:
    """Watch, in the main thread as it does, while another one looks and ends it."""
    thread = threading.Thread(target=look)
    thread.start()
    try:
        watching._watch()
    finally:
        thread.join()
        watching._stop_all()


BEATS = f"""
import time
print({READY!r}, flush=True)
while True:
    print({BEAT!r}, flush=True)
    time.sleep(0.05)
"""


def test_a_child_that_answers_is_left_alone_and_its_beats_are_not_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(supervisor, "HANG_S", 20)
    child = Child("child", [sys.executable, "-c", BEATS], {})
    watching = Supervisor(Settings(data_dir=tmp_path), SystemClock(), print)
    watching._launch(child)
    first = child.process
    seen: list[bool] = []

    def look() -> None:
        seen.append(wait_until(lambda: child.beat_at is not None))
        begun = child.beat_at
        seen.append(wait_until(lambda: child.beat_at != begun))
        watching._end()

    watch(watching, look)
    assert seen == [True, True]
    assert child.process is first
    assert BEAT not in caplog.text


def wait_until(there: Callable[[], bool]) -> bool:
    """Whether something comes to be, within a minute."""
    for _ in range(1200):
        if there():
            return True
        threading.Event().wait(0.05)
    return False


STUBBORN = f"""
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print({READY!r}, flush=True)
sys.stdin.read()
signal.pause()
"""
ENDS = f"""
import os, signal, sys
def end(*_):
    os.write(1, b"ended\\n")  # no print: it may be in the middle of one
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print({READY!r}, flush=True)
signal.pause()
"""


def test_a_stop_tells_all_children_at_once_kills_who_does_not_end_and_the_engine_goes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "STOP_TIMEOUT_S", 2.0)
    told: list[str] = []
    stopping = Supervisor(Settings(data_dir=tmp_path), SystemClock(), print, lambda: told.append("ending"))
    names = {"engine": ENDS, "server": STUBBORN, "jobs": STUBBORN, "agent": ENDS}
    for name, code in names.items():
        stopping._launch(Child(name, [sys.executable, "-c", code], {}))
    order: list[str] = []
    for child in stopping._children:
        process = child.process
        assert process is not None
        wait = process.wait
        monkeypatch.setattr(process, "wait", lambda *a, _w=wait, _n=child.name, **k: (_w(*a, **k), order.append(_n))[0])
    before = SystemClock().monotonic()
    stopping._stop_all()
    took = SystemClock().monotonic() - before
    codes = {child.name: child.process.returncode for child in stopping._children if child.process}
    assert {"engine": 0, "server": -signal.SIGKILL, "jobs": -signal.SIGKILL, "agent": 0} == codes
    assert "engine" == order[-1]
    assert ["ending"] == told
    assert took < 4.0  # each alone would have its two seconds
    assert ["the jobs did not end in 2.0 s; it is killed", "the server did not end in 2.0 s; it is killed"] == [
        record.message for record in caplog.records if "killed" in record.message
    ]


def test_a_server_that_asks_for_it_starts_anew_while_its_jobs_stand_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first time it ends with the status that asks for it; the second time it answers late."""
    monkeypatch.setattr(supervisor, "_MAX_RESTARTS", 0)  # neither start counts as a crash
    mark, go = tmp_path / "mark", tmp_path / "go"
    code = f"""
import sys, time
from pathlib import Path
if not Path({str(mark)!r}).exists():
    Path({str(mark)!r}).touch()
    print({READY!r}, flush=True)
    time.sleep(0.5)
    sys.exit({ANEW})
while not Path({str(go)!r}).exists():
    time.sleep(0.05)
print({READY!r}, flush=True)
sys.stdin.read()
"""
    server = Child("server", [sys.executable, "-c", code], {})
    jobs = Child("jobs", [sys.executable, "-c", "import sys; sys.stdin.read()"], {}, waits_ready=False, after=server)
    watching = Supervisor(Settings(data_dir=tmp_path), SystemClock(), print)
    watching._launch(server)
    watching._launch(jobs)
    first, ended = server.process, jobs.process
    assert ended is not None
    seen: list[bool] = []

    def look() -> None:
        seen.append(wait_until(lambda: server.process is not first and ended.poll() is not None))
        threading.Event().wait(2.5)  # it looks once a second
        seen.append(jobs.process is ended)
        go.touch()
        seen.append(wait_until(lambda: jobs.process is not ended))
        watching._end()

    watch(watching, look)
    assert seen == [True, True, True]
    assert "starting it again" not in caplog.text


def test_a_child_that_says_that_it_lives_may_take_longer_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "START_TIMEOUT_S", 2.0)
    code = f"""
import time
for _ in range(16):
    print({BEAT!r}, flush=True)
    time.sleep(0.25)
print({READY!r}, flush=True)
time.sleep(60)
"""
    watching = Supervisor(Settings(data_dir=tmp_path), SystemClock(), print)
    watching._launch(Child("child", [sys.executable, "-c", code], {}))
    watching._stop_all()
