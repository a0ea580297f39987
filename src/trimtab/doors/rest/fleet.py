"""`GET /rest/v1/fleet/hours`, `/faults` and `/remarks`: GPU time by the ledger, faults, and what does not fit."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.client import fleet_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.fleet import faults as gpu_faults
from trimtab.fleet.basis import Basis
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.rollup import HOUR, Group, rolled_up, uncosted, whole_of
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.identity import short_host
from trimtab.fleet.telemetry.reading import Reader

_PATH, _TAG = "/rest/v1/fleet", "fleet"
_MOST_DAYS, _MOST_HOURLY_DAYS = 400, 31
_HOURS = (
    "existing", "down", "held", "free", "unknown", "active", "inactive", "unmeasured", "idle", "active_share",
    "held_share",
)  # fmt: skip


class HoursQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which range, grouped by what, and on which basis costs are."""

    start: Instant = "-24h"
    end: Instant = "now"
    by: Annotated[list[wire.FleetKey], Meta(max_length=3, description="Up to three keys; none is one group.")] = []
    basis: Annotated[wire.FleetBasis, Meta(description="What amounts count.")] = "net amortised"


class RemarksQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which range."""

    start: Instant = "-7d"
    end: Instant = "now"


class FaultsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which range, and of which machine."""

    start: Instant = "-7d"
    end: Instant = "now"
    machine: Annotated[str, Meta(max_length=256, description="Name of a machine; empty for all.")] = ""


def operations(ledger: HoursReader, reader: Reader, registry: Registry, clock: Clock) -> list[Operation]:
    """The ledger's own door."""

    async def hours(call: Call[HoursQuery, None]) -> wire.FleetHours:
        query, scope, now_ms = call.query, call.principal.scope, clock.now_ms()
        span = time_range(query.start, query.end, now_ms)
        start_ms, end_ms = span.start_ms, min(span.end_ms, now_ms)
        most = _MOST_HOURLY_DAYS if HOUR in query.by else _MOST_DAYS
        if end_ms - start_ms > most * DAY_MS:
            raise InvalidInput(f"cannot look at more than {most} days by {', '.join(query.by) or 'all'}", field="start")
        costed = await ledger.costed(scope, start_ms, end_ms, Basis(query.basis))
        shown = costed
        if HOUR in query.by:
            shown = uncosted(await ledger.frame(scope, start_ms, end_ms, HOUR_MS), costed)
        groups = await asyncio.to_thread(rolled_up, shown, query.by)
        return wire.FleetHours(
            start_ms=start_ms,
            end_ms=max(end_ms, start_ms),
            by=list(query.by),
            basis=query.basis,
            groups=[_on_wire(one, query.by) for one in groups],
            total=_on_wire(whole_of(costed), ()),
            closed_ms=costed.closed_ms or None,
            leftover=_amounts(costed.leftover),
            elsewhere=_amounts(costed.elsewhere),
        )

    async def faults(call: Call[FaultsQuery, None]) -> wire.GpuFaults:
        query, now_ms = call.query, clock.now_ms()
        span = time_range(query.start, query.end, now_ms)
        start_ms = max(span.start_ms, span.end_ms - _MOST_DAYS * DAY_MS)
        found = await gpu_faults.read(reader, registry, call.principal.scope, start_ms, span.end_ms)
        mine = [one for one in found if not query.machine or short_host(one.machine) == short_host(query.machine)]
        shown = typed.convert(mine, list[wire.GpuFault], from_attributes=True)
        return wire.GpuFaults(start_ms=start_ms, end_ms=span.end_ms, faults=shown)

    async def remarks(call: Call[RemarksQuery, None]) -> wire.FleetRemarks:
        span = time_range(call.query.start, call.query.end, clock.now_ms())
        start_ms = max(span.start_ms, span.end_ms - _MOST_DAYS * DAY_MS)
        found = await ledger.remarks(call.principal.scope, start_ms, span.end_ms)
        return wire.FleetRemarks(typed.convert(found, list[wire.FleetRemark], from_attributes=True))

    return [
        Operation(
            "GET",
            f"{_PATH}/hours",
            "get fleet hours",
            "GPU-hours that existed, were down, held, free, active and idle, by team, machine, day …, and their cost.",
            hours,
            wire.FleetHours,
            query=HoursQuery,
            role=Role.FINANCE,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_PATH}/faults",
            "get fleet faults",
            "XIDs and SXIDs that kernel-log lines told of GPUs and switches, with NVIDIA's meaning and action.",
            faults,
            wire.GpuFaults,
            query=FaultsQuery,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_PATH}/remarks",
            "get fleet remarks",
            "What schedulers, telemetry, runs and bills say of machines and does not fit.",
            remarks,
            wire.FleetRemarks,
            query=RemarksQuery,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
    ]


def _on_wire(group: Group, by: Sequence[str]) -> wire.FleetGroup:
    return wire.FleetGroup(
        keys=dict(zip(by, group.keys, strict=True)),
        **{name: getattr(group.hours, name) for name in _HOURS},
        cost=_amounts(group.amounts),
        idle_cost=_amounts(group.idle),
        unpriced=group.unpriced,
    )


def _amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: f"{amount:f}" for currency, amount in amounts.items()}
