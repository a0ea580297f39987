"""DescribeAlarmHistory: what happened to alarms, for 14 days."""

from typing import Any

from trimtab.alarms.history import Item, Wanted
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.cloudwatch.alarm_parts import alarms_of
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.constraints import coral

PAGE = 50
"""Items an answer has unless MaxRecords says otherwise."""


@operations.add("DescribeAlarmHistory", dialect=coral, bound=True)
async def describe_alarm_history(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A page of history, newest first unless asked otherwise."""
    limit = request.get("MaxRecords", PAGE)
    wanted = Wanted(
        context.account,
        context.region,
        request.get("AlarmName"),
        request.get("AlarmTypes", ()),
        request.get("HistoryItemType"),
        request.get("AlarmContributorId"),
        request.get("StartDate"),
        request.get("EndDate"),
        request.get("ScanBy") == "TimestampAscending",
        _after(request.get("NextToken")),
        context.scope.rows,
    )
    found = await alarms_of(rooms).history(wanted, limit + 1)
    answer: dict[str, Any] = {"AlarmHistoryItems": [_told(item) for item in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token([found[limit - 1].at_ms, found[limit - 1].position])
    return answer


def _told(item: Item) -> dict[str, Any]:
    told: dict[str, Any] = {
        "AlarmName": item.key.name,
        "AlarmType": item.alarm_type,
        "Timestamp": item.at_ms,
        "HistoryItemType": item.item_type,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }
    if item.contributor is not None:
        told |= {"AlarmContributorId": item.contributor, "AlarmContributorAttributes": dict(item.attributes or {})}
    return told


def _after(token: str | None) -> tuple[int, int] | None:
    if not token:
        return None
    try:
        at_ms, position = decode_token(token)
        return int(at_ms), int(position)
    except (InvalidInput, TypeError, ValueError):
        raise AwsError("InvalidNextToken", "The value for parameter NextToken is invalid.") from None
