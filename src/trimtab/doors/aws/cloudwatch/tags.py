"""Operations on tags, and whether what is tagged exists."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.doors.aws.cloudwatch.complaints import Complaints, bad_value
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, Tagged, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags

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
    """The tags of a resource, by key. An alarm that is not there has none, as AWS answers it; all else must exist."""
    arn, match = _named(request)
    if match["kind"] != "alarm":
        await _existing(rooms, request, context)
    tags = await rooms.tagged.tags(arn) if _is_mine(match, context) else {}
    return {"Tags": listed_tags(tags)}


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
    arn, match = _named(request)
    if _is_mine(match, context) and await rooms.tagged.exists(arn):
        return arn
    raise AwsError(
        "ResourceNotFoundException",
        f"The resource {arn} does not exist.",
        members={"ResourceType": match["kind"], "ResourceId": match["id"]},
    )


def _named(request: Request) -> tuple[str, re.Match[str]]:
    """The ARN in the request, and its parts. Raises AwsError."""
    arn: str = request["ResourceARN"]
    match = _ARN.fullmatch(arn)
    if match is None:
        raise AwsError("InvalidParameterValue", bad_value(arn, "ResourceARN"))
    return arn, match


def _is_mine(match: re.Match[str], context: CallContext) -> bool:
    """Whether an ARN is of the caller's account and region; dashboards have no region."""
    return match["account"] == context.account and match["region"] in ("", context.region)


Exists = Callable[[str], Awaitable[bool]]


class EveryTagged(Struct, frozen=True):
    """Tags kept by `kept`; a resource is there when one of `rooms` says so of its ARN."""

    kept: Tagged
    rooms: Sequence[Exists]

    async def exists(self, arn: str) -> bool:
        """Whether a room has the resource."""
        for known in self.rooms:
            if await known(arn):
                return True
        return False

    async def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource."""
        return await self.kept.tags(arn)

    async def put(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace the values of those that are there."""
        await self.kept.put(arn, tags)

    async def remove(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags by key."""
        await self.kept.remove(arn, keys)


def dashboards_exist(get: Callable[[str, str], Awaitable[object]], missing: type[Exception]) -> Exists:
    """Whether a dashboard exists, by what reads one and the error that it raises for one that is not there."""

    async def exists(arn: str) -> bool:
        account, _, name = arn.partition("::")[2].partition(":dashboard/")
        if not name:
            return False
        try:
            await get(account, name)
        except missing:
            return False
        return True

    return exists


def named_exist(get: Callable[[str, str, str], Awaitable[object]], mark: str) -> Exists:
    """Whether a resource that is known by account, region and name exists; `mark` is what its ARN has before the name.

    `get` raises NotFound for one that is not there.
    """

    async def exists(arn: str) -> bool:
        place, _, name = arn.partition(f":{mark}/")
        if not name:
            return False
        region, account = place.split(":")[3:5]
        try:
            await get(account, region, name)
        except NotFound:
            return False
        return True

    return exists
