"""`/rest/v1/logs/exports` and `/rest/v1/logs/lookups`: events copied into files, and tables that queries look up in."""

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.client import log_doors_wire as wire
from trimtab.doors.rest.log_place import BY_NAME, TAG, LogDoors, NameQuery
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.rest.times import time_range
from trimtab.logs.exports.tasks import ExportTask, Wish
from trimtab.logs.lookups.tables import LookupTable

EXPORTS, LOOKUPS = "/rest/v1/logs/exports", "/rest/v1/logs/lookups"
_ALL = 1000


class IdQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which one, by id."""

    id: BY_NAME


def operations(doors: LogDoors) -> list[Operation]:
    """The operations."""
    return [*_exports(doors), *_lookups(doors)]


def _exports(doors: LogDoors) -> list[Operation]:
    tasks, clock = doors.room.exports, doors.room.clock

    async def listed(call: Call[NoQuery, None]) -> wire.ExportList:
        return wire.ExportList([_task(one) for one in await tasks.listed(*doors.place(call), limit=_ALL)])

    async def create(call: Call[NoQuery, wire.CreateExport]) -> wire.Export:
        body = call.body
        range_ = time_range(body.start, body.end, clock.now_ms())
        wish = Wish(body.name, range_.start_ms, range_.end_ms - 1, body.destination, body.prefix, body.stream_prefix)
        return _task(await tasks.create(await doors.group(call, body.group), wish))

    async def cancel(call: Call[IdQuery, None]) -> wire.Deleted:
        await tasks.cancel(*doors.place(call), call.query.id)
        return wire.Deleted(call.query.id)

    return [
        Operation("GET", EXPORTS, "list log exports", "Export tasks, the newest first.", listed, wire.ExportList,
                  tag=TAG),
        Operation("POST", EXPORTS, "create log export", "Copy events into gzipped files, one folder a stream.",
                  create, wire.Export, body=wire.CreateExport, errors=(404,), role=Role.ADMIN, tag=TAG),
        Operation("DELETE", EXPORTS, "cancel log export", "Stop an export.", cancel, wire.Deleted, query=IdQuery,
                  errors=(404, 409), role=Role.ADMIN, tag=TAG),
    ]  # fmt: skip


def _lookups(doors: LogDoors) -> list[Operation]:
    tables = doors.room.lookups

    async def listed(call: Call[NoQuery, None]) -> wire.LookupList:
        return wire.LookupList([_table(one) for one in await tables.listed(*doors.place(call), limit=_ALL)])

    async def put(call: Call[NoQuery, wire.PutLookup]) -> wire.Lookup:
        body = call.body
        return _table(await tables.put(*doors.place(call), body.name, body.csv, description=body.description))

    async def delete(call: Call[NameQuery, None]) -> wire.Deleted:
        await tables.delete(*doors.place(call), call.query.name)
        return wire.Deleted(call.query.name)

    return [
        Operation("GET", LOOKUPS, "list log lookups", "Tables that the command `lookup` of queries takes values from.",
                  listed, wire.LookupList, tag=TAG),
        Operation("PUT", LOOKUPS, "put log lookup", "Keep a lookup table of CSV, in place of one of that name.", put,
                  wire.Lookup, body=wire.PutLookup, role=Role.WRITE, tag=TAG),
        Operation("DELETE", LOOKUPS, "delete log lookup", "Remove a lookup table.", delete, wire.Deleted,
                  query=NameQuery, errors=(404,), role=Role.WRITE, tag=TAG),
    ]  # fmt: skip


def _task(task: ExportTask) -> wire.Export:
    return wire.Export(
        task.id,
        task.name,
        task.log_group,
        task.destination,
        task.prefix,
        task.from_ms,
        task.to_ms,
        str(task.status),
        task.message,
        task.created_ms,
        task.completed_ms,
    )


def _table(table: LookupTable) -> wire.Lookup:
    return wire.Lookup(table.name, table.description, list(table.fields), table.records, table.size, table.updated_ms)
