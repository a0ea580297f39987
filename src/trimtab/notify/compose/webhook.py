"""Webhook: the notification as JSON, signed as the Standard Webhooks specification 1.0.0 says.

Signed is `<id>.<seconds>.<body>` with HMAC-SHA256; libraries of that specification verify it. The id is also in
`X-Trimtab-Delivery`. A repeat has the same id and body and a new time.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

import msgspec

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.egress.request import Outgoing
from trimtab.notify.compose.request import AGENT, DELIVERY_HEADER
from trimtab.notify.model import Channel, Parcel

SECRET_PREFIX = "whsec_"  # noqa: S105  # how the specification begins every secret, none itself
_SECRET_BYTES = (24, 64)  # the specification's least and most


def new_secret() -> str:
    """A new signing secret."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a signing secret. Raises InvalidInput, which does not repeat it."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    low, high = _SECRET_BYTES
    if not secret.startswith(SECRET_PREFIX) or not low <= len(key) <= high:
        raise InvalidInput(
            f"cannot use signing_secret: expected {SECRET_PREFIX} and {low} to {high} bytes in base64; leave it out to "
            "have one made",
            field="signing_secret",
        )
    return key


def sign(secret: str, id_: str, seconds: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = b"%s.%d.%s" % (id_.encode(), seconds, body)
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def compose(parcel: Parcel, channel: Channel, now_ms: int) -> Outgoing:
    """The signed request."""
    told = parcel.first
    body = msgspec.json.encode(
        {
            "id": parcel.id,
            "event_id": told.id,
            "kind": told.kind,
            "at": iso(told.at_ms),
            "subject": told.subject,
            "title": told.title,
            "text": told.text,
            "severity": told.severity,
            "firing": told.firing,
            "link": told.link,
            "labels": told.labels,
            "body": told.body,
        }
    )
    seconds = now_ms // 1000
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        DELIVERY_HEADER: parcel.id,
        "webhook-id": parcel.id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": sign(channel.secret["signing_secret"], parcel.id, seconds, body),
    }
    if channel.secret.get("authorization"):
        headers["Authorization"] = channel.secret["authorization"]
    return Outgoing(channel.endpoint, headers, body)
