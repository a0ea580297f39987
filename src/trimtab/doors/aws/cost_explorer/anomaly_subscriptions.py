"""Create, Get, Update and DeleteAnomalySubscription(s); and the tags of monitors and subscriptions."""

from trimtab.access.principal import Role
from trimtab.doors.aws.cost_explorer.anomaly_shapes import page, room_of, subscription_shape, tags_of, whose, worded
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request


@operations.add("CreateAnomalySubscription", needs=Role.WRITE)
async def create_anomaly_subscription(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Have somebody told of anomalies from a size on."""
    given = request["AnomalySubscription"]
    with worded():
        made = await room_of(rooms).subscriptions.create(*whose(context), given, tags_of(request))
    return {"SubscriptionArn": made.arn}


@operations.add("GetAnomalySubscriptions", bound=True)
async def get_anomaly_subscriptions(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The subscriptions, those named, or those of a monitor."""
    arns, monitor = request.get("SubscriptionArnList") or (), request.get("MonitorArn") or ""
    with worded():
        found = await room_of(rooms).subscriptions.listed(whose(context)[0], arns, monitor)
    shown, more = page(found, request, context, lambda one: one.arn)
    return {"AnomalySubscriptions": [subscription_shape(one) for one in shown], **more}


@operations.add("UpdateAnomalySubscription", needs=Role.WRITE)
async def update_anomaly_subscription(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Change parts of a subscription."""
    changes = {name: value for name, value in request.items() if name != "SubscriptionArn"}
    with worded():
        known = await room_of(rooms).subscriptions.update(whose(context)[0], request["SubscriptionArn"], changes)
    return {"SubscriptionArn": known.arn}


@operations.add("DeleteAnomalySubscription", needs=Role.WRITE)
async def delete_anomaly_subscription(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Tell nobody any more."""
    with worded():
        await room_of(rooms).subscriptions.delete(whose(context)[0], request["SubscriptionArn"])
    return {}


@operations.add("ListTagsForResource", bound=True)
async def list_tags_for_resource(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a monitor or a subscription."""
    with worded():
        found = await room_of(rooms).subscriptions.tags(whose(context)[0], request["ResourceArn"])
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in found.items()]}


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    try:
        with worded():
            await room_of(rooms).subscriptions.tag(whose(context)[0], request["ResourceArn"], tags_of(request))
    except AwsError as problem:
        if problem.code == "ValidationError":  # of what else could be wrong the model knows
            raise AwsError(
                "TooManyTagsException", str(problem), members={"ResourceName": request["ResourceArn"]}
            ) from None
        raise
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    with worded():
        await room_of(rooms).subscriptions.tag(
            whose(context)[0], request["ResourceArn"], {}, request["ResourceTagKeys"]
        )
    return {}
