"""The registry that the operations of Budgets join, what they are given, and what they share."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.budgets.actions import Locked
from trimtab.budgets.room import BudgetsRoom
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Function, Operations, Request
from trimtab.doors.aws.wire.constraints import Problem, coral

T = TypeVar("T")
_PAGE = 100


class BudgetRooms(Struct, frozen=True):
    """What the operations ask. `home` is the account whose budgets sum every bill; others sum their own."""

    room: BudgetsRoom
    home: str


def worded(problems: Sequence[Problem]) -> AwsError:
    """The common sentences under the code that Budgets gives them."""
    return AwsError("InvalidParameterException", str(coral(problems)))


Operation = Function[BudgetRooms]


class _Operations(Operations[BudgetRooms]):
    """Operations that the role finance may read with, for accounts of the caller."""

    def add(self, name: str, **options: Any) -> Callable[[Operation], Operation]:
        """Decorate the function of operation `name`, as `Operations` does."""
        register = super().add(name, **{"needs": Role.FINANCE, **options})

        def checked(call: Operation) -> Operation:
            @wraps(call)
            async def asked(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
                _check_account(request, context)
                try:
                    return await call(rooms, request, context)
                except AwsError as problem:  # a filter's, whose reader is Cost Explorer's
                    if problem.code != "ValidationError":
                        raise
                    raise AwsError("InvalidParameterException", str(problem)) from None

            register(asked)
            return call

        return checked


operations: Operations[BudgetRooms] = _Operations(
    "budgets",
    worded,
    invalid_code="InvalidParameterException",
    codes=(
        (LimitExceeded, "CreationLimitExceededException"),
        (NotFound, "NotFoundException"),
        (Locked, "ResourceLockedException"),
        (Conflict, "DuplicateRecordException"),
    ),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def scope_of(context: CallContext) -> Scope:
    """What a caller may see: Budgets has no region."""
    return context.principal.scope


def summed(rooms: BudgetRooms, request: Request, context: CallContext) -> Scope:
    """What of the bill a budget that the caller makes sums."""
    scope = scope_of(context)
    if scope.accounts is None and request["AccountId"] != rooms.home:
        return Scope(frozenset((request["AccountId"],)), scope.regions, scope.rows)
    return scope


def page(found: Sequence[T], request: Request, most: int = _PAGE) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises AwsError."""
    try:
        start = int(decode_token(request["NextToken"])) if request.get("NextToken") else 0
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("InvalidNextTokenException", "The specified NextToken is invalid.") from None
    end = start + (request.get("MaxResults") or most)
    return list(found[start:end]), {"NextToken": encode_token(end)} if len(found) > end else {}


def tags_of(request: Request) -> Mapping[str, str]:
    """ResourceTags as a mapping."""
    return {one["Key"]: one["Value"] for one in request.get("ResourceTags") or ()}


def _check_account(request: Request, context: CallContext) -> None:
    account, allowed = request.get("AccountId"), scope_of(context).accounts
    if account is not None and not account.isdecimal():
        raise AwsError("InvalidParameterException", f"AccountId must be 12 digits, got {account!r}.")
    if account is not None and allowed is not None and account not in allowed:
        raise AwsError("AccessDenied", f"The key is not allowed to use the budgets of account {account}.")
