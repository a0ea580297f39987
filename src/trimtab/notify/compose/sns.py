"""SNS-compatible HTTP(S) subscriptions: the envelope, its headers, and the request to confirm.

Format: "HTTP/HTTPS notification JSON format" and "subscription confirmation JSON format" of the SNS developer guide.
Not there: a signature by Amazon's certificate, which only Amazon has. `Signature` is empty, and a receiver that
verifies it must be told to trust trimtab in another way (see docs/guide/notifications.md).
"""

import json

from trimtab.base.clock import to_datetime
from trimtab.egress.request import Outgoing
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER
from trimtab.notify.model import CONFIRMATION, PUBLISHED, Channel, Notification, Parcel

_SUBJECT_LENGTH = 100  # SNS's limit
_IN_EVENTS_ONLY = frozenset({"NewStateReasonData", "OldStateReason", "OldStateReasonData", "OldStateTime"})
"""What CloudWatch tells of a change of state in its events, and not in its messages to topics, as recorded."""


def compose(parcel: Parcel, channel: Channel, now_ms: int) -> Outgoing:
    """The request."""
    told = parcel.first
    if told.kind == CONFIRMATION:
        return _confirmation(parcel, channel)
    raw = channel.options.get("raw") is True
    headers = _headers("Notification", parcel, channel)
    headers["x-amz-sns-subscription-arn"] = str(channel.options.get("subscription", ""))
    if raw:
        headers["x-amz-sns-rawdelivery"] = "true"
    return Outgoing(channel.endpoint, headers, message(told).encode() if raw else _envelope(told, channel))


def message(told: Notification) -> str:
    """What SNS calls the message: a published text as it came, an event as the JSON that CloudWatch sends."""
    if told.kind == PUBLISHED:
        return str(told.body.get("Message", ""))
    sent = {name: value for name, value in told.body.items() if name not in _IN_EVENTS_ONLY}
    return json.dumps(sent, ensure_ascii=False) if sent else told.text


def _envelope(told: Notification, channel: Channel) -> bytes:
    subject = told.body.get("Subject") if told.kind == PUBLISHED else told.title
    envelope: dict[str, object] = {"Type": "Notification", "MessageId": told.id, "TopicArn": _topic(channel)}
    if subject:
        envelope["Subject"] = str(subject)[:_SUBJECT_LENGTH]
    envelope |= {"Message": message(told), "Timestamp": _timestamp(told.at_ms), **_UNSIGNED}
    envelope["UnsubscribeURL"] = str(channel.options.get("unsubscribe_url", ""))
    attributes = told.body.get("MessageAttributes") if told.kind == PUBLISHED else None
    if attributes:
        envelope["MessageAttributes"] = attributes
    return json.dumps(envelope, ensure_ascii=False, indent=2).encode()


def _confirmation(parcel: Parcel, channel: Channel) -> Outgoing:
    told = parcel.first
    topic = _topic(channel)
    envelope = {
        "Type": "SubscriptionConfirmation",
        "MessageId": parcel.id,
        "Token": channel.secret.get("token", ""),
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": str(channel.options.get("subscribe_url", "")) + channel.secret.get("token", ""),
        "Timestamp": _timestamp(told.at_ms),
        **_UNSIGNED,
    }
    body = json.dumps(envelope, ensure_ascii=False, indent=2).encode()
    return Outgoing(channel.endpoint, _headers("SubscriptionConfirmation", parcel, channel), body)


_UNSIGNED = {"SignatureVersion": "1", "Signature": "", "SigningCertURL": ""}


def _headers(kind: str, parcel: Parcel, channel: Channel) -> dict[str, str]:
    return {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": f"Amazon Simple Notification Service Agent ({AGENT})",
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": parcel.id if kind == "SubscriptionConfirmation" else parcel.first.id,
        "x-amz-sns-topic-arn": _topic(channel),
        DELIVERY_HEADER: parcel.id,
    }


def _topic(channel: Channel) -> str:
    return str(channel.options.get("topic", ""))


def _timestamp(ms: int) -> str:
    return to_datetime(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
