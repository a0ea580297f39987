"""`/rest/v1/serverless/…`: functions, single invocations, and short jobs seen the same way."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.client import serverless_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.inventory.runs.filter import RunFilter
from trimtab.kpis.runs.families import JobFamily, families
from trimtab.kpis.runs.reader import RunReports
from trimtab.logs.serverless.model import FunctionUse, Invocation
from trimtab.logs.serverless.read import ServerlessReader, Wanted

_PATH, _TAG = "/rest/v1/serverless", "serverless"
_NAME = Annotated[str, Meta(max_length=170, description="Of this function only.")]
MOST_RUNS = 5000
"""Runs of a range that are looked at: the last submitted of more."""


class FunctionsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which functions, over which range."""

    start: Instant = "-24h"
    end: Instant = "now"
    function: _NAME = ""
    by_version: Annotated[bool, Meta(description="Each version by itself.")] = False


class InvocationsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which invocations."""

    start: Instant = "-24h"
    end: Instant = "now"
    function: _NAME = ""
    version: Annotated[str, Meta(max_length=170, description="Of this version only.")] = ""
    order: wire.OrderName = "newest"
    only: wire.OnlyName = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100


class JobsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which short jobs."""

    start: Instant = "-24h"
    end: Instant = "now"
    longest_s: Annotated[float, Meta(ge=1, le=604_800, description="Seconds within which a run is short.")] = 3600.0


class ServerlessRooms(Struct, frozen=True):
    """What the operations need; `reports` of runs are not there on a server without an inventory."""

    reader: ServerlessReader
    clock: Clock
    reports: RunReports | None = None


def operations(rooms: ServerlessRooms) -> list[Operation]:
    """The operations that read what runs for a short time."""

    async def functions(call: Call[FunctionsQuery, None]) -> wire.FunctionList:
        asked = call.query
        range_ = time_range(asked.start, asked.end, rooms.clock.now_ms())
        wanted = Wanted(range_.start_ms, range_.end_ms, asked.function)
        found = await rooms.reader.functions(call.principal.scope, wanted, by_version=asked.by_version)
        return wire.FunctionList(range_.start_ms, range_.end_ms, [function_on_wire(one) for one in found])

    async def invocations(call: Call[InvocationsQuery, None]) -> wire.InvocationList:
        asked = call.query
        range_ = time_range(asked.start, asked.end, rooms.clock.now_ms())
        found = await rooms.reader.invocations(
            call.principal.scope,
            Wanted(range_.start_ms, range_.end_ms, asked.function, version=asked.version),
            order=asked.order,
            only=asked.only,
            limit=asked.limit,
        )
        return wire.InvocationList(range_.start_ms, range_.end_ms, [invocation_on_wire(one) for one in found])

    async def jobs(call: Call[JobsQuery, None]) -> wire.JobFamilyList:
        asked = call.query
        range_ = time_range(asked.start, asked.end, rooms.clock.now_ms())
        found: list[JobFamily] = []
        if rooms.reports is not None:
            fit = RunFilter(start_ms=range_.start_ms, end_ms=range_.end_ms)
            reports = await rooms.reports.priced(call.principal.scope, fit, MOST_RUNS)
            found = families(reports, range_.start_ms, range_.end_ms, longest_s=asked.longest_s)
        return wire.JobFamilyList(range_.start_ms, range_.end_ms, [job_on_wire(one) for one in found])

    return [
        Operation(
            "GET",
            f"{_PATH}/functions",
            "list functions",
            "What serverless functions did: durations, cold starts, memory, failures, concurrency and cost.",
            functions,
            wire.FunctionList,
            query=FunctionsQuery,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_PATH}/invocations",
            "list invocations",
            "Single invocations of serverless functions: the newest, the slowest, those that failed or were cold.",
            invocations,
            wire.InvocationList,
            query=InvocationsQuery,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_PATH}/jobs",
            "list short jobs",
            "Short runs of schedulers, by name, seen as functions are.",
            jobs,
            wire.JobFamilyList,
            query=JobsQuery,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
    ]


def function_on_wire(one: FunctionUse) -> wire.Function:
    """A function as it is shown."""
    cost = one.cost
    return wire.Function(
        account=one.account,
        region=one.region,
        function=one.function,
        version=one.version,
        invocations=one.invocations,
        errors=one.errors,
        timeouts=one.timeouts,
        throttles=one.throttles,
        cold_starts=one.colds,
        cold_share=one.cold_share,
        p50_ms=one.p50_ms,
        p95_ms=one.p95_ms,
        p99_ms=one.p99_ms,
        longest_ms=one.longest_ms,
        init_p50_ms=one.init_p50_ms,
        init_p95_ms=one.init_p95_ms,
        memory_mb=one.memory_mb,
        used_mb=one.used_mb,
        headroom=one.headroom,
        billed_ms=one.billed_ms,
        gb_seconds=f"{cost.gb_seconds:.6f}",
        concurrency=one.concurrency,
        architecture=one.architecture,
        cost=None if cost.amount is None else f"{cost.amount:.10f}",
        currency=cost.currency,
        unbilled=cost.unbilled,
        assumed=list(cost.assumed),
        log_group=one.log_group,
        last_ms=one.last_ms,
        counts=list(one.counts),
    )


def invocation_on_wire(one: Invocation) -> wire.Invocation:
    """An invocation as it is shown."""
    return wire.Invocation(
        account=one.account,
        region=one.region,
        function=one.function,
        version=one.version,
        request=one.request,
        status=one.status.value,
        problem=one.problem,
        cold=one.cold,
        start_ms=one.start_ms,
        end_ms=one.end_ms,
        duration_ms=one.duration_ms,
        billed_ms=one.billed_ms,
        memory_mb=one.memory_mb,
        used_mb=one.used_mb,
        init_ms=one.init_ms,
        cost=None if one.cost is None else f"{one.cost:.12f}",
        trace=one.trace,
        log_group=one.log_group,
        stream=one.stream,
        source=typed.convert(one.source, wire.SourceName),
    )


def job_on_wire(one: JobFamily) -> wire.JobFamily:
    """A family of short runs as it is shown."""
    amounts = {currency: f"{amount:.6f}" for currency, amount in one.amounts.items()}
    return wire.JobFamily(
        account=one.account,
        cluster=one.cluster,
        scheduler=one.scheduler,
        name=one.name,
        team=one.team,
        runs=one.runs,
        failed=one.failed,
        timeouts=one.timeouts,
        p50_s=one.p50_s,
        p95_s=one.p95_s,
        p99_s=one.p99_s,
        longest_s=one.longest_s,
        wait_p50_s=one.wait_p50_s,
        wait_p95_s=one.wait_p95_s,
        concurrency=one.concurrency,
        gpu_hours=one.gpu_hours,
        amounts=amounts,
        unpriced_hours=one.unpriced_hours,
        example=one.example,
        last_ms=one.last_ms,
        counts=list(one.counts),
    )
