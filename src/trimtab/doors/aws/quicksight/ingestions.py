"""Operations on ingestions of data sets, and on the schedules by which they are made."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms, found, operations, paged, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.quicksight.ingestions import FULL, INCREMENTAL
from trimtab.reports.quicksight.model import DATA_SET, INGESTION, REFRESH_SCHEDULE, Resource
from trimtab.reports.quicksight.refresh_schedule import next_ms, schedule_of

_MOST_SCHEDULES = 5
"""Of a data set. Source: QuickSight user guide, "Refreshing SPICE data"."""


@operations.add("CreateIngestion", needs=Role.WRITE, status=201, conflict="ResourceExistsException")
async def create_ingestion(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Read a data set now. Every refresh is a full one."""
    one = await found(rooms, place_of(request, context), DATA_SET, request["DataSetId"])
    kind = request.get("IngestionType", FULL)
    if kind == INCREMENTAL:
        raise InvalidInput(f"cannot refresh data set {one.name!r}: it has no properties of incremental refreshes")
    made = await rooms.ingestions.begin(one, request["IngestionId"], kind, context.principal)
    return {"Arn": made.arn, "IngestionId": made.name, "IngestionStatus": made.status}


@operations.add("CancelIngestion", needs=Role.WRITE)
async def cancel_ingestion(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """End an ingestion that runs: the data set keeps the rows that it has."""
    one = await _ingestion(rooms, request, context)
    await rooms.ingestions.cancel(one)
    return {"Arn": one.arn, "IngestionId": one.name}


@operations.add("DescribeIngestion")
async def describe_ingestion(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One ingestion."""
    return {"Ingestion": _document(await _ingestion(rooms, request, context))}


@operations.add("ListIngestions")
async def list_ingestions(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The ingestions of a data set, newest first."""
    place = place_of(request, context)
    await found(rooms, place, DATA_SET, request["DataSetId"])
    listed = await rooms.room.store.listed(place, INGESTION, request["DataSetId"])
    page, more = paged(listed, request, lambda one: [-one.created_ms, one.name])
    return {"Ingestions": [_document(one) for one in page], **more}


@operations.add("CreateRefreshSchedule", needs=Role.WRITE, conflict="ResourceExistsException")
async def create_refresh_schedule(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Read a data set in SPICE by a schedule from now on."""
    place = place_of(request, context)
    one = await found(rooms, place, DATA_SET, request["DataSetId"])
    others = await rooms.room.store.listed(place, REFRESH_SCHEDULE, one.name)
    if len(others) >= _MOST_SCHEDULES:
        raise AwsError("LimitExceededException", f"A data set has at most {_MOST_SCHEDULES} refresh schedules")
    schedule = request["Schedule"]
    made = Resource(place, REFRESH_SCHEDULE, schedule["ScheduleId"], parent=one.name)
    made = await rooms.room.store.create(_timed(rooms, made, one, schedule, others))
    return {"Arn": made.arn, "ScheduleId": made.name}


@operations.add("DescribeRefreshSchedule")
async def describe_refresh_schedule(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One schedule."""
    one = await _schedule(rooms, request, context, request["ScheduleId"])
    return {"RefreshSchedule": {**one.form, "Arn": one.arn}, "Arn": one.arn}


@operations.add("ListRefreshSchedules")
async def list_refresh_schedules(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The schedules of a data set, by id."""
    place = place_of(request, context)
    await found(rooms, place, DATA_SET, request["DataSetId"])
    listed = await rooms.room.store.listed(place, REFRESH_SCHEDULE, request["DataSetId"])
    return {"RefreshSchedules": [{**one.form, "Arn": one.arn} for one in listed]}


@operations.add("UpdateRefreshSchedule", needs=Role.WRITE)
async def update_refresh_schedule(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Change a schedule, whole."""
    place, schedule = place_of(request, context), request["Schedule"]
    one = await _schedule(rooms, request, context, schedule["ScheduleId"])
    data_set = await found(rooms, place, DATA_SET, request["DataSetId"])
    listed = await rooms.room.store.listed(place, REFRESH_SCHEDULE, one.parent)
    others = [other for other in listed if other.name != one.name]
    changed = _timed(rooms, one, data_set, schedule, others)
    await rooms.room.store.change(one, lambda _: changed)
    return {"Arn": one.arn, "ScheduleId": one.name}


@operations.add("DeleteRefreshSchedule", needs=Role.WRITE)
async def delete_refresh_schedule(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Delete a schedule."""
    one = await _schedule(rooms, request, context, request["ScheduleId"])
    await rooms.room.store.delete(one)
    return {"Arn": one.arn, "ScheduleId": one.name}


async def _ingestion(rooms: QuickSightRooms, request: Request, context: CallContext) -> Resource:
    place = place_of(request, context)
    await found(rooms, place, DATA_SET, request["DataSetId"])
    return await found(rooms, place, INGESTION, request["IngestionId"], request["DataSetId"])


async def _schedule(rooms: QuickSightRooms, request: Request, context: CallContext, name: str) -> Resource:
    place = place_of(request, context)
    await found(rooms, place, DATA_SET, request["DataSetId"])
    return await found(rooms, place, REFRESH_SCHEDULE, name, request["DataSetId"])


def _timed(
    rooms: QuickSightRooms, one: Resource, data_set: Resource, schedule: Request, others: list[Resource]
) -> Resource:  # fmt: skip
    """A schedule with when it is due next. Raises InvalidInput, AwsError for what no data set or schedule can have."""
    if data_set.form["ImportMode"] != "SPICE" or not data_set.state.get("fields"):
        raise InvalidInput(f"cannot refresh data set {data_set.name!r}: it is not in SPICE")
    if schedule["RefreshType"] == INCREMENTAL:
        raise AwsError(
            "PreconditionNotMetException", f"Data set {data_set.name} has no properties of incremental refreshes"
        )
    form = {name: value for name, value in schedule.items() if name != "Arn"}
    now = rooms.room.clock.now_ms()
    schedule_of(form, now)
    hourly = "HOURLY"
    if form["ScheduleFrequency"]["Interval"] == hourly and any(
        other.form["ScheduleFrequency"]["Interval"] == hourly for other in others
    ):
        raise InvalidInput(f"cannot use the refresh schedule: data set {data_set.name!r} has an hourly one already")
    dated = replace(one, form=form, created_ms=one.created_ms or now)
    return replace(dated, state={"next_ms": next_ms(dated, now)})


def _document(one: Resource) -> dict[str, Any]:
    told: dict[str, Any] = {"RequestSource": one.state.get("source", "MANUAL"), "RequestType": one.state["kind"]}
    if "rows" in one.state:
        told["RowInfo"] = {"RowsIngested": one.state["rows"], "RowsDropped": 0, "TotalRowsInDataset": one.state["rows"]}
        told["IngestionTimeInSeconds"] = round(one.state["took_ms"] / 1000)
    if one.state.get("error"):
        told["ErrorInfo"] = one.state["error"]
    names = {"Arn": one.arn, "IngestionId": one.name, "IngestionStatus": one.status, "CreatedTime": one.created_ms}
    return {**names, **told}
