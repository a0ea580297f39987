"""A fleet that is not there: the pages over a real series registry and a reader that makes its numbers up.

Unit tests drive the pages with it; `python tests/browser/pretend.py [hosts]` serves it on port 4799 for a look.
"""

import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from browser.pretend_alarms import pretend_alarms
from browser.pretend_anomalies import pretend_anomalies
from browser.pretend_connect import PretendConnector
from browser.pretend_insights import pretend_insights
from browser.pretend_logs import PretendLogAnomalies, pretend_logs
from browser.pretend_notify import PretendNotify
from browser.pretend_runs import pretend_hangs, pretend_progress, pretend_runs
from browser.pretend_serverless import pretend_serverless
from browser.pretend_traces import pretend_traces
from matrix_by_requests import MatrixByRequests
from trimtab.access.grant import WHOLE, Grant
from trimtab.access.key import KeyInfo
from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import hash64
from trimtab.base.tags import make_tags
from trimtab.fleet.health.room import HealthReader
from trimtab.inventory.sources import SourceLedger
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.expressions.evaluate import Evaluator, check
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import Family
from trimtab.reports.dashboards.data import WidgetReader
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.dashboards.shares import ShareStore
from trimtab.reports.dashboards.store import DashboardStore
from trimtab.settings import describe
from trimtab.store.state.database import State
from trimtab.web.app import WebState, routes
from trimtab.web.assets import STATIC

ACCOUNT, REGION = "123456789012", "us-east-1"
EVERY_MS = 10_000
GIB = 2**30
MODES = {"user": 0.31, "system": 0.08, "iowait": 0.03, "nice": 0.01, "steal": 0.004, "idle": 0.566}
STATES = {"used": 9.4 * GIB, "cached": 4.1 * GIB, "buffers": 0.4 * GIB, "free": 2.1 * GIB}
PROCESSES = ("python3", "chromium", "postgres", "trimtab", "clickhouse", "node", "nginx", "sshd", "kworker", "systemd")

Point = tuple[str, str, dict[str, str], float, Kind]


def host_points() -> Iterable[Point]:
    """What an agent sends: metric, unit, dimensions, usual level, kind."""
    for mode, share in MODES.items():
        yield "system.cpu.utilization", "1", {"cpu.mode": mode}, share, Kind.GAUGE
    for span, load in (("1m", 1.8), ("5m", 1.5), ("15m", 1.2)):
        yield f"system.cpu.load_average.{span}", "{thread}", {}, load, Kind.GAUGE
    yield "system.cpu.logical.count", "{cpu}", {}, 8, Kind.GAUGE
    yield "system.memory.limit", "By", {}, 16 * GIB, Kind.GAUGE
    yield "system.uptime", "s", {}, 391_000, Kind.GAUGE
    for state, size in STATES.items():
        yield "system.memory.usage", "By", {"system.memory.state": state}, size, Kind.GAUGE
        yield "system.memory.utilization", "1", {"system.memory.state": state}, size / (16 * GIB), Kind.GAUGE
    for state, size in (("used", 0.3 * GIB), ("free", 1.7 * GIB)):
        yield "system.paging.usage", "By", {"system.paging.state": state}, size, Kind.GAUGE
    for direction, rate in (("read", 2.1e6), ("write", 5.4e6)):
        dimensions = {"system.device": "nvme0n1", "disk.io.direction": direction}
        yield "system.disk.io", "By", dimensions, rate, Kind.COUNTER
    for interface, scale in (("eth0", 1.0), ("lo", 0.2)):
        for direction, rate in (("receive", 8.2e6), ("transmit", 1.9e6)):
            dimensions = {"network.interface.name": interface, "network.io.direction": direction}
            yield "system.network.io", "By", dimensions, rate * scale, Kind.COUNTER
    for mount, device, share in (("/", "nvme0n1p1", 0.62), ("/data", "nvme1n1", 0.87)):
        place = {"system.device": device, "system.filesystem.mountpoint": mount}
        yield "system.filesystem.utilization", "1", {"system.filesystem.mountpoint": mount}, share, Kind.GAUGE
        for state, part in (("used", share), ("free", 1 - share)):
            yield "system.filesystem.usage", "By", place | {"system.filesystem.state": state}, part * 400e9, Kind.GAUGE
    for status, number in (("running", 3), ("sleeping", 214)):
        yield "system.processes.count", "{process}", {"status": status}, number, Kind.GAUGE
    for index, name in enumerate(PROCESSES):
        who = {"process.executable.name": name, "process.pid": str(900 + index * 37)}
        yield "process.cpu.utilization", "1", who, 1.4 / (index + 1) ** 1.3, Kind.GAUGE
        yield "process.memory.usage", "By", who, 1.9 * GIB / (index + 1), Kind.GAUGE


