"""Scalable targets: registered, described, deregistered; and their tags."""

from trimtab.access.principal import Role
from trimtab.base.records import replace
from trimtab.doors.aws.application_autoscaling.rooms import (
    NO_RESOURCE,
    ScalingRooms,
    key_of,
    operations,
    page,
    scope_of,
    within,
)
from trimtab.doors.aws.application_autoscaling.shapes import suspended_of, target_shape
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.engine.memory import Memory
from trimtab.scaling.engine.model import Form


@operations.add("RegisterScalableTarget", needs=Role.WRITE)
async def register_scalable_target(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """Register a target, or change what is given of it. It is observed until its mode is switched."""
    key, targets = key_of(request, context), rooms.room.targets
    least, most = request.get("MinCapacity"), request.get("MaxCapacity")

    def shaped(known: Form | None) -> Form:
        if known is None:
            if least is None or most is None:
                raise AwsError(
                    "ValidationException",
                    "MinCapacity and MaxCapacity are required when registering a new scalable target",
                )
            form = Form(least, most)
        else:
            form = known
        return replace(
            form,
            least=form.least if least is None else least,
            most=form.most if most is None else most,
            role=request.get("RoleARN") or form.role,
            suspended=suspended_of(request.get("SuspendedState") or {}, form.suspended),
        )

    return {"ScalableTargetARN": (await targets.shape(key, shaped, request.get("Tags"))).arn}


@operations.add("DescribeScalableTargets")
async def describe_scalable_targets(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """The targets of a namespace."""
    wanted = request.get("ResourceIds")
    found = [
        one
        for one in await rooms.room.targets.listed(scope_of(context))
        if within(one.key, request, context) and (not wanted or one.key.resource in wanted)
    ]
    shown, more = page(found, request)
    memories = await rooms.room.all_memories(shown)
    return {"ScalableTargets": [target_shape(one, memories.get(one.id, Memory())) for one in shown], **more}


@operations.add("DeregisterScalableTarget", needs=Role.WRITE)
async def deregister_scalable_target(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """Forget a target, its policies and scheduled actions; its replicas stay."""
    await rooms.room.targets.delete(scope_of(context), key_of(request, context))
    return {}


@operations.add("TagResource", needs=Role.WRITE, codes=NO_RESOURCE)
async def tag_resource(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """Set tags of a target."""
    await rooms.room.tags.change(scope_of(context), request["ResourceARN"], request["Tags"])
    return {}


@operations.add("UntagResource", needs=Role.WRITE, codes=NO_RESOURCE)
async def untag_resource(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags of a target."""
    await rooms.room.tags.change(scope_of(context), request["ResourceARN"], {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource", codes=NO_RESOURCE)
async def list_tags_for_resource(rooms: ScalingRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a target."""
    return {"Tags": await rooms.room.tags.of(scope_of(context), request["ResourceARN"])}
