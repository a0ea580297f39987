"""Lookup tables: CSV that the command `lookup` of queries takes values from."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded
from trimtab.base.paging import encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, after, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.lookups.tables import LookupTable

_PAGE = 50


@operations.add("CreateLookupTable", needs=Role.WRITE)
async def create_lookup_table(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Keep a table under a new name."""
    made = await _put(rooms, request, context, request["lookupTableName"], exists=False)
    return {"lookupTableArn": made.arn, "createdAt": made.updated_ms}


@operations.add("UpdateLookupTable", needs=Role.WRITE)
async def update_lookup_table(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Put other rows in place of those of a table."""
    made = await _put(rooms, request, context, _name(request), exists=True)
    return {"lookupTableArn": made.arn, "lastUpdatedTime": made.updated_ms}


@operations.add("GetLookupTable")
async def get_lookup_table(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """A table with its CSV."""
    found = await rooms.room.lookups.get(context.account, context.region, _name(request))
    body = await rooms.room.lookups.body(context.account, context.region, found.name)
    return {
        "lookupTableArn": found.arn,
        "lookupTableName": found.name,
        "description": found.description,
        "tableBody": body,
        "sizeBytes": found.size,
        "lastUpdatedTime": found.updated_ms,
        "kmsKeyId": found.kms_key or None,
    }


@operations.add("DescribeLookupTables")
async def describe_lookup_tables(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Tables by name."""
    limit, prefix = request.get("maxResults") or _PAGE, request.get("lookupTableNamePrefix") or ""
    past = after(request.get("nextToken"))
    listed = rooms.room.lookups.listed
    found = await listed(context.account, context.region, prefix=prefix, after=past, limit=limit + 1)
    more = {"nextToken": encode_token(found[limit - 1].name)} if len(found) > limit else {}
    return {"lookupTables": [_shown(one) for one in found[:limit]], **more}


@operations.add("DeleteLookupTable", needs=Role.WRITE)
async def delete_lookup_table(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Remove a table."""
    await rooms.room.lookups.delete(context.account, context.region, _name(request))
    return {}


async def _put(rooms: LogRooms, request: Request, context: CallContext, name: str, *, exists: bool) -> LookupTable:
    body, query = request.get("tableBody"), request.get("queryId")
    if (body is None) == (query is None):
        raise invalid("Exactly one of tableBody and queryId must be specified.")
    if body is None:
        raise invalid("trimtab makes tables of tableBody, or of scheduled queries with lookupTableConfiguration")
    more = {"description": request.get("description"), "kms_key": request.get("kmsKeyId")}
    try:
        return await rooms.room.lookups.put(context.account, context.region, name, body, exists=exists, **more)
    except LimitExceeded as problem:
        raise AwsError("LimitExceededException", str(problem)) from None
    except Conflict as problem:
        raise AwsError("ResourceAlreadyExistsException", str(problem)) from None
    except InvalidInput as problem:
        raise invalid(str(problem)) from None


def _name(request: Request) -> str:
    return str(request["lookupTableArn"]).rpartition(":lookup-table:")[2]


def _shown(table: LookupTable) -> dict[str, Any]:
    return {
        "lookupTableArn": table.arn,
        "lookupTableName": table.name,
        "description": table.description,
        "tableFields": list(table.fields),
        "recordsCount": table.records,
        "sizeBytes": table.size,
        "lastUpdatedTime": table.updated_ms,
        "kmsKeyId": table.kms_key or None,
    }
