"""The registry that X-Ray's operations join, what they are given, and what they share."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

from trimtab.base.errors import Conflict, InvalidInput, NotFound, QueryAborted
from trimtab.base.ids import hash64
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Operations, Request, coral_as
from trimtab.inventory.sources import SourceLedger
from trimtab.traces.groups import Group
from trimtab.traces.model import w3c_trace_id
from trimtab.traces.room import TracesRoom

T = TypeVar("T")
DOOR = "xray"
"""The door's name in the ledger of sources."""
INVALID = "InvalidRequestException"
_BODY_LIMIT = 8 << 20  # 50 documents of 64 KB, escaped in JSON


class XRayRooms(Struct, frozen=True):
    """What the operations ask."""

    traces: TracesRoom
    ledger: SourceLedger


worded = coral_as(INVALID)


operations: Operations[XRayRooms] = Operations(
    "xray",
    worded,
    body_limit=_BODY_LIMIT,
    invalid_code=INVALID,
    codes=tuple((kind, INVALID) for kind in (InvalidInput, Conflict, NotFound, QueryAborted)),
)
"""X-Ray's operations; importing an operation's file adds it (`service.py` imports them all)."""


def invalid(message: str) -> AwsError:
    """The error of a request that says something wrong."""
    return AwsError(INVALID, message)


async def group_of(rooms: XRayRooms, request: Request, context: CallContext) -> Group:
    """The group that a request names by GroupName or GroupARN. Raises AwsError, NotFound."""
    name, arn = request.get("GroupName") or "", request.get("GroupARN") or ""
    if bool(name) == bool(arn):
        raise invalid("Expected either GroupName or GroupARN")
    return await rooms.traces.groups.get(context.account, context.region, name, arn)


async def filter_of(rooms: XRayRooms, request: Request, context: CallContext) -> str:
    """The filter expression of the group that a request may name; "" for none."""
    if not (request.get("GroupName") or request.get("GroupARN")):
        return ""
    return (await group_of(rooms, request, context)).filter


def trace_ids(request: Request, most: int) -> list[str]:
    """The trace ids of a request as 32 digits. Raises AwsError."""
    given = request["TraceIds"]
    if len(given) > most:
        raise invalid(f"Got {len(given)} TraceIds; expected at most {most}")
    return list(dict.fromkeys(w3c_trace_id(one) for one in given))


def check_range(request: Request) -> tuple[int, int]:
    """`StartTime` and `EndTime` of a request (ms). Raises AwsError."""
    start, end = request["StartTime"], request["EndTime"]
    if end < start:
        raise invalid("StartTime must not be after EndTime")
    return start, max(end, start + 1)


def page_of(items: Sequence[T], request: Request, size: int) -> tuple[Sequence[T], dict[str, str]]:
    """The page of `items` that NextToken asks for, and the member that leads to the next one.

    A token knows the request that it was made for. Raises AwsError for another one.
    """
    asked = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults")}
    mark = hash64(repr(sorted(asked.items()))) >> 16
    start = 0
    if request.get("NextToken"):
        try:
            of, start = decode_token(request["NextToken"])
        except (InvalidInput, TypeError, ValueError):
            raise invalid("The NextToken is invalid: expected one from an earlier answer") from None
        if of != mark or not isinstance(start, int) or start < 0:
            raise invalid("The NextToken is of another request")
    after = start + size
    more = {"NextToken": encode_token([mark, after])} if after < len(items) else {}
    return items[start:after], more
