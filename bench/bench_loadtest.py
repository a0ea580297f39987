"""Load tests against servers of known capacity: `bench_loadtest.py [--speed-only] [LOCUST]`; the last line is JSON.

Servers are queueing models (`queue_server.py`) with one server and exponential service, whose capacity under an
objective is known: P(T > L) = exp(−(μ − λ) L). `capacity_error` is the worst relative error, `seconds_of_sweep` the
time to the answer ÷ that of a fixed sweep of ten loads of a minute, `p99_overlap` the share of levels at which the
server's own p99 lies in the interval. `requests_per_core_s` is what one core sends in a closed loop (CPU time),
`beside_httpx` how many times what httpx sends, `beside_locust` what the FastHttpUser of a locust program sends, where
its path is given. Run it alone on two cores: what other programs do is in its figures, least in those of
`--speed-only`, which count CPU time.
"""

import asyncio
import itertools
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import httpx
import uvloop

from trimtab.inference.drive import Driver
from trimtab.inference.level import Level
from trimtab.inference.load.held import Held
from trimtab.inference.load.histogram import Histogram
from trimtab.inference.load.http import Address, HttpSender, Prepared, request_bytes
from trimtab.inference.load.record import total
from trimtab.inference.load.run import Limits, Users, closed_loop
from trimtab.inference.load.target import Payload, Target
from trimtab.inference.objective import Objective
from trimtab.inference.search import Plan

SWEEP_S = 600.0
SERVERS = ((2.0, 100.0), (1.0, 60.0))  # mean service, ms; the objective's latency, ms
SECONDS = 4.0


class Server:
    """A queueing model in a process of its own."""

    def __init__(self, mean_ms: float, distribution: str = "exponential", workers: int = 1) -> None:
        script = Path(__file__).with_name("queue_server.py")
        options = ["--mean-ms", str(mean_ms), "--distribution", distribution, "--workers", str(workers)]
        self.process = subprocess.Popen([sys.executable, script, *options], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/x"

    def own(self) -> Histogram:
        """The latencies that it saw itself."""
        with urllib.request.urlopen(self.url.replace("/x", "/stats")) as answer:
            return Histogram(dict(map(tuple, json.load(answer)["pairs"])))

    def reset(self) -> None:
        """Forget them."""
        urllib.request.urlopen(urllib.request.Request(self.url.replace("/x", "/reset"), method="POST")).close()

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


def capacity(mean_ms: float, limit_ms: float) -> tuple[float, float]:
    """(relative error, seconds) of one server."""
    server = Server(mean_ms)
    truth = 1000 / mean_ms - math.log(100) / (limit_ms / 1000)

    def said(level: Level) -> None:
        print(f"  {level.rate:8.1f}/s {level.point.seconds:5.1f} s {level.standing.latency} {level.standing.verdict}")

    target = Target(server.url, payload=Payload(b'{"a":1}'))
    found = uvloop.run(Driver(target, said=said).capacity(Plan(Objective(limit_ms), most_s=240)))
    server.close()
    value = found.found.capacity.value
    print(f"capacity {value:.1f}, truth {truth:.1f}, {found.seconds:.0f} s, {found.found.capacity}")
    return value / truth - 1, found.seconds


def overlap() -> tuple[float, int]:
    """(the share of levels whose p99 interval holds the server's own p99, requests)."""
    server, hits, requests = Server(1.0), [], 0
    target = Target(server.url, payload=Payload(b'{"a":1}'))
    for rate in (300.0, 600.0, 800.0):
        server.reset()
        result = uvloop.run(Driver(target).hold(Held(30.0, rate), Objective(100.0)))
        p99, own = result.levels[0].point.latency_ms["p99"], server.own().quantile(0.99) / 1000
        hits.append(p99.lower <= own <= p99.upper)
        requests += result.levels[0].point.requests
        print(f"  {rate:.0f}/s: p99 {p99}, the server's own {own:.2f} ms")
    server.close()
    return sum(hits) / len(hits), requests


async def ours(url: str) -> float:
    """Requests a second of CPU time."""
    address = Address.of(url)
    sender = HttpSender(address)
    await sender.open(16)
    prepared = itertools.repeat(Prepared(request_bytes(address, b'{"a":1}', {"Content-Type": "application/json"})))
    before = time.process_time()
    record = await closed_loop(sender, prepared, Users(16), Limits(SECONDS))
    await sender.close()
    return total(record.slices).good / (time.process_time() - before)


async def _others(ask) -> float:
    end, count, before = time.monotonic() + SECONDS, 0, time.process_time()

    async def user() -> None:
        nonlocal count
        while time.monotonic() < end:
            await ask()
            count += 1

    await asyncio.gather(*(user() for _ in range(16)))
    return count / (time.process_time() - before)


async def with_httpx(url: str) -> float:
    async with httpx.AsyncClient() as client:
        return await _others(lambda: client.post(url, content=b'{"a":1}'))


USER = """
from locust import FastHttpUser, task
class User(FastHttpUser):
    @task
    def ask(self):
        self.client.post("/x", data=b'{"a":1}', headers={"Content-Type": "application/json"})
"""


def with_locust(url: str, locust: str) -> float:
    """Requests a second of CPU time of 16 users of locust; starting and stopping it is taken off."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "user.py"
        script.write_text(USER)

        def run(seconds: int) -> tuple[float, int]:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            options = ["--headless", "-u", "16", "-r", "16", "-t", f"{seconds}s", "--host", url.removesuffix("/x")]
            found = subprocess.run(
                [locust, "-f", script, *options, "--json"], capture_output=True, text=True, check=False
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return used, sum(one["num_requests"] for one in json.loads(found.stdout))

        short, long = run(2), run(10)
    return (long[1] - short[1]) / (long[0] - short[0])


def main() -> None:
    arguments = [one for one in sys.argv[1:] if one != "--speed-only"]
    server = Server(0.01, "constant", 64)
    speeds = {one.__name__: uvloop.run(one(server.url)) for one in (ours, with_httpx)}
    if arguments:
        speeds["with_locust"] = with_locust(server.url, arguments[0])
    server.close()
    print({name: round(value) for name, value in speeds.items()}, "requests a CPU-second")
    beside = {f"beside_{name[5:]}": round(speeds["ours"] / speeds[name], 2) for name in speeds if name != "ours"}
    figures: dict[str, float] = {"requests_per_core_s": round(speeds["ours"]), **beside}
    if "--speed-only" in sys.argv:
        print(json.dumps(figures))
        return
    share, requests = overlap()
    found = [capacity(*one) for one in SERVERS]
    figures |= {
        "p99_overlap": round(share, 3),
        "p99_requests": requests,
        "capacity_error": round(max(abs(error) for error, _ in found), 4),
        "seconds_of_sweep": round(max(seconds for _, seconds in found) / SWEEP_S, 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
