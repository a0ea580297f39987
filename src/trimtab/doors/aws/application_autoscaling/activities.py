"""What was done, and where it is asked for, what was not."""

from trimtab.doors.aws.application_autoscaling.rooms import ScalingRooms, operations, page, scope_of, within
from trimtab.doors.aws.application_autoscaling.shapes import OURS, activity_shape
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.engine.activities import Wanted


@operations.add("DescribeScalingActivities")
async def describe_scaling_activities(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """The activities of the last six weeks, the newest first. Dry runs are trimtab's own API's."""
    wanted = Wanted(
        request["ServiceNamespace"], request.get("ResourceId") or "", request.get("ScalableDimension") or ""
    )
    skipped = not request.get("IncludeNotScaledActivities")
    found = [
        one
        for one in await rooms.room.activities.listed(scope_of(context), wanted)
        if within(one.key, request, context)
        and one.status not in OURS
        and not (skipped and one.details.get("not_scaled"))
    ]
    shown, more = page(found, request)
    return {"ScalingActivities": [activity_shape(one) for one in shown], **more}
