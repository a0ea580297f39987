"""Operations on events, and on the machines that they affect."""

from collections import Counter
from typing import Any

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.health.rooms import (
    CATEGORIES,
    SERVICES,
    Event,
    HealthRooms,
    actionability,
    events_of,
    fits,
    operations,
    page,
)
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.fleet.health.notices import codes

_LOCALE = "en"
_PERSONAS = ["OPERATIONS"]


@operations.add("DescribeEvents")
async def describe_events(rooms: HealthRooms, request: Request, context: CallContext) -> Answer:
    """Faults of GPUs, machines that are down or drained, and what is to be done, of the last 90 days."""
    _speaks(request)
    found = [one for one in await events_of(rooms, context) if fits(one, request.get("filter", {}))]
    shown, more = page(found, request)
    return {"events": [_shape(one) for one in shown], **more}


@operations.add("DescribeEventDetails")
async def describe_event_details(rooms: HealthRooms, request: Request, context: CallContext) -> Answer:
    """What events say, in words, with the command that mends it where there is one."""
    _speaks(request)
    known = {one.arn: one for one in await events_of(rooms, context)}
    asked = list(dict.fromkeys(request["eventArns"]))
    return {
        "successfulSet": [_details(known[arn]) for arn in asked if arn in known],
        "failedSet": [
            {
                "eventArn": arn,
                "errorName": "InvalidEventArn",
                "errorMessage": "The event ARN is not valid, or the event is older than 90 days.",
            }
            for arn in asked
            if arn not in known
        ],
    }


@operations.add("DescribeAffectedEntities")
async def describe_affected_entities(rooms: HealthRooms, request: Request, context: CallContext) -> Answer:
    """The machines that events are about."""
    _speaks(request)
    wanted = {name: value for name, value in request["filter"].items() if name != "statusCodes"}
    statuses = request["filter"].get("statusCodes")
    found = [
        one
        for one in await events_of(rooms, context)
        if fits(one, wanted) and (not statuses or _entity_status(one) in statuses)
    ]
    shown, more = page(found, request)
    return {"entities": [_entity(one) for one in shown], **more}


@operations.add("DescribeEventTypes")
async def describe_event_types(rooms: HealthRooms, request: Request, context: CallContext) -> Answer:
    """The types that events can have: every fault of NVIDIA's catalogue, and what machines can tell beside."""
    _speaks(request)
    wanted = request.get("filter", {})
    types = [
        {"service": service, "code": f"{service}_{code}", "category": CATEGORIES[topic], "personas": _PERSONAS}
        for service in SERVICES
        for code, topic in codes().items()
    ]
    members = {"eventTypeCodes": "code", "services": "service", "eventTypeCategories": "category"}
    found = [
        one
        for one in types
        if all(not wanted.get(name) or one[member] in wanted[name] for name, member in members.items())
    ]
    shown, more = page(found, request)
    return {"eventTypes": shown, **more}


@operations.add("DescribeEventAggregates")
async def describe_event_aggregates(rooms: HealthRooms, request: Request, context: CallContext) -> Answer:
    """How many events there are of each category."""
    found = [one for one in await events_of(rooms, context) if fits(one, request.get("filter", {}))]
    counts = Counter(CATEGORIES[one.notice.topic] for one in found)
    shown, more = page(sorted(counts.items()), request)
    return {"eventAggregates": [{"aggregateValue": name, "count": count} for name, count in shown], **more}


@operations.add("DescribeEntityAggregates")
async def describe_entity_aggregates(rooms: HealthRooms, request: Request, context: CallContext) -> Answer:
    """How many machines events affect, by what they are now."""
    found = [one for one in await events_of(rooms, context) if fits(one, {"eventArns": request.get("eventArns")})]
    return {
        "entityAggregates": [{"eventArn": one.arn, "count": 1, "statuses": {_entity_status(one): 1}} for one in found]
    }


def _speaks(request: Request) -> None:
    """Refuse languages that nothing is written in."""
    if request.get("locale", _LOCALE).partition("-")[0].partition("_")[0].lower() != _LOCALE:
        raise AwsError("UnsupportedLocale", f"The specified locale {request['locale']} is not supported.")


def _shape(one: Event) -> dict[str, Any]:
    notice = one.notice
    return {
        "arn": one.arn,
        "service": one.service,
        "eventTypeCode": one.code,
        "eventTypeCategory": CATEGORIES[notice.topic],
        "region": one.region,
        "startTime": notice.start_ms,
        **({} if notice.end_ms is None else {"endTime": notice.end_ms}),
        "lastUpdatedTime": one.updated_ms,
        "statusCode": one.status,
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "actionability": actionability(notice),
        "personas": _PERSONAS,
    }


def _details(one: Event) -> dict[str, Any]:
    notice = one.notice
    metadata = {"cluster": notice.machine.cluster, "node": notice.machine.name}
    metadata |= {} if notice.device is None else {"gpu": str(notice.device)}
    metadata |= {"command": notice.command} if notice.command else {}
    return {
        "event": _shape(one),
        "eventDescription": {"latestDescription": notice.text},
        "eventMetadata": {name: value for name, value in metadata.items() if value},
    }


def _entity(one: Event) -> dict[str, Any]:
    return {
        "entityArn": one.entity_arn,
        "eventArn": one.arn,
        "entityValue": one.entity,
        "awsAccountId": one.notice.machine.account,
        "lastUpdatedTime": one.updated_ms,
        "statusCode": _entity_status(one),
    }


def _entity_status(one: Event) -> str:
    return "IMPAIRED" if one.notice.end_ms is None else "RESOLVED"
