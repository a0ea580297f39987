"""`/rest/v1/queue/quotas`: what teams were entitled to, held, borrowed, lent and were starved of.

`POST` compares quotas with the ledger's held hours and what runs waited for, and keeps nothing; `PUT` keeps those of a
cluster from a time on, and `GET` compares by what is kept, day by day.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.client import queue_quotas_wire as wire
from trimtab.doors.rest.inventory import Place
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, instant_ms, time_range
from trimtab.inventory.runs.quotas import Stated
from trimtab.kpis.runs.quotas import QuotaReader, check

_LONGEST_MS = 92 * 86_400_000
"""Three months: the newest runs of more would fill it anyway."""


class KeptQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which range of which cluster."""

    start: Instant = "-7d"
    end: Instant = "now"
    cluster: Annotated[str, Meta(max_length=128, description="Where quotas of several are kept.")] = ""


def operations(reader: QuotaReader, clock: Clock, place: Place) -> list[Operation]:
    """The operations that compare and keep quotas."""

    async def compared(call: Call[Any, wire.AskQuotas]) -> wire.QuotaReport:
        asked, now_ms = call.body, clock.now_ms()
        span = _range(asked.start, asked.end, now_ms)
        stated = [_stated(one) for one in asked.quotas]
        found = await reader.compared(call.principal.scope, *span, stated, asked.cluster, now_ms)
        return typed.convert(found, wire.QuotaReport, from_attributes=True)

    async def keep(call: Call[Any, wire.KeepQuotas]) -> wire.QuotasKept:
        asked, account = call.body, place.account_of(call, call.body.account)
        since_ms = instant_ms(asked.since, clock.now_ms(), "since")
        stated = [_stated(one) for one in asked.quotas]
        check(stated)
        await reader.room.quotas.put(account, asked.cluster, since_ms, stated, call.principal.name)
        return wire.QuotasKept(asked.cluster, since_ms, len(stated))

    async def kept(call: Call[KeptQuery, None]) -> wire.QuotaReport:
        asked, now_ms = call.query, clock.now_ms()
        span = _range(asked.start, asked.end, now_ms)
        found = await reader.kept(call.principal.scope, *span, asked.cluster, now_ms)
        return typed.convert(found, wire.QuotaReport, from_attributes=True)

    return [
        Operation(
            "PUT",
            "/rest/v1/queue/quotas",
            "keep quotas",
            "Keep all quotas of a cluster from a time on, in place of those that held then.",
            keep,
            wire.QuotasKept,
            body=wire.KeepQuotas,
            role=Role.WRITE,
            tag="runs",
        ),
        Operation(
            "GET",
            "/rest/v1/queue/quotas",
            "read quotas",
            "GPU-hours by team and day: entitled, held, borrowed, lent and starved, by the quotas that are kept.",
            kept,
            wire.QuotaReport,
            query=KeptQuery,
            errors=(404, 504),
            tag="runs",
        ),
        Operation(
            "POST",
            "/rest/v1/queue/quotas",
            "compare quotas",
            "GPU-hours that teams were entitled to, held, borrowed, lent and were starved of; nothing is kept.",
            compared,
            wire.QuotaReport,
            body=wire.AskQuotas,
            errors=(504,),
            tag="runs",
            bound=True,
        ),
    ]


def _range(start: str, end: str, now_ms: int) -> tuple[int, int]:
    span = time_range(start, end, now_ms)
    return max(span.start_ms, span.end_ms - _LONGEST_MS), span.end_ms


def _stated(one: wire.TeamQuota) -> Stated:
    return Stated(team=one.team, gpus=one.gpus, share=one.share, cohort=one.cohort, queues=tuple(one.queues))
