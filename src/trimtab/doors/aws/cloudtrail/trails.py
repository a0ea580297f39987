"""Trails: made, changed, described, listed, deleted; logging begun and ended."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.audit.trails.model import Trail, arn_of, check_bucket, check_name, check_prefix
from trimtab.base.clock import iso
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, offset_of, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

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
        members["SnsTopicARN"] = (
            topic if topic.startswith("arn:") else f"arn:aws:sns:{trail.region}:{trail.account}:{topic}"
        )
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


def _checked_name(name: str) -> None:
    try:
        check_name(name)
    except InvalidInput as problem:
        raise AwsError("InvalidTrailNameException", str(problem)) from None
