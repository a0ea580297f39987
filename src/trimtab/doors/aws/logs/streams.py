"""Log streams: made, described, deleted."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict
from trimtab.base.paging import encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.groups import check_unprotected
from trimtab.doors.aws.logs.rooms import LogRooms, after, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.model import Group, Stream

SEQUENCE_TOKEN = "49039859434600000000000000000000000000000000000000000001"  # noqa: S105 - a constant that stands for one
"""What stands for a sequence token: AWS still answers one and, as documented, accepts every one."""
_PAGE = 50


@operations.add("CreateLogStream", needs=Role.WRITE)
async def create_log_stream(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Make a stream in a group."""
    group = await group_of(rooms, context, request["logGroupName"])
    try:
        await rooms.groups.create_stream(group, request["logStreamName"])
    except Conflict as problem:
        raise AwsError("ResourceAlreadyExistsException", str(problem)) from None
    return {}


@operations.add("DeleteLogStream", needs=Role.WRITE)
async def delete_log_stream(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Delete a stream with its events."""
    group = await group_of(rooms, context, request["logGroupName"])
    check_unprotected(group)
    await rooms.groups.delete_stream(group, request["logStreamName"])
    return {}


@operations.add("DescribeLogStreams", bound=True)
async def describe_log_streams(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Streams of a group, by name or by their last event."""
    group = await group_of(rooms, context, request.get("logGroupName"), request.get("logGroupIdentifier"))
    prefix, limit = request.get("logStreamNamePrefix") or "", request.get("limit") or _PAGE
    by_last = request.get("orderBy") == "LastEventTime"
    if by_last and prefix:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    begin = after(request.get("nextToken"))
    if by_last and begin and not begin.isdecimal():
        raise invalid("The specified nextToken is invalid.")
    found = await rooms.groups.streams(
        group,
        prefix=prefix,
        after=begin,
        limit=limit + 1,
        by_last=by_last,
        descending=bool(request.get("descending")),
    )
    streams = [_described(group, stream) for stream in found[:limit]]
    if len(found) <= limit:
        return {"logStreams": streams}
    position = str(int(begin or 0) + limit) if by_last else found[limit - 1].name
    return {"logStreams": streams, "nextToken": encode_token(position)}


def _described(group: Group, stream: Stream) -> dict[str, Any]:
    described: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "arn": f"{group.arn}:log-stream:{stream.name}",
        "storedBytes": 0,
    }
    if stream.first_ms is not None:
        described |= {
            "firstEventTimestamp": stream.first_ms,
            "lastEventTimestamp": stream.last_ms,
            "lastIngestionTime": stream.ingested_ms,
            "uploadSequenceToken": SEQUENCE_TOKEN,
        }
    return described
