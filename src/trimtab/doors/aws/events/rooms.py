"""The registry that EventBridge's operations join, what they are given, and what they share."""

from typing import Any, TypeVar

from msgspec import Struct

from trimtab.base.errors import Conflict, LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
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


page = Pages(_PAGE, lambda: AwsError("ValidationError", "The specified token is invalid."), size="Limit")


def one_filter(request: Request, operation: str) -> None:
    """Raises AwsError where a list is asked for by more than one of its filters."""
    if sum(request.get(name) is not None for name in ("NamePrefix", "EventSourceArn", "State")) > 1:
        raise AwsError(
            "ValidationError",
            f"At most one filter is allowed for {operation}. Use either : State, EventSourceArn, or NamePrefix.",
        )


def without_empty(answer: dict[str, Any]) -> dict[str, Any]:
    """Members that have something to say."""
    return {name: value for name, value in answer.items() if value not in (None, "", [], {})}
