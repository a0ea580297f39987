"""The test run itself: a test that hangs or takes its worker down is one line in it, and nothing outlives it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import keeper

WAIT_S = 60
CONFTEST = """
import keeper
import by_file, time_limit

def pytest_configure(config):
    for plugin in (by_file, time_limit):
        config.pluginmanager.register(plugin)
"""
TROUBLE = """
import os, signal, subprocess, time, pytest

def test_passes():
    pass

@pytest.mark.timeout(0.5)
def test_hangs():
    time.sleep(60)

@pytest.mark.timeout(0.5)
def test_hangs_where_no_signal_helps():
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

@pytest.mark.timeout(0.5)
def test_hangs_on_its_way_out():
    with subprocess.Popen(["sleep", "60"]):
        time.sleep(60)

def test_takes_the_worker_down():
    os._exit(3)

@pytest.fixture
def hanging():
    yield
    time.sleep(60)

@pytest.mark.timeout(0.5)
def test_fails_and_hangs_after_it(hanging):
    assert False

@pytest.mark.timeout(60)
def test_runs_out_of_time_while_its_failure_is_written_down():
    def __tracebackhide__(failure):  # pytest asks it then
        os.kill(os.getpid(), signal.SIGALRM)  # as if the clock ran out
    assert False

@pytest.mark.timeout(0.5)
@pytest.mark.flaky(reruns=1)
def test_hangs_twice():
    time.sleep(60)

def test_comes_last():
    pass
"""
LASTING = """
import os, subprocess, time
from pathlib import Path

def test_lasts(tmp_path):
    subprocess.run(["mount", "-t", "tmpfs", "none", tmp_path], capture_output=True)  # root may
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"])
    Path(os.environ["STARTED"]).write_text(str(tmp_path))
    time.sleep(600)

def test_lasts_too():
    time.sleep(600)
"""


def test_what_one_look_at_the_processes_misses_is_killed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, killed = [{7}, set(), {8}, set(), set(), {9}], []
    monkeypatch.setattr(keeper, "_below", lambda ancestor: looks.pop(0))
    monkeypatch.setattr(keeper, "_kill", killed.append)
    monkeypatch.setattr(keeper, "_reap", lambda child: None)
    keeper._kill_all()
    assert ([7, 8], [{9}]) == (killed, looks)


def test_what_a_process_started_is_below_it_while_its_threads_end(tmp_path: Path) -> None:
    """Of one that is killed the first thread may end long before one that waits for a disk."""
    began = tmp_path / "began"
    half_ended = f"""
import ctypes, subprocess, threading
threading.Thread(target=lambda: subprocess.run(["sh", "-c", "echo $$ > {began}; exec sleep 600"])).start()
ctypes.CDLL(None).pthread_exit(None)
"""
    with subprocess.Popen([sys.executable, "-c", half_ended]) as process:
        wait_for(lambda: began.exists() and began.read_text().strip(), "the command starts")
        wait_for(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, "its first thread ends")
        below = keeper._below(os.getpid())
        command = int(began.read_text())
        os.kill(command, signal.SIGKILL)
        process.kill()
    assert {process.pid, command} <= below


@contextmanager
def run_of(folder: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A run of the tests in `folder`, with nothing of pytest but what ours needs of it."""
    (folder / "conftest.py").write_text(CONFTEST)
    plugins = ("xdist.plugin", "pytest_timeout", "pytest_rerunfailures")
    command = [sys.executable, "-m", "pytest", "-q", "-rfER", "--tb=line", "-o", "timeout_method=signal", *options]
    command += [f"--rootdir={folder}", f"--basetemp={folder / 'made'}"]
    kept = (keeper._RUN, keeper._OWNER)
    environment = {key: value for key, value in os.environ.items() if key not in kept and "PYTEST" not in key}
    environment |= {
        "COLUMNS": "200",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": ",".join(plugins),
        "PYTHONPATH": str(Path(keeper.__file__).parent),
        "TESTS_GRACE_S": "0.5",
        "STARTED": str(folder / "started"),
    }
    run = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield run
    finally:
        run.kill()
        run.communicate()


def wait_for(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until, f"waited {WAIT_S} s in vain: {what}"
        threading.Event().wait(0.05)


def test_the_run_goes_on_behind_tests_that_hang_or_crash_and_names_each(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(TROUBLE)
    for name in "bcd":
        (tmp_path / f"test_{name}.py").write_text("def test_passes():\n    pass\n")
    with run_of(tmp_path, "-n", "1", "--dist", "loadfile", "--no-loadscope-reorder") as run:
        output, _ = run.communicate(timeout=2 * WAIT_S)
    expected = [
        "ERROR test_a.py::test_fails_and_hangs_after_it - Failed",
        "FAILED test_a.py::test_fails_and_hangs_after_it - assert",
        "FAILED test_a.py::test_hangs - Failed",
        "FAILED test_a.py::test_hangs_on_its_way_out - Failed",
        "FAILED test_a.py::test_hangs_twice - Failed",
        "FAILED test_a.py::test_hangs_where_no_signal_helps - worker",
        "FAILED test_a.py::test_runs_out_of_time_while_its_failure_is_written_down - assert",
        "FAILED test_a.py::test_takes_the_worker_down - worker",
    ]
    summary = output.partition("short test summary info")[2].splitlines()
    assert expected == sorted({" ".join(line.split()[:4]).rstrip(":") for line in summary if "::" in line}), output
    assert "7 failed, 5 passed, 1 error, 1 rerun" in output
    assert run.returncode == 1


def commands(front: psutil.Process) -> list[psutil.Process]:
    """What the test of a run started."""
    return [one for one in front.children(recursive=True) if one.name() in ("sh", "sleep")]


@pytest.mark.parametrize("end", ["keeper", "warden", "pytest", "worker", "ctrl-c"])
def test_nothing_outlives_a_run_that_is_killed(end: str, tmp_path: Path) -> None:
    started = tmp_path / "started"
    (tmp_path / "test_a.py").write_text(LASTING)
    with run_of(tmp_path, "-n", "1") as run:
        wait_for(started.exists, "the processes of the test start")
        front = psutil.Process(run.pid)
        (warden,) = front.children()
        (controller,) = warden.children()
        (worker,) = controller.children()
        wait_for(lambda: 4 == len(commands(front)), "the shell of the test starts both of its commands")
        ending = commands(front) if end == "worker" else front.children(recursive=True)
        victims = {"keeper": front, "warden": warden, "pytest": controller, "worker": worker, "ctrl-c": controller}
        victims[end].send_signal(signal.SIGINT if end == "ctrl-c" else signal.SIGKILL)
        wait_for(lambda: not any(map(psutil.pid_exists, (one.pid for one in ending))), "all of them end")
        assert started.read_text() not in Path("/proc/self/mounts").read_text()
        if end == "worker":
            assert run.poll() is None  # it goes on
        else:
            assert 0 != run.wait(WAIT_S)
