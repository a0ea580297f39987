"""Subscriptions: asked for, confirmed by the endpoint, listed, changed, ended."""

from collections.abc import Sequence

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.sns.pages import page_of
from trimtab.doors.aws.sns.rooms import as_sns, operations, own_subscription, own_topic
from trimtab.notify.model import Subscription
from trimtab.notify.room import NotifyRoom

PENDING = "PendingConfirmation"
_RAW = "RawMessageDelivery"


@operations.add("Subscribe", needs=Role.WRITE)
async def subscribe(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Subscribe an http, https or email endpoint to a topic; it is sent a request to confirm."""
    attributes = request.get("Attributes") or {}
    for name, value in attributes.items():
        _check_attribute(name, value)
    try:
        made = await rooms.subscribing.subscribe(
            context.account,
            own_topic(request["TopicArn"], context),
            request["Protocol"],
            request.get("Endpoint") or "",
            attributes,
        )
    except (InvalidInput, NotFound) as problem:
        raise as_sns(problem) from None
    shown = made.confirmed or request.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": made.arn if shown else "pending confirmation"}


@operations.add("ConfirmSubscription", needs=Role.WRITE)
async def confirm_subscription(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Confirm a subscription with the token that its endpoint was sent."""
    try:
        found = await rooms.subscribing.confirm(own_topic(request["TopicArn"], context), request["Token"])
    except InvalidInput:
        raise AwsError("InvalidParameter", "Invalid parameter: Token") from None
    return {"SubscriptionArn": found.arn}


@operations.add("Unsubscribe", needs=Role.WRITE)
async def unsubscribe(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """End a subscription; one that is not there is passed over."""
    await rooms.subscribing.unsubscribe(own_subscription(request["SubscriptionArn"], context))
    return {}


@operations.add("ListSubscriptions")
async def list_subscriptions(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """The subscriptions of the account in the region, 100 a page; other channels show their kind as protocol."""
    found = await rooms.topics.subscriptions(context.account)
    mine = [one for one in found if one.topic.split(":")[3] == context.region]
    return _listed(mine, request.get("NextToken"))


@operations.add("ListSubscriptionsByTopic")
async def list_subscriptions_by_topic(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """The subscriptions of a topic, 100 a page."""
    arn = own_topic(request["TopicArn"], context)
    try:
        await rooms.topics.get(arn)
    except NotFound as problem:
        raise as_sns(problem) from None
    return _listed(await rooms.topics.subscriptions(None, arn), request.get("NextToken"))


@operations.add("GetSubscriptionAttributes")
async def get_subscription_attributes(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """The attributes of a subscription."""
    try:
        one = await rooms.topics.subscription(own_subscription(request["SubscriptionArn"], context))
    except NotFound as problem:
        raise as_sns(problem) from None
    return {
        "Attributes": {
            "SubscriptionArn": one.arn,
            "TopicArn": one.topic,
            "Owner": one.account,
            "Protocol": one.protocol,
            "Endpoint": one.endpoint,
            "PendingConfirmation": str(not one.confirmed).lower(),
            "ConfirmationWasAuthenticated": "false",
            _RAW: "false",
            **one.attributes,
        }
    }


@operations.add("SetSubscriptionAttributes", needs=Role.WRITE)
async def set_subscription_attributes(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Set RawMessageDelivery of a subscription."""
    name, value = request["AttributeName"], request.get("AttributeValue") or ""
    _check_attribute(name, value)
    try:
        await rooms.subscribing.set_attribute(own_subscription(request["SubscriptionArn"], context), name, value)
    except NotFound as problem:
        raise as_sns(problem) from None
    return {}


def _listed(found: Sequence[Subscription], token: str | None) -> Answer:
    page, more = page_of(found, [one.arn for one in found], token)
    shown = [
        {
            "SubscriptionArn": one.arn if one.confirmed else PENDING,
            "Owner": one.account,
            "Protocol": one.protocol,
            "Endpoint": one.endpoint,
            "TopicArn": one.topic,
        }
        for one in page
    ]
    return {"Subscriptions": shown, **more}


def _check_attribute(name: str, value: str) -> None:
    if name != _RAW:
        raise AwsError(
            "InvalidParameter",
            f"Invalid parameter: AttributeName {name[:60]!r}: trimtab knows {_RAW} only (no filter policies yet)",
        )
    if value not in ("true", "false"):
        raise AwsError("InvalidParameter", f"Invalid parameter: Attributes Reason: {_RAW}: expected true or false")
