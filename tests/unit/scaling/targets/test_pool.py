"""A pool of real processes behind the real proxy: launched, killed, replaced, drained."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from trimtab.base.clock import SystemClock
from trimtab.doors import proxy
from trimtab.scaling.engine.model import Did
from trimtab.scaling.targets.file import PoolSettings
from trimtab.scaling.targets.pool.pool import Pool

_WORKER = """
import sys, time, os
from http.server import BaseHTTPRequestHandler, HTTPServer
class H(BaseHTTPRequestHandler):
    def do_GET(self): self.say(b"ok")
    def do_POST(self):
        said = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if said == "end":  # as a process that is killed: its connections close before what it listens on
            self.connection.shutdown(2)
            time.sleep(0.3)
            os._exit(1)
        if said.startswith("/"):  # a file that it waits for; a mark beside it says that it does
            open(said + os.environ["ZONE"], "w").close()
            while not os.path.exists(said): time.sleep(0.01)
        else: time.sleep(float(said))
        self.say(os.environ["ZONE"].encode())
    def say(self, body):
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), H).serve_forever()
"""


async def _until(true: Callable[[], bool], what: str) -> None:
    for _ in range(1200):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(what)


def _run(tmp_path: Path, play: Callable[[Pool, httpx.AsyncClient, list[Any]], Awaitable[None]]) -> None:
    path = tmp_path / "worker.py"
    path.write_text(_WORKER)
    settings = PoolSettings(command=[sys.executable, "-S", str(path)], zones=["a", "b"], health_every_s=0.2, drain_s=5)
    told: list[tuple[Did, str, Mapping[str, Any]]] = []

    async def tell(did: Did, words: str, cause: str, details: Mapping[str, Any]) -> None:
        told.append((did, cause, details))

    async def run() -> None:
        pool, listener = Pool("chat", settings, SystemClock(), tell), socket.socket()
        listener.bind(("127.0.0.1", 0))
        async with proxy.serving(pool, SystemClock(), listener) as url:
            task = asyncio.create_task(pool.run())
            async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
                await play(pool, client, told)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert all(one.process.returncode is not None for one in [*pool.workers, *pool.ended])

    asyncio.run(run())


def test_only_what_a_killed_worker_serves_fails_and_it_is_replaced(tmp_path: Path) -> None:
    async def play(pool: Pool, client: httpx.AsyncClient, told: list[Any]) -> None:
        pool.ask_for(2)
        await _until(lambda: len(pool.ready()) == 2, "two workers")
        assert {"a": 1, "b": 1} == pool.standing().zones
        go = tmp_path / "go"
        sent = [asyncio.create_task(client.post("/", content=str(go))) for _ in range(2)]
        await _until(lambda: all((tmp_path / f"go{zone}").exists() for zone in "ab"), "both serve")
        sent += [asyncio.create_task(client.post("/", content="0.1")) for _ in range(6)]
        await _until(lambda: len(pool.waiting) == 6, "six wait")
        victim = pool.kill_worker()
        assert 1 == victim.serving
        go.touch()
        answers = [(await one).status_code for one in sent]
        assert [200] * 7 + [502] == sorted(answers)
        await _until(lambda: bool(told), "the replacement is told")
        did, cause, details = told[0]
        assert (Did.REPLACE, True) == (did, details["recovery_s"] > 0)
        assert "killed by hand with 1 requests in flight" in cause
        assert 2 == len(pool.ready())
        assert (8, 1) == (pool.counts.requests, pool.counts.failed)

    _run(tmp_path, play)


def test_who_waits_for_a_worker_that_ends_gets_its_successor(tmp_path: Path) -> None:
    async def play(pool: Pool, client: httpx.AsyncClient, told: list[Any]) -> None:
        pool.ask_for(1)
        await _until(lambda: len(pool.ready()) == 1, "a worker")
        sent = [asyncio.create_task(client.post("/", content=content)) for content in ("end", "0.1")]
        assert [200, 502] == sorted([(await one).status_code for one in sent])
        assert 1 == len(pool.ended)

    _run(tmp_path, play)


def test_a_zone_that_is_down_takes_no_worker_and_what_is_drained_ends_its_requests(tmp_path: Path) -> None:
    async def play(pool: Pool, client: httpx.AsyncClient, told: list[Any]) -> None:
        pool.ask_for(3)
        await _until(lambda: len(pool.ready()) == 3, "three workers")
        killed = pool.kill_zone("a", 60.0)
        assert {"a"} == {one.zone for one in killed}
        await _until(lambda: len(pool.ready()) == 3 and not any(one.zone == "a" for one in pool.ready()), "all in b")
        sent = [asyncio.create_task(client.post("/", content="0.5")) for _ in range(3)]
        await _until(lambda: sum(one.serving for one in pool.workers) == 3, "all serve")
        pool.ask_for(1)
        assert ["b"] * 3 == [(await one).text for one in sent]  # two of them on workers that were being drained
        await _until(lambda: len(pool.workers) == 1, "one is left")
        assert "ok" == (await client.get("/healthz")).text

    _run(tmp_path, play)
