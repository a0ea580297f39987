"""Publish: a message of a client to everyone who is subscribed to a topic."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.errors import NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.sns.rooms import as_sns, operations, own_topic
from trimtab.notify.room import NotifyRoom

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
