"""The registry that the operations of EC2 Auto Scaling join, what they are given, and what they share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Function, Operations, Request
from trimtab.scaling.groups.model import Group
from trimtab.scaling.groups.room import GroupsRoom

T = TypeVar("T")
_PAGE, _MOST = 50, 100
Operation = Function[GroupsRoom]


operations: Operations[GroupsRoom] = Operations(
    "autoscaling",
    codes=((NotFound, "ValidationError"), (InvalidInput, "ValidationError"), (Conflict, "ResourceContention")),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def place(context: CallContext) -> tuple[str, str]:
    """Account and region of a call."""
    return context.account, context.region


def page(found: Sequence[T], request: Request, size: int = _PAGE, most: int = _MOST) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError."""
    asked = request.get("MaxRecords")
    if asked is not None and not 1 <= asked <= most:
        raise AwsError("ValidationError", f"The MaxRecords value {asked} is not between 1 and {most}.")
    try:
        start = int(decode_token(request["NextToken"])) if request.get("NextToken") else 0
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("InvalidNextToken", "The token was not valid.") from None
    end = start + (asked or size)
    return list(found[start:end]), {"NextToken": encode_token(end)} if len(found) > end else {}


async def group_of(rooms: GroupsRoom, name: str, context: CallContext) -> Group:
    """A group. Raises AwsError."""
    try:
        return await rooms.get(place(context), name_of(name))
    except NotFound:
        raise missing(name) from None


async def changed(rooms: GroupsRoom, name: str, context: CallContext, work: Callable[[Group, int], T]) -> T:
    """What `work(group, now_ms)` gives, which changes the group. Raises AwsError."""
    try:
        return await rooms.change(place(context), name_of(name), work)
    except NotFound:
        raise missing(name) from None


def name_of(text: str) -> str:
    """A group's name, given by it or by its ARN."""
    return text.rpartition("autoScalingGroupName/")[2] if text.startswith("arn:") else text


def missing(name: str) -> AwsError:
    """The error of a group that is not there."""
    return AwsError("ValidationError", f"AutoScalingGroup name not found - no such group: {name}")


def arn_of(context: CallContext, kind: str, rest: str) -> str:
    """A new ARN of Auto Scaling's form."""
    return f"arn:aws:autoscaling:{context.region}:{context.account}:{kind}:{new_id()}:{rest}"


def without(request: Request, *names: str) -> dict[str, Any]:
    """What a request gives, but for some members."""
    return {key: value for key, value in request.items() if key not in names and value is not None}


def filtered(found: Sequence[T], filters: Sequence[Any], told: Mapping[str, Callable[[T], Sequence[str]]]) -> list[T]:
    """Those that pass every filter. Raises AwsError for a name that is none."""
    kept = list(found)
    for one in filters or ():
        name, values = one.get("Name", ""), set(one.get("Values") or ())
        read = told.get(name)
        if read is None and name.startswith("tag:") and "tag:*" in told:
            key = name.partition(":")[2]
            kept = [item for item in kept if any(f"{key}={value}" in told["tag:*"](item) for value in values)]
        elif read is None:
            raise AwsError("ValidationError", f"Filter type {name} is not correct. Allowed: {', '.join(sorted(told))}")
        else:
            kept = [item for item in kept if values & set(read(item))]
    return kept
