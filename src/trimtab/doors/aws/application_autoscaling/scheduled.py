"""Scheduled actions."""

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.doors.aws.application_autoscaling.rooms import ScalingRooms, key_of, operations, page, scope_of, within
from trimtab.doors.aws.application_autoscaling.shapes import scheduled_shape
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.engine.model import ScheduledChange, Times


@operations.add("PutScheduledAction", needs=Role.WRITE)
async def put_scheduled_action(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """Make a scheduled action, or change what is given of it."""
    key, name = key_of(request, context), request["ScheduledActionName"]
    bounds = request.get("ScalableTargetAction") or {}

    def shaped(known: ScheduledChange | None) -> Times:
        schedule = request.get("Schedule") or (known.schedule if known else "")
        if not schedule:
            raise AwsError("ValidationException", "Schedule is required when creating a scheduled action")
        return Times(
            schedule,
            request.get("Timezone") or (known.zone if known else "UTC"),
            request.get("StartTime") if "StartTime" in request else (known.start_ms if known else None),
            request.get("EndTime") if "EndTime" in request else (known.end_ms if known else None),
            bounds.get("MinCapacity") if bounds else (known.least if known else None),
            bounds.get("MaxCapacity") if bounds else (known.most if known else None),
        )

    await rooms.room.schedules.shape(scope_of(context), key, name, shaped)
    return {}


@operations.add("DescribeScheduledActions")
async def describe_scheduled_actions(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """The scheduled actions of a namespace, of a resource, or by name."""
    names = request.get("ScheduledActionNames")
    found = [
        one
        for one in await rooms.room.schedules.listed(scope_of(context))
        if within(one.key, request, context) and (not names or one.name in names)
    ]
    shown, more = page(found, request)
    return {"ScheduledActions": [scheduled_shape(one) for one in shown], **more}


@operations.add("DeleteScheduledAction", needs=Role.WRITE)
async def delete_scheduled_action(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """Delete a scheduled action."""
    try:
        await rooms.room.schedules.delete(scope_of(context), key_of(request, context), request["ScheduledActionName"])
    except NotFound as problem:
        raise AwsError("ObjectNotFoundException", str(problem)) from None
    return {}
