"""The registry that the operations of CloudWatch Logs join, what they are given, and what they share."""

import re
from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Operations, Request, coral_as
from trimtab.inventory.sources import SourceLedger
from trimtab.logs.filters.metric_filters import MetricFilters
from trimtab.logs.groups import LogGroups
from trimtab.logs.ingest import LogIngest
from trimtab.logs.insights.room import InsightsRoom
from trimtab.logs.model import Group
from trimtab.logs.patterns.room import LogAnomalyRoom
from trimtab.logs.read import LogReader
from trimtab.logs.room import LogsRoom
from trimtab.logs.vended import Vended

DOOR = "logs"
"""The door's name in the ledger of sources."""
_VENDED_PAGE = 50
_BODY_LIMIT = 8 << 20  # a megabyte of events, its messages with every character escaped in JSON
_ARN = re.compile(r"arn:[\w-]+:logs:(?P<region>[\w-]*):(?P<account>\d*):log-group:(?P<name>[^:*]+)(:\*)?")


class LogRooms(Struct, frozen=True):
    """What the operations ask."""

    groups: LogGroups
    ingest: LogIngest
    reader: LogReader
    ledger: SourceLedger
    clock: Clock
    insights: InsightsRoom
    filters: MetricFilters
    room: LogsRoom
    anomalies: LogAnomalyRoom

    @classmethod
    def of(cls, room: LogsRoom, ledger: SourceLedger, insights: InsightsRoom, anomalies: LogAnomalyRoom) -> "LogRooms":
        """What they ask of the logs room."""
        return cls(room.groups, room.ingest, room.reader, ledger, room.clock, insights, room.filters, room, anomalies)


worded = coral_as("InvalidParameterException")


operations: Operations[LogRooms] = Operations(
    "logs", worded, body_limit=_BODY_LIMIT, invalid_code="InvalidParameterException"
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def invalid(message: str) -> AwsError:
    """The error of a request that says something wrong."""
    return AwsError("InvalidParameterException", message)


async def group_of(rooms: LogRooms, context: CallContext, name: str | None, identifier: str | None = None) -> Group:
    """The group that a request names, by name or by ARN. Raises AwsError, NotFound."""
    if name and identifier:
        raise AwsError("ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    if not name and not identifier:
        raise invalid("Either logGroupName or logGroupIdentifier must be specified.")
    account, region, name = place_of(context, name or identifier or "")
    return await rooms.reader.group(context.scope, account, region, name)


def place_of(context: CallContext, identifier: str) -> tuple[str, str, str]:
    """Account, region and name of a group that is given as a name or as an ARN. Raises AwsError."""
    if not identifier.startswith("arn:"):
        return context.account, context.region, identifier
    match = _ARN.fullmatch(identifier)
    if match is None:
        raise invalid("The specified log group identifier is invalid: expected a name or an ARN of a log group")
    return match["account"], match["region"], match["name"]


def after(token: str | None) -> str:
    """The name after which a page begins. Raises AwsError."""
    if not token:
        return ""
    try:
        return str(decode_token(token))
    except InvalidInput:
        raise invalid("The specified nextToken is invalid.") from None


def vended_page(found: Sequence[Vended], request: Request) -> tuple[list[Vended], dict[str, str]]:
    """The page of sources, destinations or deliveries that a request asks for, and the token of the next."""
    last, limit = after(request.get("nextToken")), request.get("limit") or _VENDED_PAGE
    left = [one for one in found if one.name > last]
    return left[:limit], {"nextToken": encode_token(left[limit - 1].name)} if len(left) > limit else {}
