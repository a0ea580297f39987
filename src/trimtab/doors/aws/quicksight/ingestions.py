"""Ingestions: a data set in SPICE read now, into its extract."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, QueryAborted, TrimtabError
from trimtab.base.records import replace
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms, found, operations, paged, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.quicksight.model import DATA_SET, INGESTION, Resource, own_name


@operations.add("CreateIngestion", needs=Role.WRITE, status=201, conflict="ResourceExistsException")
async def create_ingestion(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Read a data set now. Every refresh is a full one."""
    one = await found(rooms, place_of(request, context), DATA_SET, request["DataSetId"])
    if one.form["ImportMode"] != "SPICE" or not one.state.get("fields"):
        raise InvalidInput(f"cannot refresh data set {one.name!r}: it is not in SPICE")
    made = await begin(rooms, one, request["IngestionId"], request.get("IngestionType", "FULL_REFRESH"), context)
    return {"Arn": made.arn, "IngestionId": made.name, "IngestionStatus": made.status}


@operations.add("DescribeIngestion")
async def describe_ingestion(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One ingestion."""
    place = place_of(request, context)
    await found(rooms, place, DATA_SET, request["DataSetId"])
    return {"Ingestion": _document(await found(rooms, place, INGESTION, request["IngestionId"], request["DataSetId"]))}


@operations.add("ListIngestions")
async def list_ingestions(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The ingestions of a data set, newest first."""
    place = place_of(request, context)
    await found(rooms, place, DATA_SET, request["DataSetId"])
    listed = await rooms.room.store.listed(place, INGESTION, request["DataSetId"])
    page, more = paged(listed, request, lambda one: [-one.created_ms, one.name])
    return {"Ingestions": [_document(one) for one in page], **more}


async def begin(rooms: QuickSightRooms, one: Resource, id_: str, kind: str, context: CallContext) -> Resource:
    """Make an ingestion and carry it out; what went wrong is told in it. Raises Conflict for one of that id."""
    room = rooms.room
    made = await room.store.create(
        Resource(one.place, INGESTION, id_, parent=one.name, status="RUNNING", state={"kind": kind})
    )
    principal = room.within(context.principal, one.place)
    try:
        extract = await room.datasets.refresh(principal, own_name(DATA_SET, one.name))
    except TrimtabError as problem:
        error = {"Type": "QUERY_TIMEOUT" if isinstance(problem, QueryAborted) else "SQL_EXCEPTION"}
        failed = {"kind": kind, "error": {**error, "Message": str(problem)}}
        return await room.store.change(made, lambda kept: replace(kept, status="FAILED", state=failed))
    state: dict[str, Any] = {"kind": kind, "rows": extract.rows, "took_ms": extract.took_ms}
    return await room.store.change(made, lambda kept: replace(kept, status="COMPLETED", state=state))


def _document(one: Resource) -> dict[str, Any]:
    told: dict[str, Any] = {"RequestSource": "MANUAL", "RequestType": one.state["kind"]}
    if "rows" in one.state:
        told["RowInfo"] = {"RowsIngested": one.state["rows"], "RowsDropped": 0, "TotalRowsInDataset": one.state["rows"]}
        told["IngestionTimeInSeconds"] = round(one.state["took_ms"] / 1000)
    if one.state.get("error"):
        told["ErrorInfo"] = one.state["error"]
    names = {"Arn": one.arn, "IngestionId": one.name, "IngestionStatus": one.status, "CreatedTime": one.created_ms}
    return {**names, **told}
