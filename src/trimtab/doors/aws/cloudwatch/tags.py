"""Tags of CloudWatch's resources: alarms, dashboards, metric streams and Contributor Insights rules."""

import re
from collections.abc import Mapping, Sequence

from trimtab.access.principal import Role
from trimtab.doors.aws.cloudwatch.complaints import Complaints, bad_value
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

MAX_TAGS = 50
"""Tags a resource may have, as documented."""
NONE: Mapping[str, str] = {}
_ARN = re.compile(
    r"arn:aws[\w-]*:cloudwatch:(?P<region>[\w-]*):(?P<account>\d{12}):"
    r"(?P<kind>alarm|alarm-mute-rule|dashboard|insight-rule|metric-stream)[:/](?P<id>.+)",
    re.DOTALL,
)


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Add tags to a resource, or replace values of those it has."""
    arn = await _existing(rooms, request, context)
    complaints = Complaints()
    tags = check_tags(request["Tags"], complaints, await rooms.tagged.tags(arn))
    complaints.raise_any()
    await rooms.tagged.put(arn, tags)
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags from a resource; keys that it does not have are passed over."""
    arn = await _existing(rooms, request, context)
    await rooms.tagged.remove(arn, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a resource, by key."""
    arn = await _existing(rooms, request, context)
    tags = await rooms.tagged.tags(arn)
    return {"Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def check_tags(
    given: Sequence[Mapping[str, str]], complaints: Complaints, known: Mapping[str, str] = NONE
) -> dict[str, str]:
    """The tags that a request gives a resource that has those `known`; complains of those that it may not have."""
    tags = {item["Key"]: item["Value"] for item in given}
    for key in tags:
        if key.lower().startswith("aws:"):
            complaints.invalid(bad_value(key, "Tags.member.Key"))
    if len({**known, **tags}) > MAX_TAGS:
        complaints.invalid(f"The collection Tags must not have a size greater than {MAX_TAGS}.")
    return tags


async def _existing(rooms: CloudWatchRooms, request: Request, context: CallContext) -> str:
    """The ARN in the request, of a resource of the caller that exists. Raises AwsError."""
    arn: str = request["ResourceARN"]
    match = _ARN.fullmatch(arn)
    if match is None:
        raise AwsError("InvalidParameterValue", bad_value(arn, "ResourceARN"))
    mine = match["account"] == context.account and match["region"] in ("", context.region)
    if mine and await rooms.tagged.exists(arn):
        return arn
    raise AwsError(
        "ResourceNotFoundException",
        f"The resource {arn} does not exist.",
        members={"ResourceType": match["kind"], "ResourceId": match["id"]},
    )