STEADY = ("DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE")
NODES = (
    # node, GPUs, model, namespace, pod, activity: one lets all idle, one is busy, one is free and has a broken GPU
    ("gpu-1", 8, "NVIDIA H100 80GB HBM3", "vision", "moe-ablation-0", 0.0),
    ("gpu-2", 8, "NVIDIA A100-SXM4-40GB", "assistant", "chat-70b-7d9f8c6b5-x2x4z", 0.8),
    ("gpu-3", 4, "NVIDIA L4", "", "", 0.0),
    # a scheduler's, whose series carry no workload
    ("train-1", 8, "NVIDIA H100 80GB HBM3", "", "", 0.0),
    ("train-2", 8, "NVIDIA H100 80GB HBM3", "", "", 0.6),
)
SERVICES = (
    # service, team, requests and failures a second, seconds at the median
    ("chat-70b", "assistant", 8.0, 0.4, 4.0),
    ("search-8b", "search", 20.0, 0.002, 0.6),
)


def gpu_points() -> Iterable[Point]:
    """What DCGM exporters send of the nodes."""
    for node, number, model, namespace, pod, activity in NODES:
        for index in range(number):
            who = {"Hostname": node, "gpu": str(index), "UUID": f"GPU-{node}-{index}", "modelName": model}
            if pod:
                who |= {"namespace": namespace, "pod": pod, "team": namespace}
            broken = (node, index) == ("gpu-3", 2)
            yield "DCGM_FI_PROF_SM_ACTIVE", "", who, activity, Kind.GAUGE
            yield "DCGM_FI_DEV_GPU_UTIL", "", who, activity * 100, Kind.GAUGE
            yield "DCGM_FI_DEV_FB_USED", "", who, 60_000 if pod else 200, Kind.GAUGE
            yield "DCGM_FI_DEV_FB_FREE", "", who, 20_000 if pod else 23_000, Kind.GAUGE
            yield "DCGM_FI_DEV_POWER_USAGE", "", who, 90 + 500 * activity, Kind.GAUGE
            yield "DCGM_FI_DEV_XID_ERRORS", "", who, 79.0 if broken else 0.0, Kind.GAUGE


def service_points() -> Iterable[Point]:
    """What model servers send."""
    for service, team, requests, failures, middle in SERVICES:
        pod = "chat-70b-7d9f8c6b5-x2x4z" if service == "chat-70b" else f"{service}-0"
        who = {"service": service, "namespace": team, "team": team, "pod": pod}
        for status, rate in (("200", requests), ("500", failures)):
            yield "http_requests_total", "", who | {"status": status}, rate, Kind.COUNTER
        yield "vllm:generation_tokens_total", "", who, requests * 210, Kind.COUNTER
        yield "vllm:num_requests_running", "", who, requests * middle, Kind.GAUGE
        yield "vllm:num_requests_waiting", "", who, failures * 10, Kind.GAUGE
        yield "vllm:kv_cache_usage_perc", "", who, 0.97 if failures > 0.1 else 0.4, Kind.GAUGE
        for bound, share in ((middle / 2, 0.2), (middle, 0.5), (middle * 4, 0.97), (float("inf"), 1.0)):
            le = "+Inf" if bound == float("inf") else repr(bound)
            yield "vllm:e2e_request_latency_seconds_bucket", "", who | {"le": le}, requests * share, Kind.COUNTER


