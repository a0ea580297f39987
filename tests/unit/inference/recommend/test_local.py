"""Servers under limits: what they may use, and that nothing of them stays."""

import asyncio
import os
import socket
import sys

import psutil
import pytest

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.inference.recommend.local import Size, served

_SERVER = """
import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen()
while True:
    c, _ = s.accept(); c.close()
"""


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_server_has_its_cores_and_ends_with_the_block() -> None:
    async def run() -> tuple[int, int, float]:
        port = _free_port()
        command = [sys.executable, "-c", _SERVER, str(port)]
        async with served(command, Size(1), ("127.0.0.1", port), dict(os.environ)) as running:
            return running.pid, len(os.sched_getaffinity(running.pid)), running.setup_s

    pid, cores, setup_s = asyncio.run(run())
    assert (1, True) == (cores, setup_s > 0)
    assert not psutil.pid_exists(pid)


def test_a_server_that_ends_says_with_which_code() -> None:
    async def run() -> None:
        command = [sys.executable, "-c", "raise SystemExit(3)"]
        async with served(command, Size(1), ("127.0.0.1", _free_port()), dict(os.environ)):
            raise AssertionError("it never listened")

    with pytest.raises(Unavailable, match="ended with code 3"):
        asyncio.run(run())


def test_more_cores_than_there_are_cannot_be_tried() -> None:
    async def run() -> None:
        async with served(["true"], Size(10_000), ("127.0.0.1", 1), {}):
            raise AssertionError("nothing was started")

    with pytest.raises(InvalidInput, match="this machine has"):
        asyncio.run(run())
