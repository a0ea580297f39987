"""The registry that the operations of the Resource Groups Tagging API join, and what they share."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Operations, coral_as
from trimtab.doors.aws.tagging.compliance import Policies
from trimtab.doors.aws.tagging.own import OwnTags
from trimtab.doors.aws.tagging.reports import TagReports
from trimtab.inventory.tagging import Tagged, Tagging

T = TypeVar("T")
INVALID = "InvalidParameterException"


class TaggingRooms(Struct, frozen=True):
    """What the operations ask. `policies` are the tag policies that hold now.

    `own` sets tags of what trimtab keeps itself; `elsewhere` are things whose tags are not in the inventory's table.
    """

    tagging: Tagging
    policies: Callable[[], Awaitable[Policies]]
    reports: TagReports
    own: OwnTags
    elsewhere: Callable[[CallContext], Awaitable[list[Tagged]]]


worded = coral_as(INVALID)


operations: Operations[TaggingRooms] = Operations("resourcegroupstaggingapi", worded, invalid_code=INVALID)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


async def seen(rooms: TaggingRooms, context: CallContext) -> list[Tagged]:
    """What has tags in the account and region that is asked for; things of no region are everywhere."""
    regions = None if context.scope.regions is None else context.scope.regions | {""}
    scope = Scope(frozenset((context.account,)), regions, context.scope.rows)
    found = {one.arn: one for one in (*await rooms.elsewhere(context), *await rooms.tagging.all(scope))}
    return [found[arn] for arn in sorted(found) if arn.split(":")[3] in ("", context.region)]


def start_of(token: str | None) -> int:
    """Where the page of a token begins. Raises AwsError."""
    try:
        return int(decode_token(token)) if token else 0
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("PaginationTokenExpiredException", "The PaginationToken is invalid or expired.") from None


def token_of(found: Sequence[T], end: int) -> str:
    """The token of the next page; "" on the last, as this API has it."""
    return encode_token(end) if len(found) > end else ""
