"""Export tasks: created, described, cancelled. A destination is a folder of this machine, or s3://bucket."""

import re
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, Unavailable
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.exports.tasks import DEFAULT_PREFIX, ExportTask, Wish

_PAGE = 50
_FRESH_S = 20.0
"""How long a task waits for what was acknowledged before it: another process makes it, which reads the engine alone."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What the id of a task looks like: AWS says so of one that is not there, and lists nothing for any other text."""


@operations.add("CreateExportTask", needs=Role.ADMIN)
async def create_export_task(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Copy events of a group into files. Admins only: the files are out of the reach of scopes."""
    group = await group_of(rooms, context, request["logGroupName"])
    wish = Wish(
        request.get("taskName") or "",
        request["from"],
        request["to"],
        request["destination"],
        request.get("destinationPrefix") or DEFAULT_PREFIX,
        request.get("logStreamNamePrefix") or "",
    )
    if not await rooms.reader.fresh(_FRESH_S):
        raise Unavailable("cannot export: events that were acknowledged are not in the engine yet; try again later")
    try:
        return {"taskId": (await rooms.room.exports.create(group, wish)).id}
    except LimitExceeded as problem:
        raise AwsError("LimitExceededException", str(problem)) from None


@operations.add("DescribeExportTasks")
async def describe_export_tasks(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Tasks, the newest first."""
    limit, offset = request.get("limit") or _PAGE, _offset(request.get("nextToken"))
    id_, status = request.get("taskId") or "", request.get("statusCode") or ""
    listed = rooms.room.exports.listed
    found = await listed(context.account, context.region, id_=id_, status=status, offset=offset, limit=limit + 1)
    if _ID.fullmatch(id_) and not await listed(context.account, context.region, id_=id_):
        raise AwsError("ResourceNotFoundException", "The specified export task does not exist.")
    more = {"nextToken": encode_token(offset + limit)} if len(found) > limit else {}
    return {"exportTasks": [_shown(task) for task in found[:limit]], **more}


@operations.add("CancelExportTask", needs=Role.ADMIN)
async def cancel_export_task(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Stop a task that is not over."""
    try:
        await rooms.room.exports.cancel(context.account, context.region, request["taskId"])
    except Conflict as problem:
        raise AwsError("InvalidOperationException", str(problem)) from None
    return {}


def _offset(token: str | None) -> int:
    try:
        offset = decode_token(token) if token else 0
    except InvalidInput:
        offset = None
    if not isinstance(offset, int) or offset < 0:
        raise invalid("The specified nextToken is invalid.")
    return offset


def _shown(task: ExportTask) -> dict[str, Any]:
    return {
        "taskId": task.id,
        "taskName": task.name or None,
        "logGroupName": task.log_group,
        "from": task.from_ms,
        "to": task.to_ms,
        "destination": task.destination,
        "destinationPrefix": task.prefix,
        "status": {"code": str(task.status), "message": task.message},
        "executionInfo": {"creationTime": task.created_ms, "completionTime": task.completed_ms},
    }
