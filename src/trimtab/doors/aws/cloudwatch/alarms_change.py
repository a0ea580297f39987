"""DeleteAlarms, SetAlarmState, EnableAlarmActions and DisableAlarmActions."""

from trimtab.access.principal import Role
from trimtab.alarms.model import AlarmKey, AlarmKind, StateValue
from trimtab.base import typed
from trimtab.base.errors import NotFound
from trimtab.doors.aws.cloudwatch.alarm_parts import alarms_of
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.constraints import coral


@operations.add("DeleteAlarms", needs=Role.WRITE, dialect=coral)
async def delete_alarms(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Delete alarms, at most one composite alarm at once. A single name that does not exist is an error."""
    names = request["AlarmNames"]
    found = await alarms_of(rooms).named(context.account, context.region, names)
    composites = sum(alarm.kind is AlarmKind.COMPOSITE for alarm in found.values())
    if composites > 1:
        raise AwsError("ValidationError", "DeleteAlarms can delete at most one composite alarm per request.")
    if len(names) > 1 and any(alarm.kind is AlarmKind.LOG for alarm in found.values()):
        raise AwsError("ValidationError", "DeleteAlarms can delete a log alarm only by itself.")
    absent = await alarms_of(rooms).delete(context.account, context.region, names)
    if absent:
        raise AwsError("ResourceNotFound", f"Alarms [{', '.join(absent)}] do not exist.")
    return {}


@operations.add("SetAlarmState", needs=Role.WRITE, dialect=coral)
async def set_alarm_state(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Set a state, with its actions, until the next evaluation."""
    data = request.get("StateReasonData")
    if data is not None and not _is_json(data):
        raise AwsError("InvalidFormat", "StateReasonData is not valid JSON.")
    key = AlarmKey(context.account, context.region, request["AlarmName"])
    try:
        await alarms_of(rooms).set_state(key, StateValue(request["StateValue"]), request["StateReason"], data)
    except NotFound as problem:
        raise AwsError("ResourceNotFound", str(problem)) from None
    return {}


@operations.add("EnableAlarmActions", needs=Role.WRITE, dialect=coral)
async def enable_alarm_actions(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Let alarms act again."""
    await alarms_of(rooms).enable_actions(context.account, context.region, request["AlarmNames"], enabled=True)
    return {}


@operations.add("DisableAlarmActions", needs=Role.WRITE, dialect=coral)
async def disable_alarm_actions(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Let alarms change their states without acting."""
    await alarms_of(rooms).enable_actions(context.account, context.region, request["AlarmNames"], enabled=False)
    return {}


def _is_json(text: str) -> bool:
    try:
        typed.loads(text)
    except ValueError:
        return False
    return True