class PretendReader(MatrixByRequests):
    """Answers statistics with waves around each series' level, every ten seconds since `begun_ms`."""

    def __init__(self, registry: SeriesRegistry, levels: dict[int, float], begun_ms: int, clock: Clock) -> None:
        self._registry = registry
        self.levels = levels
        self.begun_ms = begun_ms
        self._clock = clock
        self.failing: TrimtabError | None = None
        self.reads = 0

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.reads += 1
        if self.failing is not None:
            raise self.failing
        return [self._one(scope, request, start_ms, end_ms) for request in requests]

    def _one(self, scope: Scope, request: StatRequest, start_ms: int, end_ms: int) -> StatSeries:
        step = max(request.period_s * 1000, EVERY_MS)
        ids = [one for one in request.series if self._registry.readable(scope, one)]
        first = max(start_ms, self.begun_ms) // step * step
        times = np.arange(first, min(end_ms, self._clock.now_ms()), step, dtype=np.int64)
        if not ids or not len(times):
            return StatSeries(np.empty(0, np.int64), np.empty(0))
        if request.statistic.family is Family.SAMPLE_COUNT:
            return StatSeries(times, np.full(len(times), len(ids) * step / EVERY_MS))
        waves = np.array([self._wave(one, times) for one in ids])
        adds_up = request.statistic.family in (Family.RATE, Family.SUM)
        return StatSeries(times, waves.sum(axis=0) if adds_up else waves.mean(axis=0))

    def _wave(self, series: int, times: np.ndarray) -> np.ndarray:
        level, phase = self.levels[series], series % 628 / 100
        known = self._registry.get(series)
        if known is not None and known.identity.name in STEADY:
            return np.full(len(times), level)
        seconds = times / 1000
        slow = 0.22 * np.sin(seconds / 410 + phase) + 0.1 * np.sin(seconds / 73 + 2 * phase)
        noise = 0.05 * np.sin(seconds * 12.9898 + phase) * np.cos(seconds * 78.233)
        return level * (1 + slow + noise)


class PretendKeys:
    """A list of keys."""

    def __init__(self, keys: Sequence[KeyInfo] = ()) -> None:
        self._keys = list(keys)

    async def list(self, within: Grant = WHOLE) -> list[KeyInfo]:
        return self._keys


def fill(registry: SeriesRegistry, hosts: int, now_ms: int, last_ms: int) -> dict[int, float]:
    """Register `hosts` hosts and a few CloudWatch metrics; returns the level of each series."""
    levels: dict[int, float] = {}
    for number in range(hosts):
        name = f"web-{number + 1}"
        load = 0.5 + (hash64(name) % 100) / 100
        for metric, unit, dimensions, level, kind in host_points():
            pairs = make_tags(dimensions | {"host.name": name})
            series = registry.add(Identity(ACCOUNT, REGION, "trimtab/Host", metric, pairs, unit, kind))
            idle = dimensions.get("cpu.mode") == "idle"
            levels[series] = max(1 - load * 0.434, 0.02) if idle else level * (load if unit != "{cpu}" else 1)
            registry.seen(np.array([series], np.uint64), np.array([last_ms], np.int64))
    for service in ("checkout", "search") if hosts else ():
        pairs = make_tags({"Service": service})
        series = registry.add(Identity(ACCOUNT, REGION, "Shop", "Latency", pairs, "Milliseconds"))
        levels[series] = 40.0 if service == "search" else 120.0
        registry.seen(np.array([series], np.uint64), np.array([now_ms], np.int64))
    return levels


def fill_gpus(registry: SeriesRegistry, now_ms: int) -> dict[int, float]:
    """Register GPU nodes and what runs on them; returns the level of each series."""
    levels: dict[int, float] = {}
    for metric, unit, dimensions, level, kind in (*gpu_points(), *service_points()):
        series = registry.add(Identity(ACCOUNT, REGION, "Prometheus", metric, make_tags(dimensions), unit, kind))
        levels[series] = level
        registry.seen(np.array([series], np.uint64), np.array([now_ms], np.int64))
    return levels


