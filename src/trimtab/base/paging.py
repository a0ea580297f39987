"""Opaque, stable page tokens: base64 JSON of the position after the last row returned."""

import base64
import binascii
import json
from typing import Any

from trimtab.base import typed
from trimtab.base.errors import InvalidInput


def encode_token(position: Any) -> str:
    """A token for `position`, which must be JSON-serialisable."""
    raw = json.dumps(position, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_token(token: str) -> Any:
    """The position inside `token`. Raises InvalidInput for a token that this server did not make."""
    try:
        return typed.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error):
        raise InvalidInput("cannot read page token: expected one from an earlier answer", field="NextToken") from None
