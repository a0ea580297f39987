"""`GET /rest/v1/queue/replay`: what waits and costs would have been with more or fewer GPUs, or other quotas."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.client import queue_replays_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.inventory.room import InventoryRoom
from trimtab.kpis.runs import replays
from trimtab.kpis.runs.replays import Change, QueueReplay, Waits

_LONGEST_MS = 92 * 86_400_000
"""Three months: the newest runs of more would fill it anyway."""


class ReplayQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which range of which queue, and what is changed."""

    start: Instant = "-7d"
    end: Instant = "now"
    cluster: Annotated[str, Meta(max_length=128, description="Its cluster, where there are several.")] = ""
    gpus: Annotated[float, Meta(ge=-1_000_000, le=1_000_000, description="GPUs more; fewer where negative.")] = 0.0
    gpu_type: Annotated[str, Meta(max_length=128, description="Of this type; else of that with the most.")] = ""
    quota: Annotated[list[str], Meta(max_length=100, description="team=GPUs that it may hold at once.")] = []


def operations(room: InventoryRoom, clock: Clock) -> list[Operation]:
    """The operation that replays a queue."""

    async def replayed(call: Call[ReplayQuery, None]) -> wire.QueueReplay:
        asked, now_ms = call.query, clock.now_ms()
        span = time_range(asked.start, asked.end, now_ms)
        start_ms = max(span.start_ms, span.end_ms - _LONGEST_MS)
        change = Change(asked.gpus, asked.gpu_type, dict(_quota(one) for one in asked.quota))
        found = await replays.read(room, call.principal.scope, start_ms, span.end_ms, change, asked.cluster, now_ms)
        return _on_wire(found)

    return [
        Operation(
            "GET",
            "/rest/v1/queue/replay",
            "replay queue",
            "Waits and costs of a range had there been more or fewer GPUs, or other quotas, beside what they were.",
            replayed,
            wire.QueueReplay,
            query=ReplayQuery,
            errors=(404,),
            tag="runs",
            bound=True,
        ),
    ]


def _quota(text: str) -> tuple[str, float]:
    team, mark, number = text.rpartition("=")
    if not mark or not team or not number.isdecimal() or len(number) > 7:
        raise InvalidInput(f"cannot use the quota {text!r}: expected team=GPUs, such as vision=32", field="quota")
    return team, float(number)


def _on_wire(found: QueueReplay) -> wire.QueueReplay:
    price = found.price
    return wire.QueueReplay(
        found.cluster,
        found.start_ms,
        found.end_ms,
        [typed.convert(one, wire.ReplayedPool, from_attributes=True) for one in found.pools],
        _waits(found.recorded),
        _waits(found.replayed),
        _waits(found.changed),
        [typed.convert(one, wire.ReplayedTeam, from_attributes=True) for one in found.teams],
        None if price is None or price.per_gpu_hour is None else f"{price.per_gpu_hour:f}",
        None if found.extra_cost is None else f"{found.extra_cost:.2f}",
        "" if price is None else price.currency,
        "" if price is None else price.note,
        list(found.notes),
    )


def _waits(found: Waits) -> wire.ReplayedWaits:
    return typed.convert(found, wire.ReplayedWaits, from_attributes=True)
