"""The engine scales a real model server from 1 to N and back under an hour of public LLM traffic, with killed workers.

Run as `python bench/bench_live_scaling.py DIR`, DIR in the layout of the Azure LLM inference traces, or of
`alibaba_genai_v2026` (its requests of images). `--hours` of it are played `--compress` times as fast, every
`--thin`th request, against `bench/scaling_worker.py` behind the local process pool of a trimtab of its own; at a
third and at two thirds the busiest worker is killed. Beside it the simulator replays the same requests one by one
under the same policy and the same kills, with what was measured: the time that a request takes a worker that is idle,
and that of a launch. Where between two requests a tick falls is chance: it is simulated for ten places, of which the
mean counts. The last line is JSON: `failed_beyond_in_flight` must be 0, `cost_ratio` and `p95_ratio` are live ÷
simulated, `lateness_p95_s` says how far behind the machine was in sending (more than 0.1 s: it was not quiet).
"""

import argparse
import asyncio
import csv
import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from scaling_traces import seconds

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.scaling.policies.objective import Objective
from trimtab.scaling.replay.lanes import Group
from trimtab.scaling.replay.requests import RequestReplay, replay_requests

PROBES = 9
"""Requests that an idle worker is asked before, one after another: what one takes with its way there and back."""
LAG_S = 2.0
"""How old what the engine sees is: the pool is measured every second, and a second passes until it can be read."""
DECIDED_S = 0.25
"""How long after a tick it is decided, on average: the engine asks every half second what is due."""
MOST, PRICE, QUEUE_S = 12, Decimal("3.6"), 60.0
PHASES = tuple(at / 10 for at in range(10))
"""Where the first request is between two ticks, which are a second apart."""
POLICY = {"headroom": 0.5, "drain_s": 2.0, "calm_s": 20.0}
HERE = Path(__file__).parent


@dataclass
class Run:
    """What the client saw."""

    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    service_s: float = 0.0
    failed: list[str] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    killed_s: list[float] = field(default_factory=list)
    in_flight: int = 0
    replicas: list[tuple[float, int, int]] = field(default_factory=list)
    launches: dict[str, float] = field(default_factory=dict)


def arrivals_of(directory: Path, options: argparse.Namespace) -> np.ndarray:
    """Seconds at which requests are sent."""
    azure = sorted(directory.glob("AzureLLMInferenceTrace_*.csv"))
    images = sorted(directory.glob("lora_request_trace*.csv.gz"))
    if azure:
        with azure[0].open(newline="") as text:
            times = np.array([seconds(row["TIMESTAMP"]) for row in csv.DictReader(text)])
    elif images:
        with gzip.open(images[0], "rt", newline="") as text:
            times = np.array([seconds(row["gmt_create"]) for row in csv.DictReader(text)])
    else:
        sys.exit(f"{directory} has no requests that this bench knows")
    times = np.sort(times) - times.min() - options.skip_hours * 3600
    return times[(times >= 0) & (times < options.hours * 3600)][:: options.thin] / options.compress


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def file_of(folder: Path, port: int, capacity: float, load_s: float) -> Path:
    """The settings' file with one pool."""
    path = folder / "scaling.toml"
    worker = [sys.executable, str(HERE / "scaling_worker.py"), "--port", "{port}", "--load-s", str(load_s)]
    path.write_text(
        f'[pools.model]\ncommand = {json.dumps(worker)}\nlisten = "127.0.0.1:{port}"\nzones = ["a", "b", "c"]\n'
        f"capacity = {capacity}\nlaunch_s = {load_s + 0.5}\ntick_s = 1\nleast = 1\nmost = {MOST}\nqueue_s = {QUEUE_S}\n"
        f'price_per_hour = {PRICE}\nhealth_path = "/healthz"\n'
    )
    return path


async def main(options: argparse.Namespace) -> None:
    arrivals = arrivals_of(options.directory, options)
    print(f"{len(arrivals)} requests in {arrivals[-1]:.0f} s, {options.service_s} s each")
    if options.api:
        found, target = await live(options.api, options.front, arrivals, options)
        report(arrivals, found, target, options)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder, http, front = Path(temporary), free_port(), free_port()
        file = file_of(folder, front, 1 / options.service_s, options.load_s)
        off = {f"TRIMTAB_{name}_ADDR": "off" for name in ("OTLP_GRPC", "OTLP_HTTP", "EMF", "STATSD", "XRAY_UDP")}
        own = {"TRIMTAB_DATA_DIR": str(folder / "data"), "TRIMTAB_HTTP_ADDR": f"127.0.0.1:{http}",
               "TRIMTAB_SCALING_FILE": str(file), "TRIMTAB_AGENT": "0"}  # fmt: skip
        server = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
            [sys.executable, "-m", "trimtab", "up"], env={**os.environ, **off, **own},
                                  stdout=subprocess.DEVNULL)  # fmt: skip
        try:
            found, target = await live(f"http://127.0.0.1:{http}", f"http://127.0.0.1:{front}", arrivals, options)
        finally:
            server.terminate()
            server.wait(60)
    report(arrivals, found, target, options)


