import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from trimtab.agent.run import end_with_input
from trimtab.agent.spool import Spool


def start(url: str, directory: Path, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "trimtab.cli.agent",
        "--url",
        url,
        "--interval",
        "0.05",
        "--spool-dir",
        str(directory),
    ]
    return subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True, **options)


def first_batch(agent: "subprocess.Popen[str]") -> None:
    """Wait until the log says that the server is away: a batch is in the spool then."""
    assert agent.stderr is not None
    for line in agent.stderr:
        if "cannot deliver batch" in line:
            return
    raise AssertionError("the agent ended before its first batch")


def test_a_closed_pipe_says_stop() -> None:
    reader, writer = os.pipe()
    stop = threading.Event()
    end_with_input(reader, stop)
    os.write(writer, b"still here")
    assert not stop.is_set()
    os.close(writer)
    assert stop.wait(10)
    os.close(reader)


def test_sigterm_ends_it_with_status_0_and_the_batches_stay(tmp_path: Path) -> None:
    with start("http://127.0.0.1:9", tmp_path) as agent:  # the discard port: nothing listens there
        first_batch(agent)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
    assert Spool(tmp_path).state().records >= 1


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    with start("http://127.0.0.1:9", tmp_path, "--with-parent", stdin=subprocess.PIPE) as agent:
        first_batch(agent)
        assert agent.stdin is not None
        agent.stdin.close()
        assert agent.wait(20) == 0


def test_what_waits_is_delivered_before_it_ends(tmp_path: Path, receiver: Any) -> None:
    with start(receiver.url, tmp_path) as agent:
        assert receiver.arrived.wait(20)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
        assert agent.stderr is not None
        assert "agent stopped; 0 batches stay in the spool" in agent.stderr.read()
    keys = [request.headers["Idempotency-Key"].rpartition("/")[2] for request in receiver.requests]
    assert keys == [str(number) for number in range(1, len(keys) + 1)]
    assert Spool(tmp_path).append(b"", 0) == len(keys) + 1
