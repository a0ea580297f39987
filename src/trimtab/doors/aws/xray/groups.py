"""Operations on groups, settings, tags, and segments that are put."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags, tags_of
from trimtab.doors.aws.xray.rooms import DOOR, XRayRooms, group_of, invalid, operations, page_of
from trimtab.traces.groups import Group
from trimtab.traces.preferences import Destination, Encryption, Indexing

_PAGE = 100


@operations.add("CreateGroup", needs=Role.WRITE)
async def create_group(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Add a group."""
    text = request.get("FilterExpression") or ""
    await rooms.traces.search.expression(text, context.account, context.region)
    group = Group(context.account, context.region, request["GroupName"], "", text, **_insights(request))
    made = await rooms.traces.groups.create(group)
    tagged = tags_of(request)
    if tagged:
        await rooms.traces.tags.change(made.arn, tagged)
    return {"Group": _group(made)}


@operations.add("GetGroup")
async def get_group(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """One group."""
    return {"Group": _group(await group_of(rooms, request, context))}


@operations.add("GetGroups")
async def get_groups(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The groups, the default one first."""
    page, more = page_of(await rooms.traces.groups.listed(context.account, context.region), request, _PAGE)
    return {"Groups": [_group(group) for group in page], **more}


@operations.add("UpdateGroup", needs=Role.WRITE)
async def update_group(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Change the expression or the insights of a group."""
    group, changes = await group_of(rooms, request, context), _insights(request)
    if request.get("FilterExpression") is not None:
        await rooms.traces.search.expression(request["FilterExpression"], context.account, context.region)
        changes["filter"] = request["FilterExpression"]
    return {"Group": _group(await rooms.traces.groups.change(group, **changes))}


@operations.add("DeleteGroup", needs=Role.WRITE)
async def delete_group(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Delete a group."""
    await rooms.traces.groups.remove(await group_of(rooms, request, context))
    return {}


def _insights(request: Request) -> dict[str, Any]:
    given = request.get("InsightsConfiguration") or {}
    names = {"InsightsEnabled": "insights", "NotificationsEnabled": "notifications"}
    return {own: given[theirs] for theirs, own in names.items() if given.get(theirs) is not None}


def _group(group: Group) -> dict[str, Any]:
    return {
        "GroupName": group.name,
        "GroupARN": group.arn,
        "FilterExpression": group.filter,
        "InsightsConfiguration": {"InsightsEnabled": group.insights, "NotificationsEnabled": group.notifications},
    }


_RULE = "Default"
"""The only indexing rule that X-Ray has."""


@operations.add("GetEncryptionConfig")
async def get_encryption_config(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The encryption setting."""
    setting, _ = await rooms.traces.preferences.get(Encryption, context.account, context.region)
    return {"EncryptionConfig": _encryption(setting)}


@operations.add("PutEncryptionConfig", needs=Role.WRITE)
async def put_encryption_config(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Put the encryption setting."""
    setting = Encryption(request["Type"], request.get("KeyId") or "")
    await rooms.traces.preferences.put(context.account, context.region, setting)
    return {"EncryptionConfig": _encryption(setting)}


@operations.add("GetIndexingRules")
async def get_indexing_rules(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The indexing rule."""
    setting, modified_ms = await rooms.traces.preferences.get(Indexing, context.account, context.region)
    return {"IndexingRules": [_indexing(setting, modified_ms)]}


@operations.add("UpdateIndexingRule", needs=Role.WRITE)
async def update_indexing_rule(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Change the indexing rule."""
    if request["Name"] != _RULE:
        raise AwsError("ResourceNotFoundException", f"There is no indexing rule {request['Name']}: expected {_RULE}")
    asked = request["Rule"].get("Probabilistic")
    if not asked:
        raise invalid("Expected a Rule of Probabilistic")
    setting = Indexing(asked["DesiredSamplingPercentage"])
    modified_ms = await rooms.traces.preferences.put(context.account, context.region, setting)
    return {"IndexingRule": _indexing(setting, modified_ms)}


@operations.add("GetTraceSegmentDestination")
async def get_trace_segment_destination(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Where segments go."""
    setting, _ = await rooms.traces.preferences.get(Destination, context.account, context.region)
    return {"Destination": setting.name, "Status": "ACTIVE"}


@operations.add("UpdateTraceSegmentDestination", needs=Role.WRITE)
async def update_trace_segment_destination(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Say where segments go."""
    name = request.get("Destination")
    if not name:
        raise invalid("Expected a Destination: XRay or CloudWatchLogs")
    key = (request.get("CloudWatchLogsConfiguration") or {}).get("SpansLogGroupKmsKeyId") or ""
    await rooms.traces.preferences.put(context.account, context.region, Destination(name, key))
    return {"Destination": name, "Status": "ACTIVE"}


def _encryption(setting: Encryption) -> dict[str, Any]:
    told = {"Type": setting.type, "Status": "ACTIVE"}
    return told | ({"KeyId": setting.key} if setting.key else {})


def _indexing(setting: Indexing, modified_ms: int) -> dict[str, Any]:
    rate = {"DesiredSamplingPercentage": setting.percentage, "ActualSamplingPercentage": 100.0}
    return {"Name": _RULE, "ModifiedAt": modified_ms, "Rule": {"Probabilistic": rate}}


_PAGE_OF_TAGS = 50


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Add tags, or replace values of those that are there."""
    arn = await _arn(rooms, request, context)
    try:
        await rooms.traces.tags.change(arn, tags_of(request))
    except LimitExceeded as problem:
        raise AwsError("TooManyTagsException", str(problem), members={"ResourceName": arn}) from None
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.traces.tags.change(await _arn(rooms, request, context), {}, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a group or a rule, by key."""
    found = await rooms.traces.tags.of(await _arn(rooms, request, context))
    page, more = page_of(listed_tags(found), request, _PAGE_OF_TAGS)
    return {"Tags": page, **more}


async def _arn(rooms: XRayRooms, request: Request, context: CallContext) -> str:
    """The ARN of a request, of a group or rule that there is. Raises AwsError."""
    arn: str = request["ResourceARN"]
    place = context.account, context.region
    known = [group.arn for group in await rooms.traces.groups.listed(*place)]
    known += [one.rule.arn(*place) for one in await rooms.traces.rules.listed(*place)]
    if arn not in known:
        message = f"There is no group or sampling rule {arn}"
        raise AwsError("ResourceNotFoundException", message, members={"ResourceName": arn})
    return arn


MOST_DOCUMENTS = 50
"""Documents of a request, as PutTraceSegments takes them."""


@operations.add("PutTraceSegments", needs=Role.WRITE)
async def put_trace_segments(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Keep segment documents; those that are not taken are answered with a code and a reason."""
    texts = request["TraceSegmentDocuments"]
    if len(texts) > MOST_DOCUMENTS:
        raise invalid(f"Got {len(texts)} TraceSegmentDocuments; expected at most {MOST_DOCUMENTS}")
    key = f"{DOOR}/{context.account}/{context.region}/{context.invocation_id}" if context.invocation_id else None
    taken = await rooms.traces.documents.put(texts, context.account, context.region, key)
    kept = sum(taken.services.values())
    for service, spans in taken.services.items():
        rooms.ledger.accepted(
            DOOR, service or "unknown", context.account, context.region, spans, context.size * spans // kept
        )
    for one in taken.unprocessed:
        reason = one.message.partition(". Got")[0]
        rooms.ledger.rejected(DOOR, "segments", context.account, context.region, reason, one.id, 1)
    unprocessed = [{"Id": one.id, "ErrorCode": one.code, "Message": one.message} for one in taken.unprocessed]
    return {"UnprocessedTraceSegments": unprocessed}


@operations.add("PutTelemetryRecords", needs=Role.WRITE)
async def put_telemetry_records(rooms: XRayRooms, request: Request, context: CallContext) -> Answer:
    """Keep the last record of a daemon."""
    records = request["TelemetryRecords"]
    if records:
        host = request.get("Hostname") or request.get("EC2InstanceId") or request.get("ResourceARN") or ""
        last = max(records, key=lambda record: record["Timestamp"])
        await rooms.traces.daemons.put(context.account, context.region, host, last)
    return {}