def build_state(
    hosts: int,
    clock: Clock | None = None,
    *,
    since_ms: int = 3_600_000,
    silent_ms: int = 0,
    gpus: bool = False,
) -> WebState:
    """The pages' dependencies over `hosts` made-up hosts that began `since_ms` ago and are silent for `silent_ms`.

    With `gpus` there are GPU nodes and model servers too.
    """
    clock = clock or SystemClock()
    now = clock.now_ms()
    registry = SeriesRegistry(cast("Any", None), clock)
    levels = fill(registry, hosts, now, now - silent_ms)
    levels |= fill_gpus(registry, now) if gpus else {}
    ledger = SourceLedger(cast("Any", None), clock)
    if hosts:
        for number in range(hosts):
            ledger.accepted("otlp", f"web-{number + 1}", ACCOUNT, REGION, 139 * 40, 9_000 * 40)
        ledger.accepted("cloudwatch", "Boto3/1.44.8", ACCOUNT, REGION, 2_000, 96_000)
        example = '<script>alert("x")</script> {"MetricName": "Latency", "Value": NaN}'
        ledger.rejected("cloudwatch", "Boto3/1.44.8", ACCOUNT, REGION, "value is not a number", example, 3)
    keys = [KeyInfo("AKIAIOSFODNN7EXAMPLE", "aws", "ci", Role.WRITE, ACCOUNT, now - 86_400_000, now - 60_000, None)]
    reader = PretendReader(registry, levels, now - since_ms, clock)
    runs = pretend_runs(reader, registry, clock, bool(hosts) and gpus)
    return WebState(
        reader=cast("Any", reader),
        registry=registry,
        evaluator=Evaluator(reader, registry, clock, NoBands()),
        sources=ledger,
        dashboards=build_dashboards(Evaluator(reader, registry, clock, NoBands()), registry, clock),
        alarms=pretend_alarms(reader, registry, clock),
        anomalies=pretend_anomalies(registry, clock),
        logs=pretend_logs(clock, full=bool(hosts)),
        bottlenecks=pretend_traces(clock, full=bool(hosts)),
        log_insights=pretend_insights(clock),
        log_anomalies=cast("Any", PretendLogAnomalies(clock)) if hosts else None,
        serverless=pretend_serverless(clock, full=bool(hosts)),
        runs=runs,
        progress=pretend_progress(runs, bool(hosts) and gpus),
        hangs=pretend_hangs(runs, bool(hosts) and gpus),
        gpu_health=HealthReader(cast("Any", reader), registry, cast("Any", runs.ledger), runs.room.runs, clock),
        keys=cast("Any", PretendKeys(keys if hosts else ())),
        notify=cast("Any", PretendNotify(now, bool(hosts))),
        settings=describe({}),
        clock=clock,
        version="0.1.0",
        connector=PretendConnector(now, empty=not hosts),
    )


def add_fault(state: WebState, node: str, code: str) -> None:
    """A fault of a node's first GPU that lines of its kernel log tell again and again."""
    about = {"host.name": node, "gpu.uuid": f"GPU-{node}-0", "gpu.number": "0", "error.type": code}
    series = state.registry.add(Identity(ACCOUNT, REGION, "trimtab/Host", "gpu.faults", make_tags(about), "Count"))
    state.registry.seen(np.array([series], np.uint64), np.array([state.clock.now_ms()], np.int64))
    cast("PretendReader", state.reader).levels[series] = 1.0


def build_dashboards(evaluator: Evaluator, registry: SeriesRegistry, clock: Clock) -> DashboardRoom:
    """Dashboards over a state database of their own, empty but for the starters."""
    state = State.open("", Path(tempfile.mkdtemp()))
    return DashboardRoom(
        store=DashboardStore(state, clock),
        shares=ShareStore(state, clock),
        widgets=WidgetReader(evaluator, check, registry, clock),
        finder=registry,
        clock=clock,
        account=ACCOUNT,
    )


class Sign:
    """Middleware in the guard's place: every request comes from `principal`."""

    def __init__(self, app: ASGIApp, principal: Principal) -> None:
        self._app = app
        self._principal = principal

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = self._principal
        await self._app(scope, receive, send)


def build_app(state: WebState, principal: Principal = LOCAL_OPERATOR, static: Path = STATIC) -> Starlette:
    """An application of the pages alone."""
    return Starlette(routes=routes(state, static), middleware=[Middleware(Sign, principal=principal)])


class Heartbeat(SystemClock):
    """The machine's clock; the made-up hosts report at every look at it."""

    def __init__(self) -> None:
        self._state: WebState | None = None
        self._ids: np.ndarray = np.empty(0, np.uint64)

    def watch(self, state: WebState) -> None:
        """From now on every series of `state` has just been seen."""
        self._state = state
        self._ids = np.array(list(cast("Any", state.reader).levels), np.uint64)

    def now_ms(self) -> int:
        now = super().now_ms()
        if self._state is not None and len(self._ids):
            self._state.registry.seen(self._ids, np.full(len(self._ids), now, np.int64))
        return now


def main() -> None:
    """`pretend.py [hosts] [seconds since they began] [port]`: serve until stopped; an even number has GPUs too."""
    hosts, since_s, port = (int(text) for text in [*sys.argv[1:], *("1", "3600", "4799")[len(sys.argv) - 1 :]])
    clock = Heartbeat()
    state = build_state(hosts, clock, since_ms=since_s * 1000, gpus=hosts > 0 and hosts % 2 == 0)
    clock.watch(state)
    uvicorn.run(build_app(state), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
