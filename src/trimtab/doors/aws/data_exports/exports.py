"""AWS Data Exports: exports of the bill, their executions, and the tables that they select from."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.costs.delivery.model import Definition, Execution, Kind, Status
from trimtab.costs.delivery.room import arn_of
from trimtab.costs.delivery.tables import TABLES, Table, chosen
from trimtab.doors.aws.data_exports.rooms import INVALID, Coded, ExportRooms, accounts_of, mine, page, tags_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags

_PAGE = 300
_FAILED = (Status.QUERY_FAILED, Status.DELIVERY_FAILED)
_DENIED = re.compile(r"AccessDenied|credentials|Forbidden", re.IGNORECASE)

operations = Coded("bcm-data-exports", INVALID, "ServiceQuotaExceededException", "ResourceNotFoundException")


@operations.add("CreateExport", needs=Role.WRITE)
async def create_export(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Keep an export; it is delivered as soon as may be, and again whenever the bill changes."""
    form = request["Export"]
    arn = arn_of(Kind.EXPORT, context.account, context.region, form["Name"], str(new_id()))
    tags = tags_of(request.get("ResourceTags"))
    one = Definition(arn, context.account, Kind.EXPORT, form["Name"], _kept(form), tags, accounts_of(context))
    await rooms.room.create(one)
    return {"ExportArn": arn}


@operations.add("UpdateExport", needs=Role.WRITE)
async def update_export(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Change an export; it is delivered again."""
    found = await mine(rooms, context, request["ExportArn"], Kind.EXPORT)
    form = request["Export"]
    changed = replace(found, name=form["Name"], form=_kept(form), accounts=accounts_of(context))
    if changed.name != found.name:
        raise InvalidInput("The name of an export cannot be changed.")
    await rooms.room.update(changed)
    return {"ExportArn": found.arn}


@operations.add("DeleteExport", needs=Role.WRITE)
async def delete_export(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Forget an export; files that were delivered stay."""
    found = await mine(rooms, context, request["ExportArn"], Kind.EXPORT)
    await rooms.room.store.delete(found.arn)
    return {"ExportArn": found.arn}


@operations.add("GetExport")
async def get_export(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """An export and how it stands."""
    found = await mine(rooms, context, request["ExportArn"], Kind.EXPORT)
    return {"Export": _export(found.arn, found.form), "ExportStatus": await _status(rooms, found)}


@operations.add("ListExports")
async def list_exports(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """The account's exports, by name."""
    shown, more = page(await rooms.room.store.listed(context.account, Kind.EXPORT), request, _PAGE)
    exports = [
        {"ExportArn": one.arn, "ExportName": one.name, "ExportStatus": await _status(rooms, one)} for one in shown
    ]
    return {"Exports": exports, **more}


@operations.add("ListExecutions")
async def list_executions(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """The deliveries of an export, the newest first."""
    found = await mine(rooms, context, request["ExportArn"], Kind.EXPORT)
    shown, more = page(await rooms.room.store.executions(found.arn), request, _PAGE)
    return {"Executions": [{"ExecutionId": one.id, "ExecutionStatus": _execution(one)} for one in shown], **more}


@operations.add("GetExecution")
async def get_execution(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """A delivery, with the export as it was then."""
    found = await mine(rooms, context, request["ExportArn"], Kind.EXPORT)
    ran = [one for one in await rooms.room.store.executions(found.arn) if one.id == request["ExecutionId"]]
    if not ran:
        raise NotFound(f"cannot find execution {request['ExecutionId'][:100]!r} of {found.arn}")
    return {
        "ExecutionId": ran[0].id,
        "Export": _export(found.arn, ran[0].form),
        "ExecutionStatus": _execution(ran[0]),
    }


@operations.add("ListTables")
async def list_tables(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """The tables that an export can select from."""
    shown, more = page(list(TABLES.values()), request, _PAGE)
    return {"Tables": [_table(one) for one in shown], **more}


@operations.add("GetTable")
async def get_table(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """The columns of a table, with properties."""
    properties: Mapping[str, str] = request.get("TableProperties") or {}
    found = chosen(request["TableName"], properties)
    return {
        "TableName": found.table.name,
        "Description": found.table.told,
        "TableProperties": properties,
        "Schema": [{"Name": name, "Type": one.type.value} for name, one in found.columns.items()],
    }


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Set tags of an export."""
    found = await mine(rooms, context, request["ResourceArn"], Kind.EXPORT)
    await rooms.room.store.tag(found.arn, {**found.tags, **tags_of(request["ResourceTags"])})
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags of an export."""
    found = await mine(rooms, context, request["ResourceArn"], Kind.EXPORT)
    left = {key: value for key, value in found.tags.items() if key not in request["ResourceTagKeys"]}
    await rooms.room.store.tag(found.arn, left)
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """The tags of an export."""
    found = await mine(rooms, context, request["ResourceArn"], Kind.EXPORT)
    return {"ResourceTags": listed_tags(found.tags)}


def _kept(form: Mapping[str, Any]) -> dict[str, Any]:
    if form.get("ExportArn"):
        raise AwsError(INVALID, "The ExportArn is given by the service.")
    return dict(form)


def _export(arn: str, form: Mapping[str, Any]) -> dict[str, Any]:
    return {**form, "ExportArn": arn}


async def _status(rooms: ExportRooms, one: Definition) -> dict[str, Any]:
    ran = await rooms.room.store.executions(one.arn)
    failed = bool(ran) and ran[0].status in _FAILED
    told = {
        "StatusCode": "UNHEALTHY" if failed else "HEALTHY",
        "CreatedAt": one.created_ms,
        "LastUpdatedAt": one.updated_ms,
    }
    delivered = [run.ended_ms for run in ran if run.status is Status.DELIVERED]
    return {**told, **(_reason(ran[0]) if failed else {}), **({"LastRefreshedAt": delivered[0]} if delivered else {})}


def _execution(one: Execution) -> dict[str, Any]:
    told: dict[str, Any] = {
        "StatusCode": one.status.value,
        "CreatedAt": one.created_ms,
        "LastUpdatedAt": one.ended_ms or one.created_ms,
    }
    return {**told, **({"CompletedAt": one.ended_ms} if one.ended_ms else {}), **_reason(one)}


def _reason(one: Execution) -> dict[str, str]:
    if one.status not in _FAILED:
        return {}
    return {"StatusReason": "INSUFFICIENT_PERMISSION" if _DENIED.search(one.problem) else "INTERNAL_FAILURE"}


def _table(one: Table) -> dict[str, Any]:
    properties = [
        {"Name": name, "ValidValues": list(prop.values), "DefaultValue": prop.values[0], "Description": prop.told}
        for name, prop in one.properties.items()
    ]
    return {"TableName": one.name, "Description": one.told, "TableProperties": properties}
