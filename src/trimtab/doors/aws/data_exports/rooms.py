"""What the operations of Data Exports and of Cost and Usage Reports are given, and what they share."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.costs.delivery.model import Definition, Kind
from trimtab.costs.delivery.room import BillExports
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Operations, coral_as

T = TypeVar("T")
INVALID = "ValidationException"


class ExportRooms(Struct, frozen=True):
    """What the operations ask."""

    room: BillExports


worded = coral_as(INVALID)


class Coded(Operations[ExportRooms]):
    """Operations that the role finance may read with, under codes of their own for what is taken, too many or gone."""

    def __init__(self, model: str, taken: str, many: str, gone: str) -> None:
        codes = ((Conflict, taken), (LimitExceeded, many), (NotFound, gone), (InvalidInput, INVALID))
        super().__init__(model, worded, invalid_code=INVALID, needs=Role.FINANCE, codes=codes)


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


page = Pages(100, lambda: InvalidInput("The NextToken is invalid."))


def tags_of(given: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags of a request. Raises InvalidInput for a key that is there twice."""
    tags = {one["Key"]: one["Value"] for one in given or ()}
    if len(tags) != len(given or ()):
        raise InvalidInput("A tag key is given more than once.")
    return tags
