"""PutMetricStream, GetMetricStream, ListMetricStreams, DeleteMetricStream, StartMetricStreams and StopMetricStreams."""

import re
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.cloudwatch.alarms import position
from trimtab.doors.aws.cloudwatch.complaints import Complaints, exclusive
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.cloudwatch.tags import check_tags
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.metric_streams.model import Stream, arn_of
from trimtab.metric_streams.room import StreamsRoom

PAGE = 500
"""Streams an answer has unless MaxResults says otherwise, as documented."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")


@operations.add("PutMetricStream", needs=Role.WRITE)
async def put_metric_stream(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Make a stream, which runs from now on, or change one; tags count only for a new one."""
    room, complaints = _room(rooms), Complaints()
    if request.get("IncludeFilters") and request.get("ExcludeFilters"):
        complaints.combination(exclusive("IncludeFilters", "ExcludeFilters"))
    if not _NAME.fullmatch(request["Name"]):
        complaints.invalid(f"The value {request['Name'][:255]} for parameter Name is invalid.")
    tags = check_tags(request.get("Tags", ()), complaints)
    complaints.raise_any()
    form = {name: value for name, value in request.items() if name not in ("Name", "Tags")}
    try:
        await room.admit(request["FirehoseArn"], request["Name"])
        made, new = await room.store.put(context.account, context.region, request["Name"], form)
    except InvalidInput as problem:
        raise AwsError("InvalidParameterValue", str(problem)) from None
    if new and tags:
        await rooms.tagged.put(made.arn, tags)
    return {"Arn": made.arn}


@operations.add("GetMetricStream")
async def get_metric_stream(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A stream as it was put, and whether it runs."""
    try:
        found = await _room(rooms).store.get(context.account, context.region, request["Name"])
    except NotFound as problem:
        raise AwsError("ResourceNotFoundException", str(problem)) from None
    return {**found.form, **_entry(found)}


@operations.add("ListMetricStreams")
async def list_metric_streams(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A page of streams by name."""
    limit, after = request.get("MaxResults", PAGE), position(request.get("NextToken"))
    found = await _room(rooms).store.listed(context.account, context.region, after, limit + 1)
    answer: dict[str, Any] = {"Entries": [_entry(one) for one in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].name)
    return answer


@operations.add("DeleteMetricStream", needs=Role.WRITE)
async def delete_metric_stream(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Forget a stream; one that is not there is no error."""
    await _room(rooms).store.delete(context.account, context.region, request["Name"])
    arn = arn_of(context.account, context.region, request["Name"])
    await rooms.tagged.remove(arn, list(await rooms.tagged.tags(arn)))
    return {}


@operations.add("StartMetricStreams", needs=Role.WRITE)
async def start_metric_streams(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Send from now on; names that are not there are passed over."""
    await _room(rooms).store.switch(context.account, context.region, request["Names"], running=True)
    return {}


@operations.add("StopMetricStreams", needs=Role.WRITE)
async def stop_metric_streams(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Send no more; names that are not there are passed over."""
    await _room(rooms).store.switch(context.account, context.region, request["Names"], running=False)
    return {}


def _room(rooms: CloudWatchRooms) -> StreamsRoom:
    if rooms.streams is None:
        raise AwsError("InternalServiceError", "This server keeps no metric streams.")
    return rooms.streams


def _entry(one: Stream) -> dict[str, Any]:
    return {
        "Arn": one.arn,
        "Name": one.name,
        "CreationDate": one.created_ms,
        "LastUpdateDate": one.updated_ms,
        "FirehoseArn": one.destination,
        "State": "running" if one.running else "stopped",
        "OutputFormat": one.format.value,
    }
