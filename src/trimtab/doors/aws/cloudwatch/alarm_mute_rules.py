"""PutAlarmMuteRule, GetAlarmMuteRule, ListAlarmMuteRules and DeleteAlarmMuteRule."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.alarms.mute_rules import StoredRule
from trimtab.base.errors import NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.cloudwatch.alarms import position, room_of
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.doors.aws.wire.constraints import coral

PAGE = 50
"""Rules an answer has unless MaxRecords says otherwise, as documented."""


@operations.add("PutAlarmMuteRule", needs=Role.WRITE, dialect=coral)
async def put_alarm_mute_rule(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Create or replace a rule that silences alarms at times."""
    form = {name: value for name, value in request.items() if name != "Tags"}
    tags = tags_of(request)
    await room_of(rooms).mute_rules.put(context.account, context.region, form, tags)
    return {}


@operations.add("GetAlarmMuteRule", dialect=coral)
async def get_alarm_mute_rule(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """One rule, with what it is doing now."""
    name = request["AlarmMuteRuleName"]
    try:
        found = await room_of(rooms).mute_rules.get(context.account, context.region, name)
    except NotFound as problem:
        raise AwsError(
            "ResourceNotFoundException",
            str(problem),
            members={"ResourceType": "alarm-mute-rule", "ResourceId": name},
        ) from None
    return {**found.form, **_summary(found, rooms.clock.now_ms())}


@operations.add("ListAlarmMuteRules", dialect=coral)
async def list_alarm_mute_rules(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A page of rules, by name; those of an alarm or with some statuses where asked."""
    limit = request.get("MaxRecords", PAGE)
    after, now_ms = position(request.get("NextToken")), rooms.clock.now_ms()
    statuses, alarm = request.get("Statuses"), request.get("AlarmName")
    found = [
        one
        for one in await room_of(rooms).mute_rules.listed(context.account, context.region)
        if one.rule.name > after
        and (not statuses or one.rule.status(now_ms).value in statuses)
        and (alarm is None or alarm in one.rule.alarms)
    ]
    answer: dict[str, Any] = {"AlarmMuteRuleSummaries": [_summary(one, now_ms) for one in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1].rule.name)
    return answer


@operations.add("DeleteAlarmMuteRule", needs=Role.WRITE, dialect=coral)
async def delete_alarm_mute_rule(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Delete a rule; what it held back is run at the next evaluation."""
    await room_of(rooms).mute_rules.delete(context.account, context.region, request["AlarmMuteRuleName"])
    return {}


def _summary(found: StoredRule, now_ms: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "AlarmMuteRuleArn": found.rule.arn,
        "Status": found.rule.status(now_ms).value,
        "MuteType": "RECURRING" if found.rule.recurring else "ONE_TIME",
        "LastUpdatedTimestamp": found.updated_ms,
    }
    if found.rule.expire_ms is not None:
        told["ExpireDate"] = found.rule.expire_ms
    return told
