"""How many spans a second come in through OTLP protobuf in one process, and how long a search over ten million takes.

    python bench/bench_traces.py [SPANS]

Ingest: bodies of 500 spans with eight attributes each, decoded, made durable in the log and drained into the engine, a
process of its own beside. Reported are decoding alone and all the work of this process, by its CPU time; and by the
clock, until all is durable and until all can be read; and the bytes that they take on disk. Search: SPANS spans
(10,000,000) of a day, made by the engine; a page of 100 traces by service, duration and attribute, by a filter
expression of one span, and by one of whole traces.
The last line is JSON.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import SystemClock
from trimtab.doors.otlp import span_rows_compiled
from trimtab.doors.otlp.answer import Encoding
from trimtab.doors.otlp.span_read import read_records
from trimtab.doors.otlp.span_records import decode_protobuf_spans
from trimtab.doors.otlp.span_rows import SpanRows
from trimtab.doors.otlp.traces import TraceIntake, TraceWriting
from trimtab.doors.protobuf.kernels import Kernels
from trimtab.inventory.sources import SourceLedger
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import ReadLimits, Telemetry, embedded_endpoint
from trimtab.store.telemetry.log import IngestLog
from trimtab.store.telemetry.migrations import migrate
from trimtab.traces.room import TracesRoom
from trimtab.traces.search import TraceQuery, span_where

PLACE = "123456789012", "us-east-1"
SPANS = 10_000_000
_END_MS = 1_795_651_200_000  # 2026-11-26T00:00:00Z
_DAY_MS = 86_400_000
_BLOCK = 1_000_000
_A_BODY = 500
_BODIES = 400
_ROUNDS = 7
_GENERATED = """
INSERT INTO spans (account, region, service, time, trace_id, span_id, parent_id, name, kind, segment, start_ns,
    duration_ns, status, fault, error, throttle, partial, http_method, http_status, http_url, peer, origin, resource,
    sampling, resource_attributes, attributes, events, links, document, ingested)
WITH number AS n, intDiv(n, 5) AS trace, n % 5 AS place, cityHash64(n) AS h, cityHash64(trace) AS t,
    ['web', 'api', 'orders', 'payments', 'stock', 'mail', 'search', 'users'] AS names,
    names[1 + (t + intDiv(place, 2)) % 8] AS called,
    {start:Int64} + intDiv(trace * 86400000, {traces:UInt64}) + place AS at,
    toInt64(exp(1 + (h % 100000) / 12000) * 1e5) AS took
SELECT {account:String}, {region:String}, called, fromUnixTimestamp64Milli(at, 'UTC'),
    concat(lower(leftPad(hex(t), 16, '0')), lower(leftPad(hex(trace), 16, '0'))), lower(leftPad(hex(h), 16, '0')),
    if(place = 0, '', lower(leftPad(hex(cityHash64(n - 1)), 16, '0'))),
    concat(if(place % 2 = 0, 'GET /', 'call '), called), if(place % 2 = 0, 'server', 'client'), place % 2 = 0,
    at * 1000000, took, if(h % 200 = 0, 'error', 'unset'), h % 200 = 0, 0, 0, 0, 'GET', if(h % 200 = 0, 500, 200),
    concat('http://', called, '/v1/', toString(h % 50)), if(place % 2 = 1, concat('next-', called), ''), '', '', 1,
    map('service.name', called, 'host.name', concat('host-', toString(h % 40))),
    map('user', concat('user-', toString(t % 200000)), 'tier', ['free', 'gold', 'team'][1 + t % 3],
        'http.route', concat('/v1/', toString(h % 50)), 'version', toString(t % 7),
        'queue', toString(h % 4), 'region', concat('r', toString(t % 5))), '', '', '',
    fromUnixTimestamp64Milli(at, 'UTC')
