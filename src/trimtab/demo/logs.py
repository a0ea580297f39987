"""What the model servers log, as OTLP/JSON requests: a line of each endpoint every half minute, for two days and on;
and what the kernel of the failing node wrote of its GPU.

Planted: since its last deploy the degraded endpoint has errors that it never had before. A line is a function of the
seed, the endpoint and the time, so that a history sent in parts is the one sent at once.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.demo.company import Pod
from trimtab.demo.endpoints import DEGRADED, DEGRADED_SINCE_H, Endpoint
from trimtab.demo.simulation import Shipment
from trimtab.demo.slab import Slab
from trimtab.demo.world import FAILING_GPU, FAILING_NODE, FINE_S, WARNING_H, XID_LOST, XID_WARNING, World, ago

PATH = "/v1/logs"
KEPT_H = 50.0
"""Hours of history before the anchor that have logs: a day, and the day before it to compare with."""
EVERY_MS = 30_000
NEW_ERROR = "KV cache exhausted"
"""Words of the error that came with the deploy."""
_LINES_A_REQUEST = 5_000  # some 2 MB
_NS = 1_000_000
_SEVERITIES = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}
_PATHS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")


class LogFeed:
    """The lines of every endpoint."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since_ms = ago(world.anchor_ms, KEPT_H)
        self._kernel = kernel_lines(world)
        self._replicas: dict[str, list[Pod]] = {}
        for pod, endpoint in world.company.replicas:
            self._replicas.setdefault(endpoint.name, []).append(pod)

    def shipments(self, slab: Slab) -> Iterator[Shipment]:
        """The requests of a slab: those of its times and, in a coarse one, of what lies between them."""
        first_ms = max(slab.first_ms - FINE_S * 1000 + 1, self._since_ms)
        last_ms = slab.last_ms + (slab.step_s - FINE_S) * 1000
        waiting: dict[str, list[dict[str, Any]]] = {}
        for tick in range(-(-first_ms // EVERY_MS) * EVERY_MS, last_ms + 1, EVERY_MS):
            for pods in self._replicas.values():
                account, resource = self._line(pods, tick)
                waiting.setdefault(account, []).append(resource)
                if len(waiting[account]) >= _LINES_A_REQUEST:
                    yield _request(account, waiting.pop(account))
        for account, resources in waiting.items():
            yield _request(account, resources)
        kernel = [line for line in self._kernel if slab.first_ms - FINE_S * 1000 < line[0] <= last_ms]
        if kernel:
            node = self._world.company.node_of[FAILING_NODE]
            records = [_record(at_ms, "ERROR", text) for at_ms, text in kernel]
            about = {"service.name": "kernel", "host.name": node.name}
            yield _request(node.account.id, [_resource(about, records)])

    def _line(self, pods: list[Pod], tick: int) -> tuple[str, dict[str, Any]]:
        """The account and the line, with its resource, of one endpoint at a tick."""
        endpoint = pods[0].endpoint
        if endpoint is None:
            raise AssertionError(f"{pods[0].name} serves nothing")
        chance = zlib.crc32(f"{self._world.seed}/{endpoint.name}/{tick}".encode())
        pod = pods[chance % len(pods)]
        severity, text = _deploy(endpoint, self._world, tick) or _said(endpoint, self._world, tick, chance)
        record = _record(tick - chance % EVERY_MS, severity, f"{severity} {text}")
        attributes = {
            "service.name": endpoint.name,
            "k8s.pod.name": pod.name,
            "host.name": pod.node.name,
            "team": pod.team,
        }
        return pod.node.account.id, _resource(attributes, [record])


def _record(at_ms: int, severity: str, text: str) -> dict[str, Any]:
    return {
        "timeUnixNano": str(at_ms * _NS),
        "severityNumber": _SEVERITIES[severity],
        "severityText": severity,
        "body": {"stringValue": text},
    }


def _resource(attributes: Mapping[str, str], records: list[dict[str, Any]]) -> dict[str, Any]:
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    return {"resource": {"attributes": pairs}, "scopeLogs": [{"logRecords": records}]}


def kernel_lines(world: World) -> list[tuple[int, str]]:
    """When (ms) the kernel of the failing node wrote what of its GPU."""
    place = f"PCI:0000:{0x53 + 0x10 * FAILING_GPU:02x}:00"
    return [
        (
            ago(world.anchor_ms, WARNING_H),
            f"NVRM: Xid ({place}): {XID_WARNING}, pid=21877, name=python, Contained: SM (0x1). RST: No, D-RST: No",
        ),
        (
            world.failed_ms,
            f"NVRM: Xid ({place}): {XID_LOST}, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
        ),
    ]


def _deploy(endpoint: Endpoint, world: World, tick: int) -> tuple[str, str] | None:
    for number, hours in enumerate(endpoint.deploys, 1):
        if ago(world.anchor_ms, hours) == tick:
            return "INFO", f"deployed revision {number + 11}: {endpoint.model} loaded in {38 + number * 3} s"
    return None


def _said(endpoint: Endpoint, world: World, tick: int, chance: int) -> tuple[str, str]:
    """One line: mostly requests, some of the engine's state, few complaints."""
    part, request, number = chance % 100, f"req-{chance}", chance >> 7
    if endpoint.name == DEGRADED and part < 12 and tick > ago(world.anchor_ms, DEGRADED_SINCE_H):
        return "ERROR", f"worker {number % 4}: {NEW_ERROR}, preempted {number % 17 + 1} sequences; CUDA graphs are off"
    if part < 70:
        took = round((endpoint.first_s + endpoint.token_s * endpoint.output) * 1000 * (0.7 + number % 60 / 100))
        path = _PATHS[number % len(_PATHS)]
        return "INFO", f"{request} POST {path} 200 in {took} ms, {number % 900 + 20} tokens"
    if part < 86:
        return "INFO", f"engine: {number % 40} running, {number % 7} waiting, KV cache {number % 60 + 20}% used"
    if part < 93:
        return "DEBUG", f"prefix cache hit rate {number % 100}%"
    if part < 98:
        return "WARN", f"{request} waited {number % 900 + 600} ms in the queue"
    return "ERROR", f"{request} failed: the client closed the connection after {number % 4000} ms"


def _request(account: str, resources: list[dict[str, Any]]) -> Shipment:
    return Shipment(account, PATH, json.dumps({"resourceLogs": resources}).encode(), len(resources))
