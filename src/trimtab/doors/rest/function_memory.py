"""`/rest/v1/function-memory/curves`: how long a function takes and what it costs by its memory, from measured runs."""

import asyncio

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.client import scaling_wire as wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.inventory.catalog.functions import function_price
from trimtab.scaling.provisioned.memory import Size, measured_of, tune


def operations(clock: Clock) -> list[Operation]:
    """The operation."""

    async def run(call: Call[NoQuery, wire.TuneMemory]) -> wire.MemoryCurve:
        return await asyncio.to_thread(_curve, call.body, clock.now_ms())

    return [
        Operation("POST", "/rest/v1/function-memory/curves", "tune function memory",
                  "Duration and cost by memory of the runs given, and which size is cheapest and fastest.",
                  run, wire.MemoryCurve, body=wire.TuneMemory, tag="scaling", bound=True),
    ]  # fmt: skip


def _curve(body: wire.TuneMemory, now_ms: int) -> wire.MemoryCurve:
    price = function_price(body.region, body.architecture, now_ms)
    if price is None:
        raise InvalidInput(f"no price of {body.architecture} in {body.region!r} is known", field="region")
    found = tune(measured_of(body.memory_mb, body.durations_ms), price, body.most_ms, body.weight)
    return wire.MemoryCurve(
        sizes=[_size(one) for one in found.sizes],
        cheapest_mb=found.cheapest.memory_mb,
        fastest_mb=found.fastest.memory_mb,
        balanced_mb=found.balanced.memory_mb,
        line_error=found.line_error,
        words=found.words,
    )


def _size(one: Size) -> wire.MemorySize:
    return wire.MemorySize(memory_mb=one.memory_mb, runs=one.runs, mean_ms=one.mean_ms, p95_ms=one.p95_ms,
                           per_million=f"{one.per_million:.6f}")  # fmt: skip
