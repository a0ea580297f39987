"""A batch job whose processes are killed with SIGKILL: its output is that of an undisturbed run, nothing is left."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.crash, pytest.mark.slow]

RECORDS = 20_000
KILLS = 4
MODEL = """
import json, time

def double(body):
    time.sleep(0.002)
    return b"\\n".join(b'{"y":%d}' % (2 * json.loads(line)["x"]) for line in body.split(b"\\n"))
"""


def _start(folder: Path, *more: str) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, "-m", "trimtab", "batch", "run", str(folder / "in.jsonl"), str(folder / "out"), "--json",
        "--model", "doubling:double", "--piece-mb", "0.005", "--workers", "2", "--batch-records", "20", *more,
    ]  # fmt: skip
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _made(folder: Path) -> bytes:
    """The input and the model; the output that is right."""
    (folder / "doubling.py").write_text(MODEL)
    (folder / "in.jsonl").write_bytes(b"".join(b'{"x":%d}\n' % number for number in range(RECORDS)))
    return b"".join(b'{"y":%d}\n' % (2 * number) for number in range(RECORDS))


def _pieces(folder: Path) -> int:
    return len(list((folder / "out" / ".trimtab-batch").glob("*.part")))


def _workers(folder: Path) -> list[psutil.Process]:
    """Processes that still work for the job, wherever they hang now."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.environ().get("PYTHONPATH") == str(folder) and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


@pytest.mark.timeout(600)
def test_kills_lose_and_double_nothing_and_leave_no_process_or_file(tmp_path: Path) -> None:
    expected, dice = _made(tmp_path), random.Random(7)
    for number in range(KILLS):
        before, process = _pieces(tmp_path), _start(tmp_path)
        wanted = before + dice.randint(1, 3)
        deadline = time.monotonic() + 60
        while process.poll() is None and _pieces(tmp_path) < wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        assert process.poll() is None, "the job ended before it was killed"
        if number % 2:
            process.kill()  # the first process only: its workers must end themselves
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert _pieces(tmp_path) >= wanted
    assert 0 == _start(tmp_path).wait()
    assert expected == (tmp_path / "out" / "in.jsonl.out").read_bytes()
    assert ["in.jsonl.out"] == [one.name for one in (tmp_path / "out").iterdir()]
    deadline = time.monotonic() + 30
    while _workers(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [] == _workers(tmp_path)


def test_a_worker_that_is_killed_costs_its_piece_and_no_more(tmp_path: Path) -> None:
    expected, process = _made(tmp_path), _start(tmp_path)
    deadline = time.monotonic() + 60
    while process.poll() is None and _pieces(tmp_path) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    for one in psutil.Process(process.pid).children():
        if "spawn_main" in " ".join(one.cmdline()):
            one.kill()
            break
    assert 0 == process.wait()
    assert expected == (tmp_path / "out" / "in.jsonl.out").read_bytes()


POISONED = """
import json, os

def double(body):
    values = [json.loads(line)["x"] for line in body.split(b"\\n")]
    if 7777 in values:
        os._exit(1)
    return b"\\n".join(b'{"y":%d}' % (2 * value) for value in values)
"""


def test_a_record_that_always_kills_its_worker_is_one_error_row(tmp_path: Path) -> None:
    expected = _made(tmp_path).splitlines()
    (tmp_path / "doubling.py").write_text(POISONED)
    assert 0 == _start(tmp_path, "--error-limit", "1", "--piece-mb", "0.05").wait(timeout=240)
    rows = (tmp_path / "out" / "in.jsonl.out").read_bytes().splitlines()
    assert b"ended 3 times" in rows[7777]
    assert [row for number, row in enumerate(expected) if number != 7777] == [
        row for number, row in enumerate(rows) if number != 7777
    ]
    assert not _workers(tmp_path)
