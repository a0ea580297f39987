"""Operations on topics and subscriptions, messages that are published, and lists in pages."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.sns.rooms import as_sns, operations, own_subscription, own_topic
from trimtab.doors.aws.tags import listed_tags, tags_of
from trimtab.notify.model import Subscription
from trimtab.notify.room import NotifyRoom
from trimtab.notify.topics import arn_of

PAGE = 100
T = TypeVar("T")


def page_of(items: Sequence[T], arns: Sequence[str], token: str | None) -> tuple[Sequence[T], dict[str, Any]]:
    """The items after `token` (sorted as `arns`), and the members of the answer that name the next page."""
    start = 0
    if token:
        try:
            after = str(decode_token(token))
        except InvalidInput:
            raise AwsError("InvalidParameter", "Invalid parameter: NextToken") from None
        start = sum(arn <= after for arn in arns)
    page = items[start : start + PAGE]
    more = start + PAGE < len(items)
    return page, {"NextToken": encode_token(arns[start + PAGE - 1])} if more else {}


_KEPT = frozenset({"DisplayName", "Policy", "DeliveryPolicy", "TracingConfig", "SignatureVersion", "KmsMasterKeyId"})
"""Attributes that are kept and answered. Of them only DisplayName means something here."""


@operations.add("CreateTopic", needs=Role.WRITE)
async def create_topic(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Make a topic, or answer the one of that name."""
    attributes = request.get("Attributes") or {}
    for name in attributes:
        _check_attribute(name)
    tagged = tags_of(request)
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
    tagged = tags_of(request)
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
    return {"Tags": listed_tags(found)}


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


PENDING = "PendingConfirmation"
_RAW = "RawMessageDelivery"


@operations.add("Subscribe", needs=Role.WRITE)
async def subscribe(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Subscribe an http, https or email endpoint to a topic; it is sent a request to confirm."""
    attributes = request.get("Attributes") or {}
    for name, value in attributes.items():
        _check_subscription_attribute(name, value)
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
    _check_subscription_attribute(name, value)
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


def _check_subscription_attribute(name: str, value: str) -> None:
    if name != _RAW:
        raise AwsError(
            "InvalidParameter",
            f"Invalid parameter: AttributeName {name[:60]!r}: trimtab knows {_RAW} only (no filter policies yet)",
        )
    if value not in ("true", "false"):
        raise AwsError("InvalidParameter", f"Invalid parameter: Attributes Reason: {_RAW}: expected true or false")


_MESSAGE_BYTES = 262_144
"""SNS's limit of a message, its attributes included."""
_SUBJECT_LENGTH = 100
_MOST_ENTRIES = 10


@operations.add("Publish", needs=Role.WRITE)
async def publish(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Publish a message; it is durable when this is answered, and its id is that of every repeat."""
    arn = request.get("TopicArn") or request.get("TargetArn")
    if not arn:
        where = "PhoneNumber" if request.get("PhoneNumber") else "TopicArn or TargetArn"
        raise AwsError("InvalidParameter", f"Invalid parameter: {where}: trimtab publishes to topics only")
    return {"MessageId": await _publish(rooms, own_topic(arn, context), request, context)}


@operations.add("PublishBatch", needs=Role.WRITE)
async def publish_batch(rooms: NotifyRoom, request: Request, context: CallContext) -> Answer:
    """Publish up to ten messages; each succeeds or fails for itself."""
    arn = own_topic(request["TopicArn"], context)
    entries = request["PublishBatchRequestEntries"]
    if not entries:
        raise AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > _MOST_ENTRIES:
        raise AwsError("TooManyEntriesInBatchRequest", f"The batch request contains more than {_MOST_ENTRIES} entries.")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"], "MessageId": await _publish(rooms, arn, entry, context)})
        except AwsError as problem:
            if problem.code == "NotFound":
                raise
            failed.append({"Id": entry["Id"], "Code": problem.code, "Message": str(problem), "SenderFault": True})
    return {"Successful": done, "Failed": failed}


async def _publish(rooms: NotifyRoom, arn: str, request: Mapping[str, Any], context: CallContext) -> str:
    message, subject = request["Message"], request.get("Subject")
    if not message:
        raise AwsError("InvalidParameter", "Invalid parameter: Empty message")
    if subject is not None and (not 0 < len(subject) <= _SUBJECT_LENGTH or "\n" in subject):
        raise AwsError("InvalidParameter", "Invalid parameter: Subject")
    attributes = {name: _attribute(name, value) for name, value in (request.get("MessageAttributes") or {}).items()}
    if len(message.encode()) + len(json.dumps(attributes)) > _MESSAGE_BYTES:
        raise AwsError("InvalidParameter", "Invalid parameter: Message too long")
    structure = request.get("MessageStructure")
    if structure:
        message = _default_of(message, structure)
    try:
        return await rooms.publishing.publish(arn, context.account, message, subject, attributes)
    except NotFound as problem:
        raise as_sns(problem) from None


def _default_of(message: str, structure: str) -> str:
    """The text for every protocol of a message with `MessageStructure: json`."""
    if structure != "json":
        raise AwsError("InvalidParameter", "Invalid parameter: MessageStructure")
    try:
        found = typed.loads(message)
        default = found["default"]
    except (ValueError, KeyError, TypeError):
        default = None
    if not isinstance(default, str):
        raise AwsError(
            "InvalidParameter", "Invalid parameter: Message Structure - No default entry in JSON message body"
        )
    return default


def _attribute(name: str, value: Mapping[str, Any]) -> dict[str, str]:
    kind = value["DataType"]
    if kind.startswith("Binary"):
        return {"Type": kind, "Value": base64.b64encode(value.get("BinaryValue") or b"").decode()}
    text = value.get("StringValue")
    if not text:
        raise AwsError(
            "InvalidParameter", f"The message attribute '{name}' must contain non-empty message attribute value"
        )
    return {"Type": kind, "Value": text}
