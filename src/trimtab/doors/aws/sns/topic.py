"""Topics: made, listed, described, tagged, deleted."""

import json

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.sns.pages import page_of
from trimtab.doors.aws.sns.rooms import as_sns, operations, own_topic
from trimtab.notify.room import NotifyRoom
from trimtab.notify.topics import arn_of

_KEPT = frozenset({"DisplayName", "Policy", "DeliveryPolicy", "TracingConfig", "SignatureVersion", "KmsMasterKeyId"})
"""Attributes that are kept and answered. Of them only DisplayName means something here."""


@operations.add("CreateTopic", needs=Role.WRITE)
async def create_topic(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Make a topic, or answer the one of that name."""
    attributes = request.get("Attributes") or {}
    for name in attributes:
        _check_attribute(name)
    tagged = {item["Key"]: item["Value"] for item in request.get("Tags") or []}
    try:
        arn = arn_of(context.account, context.region, request["Name"])
        await rooms.topics.create(arn, attributes, tagged)
    except InvalidInput as problem:
        raise as_sns(problem) from None
    return {"TopicArn": arn}


@operations.add("ListTopics")
async def list_topics(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """The topics of the account in the region, 100 a page."""
    found = [topic.arn for topic in await rooms.topics.all(context.account, context.region)]
    page, more = page_of(found, found, request.get("NextToken"))
    return {"Topics": [{"TopicArn": arn} for arn in page], **more}


@operations.add("DeleteTopic", needs=Role.WRITE)
async def delete_topic(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Delete a topic with its subscriptions; one that is not there is passed over."""
    await rooms.subscribing.delete_topic(own_topic(request["TopicArn"], context))
    return {}


@operations.add("GetTopicAttributes")
async def get_topic_attributes(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """The attributes of a topic, with how many subscriptions it has."""
    arn = own_topic(request["TopicArn"], context)
    try:
        topic = await rooms.topics.get(arn)
    except NotFound as problem:
        raise as_sns(problem) from None
    subscriptions = await rooms.topics.subscriptions(None, arn)
    confirmed = sum(one.confirmed for one in subscriptions)
    return {
        "Attributes": {
            "TopicArn": arn,
            "Owner": topic.account,
            "DisplayName": "",
            "Policy": _policy(arn, topic.account),
            "SubscriptionsConfirmed": str(confirmed),
            "SubscriptionsPending": str(len(subscriptions) - confirmed),
            "SubscriptionsDeleted": "0",
            **topic.attributes,
        }
    }


@operations.add("SetTopicAttributes", needs=Role.WRITE)
async def set_topic_attributes(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Set one attribute of a topic."""
    _check_attribute(request["AttributeName"])
    try:
        await rooms.topics.set_attribute(
            own_topic(request["TopicArn"], context), request["AttributeName"], request.get("AttributeValue") or ""
        )
    except NotFound as problem:
        raise as_sns(problem) from None
    return {}


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Add tags to a topic, or replace values of those it has."""
    tagged = {item["Key"]: item["Value"] for item in request["Tags"]}
    await _change_tags(rooms, own_topic(request["ResourceArn"], context), tagged, [])
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Remove tags from a topic."""
    await _change_tags(rooms, own_topic(request["ResourceArn"], context), {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """The tags of a topic, by key."""
    try:
        found = await rooms.topics.tags_of(own_topic(request["ResourceArn"], context))
    except NotFound:
        raise AwsError("ResourceNotFound", "Resource does not exist", status=404) from None
    return {"Tags": [{"Key": key, "Value": found[key]} for key in sorted(found)]}


async def _change_tags(rooms: NotifyRoom, arn: str, put: dict[str, str], remove: list[str]) -> None:
    try:
        await rooms.topics.change_tags(arn, put, remove)
    except NotFound:
        raise AwsError("ResourceNotFound", "Resource does not exist", status=404) from None


def _check_attribute(name: str) -> None:
    if name not in _KEPT:
        kept = ", ".join(sorted(_KEPT))
        raise AwsError("InvalidParameter", f"Invalid parameter: AttributeName {name[:60]!r}: trimtab keeps {kept}")


def _policy(arn: str, account: str) -> str:
    """The policy that SNS gives a new topic, in short: the account itself may do everything. It is shown, not asked."""
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "SNS:*", "Resource": arn}
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})
