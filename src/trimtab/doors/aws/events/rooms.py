"""The registry that EventBridge's operations join, what they are given, and what they share."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Function, Operations, Request
from trimtab.triggers.arns import Place
from trimtab.triggers.patterns.pattern import InvalidPattern
from trimtab.triggers.room import TriggersRoom

T = TypeVar("T")
_BODY_LIMIT = 2 << 20
_PAGE = 100


class EventRooms(Struct, frozen=True):
    """What the operations ask."""

    room: TriggersRoom


Operation = Function[EventRooms]


operations: Operations[EventRooms] = Operations(
    "events",
    body_limit=_BODY_LIMIT,
    codes=(
        (InvalidPattern, "InvalidEventPatternException"),
        (LimitExceeded, "LimitExceededException"),
        (Conflict, "ResourceAlreadyExistsException"),
    ),
)
"""EventBridge's operations; importing an operation's file adds it (`service.py` imports them all)."""


def place_of(context: CallContext) -> Place:
    """Where a call is for."""
    return Place(context.account, context.region)


def page(found: Sequence[T], request: Request, answer: str) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the member that names the next. `answer` is that member."""
    try:
        start = int(decode_token(request["NextToken"])) if request.get("NextToken") else 0
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("ValidationError", "The specified token is invalid.") from None
    end = start + (request.get("Limit") or _PAGE)
    return list(found[start:end]), {answer: encode_token(end)} if len(found) > end else {}


def without_empty(answer: dict[str, Any]) -> dict[str, Any]:
    """Members that have something to say."""
    return {name: value for name, value in answer.items() if value not in (None, "", [], {})}