async def live(api: str, front: str, arrivals: np.ndarray, options: argparse.Namespace) -> tuple[Run, dict[str, Any]]:
    """Play the requests; what the client saw, and what the engine says of its target."""
    run = Run()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        await until(client, f"{api}/readyz", 300)
        await until(client, f"{front}/healthz", 120)
        targets = (await client.get(f"{api}/rest/v1/scaling/targets")).json()["targets"]
        path = f"{api}/rest/v1/scaling/targets/{targets[0]['id']}"
        await put(client, f"{path}/policies/objective", {"kind": "Objective", "document": POLICY})
        await put(client, f"{path}/mode", {"mode": "act", "confirm": targets[0]["resource"]})
        await client.post(f"{path}/scale", json={"desired": 1})
        await back_to_one(client, path)
        run.service_s = await probed(client, front, options.service_s)
        await back_to_one(client, path)
        spent = float((await client.get(path)).json()["target"]["decision"]["spent"])
        began = time.monotonic()
        watching = asyncio.create_task(watch(client, path, run, began))
        killing = asyncio.create_task(kill(client, path, run, [arrivals[-1] / 3, arrivals[-1] * 2 / 3], began))
        sent = []
        for at in arrivals:
            await asyncio.sleep(max(0.0, began + at - time.monotonic()))
            run.late.append(time.monotonic() - began - at)
            sent.append(asyncio.create_task(ask(client, front, options.service_s, run)))
        await asyncio.gather(*sent, killing)
        took = time.monotonic() - began
        told = (await client.get(path)).json()["target"]
        last = await back_to_one(client, path)
        watching.cancel()
        run.replicas.append((time.monotonic() - began, last, 0))  # 1 at once, perhaps: nobody watched at that moment
        done = (await client.get(f"{api}/rest/v1/scaling/activities?limit=1000")).json()["activities"]
    return run, {"spent": float(told["decision"]["spent"]) - spent, "took": took, "activities": done}


async def until(client: httpx.AsyncClient, url: str, seconds_: float) -> None:
    for _ in range(round(seconds_ * 2)):
        try:
            if (await client.get(url, timeout=5)).is_success:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.5)
    sys.exit(f"{url} does not answer")


async def back_to_one(client: httpx.AsyncClient, path: str) -> int:
    """Wait until one worker is left, two minutes at most; how many there are then."""
    for _ in range(120):
        ready = int((await client.get(path)).json()["target"]["standing"]["ready"])
        if ready == 1:
            break
        await asyncio.sleep(1)
    return ready


async def probed(client: httpx.AsyncClient, front: str, service_s: float) -> float:
    """Seconds that a request takes through the proxy when nothing waits."""
    probe = Run()
    for _ in range(PROBES):
        await ask(client, front, service_s, probe)
    return float(np.median(probe.latencies))


async def put(client: httpx.AsyncClient, url: str, body: object) -> None:
    (await client.put(url, json=body)).raise_for_status()


async def ask(client: httpx.AsyncClient, front: str, service_s: float, run: Run) -> None:
    began = time.monotonic()
    try:
        answer = await client.post(f"{front}/v1/completions", content=str(service_s).encode())
        if answer.status_code == 200:
            run.latencies.append(time.monotonic() - began)
        else:
            run.failed.append(f"{answer.status_code} {answer.text.strip()[:120]}")
    except httpx.HTTPError as problem:
        run.failed.append(repr(problem))


async def watch(client: httpx.AsyncClient, path: str, run: Run, began: float) -> None:
    while True:
        told = (await client.get(path)).json()["target"]["standing"]
        run.replicas.append((time.monotonic() - began, told["ready"], told["coming"]))
        run.launches |= {one["name"]: one["launch_s"] for one in told["workers"] if one["launch_s"]}
        await asyncio.sleep(1.0)


async def kill(client: httpx.AsyncClient, path: str, run: Run, times: list[float], began: float) -> None:
    """Kill the busiest worker at the first moment after each time at which it serves something."""
    for at in times:
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        for _ in range(600):
            standing = (await client.get(path)).json()["target"]["standing"]
            if standing["ready"] >= 2 and any(one["serving"] for one in standing["workers"]):
                break
            await asyncio.sleep(0.1)
        answer = await client.post(f"{path}/chaos", json={"worker": ""})
        if answer.is_success:
            run.killed.append(answer.json()["killed"])
            run.killed_s.append(time.monotonic() - began)
            run.in_flight += int(run.killed[-1].split(" with ")[1].split()[0])
            print(f"at {time.monotonic() - began:.0f} s: {run.killed[-1]}")


