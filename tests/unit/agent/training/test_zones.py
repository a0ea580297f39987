"""Where a run goes on: zones by how long they keep a machine, tried in turn; and a run over two zones for real."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from trimtab.agent.training.zones import elsewhere, lasting, ranked, stretches

PROGRAM = """
import json, os, signal, sys, time
step = json.load(open(sys.argv[2]))["step"] if sys.argv[1:2] == ["--from"] else 0
def save(*_):
    path = os.path.join(os.environ["TRIMTAB_CHECKPOINT_DIR"], f"step-{step:06}.json")
    with open(path + ".part", "w") as file:
        json.dump({"step": step}, file)
    os.replace(path + ".part", path)
signal.signal(signal.SIGUSR1, save)
print("begins at", step, flush=True)
while not os.path.exists("finish"):
    step += 1
    time.sleep(0.01)
save()
print("done at", step, flush=True)
"""
START = """#!/bin/sh
case $1 in a) port={a} ;; b) port={b} ;; *) exit 1 ;; esac
{python} -m trimtab train run --no-record --zone $1 --run "$2" --metadata http://127.0.0.1:$port --checkpoints ckpt \\
  --resume '--from {{checkpoint}}' --grace 30 --zones c,a,b --elsewhere './start {{zone}} {{run}}' \\
  -- {python} program.py >>$1.log 2>&1 &
echo $! >$1.pid
"""


def test_stretches_and_how_long_a_machine_lasts():
    assert [2, 1, 3] == stretches([1, 5, 0, 1, 0, 0, 2, 2, 2])
    assert [] == stretches([0, 0])
    assert 0.0 == lasting([0, 0, 0])
    assert 4.0 == lasting([1, 1, 1, 1])
    assert lasting([1, 1, 0, 1, 1, 0]) > lasting([1, 0, 1, 1, 0, 1, 0, 1, 0]) > lasting([1, 0, 0, 0, 0])


def test_zones_that_keep_machines_longest_come_first_and_the_one_that_interrupted_last():
    records = {"a": [1] * 10, "b": [1, 0] * 5, "c": [1, 1, 1, 1, 0, 1, 1, 1, 1, 1]}
    assert ["c", "b", "a"] == ranked(records, "a")
    assert ["a", "c", "b"] == ranked(records, "")


def test_a_zone_without_a_machine_is_left_for_the_next():
    said: list[str] = []
    started: list[str] = []

    def start(command: str) -> int:
        started.append(command)
        return 0 if "b" in command else 1

    assert "b" == elsewhere("go {zone} {run}", ["c", "b", "a"], "r.2", said.append, start)
    assert ["go c r.2", "go b r.2"] == started
    assert ["cannot start in c: it ended with 1", "started in b"] == [one for one in said if "elsewhere" not in one]
    assert elsewhere("none", [], "r.2", said.append, lambda command: 3) is None
    assert "cannot start in another place: it ended with 3" == said[-1]


class Metadata(ThreadingHTTPServer):
    """The metadata service of one machine, as AWS has it: a token first; 404 until an interruption is announced."""

    def __init__(self) -> None:
        self.told = False
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    server: Metadata

    def do_PUT(self) -> None:
        self._send(200, b"secret")

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != "secret":
            self._send(401, b"")
        elif self.server.told and self.path == "/latest/meta-data/spot/instance-action":
            self._send(200, b'{"action": "terminate", "time": "2026-11-28T16:20:00Z"}')
        else:
            self._send(404, b"")

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output stays its own."""


@pytest.fixture
def zones() -> Iterator[dict[str, Metadata]]:
    made = {name: Metadata() for name in ("a", "b")}
    threads = [threading.Thread(target=one.serve_forever) for one in made.values()]
    for thread in threads:
        thread.start()
    yield made
    for one in made.values():
        one.shutdown()
        one.server_close()
    for thread in threads:
        thread.join()


def until(done: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + 90
    while not done():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


@pytest.mark.slow
def test_a_run_goes_from_zone_to_zone_by_metadata_and_by_signal(tmp_path: Path, zones: dict[str, Metadata]):
    """Metadata interrupts a, c has no machine, SIGTERM interrupts b, a brings it to its end."""

    def said(zone: str, text: str) -> Callable[[], bool]:
        log = tmp_path / f"{zone}.log"
        return lambda: log.exists() and text in log.read_text()

    ports = {name: str(one.server_address[1]) for name, one in zones.items()}
    start = tmp_path / "start"
    start.write_text(START.format(python=sys.executable, **ports))
    start.chmod(start.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "ckpt").mkdir()
    subprocess.run(["./start", "a"], cwd=tmp_path, check=True)
    until(said("a", "begins at 0"), "the first attempt")
    zones["a"].told = True
    until(said("b", "begins at"), "the second attempt")
    zones["a"].told = False
    os.kill(int((tmp_path / "b.pid").read_text()), signal.SIGTERM)
    until(said("a", "goes on from"), "the third attempt")
    (tmp_path / "finish").touch()
    until(said("a", "ended with 0"), "the end")
    first, second = (tmp_path / f"{name}.log" for name in ("a", "b"))
    assert "terminate told by AWS, at 2026-11-28T16:20:00Z" in first.read_text()
    assert "cannot start in c: it ended with 1" in first.read_text()
    assert "terminate told by signal SIGTERM" in second.read_text()
    begun = [int(line.rpartition(" ")[2]) for log in (second, first) for line in log.read_text().splitlines()
             if line.startswith("begins at")]  # fmt: skip
    from_second, start_of_first, from_third = begun
    assert 0 == start_of_first < from_second < from_third
    steps = [json.loads(one.read_text())["step"] for one in sorted((tmp_path / "ckpt").iterdir())]
    assert [from_second, from_third] == steps[:2]
    assert steps[-1] >= from_third
