"""What the operations of Data Exports and of Cost and Usage Reports are given, and what they share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.costs.delivery.model import Definition, Kind
from trimtab.costs.delivery.room import BillExports
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Function, Operations, Request
from trimtab.doors.aws.wire.constraints import Problem, coral

T = TypeVar("T")
INVALID = "ValidationException"


class ExportRooms(Struct, frozen=True):
    """What the operations ask."""

    room: BillExports


Operation = Function[ExportRooms]


def worded(problems: Sequence[Problem]) -> AwsError:
    """The common sentences under the services' own code."""
    return AwsError(INVALID, str(coral(problems)))


class Coded(Operations[ExportRooms]):
    """Operations that the role finance may read with, under codes of their own for what is taken, too many or gone."""

    def __init__(self, model: str, taken: str, many: str, gone: str) -> None:
        codes = ((Conflict, taken), (LimitExceeded, many), (NotFound, gone), (InvalidInput, INVALID))
        super().__init__(model, worded, invalid_code=INVALID, codes=codes)

    def add(self, name: str, **options: Any) -> Callable[[Operation], Operation]:
        """Decorate the function of operation `name`, as `Operations` does."""
        return super().add(name, **{"needs": Role.FINANCE, **options})


def accounts_of(context: CallContext) -> tuple[str, ...] | None:
    """Whose lines an export of the caller has. Raises AwsError where the caller sees only some of an account's."""
    scope = context.principal.scope
    if scope.regions is not None or scope.rows:
        raise AwsError("AccessDenied", "an export has every line of its accounts; this key does not see them all")
    return None if scope.accounts is None else tuple(sorted(scope.accounts))


async def mine(rooms: ExportRooms, context: CallContext, arn: str, kind: Kind) -> Definition:
    """A definition of the caller's account. Raises NotFound."""
    found = await rooms.room.store.get(arn)
    if found.account != context.account or found.kind is not kind:
        raise NotFound(f"cannot find export {arn[:300]!r}")
    return found


def page(found: Sequence[T], request: Request, most: int) -> tuple[Sequence[T], dict[str, str]]:
    """The part of a list that a request asks for, and the token of the next. Raises InvalidInput."""
    try:
        start = int(decode_token(request["NextToken"])) if request.get("NextToken") else 0
    except (InvalidInput, TypeError, ValueError):
        raise InvalidInput("The NextToken is invalid.") from None
    end = max(start, 0) + (request.get("MaxResults") or most)
    return found[max(start, 0) : end], {"NextToken": encode_token(end)} if len(found) > end else {}


def tags_of(given: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags of a request. Raises InvalidInput for a key that is there twice."""
    tags = {one["Key"]: one["Value"] for one in given or ()}
    if len(tags) != len(given or ()):
        raise InvalidInput("A tag key is given more than once.")
    return tags
