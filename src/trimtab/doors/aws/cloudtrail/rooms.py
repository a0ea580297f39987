"""The registry that CloudTrail's operations join, what they are given, and what they share."""

from msgspec import Struct

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.access.scope import Scope
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Operations
from trimtab.inventory.sources import SourceLedger

DOOR = "cloudtrail"
"""The door's name in the ledger of sources."""


class CloudTrailRooms(Struct, frozen=True):
    """What the operations ask."""

    audit: AuditRoom
    ledger: SourceLedger

    @property
    def clock(self) -> Clock:
        """The room's clock."""
        return self.audit.clock


operations: Operations[CloudTrailRooms] = Operations("cloudtrail", invalid_code="InvalidParameterException")
"""The operations of CloudTrail; importing an operation's file adds it (`service.py` imports them all)."""


def invalid(message: str) -> AwsError:
    """The error of a request that says something wrong."""
    return AwsError("InvalidParameterException", message)


def readable(context: CallContext) -> Scope:
    """Whose events a caller reads: its account's; the person at this machine reads those of every account."""
    if context.principal is LOCAL_OPERATOR:
        return Scope(regions=context.scope.regions)
    return context.scope


def offset_of(token: str | None, of: str) -> int:
    """Where a page of the list `of` begins. Raises AwsError."""
    if not token:
        return 0
    try:
        match decode_token(token):
            case [str(name), int(offset)] if name == of and offset >= 0:
                return offset
    except InvalidInput:
        pass
    raise AwsError("InvalidNextTokenException", "The specified NextToken is invalid: expected one of an earlier answer")
