"""Scalars that travel as text: fields of the query protocol, and paths, query strings and headers of rest-json."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from trimtab.doors.aws.wire import timestamps
from trimtab.doors.aws.wire.malformed import Malformed


def _string(value: Any) -> str:
    if type(value) is not str:
        raise Malformed("one value", value)
    return value


def _boolean(value: Any) -> bool:
    lowered = _string(value).lower()
    if lowered not in ("true", "false"):
        raise Malformed("true or false", value)
    return lowered == "true"


def _integer(value: Any) -> int:
    try:
        return int(_string(value))
    except ValueError:
        raise Malformed("a whole number", value) from None


def _number(value: Any) -> float:
    try:
        return float(_string(value))
    except ValueError:
        raise Malformed("a number", value) from None


def _timestamp(value: Any) -> int:
    return timestamps.from_text(_string(value))


def _blob(value: Any) -> bytes:
    try:
        return base64.b64decode(_string(value), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("base64 text", value) from None


TEXT_READERS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "character": _string,
    "boolean": _boolean,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "timestamp": _timestamp,
    "blob": _blob,
}
"""By shape type: from text to a request's value. Raises Malformed."""
