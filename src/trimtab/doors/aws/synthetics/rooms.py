"""The registry that the operations of Synthetics join, and what they are given."""

from msgspec import Struct

from trimtab.alarms.tagged import AlarmTags
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.canaries.form import Admit
from trimtab.canaries.model import CanaryKey
from trimtab.canaries.room import CanaryRoom
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Operations, coral_as


class SyntheticsRooms(Struct, frozen=True):
    """What the operations ask."""

    room: CanaryRoom
    tags: AlarmTags
    admit: Admit


operations: Operations[SyntheticsRooms] = Operations(
    "synthetics",
    coral_as("ValidationException"),
    invalid_code="ValidationException",
    codes=(
        (InvalidInput, "ValidationException"),
        (NotFound, "ResourceNotFoundException"),
        (Conflict, "ConflictException"),
    ),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""

page = Pages(20, lambda: InvalidInput("The NextToken is invalid."))


def key_of(context: CallContext, name: str) -> CanaryKey:
    """The canary of that name in the caller's account and region."""
    return CanaryKey(context.account, context.region, name)
