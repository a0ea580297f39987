"""Training that is interrupted: a real small program, a fake metadata service, and what is left afterwards."""

import json
import signal
import sys
import threading
from pathlib import Path

import httpx
import pytest

from trimtab.agent.training import checkpoints
from trimtab.agent.training.notice import AwsMetadata, Notice, NoticeFile, first
from trimtab.agent.training.run import INTERRUPTED, Ended, Options, Training
from trimtab.base.clock import SystemClock

PROGRAM = """
import json, os, signal, sys, time
directory = os.environ["TRIMTAB_CHECKPOINT_DIR"]
start = os.environ.get("TRIMTAB_CHECKPOINT")
step = json.load(open(start))["step"] if start else 0
def save(*_):
    path = os.path.join(directory, f"step-{step}.json")
    with open(path + ".part", "w") as file:
        json.dump({"step": step, "from": start, "argv": sys.argv[1:]}, file)
    os.replace(path + ".part", path)
signal.signal(signal.SIGUSR1, save)
open(os.path.join(directory, ".ready"), "w").close()
while step < int(os.environ.get("STEPS", "10000")):
    step += 1
    time.sleep(0.01)
save()
"""


def training(directory: Path, watches: list, said: list[str], *, resume: tuple[str, ...] = (), **more) -> Training:
    program = directory.parent / "program.py"
    program.write_text(PROGRAM)
    options = Options((sys.executable, str(program)), directory, look_s=0.05, grace_s=30, resume=resume, **more)
    return Training(options, watches, SystemClock(), threading.Event().wait, said.append)


class WhenReady:
    """Says nothing until the program has begun, then what it was given."""

    def __init__(self, directory: Path, told: Notice | None) -> None:
        self._ready, self._told = directory / ".ready", told

    def look(self) -> Notice | None:
        return self._told if self._ready.exists() else None


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "checkpoints"
    made.mkdir()
    return made


def interrupted(directory: Path, said: list[str], **more) -> Ended:
    ask = checkpoints.by_signal(signal.SIGUSR1)
    return training(directory, [WhenReady(directory, Notice("AWS", "terminate"))], said, ask=ask, **more).run()


def test_a_notice_becomes_a_checkpoint_and_the_next_start_goes_on_from_it(directory):
    said: list[str] = []
    ended = interrupted(directory, said)
    assert INTERRUPTED == ended.code
    assert ended.last is not None
    step = json.loads(ended.last.path.read_text())["step"]
    assert step > 0
    (directory / ".ready").unlink()
    again = interrupted(directory, said, resume=("--from", "{checkpoint}"))
    found = json.loads(again.last.path.read_text())
    assert (str(ended.last.path), ["--from", str(ended.last.path)]) == (found["from"], found["argv"])
    assert found["step"] > step
    assert any("goes on from" in line for line in said)


def test_a_program_that_ends_by_itself_keeps_its_exit_code(directory):
    options = Options((sys.executable, "-c", "raise SystemExit(3)"), directory)
    ended = Training(options, [], SystemClock(), threading.Event().wait, lambda text: None).run()
    assert (3, None, 0) == (ended.code, ended.notice, ended.checkpoints)


def test_checkpoints_are_asked_for_every_so_often(directory):
    ask = checkpoints.by_file(directory / ".ask")
    program = (
        "import os, time\n"
        "d = os.environ['TRIMTAB_CHECKPOINT_DIR']\n"
        "n = 0\n"
        "while n < 2:\n"
        "    if os.path.exists(d + '/.ask'):\n"
        "        os.remove(d + '/.ask'); n += 1; open(f'{d}/{n}', 'w').close()\n"
        "    time.sleep(0.01)\n"
    )
    options = Options((sys.executable, "-c", program), directory, ask, every_s=0.05)
    ended = Training(options, [], SystemClock(), threading.Event().wait, lambda text: None).run()
    assert (0, "2") == (ended.code, ended.last.path.name)


def test_a_program_that_ignores_its_end_is_killed_with_its_children(directory):
    program = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('x', flush=True)\ntime.sleep(600)"
    )
    options = Options((sys.executable, "-c", program), directory, grace_s=1.0)
    one = Training(options, [], SystemClock(), threading.Event().wait, lambda text: None)
    one.tell(Notice("signal SIGTERM", "terminate"))
    assert INTERRUPTED == one.run().code


def test_awss_metadata_is_asked_with_a_token_and_says_when():
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.path, request.headers.get("X-aws-ec2-metadata-token")))
        if request.method == "PUT":
            return httpx.Response(200, text="token-1")
        if len(seen) < 4:
            return httpx.Response(404)
        return httpx.Response(200, json={"action": "stop", "time": "2026-11-28T09:00:00Z"})

    watch = AwsMetadata(transport=httpx.MockTransport(answer))
    assert watch.look() is None
    assert watch.look() is None
    assert Notice("AWS", "stop", "2026-11-28T09:00:00Z") == watch.look()
    assert [("PUT", "/latest/api/token", None)] == seen[:1]
    assert {"token-1"} == {token for method, _, token in seen if method == "GET"}
    watch.close()


def test_a_machine_without_metadata_says_nothing():
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    watch = AwsMetadata(transport=httpx.MockTransport(answer))
    assert watch.look() is None
    watch.close()


def test_a_file_can_announce_an_interruption(tmp_path):
    watch = NoticeFile(tmp_path / "going")
    assert first([watch]) is None
    (tmp_path / "going").touch()
    assert "interruption" == first([watch]).action


def test_the_newest_checkpoint_may_be_a_directory(tmp_path):
    assert checkpoints.newest(tmp_path) is None
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "weights").write_text("12345")
    found = checkpoints.newest(tmp_path)
    assert ("one", True) == (found.path.name, found.size >= 5)
    assert checkpoints.newest(tmp_path / "nowhere") is None
