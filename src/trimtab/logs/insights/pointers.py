"""`@ptr`: which event a row is, as an opaque text: base64 of `group:time:id:log group`, as `fields.py` writes it."""

import base64
import binascii

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.logs.model import Position


class Pointer(Struct, frozen=True):
    """The incarnation and name of a group, and the event's place in it."""

    group: int
    log_group: str
    at: Position


def read_pointer(text: str) -> Pointer:
    """What a pointer points at. Raises InvalidInput for a text that is none."""
    try:
        group, time_ms, id_, log_group = base64.b64decode(text, validate=True).decode().split(":", 3)
        return Pointer(int(group), log_group, Position(int(time_ms), int(id_)))
    except (ValueError, binascii.Error):
        raise InvalidInput(
            "The specified log record pointer is invalid: expected an @ptr of a query's answer"
        ) from None
