"""How many calls of models a second come in, and how many the ledger of tokens reads.

    python bench/bench_calls.py [CALLS]

Bodies of 500 spans of calls in OTLP protobuf, with the attributes that OpenTelemetry's instrumentations of OpenAI and
Anthropic write and those that say whose a call is, are decoded, made durable and drained into the engine, a process of
its own beside; then the calls of six days are read, each once, priced and added up for the ledger. Reported by
the CPU time of this process. The last line is JSON.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_traces import PLACE, _engine
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import SystemClock
from trimtab.costs.read_sql import DAY_MS
from trimtab.doors.otlp.answer import Encoding
from trimtab.doors.otlp.traces import TraceIntake, TraceWriting
from trimtab.doors.protobuf.kernels import Kernels
from trimtab.economics.tokens.calls import SpanCalls
from trimtab.economics.tokens.hours import KeptSums
from trimtab.genai.prices.book import shipped
from trimtab.inventory.sources import SourceLedger
from trimtab.store.state.database import State
from trimtab.store.telemetry.log import IngestLog
from trimtab.traces.kept_hours import HOUR_MS
from trimtab.traces.room import TracesRoom

CALLS = 100_000
_A_BODY = 500
_HOURS = 24 * 6
_MODELS = (("openai", "gpt-5-mini-2025-08-07"), ("anthropic", "claude-sonnet-4-5-20250929"))


def _body(number: int, now_ns: int) -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key, value in {
        "service.name": "assistant",
        "service.version": "2.1.0",
        "host.name": f"web-{number % 8}",
    }.items():
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    for place in range(_A_BODY):
        vendor, model = _MODELS[place % 2]
        span = scope.spans.add(
            trace_id=os.urandom(16), span_id=os.urandom(8), name=f"chat {model}", kind=3,
            start_time_unix_nano=now_ns + place, end_time_unix_nano=now_ns + place + 812_345_678,
        )  # fmt: skip
        texts = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": vendor,
            "gen_ai.request.model": model[:-9],
            "gen_ai.response.model": model,
            "gen_ai.response.id": os.urandom(12).hex(),
            "server.address": f"api.{vendor}.com",
            "tenant.id": f"tenant-{place * 31 % 40}",
            "enduser.id": f"user-{place * 7919 % 2011}",
            "feature": "search",
            "gen_ai.conversation.id": f"session-{number}-{place % 100}",
            "prompt.version": "7",
        }
        numbers = {
            "gen_ai.usage.input_tokens": 1200 + place, "gen_ai.usage.output_tokens": 150 + place % 50,
            "gen_ai.usage.cache_read.input_tokens": 800, "gen_ai.request.max_tokens": 1024, "server.port": 443,
        }  # fmt: skip
        for key, value in texts.items():
            span.attributes.add(key=key).value.string_value = value
        for key, count in numbers.items():
            span.attributes.add(key=key).value.int_value = count
        span.attributes.add(key="gen_ai.request.temperature").value.double_value = 0.2
        span.attributes.add(key="gen_ai.server.time_to_first_token").value.double_value = 0.25 + place / 7919
        span.attributes.add(key="gen_ai.response.finish_reasons").value.array_value.values.add(string_value="stop")
    return request.SerializeToString()


async def _run(calls: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, _engine(Path(name) / "engine") as telemetry:
        clock, state = SystemClock(), State.open("", Path(name))
        log = IngestLog(Path(name) / "log", telemetry, clock)
        log.open()
        room = TracesRoom.of(telemetry, state, log, clock)
        now_ms = clock.now_ms()
        bodies = [_body(number, (now_ms - number % _HOURS * HOUR_MS) * 1_000_000) for number in range(calls // _A_BODY)]
        kernels = Kernels("trimtab.doors.otlp.span_rows_compiled")
        kernels.load()
        intake = TraceIntake(TraceWriting(room, SourceLedger(state, clock), *PLACE), kernels)
        await intake.take(_body(0, now_ms * 1_000_000), Encoding.PROTOBUF, False, PLACE[0], None)  # compiled once
        cpu, began = time.process_time(), time.perf_counter()
        for place in range(0, len(bodies), 8):  # eight senders at a time
            part = bodies[place : place + 8]
            await asyncio.gather(*(intake.take(body, Encoding.PROTOBUF, False, PLACE[0], None) for body in part))
        durable = time.perf_counter() - began
        while not await room.reader.fresh(60):
            continue
        taken = time.process_time() - cpu
        number = len(bodies) * _A_BODY
        size = sum(map(len, bodies)) / number
        bodies.clear()
        before = _memory_mb("VmRSS", anew=True)
        cpu = time.process_time()
        books, last_ms = (shipped(),), (now_ms // DAY_MS + 1) * DAY_MS
        ledger = KeptSums(SpanCalls(room.reader), room.reader.hour_marks, lambda: books)
        found = await ledger.over(EVERYTHING, last_ms - 8 * DAY_MS, last_ms, "tenant")
        read = time.process_time() - cpu
        began = time.perf_counter()
        again = await ledger.over(EVERYTHING, last_ms - 8 * DAY_MS, last_ms, "user")
        asked = time.perf_counter() - began
        log.close()
        state.close()
    for sums in (found, again):
        tallies = sums.tallies.values()
        assert (sum(tally.calls for tally in tallies), sums.cut) == (number + _A_BODY, False)
        assert sum(tally.tokens["cache_read"] for tally in tallies) == 800 * (number + _A_BODY)
    return {
        "calls": number,
        "taken_calls_a_cpu_s": round(number / taken),
        "durable_calls_s": round(number / durable),
        "ledger_calls_a_cpu_s": round(number / read),
        "ledger_again_ms": round(asked * 1000),
        "ledger_more_mb": _memory_mb("VmHWM") - before,
        "body_bytes_a_call": round(size),
    }


def _memory_mb(field: str, *, anew: bool = False) -> int:
    """A field of this process' memory; `anew`: what was the most begins anew."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) // 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS))))
