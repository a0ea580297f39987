"""The registry that the operations of Application Signals join, and what they are given."""

import re
from typing import Any

from msgspec import Struct

from trimtab.alarms.tagged import AlarmTags
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Operations, coral_as
from trimtab.slos.model import SloKey
from trimtab.slos.room import SloRoom
from trimtab.traces.requests import RequestReader

_ARN = re.compile(r"arn:aws[\w-]*:application-signals:([\w-]*):(\d{12}):slo/(.+)")


class SignalsRooms(Struct, frozen=True):
    """What the operations ask."""

    slos: SloRoom
    requests: RequestReader
    tags: AlarmTags


operations: Operations[SignalsRooms] = Operations(
    "application-signals",
    coral_as("ValidationException"),
    invalid_code="ValidationException",
    codes=(
        (LimitExceeded, "ServiceQuotaExceededException"),
        (InvalidInput, "ValidationException"),
        (Conflict, "ConflictException"),
    ),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""

page = Pages(50, lambda: InvalidInput("The NextToken is invalid."))


def key_of(context: CallContext, asked: str) -> SloKey:
    """The objective that a name or an ARN means. Raises ResourceNotFoundException for another account's."""
    match = _ARN.fullmatch(asked)
    if match is None:
        return SloKey(context.account, context.region, asked)
    region, account, name = match.groups()
    if account != context.account:
        raise absent(asked)
    return SloKey(account, region, name)


def absent(asked: str) -> AwsError:
    """The error of an objective that is not there."""
    members: dict[str, Any] = {"ResourceType": "ServiceLevelObjective", "ResourceId": asked}
    return AwsError("ResourceNotFoundException", f"The SLO {asked} does not exist.", members=members)