def simulated(arrivals: np.ndarray, run: Run, took: float, launch_s: float, service_s: float) -> list[RequestReplay]:
    """The same requests and kills, simulated for each phase. `service_s` is the inverse of a replica's capacity."""
    pool = Pool("model", 1 / service_s, PRICE)
    fleet = Fleet((pool,), 1.0, DECIDED_S + launch_s, least=1, most=MOST, metric_lag_s=LAG_S)
    group = Group(fleet, (Objective(**POLICY),), block_in=False)
    asked = np.full(len(arrivals), run.service_s)
    sent = np.maximum.accumulate(arrivals + np.array(run.late))
    return [
        replay_requests(sent + at, asked, group, seconds=took + at, kills_s=tuple(one + at for one in run.killed_s))
        for at in PHASES
    ]


def report(arrivals: np.ndarray, run: Run, target: dict[str, Any], options: argparse.Namespace) -> None:
    latencies = np.array(run.latencies)
    scaled = [one for one in target["activities"] if one["did"] == "scale"]
    outs = [one for one in scaled if (one["after"] or 0) > (one["before"] or 0)]
    recoveries = [one["details"]["recovery_s"] for one in target["activities"] if one["did"] == "replace"]
    launch_s = float(np.median(list(run.launches.values())))
    seconds_live = target["spent"] / float(PRICE) * 3600
    beside = simulated(arrivals, run, target["took"], launch_s, options.service_s)
    seconds_simulated = float(np.mean([one.replica_seconds for one in beside]))
    p95s = [one.quantile(0.95) for one in beside]
    p95_simulated = float(np.mean(p95s))
    p95 = float(np.quantile(latencies, 0.95))
    for words in run.failed:
        print(f"failed: {words}")
    ready = [ready for _, ready, _ in run.replicas]
    most = max(int(one.paid.max()) for one in beside)
    print(f"replicas: {ready[0]} → {max(ready)} → {ready[-1]}; the simulator goes to {most}")
    figures = {
        "requests": len(arrivals),
        "failed": len(run.failed),
        "in_flight_of_killed": run.in_flight,
        "failed_beyond_in_flight": max(0, len(run.failed) - run.in_flight),
        "first_replicas": ready[0],
        "most_replicas": max(ready),
        "last_replicas": ready[-1],
        "scale_outs": len(outs),
        "launch_s": round(launch_s, 2),
        "service_s": round(run.service_s, 3),
        "lateness_p95_s": round(float(np.quantile(run.late, 0.95)), 3),
        "recovery_s": recoveries,
        "slo_kept": bool(np.quantile(latencies, 0.95) <= options.slo_s),
        "within_slo": round(float((latencies <= options.slo_s).mean()), 4),
        "slo_s": options.slo_s,
        "p50_s": round(float(np.quantile(latencies, 0.5)), 3),
        "p95_s": round(p95, 3),
        "p95_simulated_s": round(p95_simulated, 3),
        "p95_simulated_between_s": [round(min(p95s), 3), round(max(p95s), 3)],
        "p50_simulated_s": round(float(np.mean([one.quantile(0.5) for one in beside])), 3),
        "p95_ratio": round(p95 / p95_simulated, 3),
        "replica_seconds": round(seconds_live, 1),
        "replica_seconds_simulated": round(seconds_simulated, 1),
        "cost_ratio": round(seconds_live / seconds_simulated, 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--hours", type=float, default=1.0, help="how much of the trace is played")
    parser.add_argument("--skip-hours", type=float, default=0.0, help="where in the trace it begins")
    parser.add_argument("--compress", type=float, default=12.0, help="how many times as fast it goes by")
    parser.add_argument("--thin", type=int, default=30, help="every so manyth request is sent")
    parser.add_argument("--service-s", type=float, default=1.0, help="seconds that a request takes")
    parser.add_argument("--load-s", type=float, default=1.0, help="seconds that a worker needs to load its model")
    parser.add_argument("--api", default="", help="a trimtab that runs, with one pool as `file_of` writes it, of 1 now")
    parser.add_argument("--front", default="", help="the pool's address there")
    parser.add_argument(
        "--slo-s", type=float, default=3.0, help="seconds within which 95 %% of requests should be answered"
    )
    asyncio.run(main(parser.parse_args()))
