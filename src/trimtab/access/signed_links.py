"""Links that carry their own right: what a link is for, with a signature under a key of the installation.

Nobody needs to sign in for them, so each is for one thing. They are signed when they are sent: the state holds none.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable

from trimtab.base.errors import NotFound

PURPOSE = "signed links"
"""What `State.signing_keys` makes the keys of links for."""


def signed(key: bytes, text: str) -> str:
    """`text` and its signature, as a part of an address."""
    return f"{_encoded(text.encode())}.{_encoded(_mac(key, text))}"


def opened(keys: Iterable[bytes], token: str) -> str:
    """The text of a token that one of the keys signed. Raises NotFound."""
    body, _, mac = token.partition(".")
    try:
        text, told = _decoded(body).decode(), _decoded(mac)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        text, told = "", b""
    if not any(hmac.compare_digest(_mac(key, text), told) for key in keys):
        raise NotFound("cannot open the link: it was not signed here, or it is cut; copy all of it from the message")
    return text


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