FROM numbers({from:UInt64}, {count:UInt64})
SETTINGS max_threads = 2
"""

_TRACE_TIMES = """
INSERT INTO trace_times (account, region, trace_id, day)
SELECT account, region, trace_id, toDate(time)
FROM spans
WHERE segment AND parent_id = ''
SETTINGS max_threads = 2
"""


@contextmanager
def _engine(directory: Path) -> Iterator[Telemetry]:
    command = [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory), "4096"]
    owner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdout.readline()
    telemetry = Telemetry(lambda: embedded_endpoint(directory))
    migrate(telemetry)
    try:
        yield telemetry
    finally:
        telemetry.close()
        owner.stdin.close()
        owner.wait(60)


def _body(number: int, now_ns: int) -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    resource = {"service.name": "shop", "service.version": "1.4.2", "host.name": f"host-{number % 8}"}
    for key, value in resource.items():
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    for place in range(_A_BODY):
        span = scope.spans.add(
            trace_id=os.urandom(16) if place % 5 == 0 else scope.spans[-1].trace_id,
            span_id=os.urandom(8),
            parent_span_id=b"" if place % 5 == 0 else scope.spans[-1].span_id,
            name="GET /v1/items",
            kind=2 if place % 2 == 0 else 3,
            start_time_unix_nano=now_ns + place,
            end_time_unix_nano=now_ns + place + 12_345_678,
        )
        texts = {"http.request.method": "GET", "url.path": f"/v1/items/{place}", "server.address": "items.local"}
        texts |= {"user": f"user-{place * 7919 % 20011}", "tier": "gold", "http.route": "/v1/items/{id}"}
        for key, value in texts.items():
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="http.response.status_code").value.int_value = 200
        span.attributes.add(key="cache.hit").value.bool_value = place % 3 == 0
    return request.SerializeToString()


async def _ingest(room: TracesRoom, ledger: SourceLedger) -> dict[str, float]:
    now_ms = room.clock.now_ms()
    bodies = [_body(number, now_ms * 1_000_000) for number in range(_BODIES)]
    spans = _A_BODY * _BODIES
    kernels = Kernels("trimtab.doors.otlp.span_rows_compiled")
    kernels.load()
    rows = SpanRows()
    rows.read(bodies[0], span_rows_compiled, PLACE, now_ms)
    began = time.process_time()
    for body in bodies:
        rows.read(body, span_rows_compiled, PLACE, now_ms)
    decoded = time.process_time() - began
    began = time.process_time()
    for body in bodies[:20]:
        read_records(decode_protobuf_spans(body), PLACE, now_ms)
    plain = (time.process_time() - began) / 20
    intake = TraceIntake(TraceWriting(room, ledger, *PLACE), kernels)
    cpu, began = time.process_time(), time.perf_counter()
    for place in range(0, _BODIES, 8):  # eight senders at a time
        part = bodies[place : place + 8]
        await asyncio.gather(*(intake.take(body, Encoding.PROTOBUF, False, PLACE[0], None) for body in part))
    durable = time.perf_counter() - began
    while not await room.reader.fresh(60):
        continue
    readable = time.perf_counter() - began
    return {
        "decode_spans_a_cpu_s": round(spans / decoded),
        "plain_decode_spans_a_cpu_s": round(_A_BODY / plain),
        "durable_spans_s": round(spans / durable),
        "readable_spans_s": round(spans / readable),
        "taken_spans_a_cpu_s": round(spans / (time.process_time() - cpu)),
        "body_bytes_a_span": round(sum(map(len, bodies)) / spans),
    }


def _disk_bytes(telemetry: Telemetry) -> float:
    """What a span of the bodies takes on disk, its part of the times of traces too, once parts are merged."""
    for table in ("spans", "trace_times"):
        telemetry.execute(f"OPTIMIZE TABLE {table} FINAL", {})
    found = telemetry.fetch_sync(
        "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase() "
        "AND table IN ('spans', 'trace_times')"
    )
    return round(float(found["bytes"][0]) / (_A_BODY * _BODIES), 1)


def _generate(telemetry: Telemetry, spans: int) -> None:
    limits = ReadLimits(seconds=3600, memory_mb=3072)
    for first in range(0, spans, _BLOCK):
        params: dict[str, Any] = {"start": _END_MS - _DAY_MS, "traces": spans // 5, "from": first}
        params |= {"count": min(_BLOCK, spans - first), "account": PLACE[0], "region": PLACE[1]}
        telemetry.execute(_GENERATED, params, limits=limits)
    telemetry.execute(_TRACE_TIMES, {}, limits=limits)


async def _time(work: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    times, found = [], 0
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        found = await work()
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 1), found


async def _search(room: TracesRoom) -> dict[str, float]:
    start_ms, told = _END_MS - _DAY_MS, {}

    async def by_span(user: str) -> int:
        where = span_where(service="payments", least_ms=50, attributes={"user": user} if user else {"tier": "gold"})
        return len((await room.reader.search(EVERYTHING, start_ms, _END_MS, where, 100)).found)

    async def by_expression(text: str) -> int:
        found = await room.search.find(EVERYTHING, *PLACE, TraceQuery(start_ms, _END_MS, text, 100))
        return len(found.traces)

    questions: dict[str, Callable[[], Awaitable[int]]] = {
        "service_duration_attribute": lambda: by_span(""),
        "service_duration_rare_attribute": lambda: by_span("user-4711"),
        "expression_span": lambda: by_expression(
            'service("payments") { responsetime > 0.05 AND annotation.tier = "gold" }'
        ),
        "expression_trace": lambda: by_expression('fault AND responsetime > 0.1 AND service("payments")'),
    }
    for name, ask in questions.items():
        told[f"{name}_ms"], told[f"{name}_found"] = await _time(ask)
    return told


async def _run(spans: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with _engine(directory / "engine") as telemetry:
            clock, state = SystemClock(), State.open("", directory)
            log = IngestLog(directory / "log", telemetry, clock)
            log.open()
            room = TracesRoom.of(telemetry, state, log, clock)
            told: dict[str, Any] = {"spans": spans, **await _ingest(room, SourceLedger(state, clock))}
            told["disk_bytes_a_span"] = _disk_bytes(telemetry)
            telemetry.truncate(["spans", "trace_times"])
            began = time.perf_counter()
            _generate(telemetry, spans)
            told["generate_s"] = round(time.perf_counter() - began, 1)
            told |= await _search(room)
            log.close()
            state.close()
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]) if len(sys.argv) > 1 else SPANS))
