"""Operations on trails, their event selectors and tags."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.audit.selectors.model import ALL_MANAGEMENT, check_advanced, check_basic
from trimtab.audit.trails.model import Trail, arn_of, check_bucket, check_name, check_prefix
from trimtab.base.clock import iso
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.cloudtrail.event_data_stores import store_of
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, offset_of, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags

_PAGE = 100
_MEMBERS = (
    "S3BucketName",
    "S3KeyPrefix",
    "SnsTopicName",
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "KmsKeyId",
    "IsOrganizationTrail",
    "RecursiveLogging",
)


@operations.add("CreateTrail", needs=Role.WRITE)
async def create_trail(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Make a trail; StartLogging lets it deliver."""
    _check(request)
    body = {"IncludeGlobalServiceEvents": True, "IsMultiRegionTrail": False, "IsOrganizationTrail": False}
    _check_global({**body, **_members(request)})
    try:
        trail = await rooms.audit.trails.create(
            context.account, context.region, request["Name"], {**body, **_members(request)}
        )
    except Conflict as problem:
        raise AwsError("TrailAlreadyExistsException", str(problem)) from None
    except LimitExceeded as problem:
        raise AwsError("MaximumNumberOfTrailsExceededException", str(problem)) from None
    await rooms.audit.tags.add(trail.arn, {one["Key"]: one.get("Value", "") for one in request.get("TagsList") or ()})
    return described(trail)


