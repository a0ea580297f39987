"""What QuickSight's operations share: the place that a path names, errors in its codes, pages of lists."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.base.errors import AccessDenied, Conflict, InvalidInput, LimitExceeded, NotFound, TrimtabError
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Codes, Function, Operations, Request, coral_as
from trimtab.reports.quicksight.ingestions import Ingestions
from trimtab.reports.quicksight.model import (
    DATA_SET,
    DATA_SOURCE,
    GROUP,
    INGESTION,
    REFRESH_SCHEDULE,
    USER,
    Place,
    Resource,
)
from trimtab.reports.quicksight.people import People
from trimtab.reports.quicksight.room import QuickSightRoom
from trimtab.reports.quicksight.snapshots import Snapshots

PAGE = 100
"""Entries of a page, at most and where none is asked for; AWS's limit."""
_TYPES: Mapping[str, str] = {
    USER: "USER", GROUP: "GROUP", DATA_SOURCE: "DATA_SOURCE", DATA_SET: "DATA_SET", INGESTION: "INGESTION",
    REFRESH_SCHEDULE: "REFRESH_SCHEDULE",
}  # fmt: skip


class QuickSightRooms(Struct, frozen=True):
    """What the operations ask."""

    room: QuickSightRoom
    ingestions: Ingestions
    people: People
    snapshots: Snapshots


worded = coral_as("InvalidParameterValueException")


Operation = Function[QuickSightRooms]
_CODES: Codes = (
    (LimitExceeded, "LimitExceededException"),
    (AccessDenied, "AccessDeniedException"),
    (NotFound, "ResourceNotFoundException"),
    (InvalidInput, "InvalidParameterValueException"),
)
"""Applied here and not by `Operations`: QuickSight's errors carry the request's id too."""
_KINDS: tuple[type[TrimtabError], ...] = (*(kind for kind, _ in _CODES), Conflict)


class _Operations(Operations[QuickSightRooms]):
    """Operations whose answers carry the request's id and status, and whose errors QuickSight's codes."""

    def add(
        self, name: str, *, status: int = 200, conflict: str = "ConflictException", **options: Any
    ) -> Callable[[Operation], Operation]:
        """Decorate the function of operation `name`; `conflict` is the code of what is there already."""
        register = super().add(name, **options)

        def coded(call: Operation) -> Operation:
            @wraps(call)
            async def asked(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
                told = {"RequestId": context.request_id}
                try:
                    return {"Status": status, **await call(rooms, request, context), **told}
                except AwsError as problem:
                    raise AwsError(problem.code, str(problem), members={**told, **problem.members}) from None
                except _KINDS as problem:
                    code = conflict if isinstance(problem, Conflict) else _code(problem)
                    raise AwsError(code, str(problem), members=told) from None

            register(asked)
            return call

        return coded


def _code(problem: Exception) -> str:
    return next(code for kind, code in _CODES if isinstance(problem, kind))


operations: _Operations = _Operations("quicksight", worded, body_limit=8 << 20, invalid_code="InvalidParameterValue")
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def place_of(request: Request, context: CallContext) -> Place:
    """The account of the path, the region of the call. Raises AwsError for an account that the caller may not see."""
    account = str(request["AwsAccountId"])
    accounts = context.principal.scope.accounts
    if accounts is not None and account not in accounts:
        raise AwsError("AccessDeniedException", f"{context.principal.name} may not use account {account}")
    return Place(account, context.region)


async def found(
    rooms: QuickSightRooms, place: Place, kind: str, name: str, parent: str = "", *, code: str = ""
) -> Resource:  # fmt: skip
    """A resource by its id. Raises AwsError."""
    one = await rooms.room.store.find(place, kind, name, parent)
    if one is None:
        members = {"ResourceType": _TYPES[kind]} if kind in _TYPES else {}
        raise AwsError(
            code or "ResourceNotFoundException", f"There is no {kind} {name!r} in {place.account}", members=members
        )
    return one


def form_of(request: Request, *without: str) -> dict[str, Any]:
    """What is kept of a request: all but its account, tags and ids."""
    return {name: value for name, value in request.items() if name not in ("AwsAccountId", "Tags", *without)}


_One = TypeVar("_One")


def paged(listed: Sequence[_One], request: Request, key: Callable[[_One], Any]) -> tuple[list[_One], dict[str, str]]:
    """The page of a list that a request asks for, and the token of the next; `key` is unique. Raises AwsError."""
    rows = sorted(listed, key=key)
    if request.get("NextToken"):
        try:
            after = decode_token(request["NextToken"])
            rows = [one for one in rows if key(one) > after]
        except (InvalidInput, TypeError):
            raise AwsError("InvalidNextTokenException", "The NextToken value isn't valid.") from None
    most = min(request.get("MaxResults") or PAGE, PAGE)
    page = rows[:most]
    return page, {"NextToken": encode_token(key(page[-1]))} if len(rows) > most else {}


def by_name(one: Resource) -> str:
    """The key of resources in lists."""
    return one.name
