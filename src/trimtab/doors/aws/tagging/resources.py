"""GetResources, GetTagKeys, GetTagValues, TagResources and UntagResources."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tagging.compliance import details
from trimtab.doors.aws.tagging.rooms import INVALID, TaggingRooms, operations, seen, start_of, token_of
from trimtab.doors.aws.tags import listed_tags
from trimtab.inventory.tagging import Tagged

_PAGE, _KEYS_PAGE = 50, 100
_MOST_PER_PAGE = 100


@operations.add("GetResources", bound=True)
async def get_resources(rooms: TaggingRooms, request: Request, context: CallContext) -> Answer:
    """Things with tags in the region, as far as they fit."""
    if request.get("ResourceARNList") and (request.get("TagFilters") or request.get("ResourceTypeFilters")):
        raise AwsError(INVALID, "ResourceARNList cannot be given together with TagFilters or ResourceTypeFilters.")
    if request.get("ExcludeCompliantResources") and not request.get("IncludeComplianceDetails"):
        raise AwsError(INVALID, "ExcludeCompliantResources needs IncludeComplianceDetails.")
    policies = await rooms.policies()
    found = [one for one in await seen(rooms, context) if _fits(one, request)]
    if request.get("ExcludeCompliantResources"):
        found = [one for one in found if not details(one, policies)["ComplianceStatus"]]
    size = _size(request)
    start = start_of(request.get("PaginationToken"))
    shown = []
    for one in found[start : start + size]:
        row: dict[str, Any] = {"ResourceARN": one.arn, "Tags": listed_tags(one.tags)}
        if request.get("IncludeComplianceDetails"):
            row["ComplianceDetails"] = details(one, policies)
        shown.append(row)
    return {"PaginationToken": token_of(found, start + size), "ResourceTagMappingList": shown}


@operations.add("GetTagKeys", bound=True)
async def get_tag_keys(rooms: TaggingRooms, request: Request, context: CallContext) -> Answer:
    """The keys of all tags in the region."""
    keys = sorted({key for one in await seen(rooms, context) for key in one.tags})
    start = start_of(request.get("PaginationToken"))
    end = start + _KEYS_PAGE
    return {"PaginationToken": token_of(keys, end), "TagKeys": keys[start:end]}


@operations.add("GetTagValues", bound=True)
async def get_tag_values(rooms: TaggingRooms, request: Request, context: CallContext) -> Answer:
    """The values that a key has in the region."""
    values = sorted({one.tags[request["Key"]] for one in await seen(rooms, context) if request["Key"] in one.tags})
    start = start_of(request.get("PaginationToken"))
    end = start + _KEYS_PAGE
    return {"PaginationToken": token_of(values, end), "TagValues": values[start:end]}


@operations.add("TagResources", needs=Role.WRITE)
async def tag_resources(rooms: TaggingRooms, request: Request, context: CallContext) -> Answer:
    """Set tags of things of the inventory and of what trimtab keeps; AWS itself is not changed."""
    return await _change(rooms, context, request["ResourceARNList"], request["Tags"], ())


@operations.add("UntagResources", needs=Role.WRITE)
async def untag_resources(rooms: TaggingRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags of things of the inventory and of what trimtab keeps; AWS itself is not changed."""
    return await _change(rooms, context, request["ResourceARNList"], {}, request["TagKeys"])


async def _change(
    rooms: TaggingRooms, context: CallContext, arns: Sequence[str], put: Mapping[str, str], remove: Sequence[str]
) -> Answer:
    """Change tags: what the inventory knows there, all else by the service that it is of."""
    mine = Scope(context.scope.accounts, None, context.scope.rows)
    known = await rooms.tagging.known(arns)
    own = [arn for arn in dict.fromkeys(arns) if arn not in known and rooms.own.has(arn)]
    failed = await rooms.tagging.change(mine, [arn for arn in arns if arn not in own], put, remove)
    for arn in own:
        if problem := await rooms.own.change(context, arn, put, remove):
            failed[arn] = str(problem)
    told = {arn: {"StatusCode": 400, "ErrorCode": INVALID, "ErrorMessage": said} for arn, said in failed.items()}
    return {"FailedResourcesMap": told}


def _size(request: Request) -> int:
    size = request.get("ResourcesPerPage")
    per_tags = request.get("TagsPerPage")
    if size is not None and not 1 <= size <= _MOST_PER_PAGE:
        raise AwsError(INVALID, f"ResourcesPerPage must be between 1 and {_MOST_PER_PAGE}, got {size}.")
    if per_tags is not None and (not 100 <= per_tags <= 500 or per_tags % 100):
        raise AwsError(INVALID, f"TagsPerPage must be 100 to 500 in steps of 100, got {per_tags}.")
    return int(size or _PAGE)


def _fits(one: Tagged, request: Request) -> bool:
    arns = request.get("ResourceARNList")
    if arns and one.arn not in arns:
        return False
    types = request.get("ResourceTypeFilters")
    if types and not any(one.resource_type == kind or one.resource_type.startswith(f"{kind}:") for kind in types):
        return False
    for condition in request.get("TagFilters") or ():
        value = one.tags.get(condition.get("Key", ""))
        if value is None or (condition.get("Values") and value not in condition["Values"]):
            return False
    return True
