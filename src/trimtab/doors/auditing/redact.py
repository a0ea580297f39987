"""What of a request may be kept in the audit: no secrets, nothing long, only what JSON can say."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""CloudTrail's own words in place of a secret."""
_SECRET = re.compile(
    r"secret|passw|token|credential|authorization|api[-_]?key|private[-_]?key|routing[-_]?key|signing|cookie|session",
    re.IGNORECASE,
)
_PLACES = re.compile(r"url|uri|endpoint|webhook|address", re.IGNORECASE)
LONGEST = 2048
"""Characters of a text that are kept: names, patterns and queries, not bodies."""
MOST = 100
"""Items of a list, and members of an object, that are kept."""
DEEPEST = 8


def redacted(value: Any, key: str = "") -> Any:
    """`value` as the audit keeps it. A member whose name speaks of a secret, and what URLs carry, is hidden."""
    return _kept(value, key, 0)


def _kept(value: Any, key: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if key and _SECRET.search(key) and not isinstance(value, Mapping | list | tuple):
        return HIDDEN
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return _text(value, key)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        items = list(value.items())
        kept = {str(name): _kept(item, str(name), depth + 1) for name, item in items[:MOST]}
        if value.get("IsValueSecret") or value.get("isValueSecret"):  # parameters of EventBridge's connections
            kept |= {name: HIDDEN for name in kept if name.lower() == "value"}
        return kept | ({"…": f"{len(items) - MOST} more"} if len(items) > MOST else {})
    if isinstance(value, Sequence):
        rest = [f"… {len(value) - MOST} more"] if len(value) > MOST else []
        return [_kept(item, key, depth + 1) for item in value[:MOST]] + rest
    return _text(str(value), key)


def _text(text: str, key: str) -> str:
    if _PLACES.search(key) and "://" in text:
        return _host_only(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _host_only(url: str) -> str:
    """A URL without user, path and query: a webhook's path is its secret."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return HIDDEN
    rest = f"/{HIDDEN}" if parts.path.strip("/") or parts.query else ""
    return urlunsplit((parts.scheme, f"{host}{port}", rest, "", ""))
