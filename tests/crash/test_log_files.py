"""Log files through the agent while the server is killed again and again: every line once, in order in its stream.

LOG_MB=1000 for the proof; the lines are JSON and text, some over several lines, in two files of which one is rotated.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from live_server import LiveServer
from trimtab.base.clock import iso

MEGABYTES = float(os.environ.get("LOG_MB", "4"))
KILLS = int(os.environ.get("LOG_KILLS", "2" if MEGABYTES < 20 else "5"))
WITHIN_S = 60 + MEGABYTES
WORDS = ("request", "user", "token", "cache", "queue", "model", "batch", "gpu", "epoch", "retry", "timeout", "shard")
# The real agent, with short waits after failures: the server is away a third of the time.
AGENT = """
import sys
from pathlib import Path
from trimtab.agent import delivery
from trimtab.agent.run import Options, run
from trimtab.agent.tail.config import read
from trimtab.base.clock import SystemClock
delivery.LONGEST_WAIT_S = 1.0
run(Options(sys.argv[1], "", 60, Path(sys.argv[2]), log_files=read(sys.argv[3])), SystemClock())
"""

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(300 if MEGABYTES < 20 else 1800)]


def entries(name: str, size: int, start_ms: int) -> Iterator[str]:
    """Numbered entries of some `size` bytes in all, in the order of their times."""
    chance, number = random.Random(name), 0
    while size > 0:
        words = " ".join(chance.choices(WORDS, k=24))
        at = start_ms + number // 50
        if number % 20 == 0:
            entry = f"{iso(at)} ERROR n={number} {words}\n  File 'a.py', line {chance.randint(1, 999)}\n    raise"
        elif number % 2:
            entry = json.dumps({"time": at, "level": "info", "n": number, "text": words, "ms": chance.random() * 1000})
        else:
            entry = f"{iso(at)} INFO n={number} {words} took {chance.randint(1, 99_999)} ms"
        size -= len(entry) + 1
        number += 1
        yield entry


def write(path: Path, lines: Iterator[str], pieces: int, stop: threading.Event) -> int:
    """Write a log in bursts, and rename it in the middle; how many entries there were."""
    count, burst = 0, 2000
    turn = pieces // 2
    file = path.open("w")
    for entry in lines:
        file.write(entry + "\n")
        count += 1
        if count % burst == 0:
            file.flush()
            if count // burst == turn:
                file.close()
                path.rename(path.with_name(path.name + ".1"))
                file = path.open("w")
            stop.wait(0.001)
    file.close()
    return count


def checked(server: LiveServer, stream: str, wanted: Iterator[str]) -> int:
    """Read a stream as it is stored and compare it, entry by entry; how many were the same."""
    found, after = 0, ""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        while True:
            asked = {"group": "files", "stream": stream, "limit": 10_000, "start": "-14d", "end": "now", "after": after}
            page = client.get("/rest/v1/logs/events", params=asked).raise_for_status().json()
            for event in page["events"]:
                assert event["message"] == next(wanted, None), f"entry {found} of {stream}"
                found += 1
            after = page.get("next") or ""
            if not after:
                return found


def stored(server: LiveServer) -> int:
    body = {"query": "stats count(*) as n", "groups": ["files"], "start": "-14d"}
    answer = httpx.post(f"{server.url}/rest/v1/logs/query", json=body, timeout=60)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return 0
    rows = answer.raise_for_status().json()["rows"]
    return int(rows[0][0]) if rows else 0


def test_every_line_is_there_once_and_in_order(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data").start()
    server._settings["TRIMTAB_HTTP_ADDR"] = server.url.removeprefix("http://").rstrip("/")  # the agent's address stays
    logs = tmp_path / "logs"
    logs.mkdir()
    start_ms = time.time_ns() // 1_000_000 - 3_600_000 * 24
    size = int(MEGABYTES * 500_000)
    command = [sys.executable, "-c", AGENT, server.url, str(tmp_path / "agent"), f"files={logs}/*.log"]
    for name in ("a.log", "b.log"):
        (logs / name).touch()
    agent = subprocess.Popen(command)
    while not (tmp_path / "agent/logs/places.json").exists():  # a file that is renamed before it was seen is another's
        assert agent.poll() is None
        threading.Event().wait(0.05)
    stop, counts, began = threading.Event(), {}, time.monotonic()

    def produce(name: str, pieces: int) -> None:
        counts[name] = write(logs / name, entries(name, size, start_ms), pieces, stop)

    producers = [threading.Thread(target=produce, args=(name, pieces)) for name, pieces in (("a.log", 4), ("b.log", 0))]
    for one in producers:
        one.start()
    chance = random.Random(5)
    for _ in range(KILLS):
        stop.wait(0.5 + chance.random() * max(1.0, MEGABYTES / 100))
        server.kill()
        server.start()
    for one in producers:
        one.join()
    total, end = sum(counts.values()), time.monotonic() + WITHIN_S
    while (there := stored(server)) < total and time.monotonic() < end:
        stop.wait(0.5)
    seconds = time.monotonic() - began
    agent.terminate()
    assert agent.wait(30) == 0
    host = next(name for name in streams(server) if name.endswith("/a.log")).removesuffix("/a.log")
    same = {name: checked(server, f"{host}/{name}", entries(name, size, start_ms)) for name in counts}
    print(f"{MEGABYTES:g} MB, {total} entries in {seconds:.0f} s, {KILLS} kills of the server; {there} stored, {same}")
    assert same == counts
    assert there == total
    assert server.stop() == 0


def streams(server: LiveServer) -> list[str]:
    body = {"query": "stats count(*) as n by @logStream", "groups": ["files"], "start": "-14d"}
    rows = httpx.post(f"{server.url}/rest/v1/logs/query", json=body, timeout=60).raise_for_status().json()["rows"]
    return [row[0] for row in rows]
