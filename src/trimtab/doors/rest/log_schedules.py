"""`/rest/v1/logs/schedules`: queries that run by a schedule, their runs and what these found."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied, NotFound
from trimtab.base.records import replace
from trimtab.client import log_doors_wire as wire
from trimtab.doors.rest.log_place import BY_NAME, TAG, LogDoors, NameQuery
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.logs.forwarding.payload import unpack
from trimtab.logs.schedules.delivery import writes_files
from trimtab.logs.schedules.model import Run, ScheduledQuery

PATH = "/rest/v1/logs/schedules"
_ALL = 1000
_FOREVER_MS = 9_000_000_000_000


class RunsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Runs of which query."""

    name: BY_NAME
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class RunQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which run, by id."""

    run: BY_NAME


def operations(doors: LogDoors) -> list[Operation]:
    """The operations."""
    store = doors.room.schedules

    async def listed(call: Call[NoQuery, None]) -> wire.ScheduleList:
        found = await store.listed(*doors.whole_place(call), limit=_ALL)
        runs = await store.last_runs([query.id for query in found])
        return wire.ScheduleList([_shown(query, runs.get(query.id)) for query in found])

    async def put(call: Call[NoQuery, wire.PutSchedule]) -> wire.Schedule:
        body = call.body
        if writes_files(body.destination) and not call.principal.may(Role.ADMIN):
            raise AccessDenied("cannot write results into files: a key with the role admin may")
        try:
            known = await store.get(*doors.whole_place(call), body.name)
        except NotFound:
            known = None
        wanted = replace(
            known or ScheduledQuery("", *doors.whole_place(call), body.name, "", (), ""),
            query=body.query,
            groups=tuple(body.groups),
            expression=body.schedule,
            zone=body.zone,
            description=body.description,
            language=body.language,
            start_offset_s=body.start_offset_s,
            end_offset_s=body.end_offset_s,
            destination=body.destination,
            enabled=body.enabled,
        )
        return _shown(await (store.create(wanted) if known is None else store.change(wanted)), None)

    async def delete(call: Call[NameQuery, None]) -> wire.Deleted:
        await store.delete(await store.get(*doors.whole_place(call), call.query.name))
        return wire.Deleted(call.query.name)

    async def runs(call: Call[RunsQuery, None]) -> wire.ScheduleRuns:
        query = await store.get(*doors.whole_place(call), call.query.name)
        found = await store.history(query, 0, _FOREVER_MS, limit=call.query.limit)
        return wire.ScheduleRuns([_run(one) for one in found])

    async def result(call: Call[RunQuery, None]) -> wire.RunResult:
        _, run, packed = await store.run(*doors.whole_place(call), call.query.run)
        if not packed:
            raise NotFound(f"cannot find a result of the run {run.id}: it is {run.status}. {run.error}".strip())
        found = unpack(packed)
        return wire.RunResult(found["columns"], found["rows"])

    return [
        Operation("GET", PATH, "list log schedules", "Queries that run by a schedule.", listed, wire.ScheduleList,
                  tag=TAG),
        Operation("PUT", PATH, "put log schedule", "Run a query by a schedule, or change one of that name.", put,
                  wire.Schedule, body=wire.PutSchedule, role=Role.WRITE, tag=TAG),
        Operation("DELETE", PATH, "delete log schedule", "Run a query no more, and forget its runs.", delete,
                  wire.Deleted, query=NameQuery, errors=(404,), role=Role.WRITE, tag=TAG),
        Operation("GET", f"{PATH}/runs", "list log schedule runs", "Runs of a scheduled query, the newest first.", runs,
                  wire.ScheduleRuns, query=RunsQuery, errors=(404,), tag=TAG),
        Operation("GET", f"{PATH}/result", "get log schedule result", "What a run of a scheduled query found.", result,
                  wire.RunResult, query=RunQuery, errors=(404,), tag=TAG),
    ]  # fmt: skip


def _shown(query: ScheduledQuery, run: Run | None) -> wire.Schedule:
    return wire.Schedule(
        query.id,
        query.name,
        query.query,
        query.expression,
        list(query.groups),
        query.zone,
        query.description,
        query.language,
        query.start_offset_s,
        query.end_offset_s,
        query.destination,
        query.enabled,
        query.next_ms,
        run.triggered_ms if run else None,
        str(run.status) if run else "",
    )


def _run(run: Run) -> wire.ScheduleRun:
    return wire.ScheduleRun(
        run.id,
        run.triggered_ms,
        str(run.status),
        run.error,
        run.rows,
        str(run.delivery),
        run.delivered_to,
        run.delivery_error,
    )
