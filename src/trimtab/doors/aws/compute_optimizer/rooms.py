"""The registry that the operations of Compute Optimizer join, what they are given, and what they share."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.model import Kind
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.rightsizing.store import INACTIVE, Kept, Wanted
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Function, Operations, Request
from trimtab.doors.aws.wire.constraints import Problem, coral

T = TypeVar("T")
_PAGE = 100
_MOST = 1000


class OptimizerRooms(Struct, frozen=True):
    """What the operations ask."""

    room: RightsizingRoom


def worded(problems: Sequence[Problem]) -> AwsError:
    """The common sentences under the code that Compute Optimizer gives them."""
    return AwsError("InvalidParameterValueException", str(coral(problems)))


Operation = Function[OptimizerRooms]


class _Operations(Operations[OptimizerRooms]):
    """Operations of accounts that take part."""

    def add(self, name: str, **options: Any) -> Callable[[Operation], Operation]:
        """Decorate the function of operation `name`; `open_to_all` lets accounts use it that do not take part."""
        always = options.pop("open_to_all", False)
        register = super().add(name, **options)

        def checked(call: Operation) -> Operation:
            @wraps(call)
            async def asked(rooms: OptimizerRooms, request: Request, context: CallContext) -> Answer:
                if not always and (await rooms.room.store.enrolled(context.account))[0] == INACTIVE:
                    raise AwsError(
                        "OptInRequiredException",
                        "The account is not opted in to AWS Compute Optimizer; UpdateEnrollmentStatus opts it in.",
                    )
                return await call(rooms, request, context)

            register(asked)
            return call

        return checked


operations = _Operations(
    "compute-optimizer",
    worded,
    invalid_code="InvalidParameterValueException",
    codes=((NotFound, "ResourceNotFoundException"), (InvalidInput, "InvalidParameterValueException")),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def page(found: Sequence[T], request: Request) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError."""
    try:
        start = int(decode_token(request["nextToken"])) if request.get("nextToken") else 0
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("InvalidParameterValueException", "The specified nextToken is invalid.") from None
    size = _PAGE if request.get("maxResults") is None else int(request["maxResults"])
    if not 0 <= size <= _MOST:
        raise AwsError("InvalidParameterValueException", f"maxResults must be between 0 and {_MOST}, got {size}.")
    end = start + (size or _PAGE)
    return list(found[start:end]), {"nextToken": encode_token(end)} if len(found) > end else {}


def scope_of(request: Request, context: CallContext) -> Scope:
    """What a caller sees of the region that it asks, and of the accounts that it names."""
    scope, named = context.scope, request.get("accountIds") or ()
    allowed = scope.accounts
    accounts = frozenset(named) if named else frozenset((context.account,))
    if allowed is not None and not accounts <= allowed:
        raise AwsError("AccessDeniedException", "The key is not allowed to read the recommendations of these accounts.")
    return Scope(accounts, frozenset((context.region,)), scope.rows)


async def kept(
    rooms: OptimizerRooms, request: Request, context: CallContext, kind: Kind, arns: str
) -> tuple[list[Kept], list[dict[str, str]]]:
    """The recommendations of a kind that a request asks for by ARN and filter, and errors of ARNs that have none."""
    named = tuple(request.get(arns) or ())
    found = await rooms.room.store.listed(scope_of(request, context), Wanted(kind=kind.value, arns=named))
    known = {one.recommendation.subject.arn for one in found}
    errors = [
        {"identifier": arn, "code": "ResourceNotFoundException", "message": f"No recommendation of {arn} is known."}
        for arn in named
        if arn not in known
    ]
    filters = filters_of(request)
    return [one for one in found if _passes(one, filters)], errors


def filters_of(request: Request) -> list[tuple[str, frozenset[str]]]:
    """The filters of a request: names with the values that pass. Raises InvalidInput for one without a name."""
    filters = request.get("filters") or ()
    if not all(one.get("name") for one in filters):
        raise InvalidInput("a filter has no name")
    return [(one["name"], frozenset(one.get("values") or ())) for one in filters]


def _passes(one: Kept, filters: Sequence[tuple[str, frozenset[str]]]) -> bool:
    for name, wanted in filters:
        told = one.recommendation
        match name:
            case "Finding":
                words = {told.finding.value, told.finding.value.upper()}
                if told.finding.value in ("Underprovisioned", "Overprovisioned"):
                    words.add("NotOptimized")
                if not wanted & words:
                    return False
            case "FindingReasonCodes" | "FindingReasonCode":
                if not wanted & set(told.reasons):
                    return False
            case "RecommendationSourceType" | "InferredWorkloadTypes":
                continue
    return True