@operations.add("UpdateTrail", needs=Role.WRITE)
async def update_trail(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Change what is given of a trail."""
    trail = await trail_of(rooms, context, request["Name"])
    _check({**request, "Name": trail.name})
    _check_global({**trail.body, **_members(request)})
    return described(await rooms.audit.trails.put(trail, _members(request)))


@operations.add("DeleteTrail", needs=Role.WRITE)
async def delete_trail(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Delete a trail; its files stay."""
    await rooms.audit.trails.delete(await trail_of(rooms, context, request["Name"]))
    return {}


@operations.add("GetTrail")
async def get_trail(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """A trail by name or ARN."""
    return {"Trail": _whole(await trail_of(rooms, context, request["Name"]))}


@operations.add("DescribeTrails")
async def describe_trails(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Trails by name or ARN, or all of the region; those of every region are in each, unless shadows are not wanted."""
    names = request.get("trailNameList") or ()
    shadows = request.get("includeShadowTrails") is not False
    found = [
        trail
        for trail in await rooms.audit.trails.of(context.account)
        if trail.region == context.region or (shadows and trail.body.get("IsMultiRegionTrail"))
    ]
    wanted = [trail for trail in found if not names or trail.name in names or trail.arn in names]
    return {"trailList": [_whole(trail) for trail in wanted]}


@operations.add("ListTrails")
async def list_trails(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """The trails of the account in every region."""
    found = await rooms.audit.trails.of(context.account)
    first = offset_of(request.get("NextToken"), "trails")
    page = [{"TrailARN": one.arn, "Name": one.name, "HomeRegion": one.region} for one in found[first : first + _PAGE]]
    more = {"NextToken": encode_token(["trails", first + _PAGE])} if first + _PAGE < len(found) else {}
    return {"Trails": page, **more}


@operations.add("GetTrailStatus")
async def get_trail_status(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Whether a trail logs, and how its last deliveries went."""
    trail = await trail_of(rooms, context, request["Name"])
    times = {
        "StartLoggingTime": trail.started_ms,
        "StopLoggingTime": trail.stopped_ms,
        "LatestDeliveryTime": trail.delivered_ms,
        "LatestDigestDeliveryTime": trail.digest_ms,
    }
    texts = {
        "TimeLoggingStarted": iso(trail.started_ms) if trail.started_ms else "",
        "TimeLoggingStopped": iso(trail.stopped_ms) if trail.stopped_ms else "",
        "LatestDeliveryAttemptTime": iso(trail.delivered_ms) if trail.delivered_ms else "",
        "LatestDeliveryAttemptSucceeded": iso(trail.delivered_ms) if trail.delivered_ms and not trail.problem else "",
    }
    failed = {"LatestDeliveryError": trail.problem} if trail.problem else {}
    return {"IsLogging": trail.logging, **{key: value for key, value in times.items() if value}, **texts, **failed}


@operations.add("StartLogging", needs=Role.WRITE)
async def start_logging(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Let a trail deliver."""
    await rooms.audit.trails.start(await trail_of(rooms, context, request["Name"]))
    return {}


@operations.add("StopLogging", needs=Role.WRITE)
async def stop_logging(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Keep a trail from delivering."""
    await rooms.audit.trails.stop(await trail_of(rooms, context, request["Name"]))
    return {}


async def trail_of(rooms: CloudTrailRooms, context: CallContext, name: str) -> Trail:
    """The trail that a request names, by name or ARN. Raises AwsError."""
    arn = name
    if not name.startswith("arn:"):
        _checked_name(name)
        arn = arn_of(context.account, context.region, name)
    elif ":cloudtrail:" not in name or ":trail/" not in name:
        raise AwsError("CloudTrailARNInvalidException", f"The specified ARN is not valid for a trail: {name}")
    try:
        found = await rooms.audit.trails.get(arn)
    except NotFound as problem:
        raise AwsError("TrailNotFoundException", f"{problem} for the user: {context.account}") from None
    if found.account != context.account:
        raise AwsError("TrailNotFoundException", f"Unknown trail: {arn} for the user: {context.account}")
    return found


def described(trail: Trail) -> dict[str, Any]:
    """A trail as CreateTrail answers it."""
    body: Mapping[str, Any] = trail.body
    members = {name: body[name] for name in _MEMBERS if body.get(name) is not None}
    topic = body.get("SnsTopicName", "")
    if topic:
        own = f"arn:{partition_of(trail.region)}:sns:{trail.region}:{trail.account}:{topic}"
        members["SnsTopicARN"] = topic if topic.startswith("arn:") else own
    return {
        "Name": trail.name,
        "TrailARN": trail.arn,
        "LogFileValidationEnabled": bool(body.get("EnableLogFileValidation")),
        **members,
    }


def _whole(trail: Trail) -> dict[str, Any]:
    basic = trail.body.get("EventSelectors")
    return {
        **described(trail),
        "HomeRegion": trail.region,
        "HasCustomEventSelectors": bool(basic or trail.body.get("AdvancedEventSelectors")),
        "HasInsightSelectors": bool(trail.body.get("InsightSelectors")),
    }


def _members(request: Request) -> dict[str, Any]:
    given = {name: request[name] for name in (*_MEMBERS, "EnableLogFileValidation") if request.get(name) is not None}
    return {name: value if value != "" else None for name, value in given.items()}


def _check(request: Request) -> None:
    _checked_name(request["Name"])
    for name, check, code in (
        ("S3BucketName", check_bucket, "InvalidS3BucketNameException"),
        ("S3KeyPrefix", check_prefix, "InvalidS3PrefixException"),
    ):
        if request.get(name):
            try:
                check(request[name])
            except InvalidInput as problem:
                raise AwsError(code, str(problem)) from None


def _check_global(body: Mapping[str, Any]) -> None:
    if body.get("IsMultiRegionTrail") and not body.get("IncludeGlobalServiceEvents"):
        raise AwsError("InvalidParameterCombinationException", "Multi-Region trail must include global service events.")


def _checked_name(name: str) -> None:
    try:
        check_name(name)
    except InvalidInput as problem:
        raise AwsError("InvalidTrailNameException", str(problem)) from None


_BASIC = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


@operations.add("PutEventSelectors", needs=Role.WRITE)
async def put_event_selectors(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Say what a trail delivers, by basic or by advanced selectors."""
    trail = await trail_of(rooms, context, request["TrailName"])
    basic, advanced = request.get("EventSelectors"), request.get("AdvancedEventSelectors")
    if bool(basic) == bool(advanced):
        raise AwsError(
            "InvalidEventSelectorsException", "Exactly one of EventSelectors and AdvancedEventSelectors must be given"
        )
    if basic:
        _checked(check_basic, basic)
        basic = [{**_BASIC, **one} for one in basic]
        await rooms.audit.trails.put(trail, {"EventSelectors": basic, "AdvancedEventSelectors": None})
        return {"TrailARN": trail.arn, "EventSelectors": basic}
    _checked(check_advanced, advanced or ())
    await rooms.audit.trails.put(trail, {"EventSelectors": None, "AdvancedEventSelectors": advanced})
    return {"TrailARN": trail.arn, "AdvancedEventSelectors": advanced}


@operations.add("GetEventSelectors")
async def get_event_selectors(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """What a trail delivers."""
    trail = await trail_of(rooms, context, request["TrailName"])
    if trail.body.get("AdvancedEventSelectors"):
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": trail.body["AdvancedEventSelectors"]}
    return {"TrailARN": trail.arn, "EventSelectors": trail.body.get("EventSelectors") or list(ALL_MANAGEMENT)}


@operations.add("PutInsightSelectors", needs=Role.WRITE)
async def put_insight_selectors(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Say which insights a trail delivers, or an event data store holds; an empty list says none."""
    wanted = request["InsightSelectors"]
    if any(not one.get("InsightType") for one in wanted):
        raise AwsError("InvalidInsightSelectorsException", "An insight selector must have an InsightType")
    if _names_store(request):
        store = await store_of(rooms, context, request["EventDataStore"])
        await rooms.audit.stores.put(store, {"InsightSelectors": wanted or None})
        told = {"EventDataStoreArn": store.arn, "InsightsDestination": request.get("InsightsDestination")}
        return {**told, "InsightSelectors": wanted}
    trail = await trail_of(rooms, context, request["TrailName"])
    await rooms.audit.trails.put(trail, {"InsightSelectors": wanted or None})
    return {"TrailARN": trail.arn, "InsightSelectors": wanted}


@operations.add("GetInsightSelectors")
async def get_insight_selectors(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Which insights a trail delivers, or an event data store holds."""
    body: Mapping[str, Any]
    if _names_store(request):
        store = await store_of(rooms, context, request["EventDataStore"])
        named, arn, body = "EventDataStoreArn", store.arn, store.body
    else:
        trail = await trail_of(rooms, context, request["TrailName"])
        named, arn, body = "TrailARN", trail.arn, trail.body
    found: Sequence[Any] = body.get("InsightSelectors") or ()
    if not found:
        raise AwsError("InsightNotEnabledException", f"Insights are not enabled on {arn}")
    return {named: arn, "InsightSelectors": found}


def _names_store(request: Request) -> bool:
    """Whether a request is about an event data store and not a trail. Raises AwsError."""
    if bool(request.get("TrailName")) == bool(request.get("EventDataStore")):
        raise AwsError(
            "InvalidParameterCombinationException", "Exactly one of TrailName and EventDataStore must be given"
        )
    return bool(request.get("EventDataStore"))


def _checked(check: Callable[[Sequence[Mapping[str, Any]]], None], selectors: Sequence[Mapping[str, Any]]) -> None:
    try:
        check(selectors)
    except InvalidInput as problem:
        raise AwsError("InvalidEventSelectorsException", str(problem)) from None


_MOST = 20  # resources of a ListTags, as documented


@operations.add("AddTags", needs=Role.WRITE)
async def add_tags(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    arn = await _resource(rooms, context, request["ResourceId"])
    try:
        await rooms.audit.tags.add(arn, {one["Key"]: one.get("Value", "") for one in request["TagsList"]})
    except LimitExceeded as problem:
        raise AwsError("TagsLimitExceededException", str(problem)) from None
    return {}


@operations.add("RemoveTags", needs=Role.WRITE)
async def remove_tags(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Take tags off, by their keys."""
    arn = await _resource(rooms, context, request["ResourceId"])
    await rooms.audit.tags.remove(arn, [one["Key"] for one in request["TagsList"]])
    return {}


@operations.add("ListTags")
async def list_tags(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """The tags of up to 20 resources."""
    found = []
    for resource in request["ResourceIdList"][:_MOST]:
        arn = await _resource(rooms, context, resource)
        tags = await rooms.audit.tags.of(arn)
        found.append({"ResourceId": arn, "TagsList": listed_tags(tags)})
    return {"ResourceTagList": found}


async def _resource(rooms: CloudTrailRooms, context: CallContext, arn: str) -> str:
    """The ARN of what exists and belongs to the caller. Raises AwsError."""
    if ":eventdatastore/" in arn:
        return (await store_of(rooms, context, arn)).arn
    return (await trail_of(rooms, context, arn)).arn
