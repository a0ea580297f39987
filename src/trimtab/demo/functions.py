"""What three serverless functions log, as Lambda writes it: START, END and REPORT of each invocation, by OTLP.

Planted: one has twelve times the memory that it needs, one begins cold too often and sometimes runs out of time. An
invocation is a function of the seed, the function and the time at which it ends.
"""

import json
import math
import zlib
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from trimtab.base.clock import to_datetime
from trimtab.demo.company import RESEARCH, SERVING, Account
from trimtab.demo.logs import KEPT_H, PATH
from trimtab.demo.simulation import Shipment
from trimtab.demo.slab import Slab
from trimtab.demo.world import FINE_S, World, ago

_LINES_A_REQUEST = 5_000
_NS = 1_000_000
_DAY_MS = 86_400_000
_SANDBOX_MS = 6 * 3_600_000
"""How long a sandbox, and so a log stream, lives."""
NEW_VERSION_H = 20.0
"""Hours before the anchor at which the router's new version was published."""


class Function(Struct, frozen=True):
    """A function: by day an invocation ends every `every_s`, takes `median_s` or so, uses `used_mb` of `memory_mb`.

    Its version before had `before_mb` of memory (0: as much) and took longer by as much as it had less of a CPU. Of a
    hundred, `cold` begin in a new sandbox, which takes `init_s`; `late` run out of `timeout_s`; `failing` fail.
    """

    name: str
    team: str
    account: Account
    every_s: int
    median_s: float
    memory_mb: int
    used_mb: int
    arch: str
    versions: tuple[str, str]
    cold: int
    init_s: float
    late: int = 0
    failing: int = 0
    timeout_s: int = 30
    sandboxes: int = 4
    before_mb: int = 0

    def memory_of(self, *, new: bool) -> int:
        """The memory of a version."""
        return self.memory_mb if new else self.before_mb or self.memory_mb


ROUTER = Function("prompt-router", "assistant", SERVING, 15, 0.046, 512, 188, "arm64", ("41", "42"), 1, 0.38, failing=1,
                  before_mb=384)  # fmt: skip
ROOMY = Function("thumbnail-maker", "vision", RESEARCH, 30, 0.82, 3008, 214, "amd64", ("$LATEST", "$LATEST"), 3, 0.61)
COLD = Function("eval-notifier", "search", SERVING, 120, 0.34, 1024, 590, "amd64", ("7", "7"), 38, 4.2, late=4)
FUNCTIONS = (ROUTER, ROOMY, COLD)


class FunctionFeed:
    """The lines of every function."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since_ms = ago(world.anchor_ms, KEPT_H)

    def shipments(self, slab: Slab) -> Iterator[Shipment]:
        """The requests of a slab: invocations that end at its times and, in a coarse one, between them."""
        first_ms = max(slab.first_ms - FINE_S * 1000 + 1, self._since_ms)
        last_ms = slab.last_ms + (slab.step_s - FINE_S) * 1000
        for function in FUNCTIONS:
            every_ms = function.every_s * 1000
            waiting: dict[str, list[dict[str, Any]]] = {}
            lines = 0
            for tick in range(-(-first_ms // every_ms) * every_ms, last_ms + 1, every_ms):
                if not self._wanted(function, tick):
                    continue
                stream, records = self._invocation(function, tick)
                waiting.setdefault(stream, []).extend(records)
                lines += len(records)
                if lines >= _LINES_A_REQUEST:
                    yield _request(function, waiting, lines)
                    waiting, lines = {}, 0
            if waiting:
                yield _request(function, waiting, lines)

    def _wanted(self, function: Function, tick: int) -> bool:
        """Whether there is an invocation at a tick: fewer at night than by day."""
        share = 0.62 + 0.38 * math.sin(2 * math.pi * (tick % _DAY_MS / _DAY_MS - 0.35))
        return zlib.crc32(f"{self._world.seed}/{function.name}/{tick}?".encode()) % 1000 < share * 1000

    def _invocation(self, function: Function, tick: int) -> tuple[str, list[dict[str, Any]]]:
        """The stream and the lines of the invocation that ends at a tick."""
        chance = zlib.crc32(f"{self._world.seed}/{function.name}/{tick}".encode())
        part, number = chance % 100, chance >> 7
        new = tick > ago(self._world.anchor_ms, NEW_VERSION_H)
        version, memory_mb = function.versions[new], function.memory_of(new=new)
        cold, late = part < function.cold, part >= 100 - function.late
        failed = not late and part >= 100 - function.late - function.failing
        took_ms = function.median_s * 1000 * (0.6 + number % 97 / 100) * (3 if number % 41 == 0 else 1)
        took_ms *= (function.memory_mb / memory_mb) ** 0.8
        took_ms = float(function.timeout_s * 1000) if late else took_ms + number % 100 / 100
        init_ms = function.init_s * 1000 * (0.8 + number % 53 / 130) if cold else 0.0
        end_ms = tick - number % 900
        start_ms = end_ms - math.ceil(took_ms)
        request = _request_id(self._world.seed, function.name, tick)
        sandbox = f"{tick // _SANDBOX_MS}/{tick // (function.every_s * 1000) % function.sandboxes}"
        mark = f"{self._world.seed}/{function.name}/{tick if cold else sandbox}"
        day = to_datetime(tick // _SANDBOX_MS * _SANDBOX_MS).strftime("%Y/%m/%d")
        stream = f"{day}/[{version}]{zlib.crc32(mark.encode()):08x}{zlib.crc32(mark[::-1].encode()):08x}"
        lines = [(start_ms, f"START RequestId: {request} Version: {version}\n")]
        if failed:
            lines.append((end_ms - 1, _failure(request)))
        lines.append((end_ms, f"END RequestId: {request}\n"))
        lines.append((end_ms, _report(function, memory_mb, request, took_ms, init_ms, number)))
        if late:
            when = to_datetime(end_ms).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            lines.append((end_ms, f"{when} {request} Task timed out after {function.timeout_s}.00 seconds\n"))
        return stream, [{"timeUnixNano": str(at * _NS), "body": {"stringValue": text}} for at, text in lines]


def _report(function: Function, memory_mb: int, request: str, took_ms: float, init_ms: float, number: int) -> str:
    used = function.used_mb + number % 31
    parts = [
        f"REPORT RequestId: {request}",
        f"Duration: {took_ms:.2f} ms",
        f"Billed Duration: {math.ceil(took_ms + init_ms)} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {used} MB",
    ]
    if init_ms:
        parts.append(f"Init Duration: {init_ms:.2f} ms")
    return "\t".join(parts) + "\t\n"


def _failure(request: str) -> str:
    return (
        "[ERROR] KeyError: 'route'\nTraceback (most recent call last):\n"
        f"  File \"/var/task/app.py\", line 41, in handler\n    return table[event['route']]  # {request}"
    )


def _request_id(seed: int, name: str, tick: int) -> str:
    digits = "".join(f"{zlib.crc32(f'{seed}/{name}/{tick}/{part}'.encode()):08x}" for part in range(4))
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _request(function: Function, waiting: dict[str, list[dict[str, Any]]], lines: int) -> Shipment:
    resources = []
    for stream, records in waiting.items():
        attributes = {
            "aws.log.group.names": f"/aws/lambda/{function.name}",
            "aws.log.stream.names": stream,
            "faas.name": function.name,
            "host.arch": function.arch,
            "team": function.team,
        }
        pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
        resources.append({"resource": {"attributes": pairs}, "scopeLogs": [{"logRecords": records}]})
    return Shipment(function.account.id, PATH, json.dumps({"resourceLogs": resources}).encode(), lines)
