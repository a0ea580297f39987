"""The registry that the operations of Application Auto Scaling join, what they are given, and what they share."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Codes, Operations, Request
from trimtab.doors.aws.wire.constraints import Problem, coral
from trimtab.scaling.engine.model import TargetKey
from trimtab.scaling.engine.room import ScalingRoom
from trimtab.scaling.engine.tags import TooManyTags

T = TypeVar("T")
_PAGE = 50


class ScalingRooms(Struct, frozen=True):
    """What the operations ask."""

    room: ScalingRoom


def worded(problems: Sequence[Problem]) -> AwsError:
    """The common sentences under the service's own code."""
    return AwsError("ValidationException", str(coral(problems)))


NO_RESOURCE: Codes = ((NotFound, "ResourceNotFoundException"),)
"""What operations on tags call a target that is not there."""
operations: Operations[ScalingRooms] = Operations(
    "application-autoscaling",
    worded,
    invalid_code="ValidationException",
    codes=(
        (TooManyTags, "TooManyTagsException"),
        (LimitExceeded, "LimitExceededException"),
        (NotFound, "ObjectNotFoundException"),
        (Conflict, "ConcurrentUpdateException"),
    ),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def scope_of(context: CallContext) -> Scope:
    """What a caller may see here: one account in one region, as far as its key reaches."""
    return context.scope


def key_of(request: Request, context: CallContext) -> TargetKey:
    """The target that a request names."""
    named = request["ServiceNamespace"], request["ResourceId"], request["ScalableDimension"]
    return TargetKey(context.account, context.region, *named)


def within(one: TargetKey, request: Request, context: CallContext) -> bool:
    """Whether something belongs to what a listing asks for."""
    return (
        (one.account, one.region) == (context.account, context.region)
        and one.namespace == request["ServiceNamespace"]
        and request.get("ResourceId") in (None, one.resource)
        and request.get("ScalableDimension") in (None, one.dimension)
    )


def page(found: Sequence[T], request: Request) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError."""
    try:
        start = int(decode_token(request["NextToken"])) if request.get("NextToken") else 0
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("InvalidNextTokenException", "The next token supplied was invalid.") from None
    if start < 0:
        raise AwsError("InvalidNextTokenException", "The next token supplied was invalid.")
    most = request.get("MaxResults") or _PAGE
    if not 1 <= most <= _PAGE:
        raise AwsError("ValidationException", f"MaxResults must be between 1 and {_PAGE}, got {most}.")
    end = start + most
    return list(found[start:end]), {"NextToken": encode_token(end)} if len(found) > end else {}
