"""Resource policies: kept and told as AWS's clients expect, and not enforced."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, LimitExceeded
from trimtab.base.paging import encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, after, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.resource_policies import ResourcePolicy

_PAGE = 50


@operations.add("PutResourcePolicy", needs=Role.ADMIN)
async def put_resource_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Keep a policy of the account, or of one resource."""
    name, resource = request.get("policyName") or "", request.get("resourceArn") or ""
    if not (name or resource) or "policyDocument" not in request:
        raise invalid("policyDocument and one of policyName and resourceArn must be specified.")
    put = rooms.room.resource_policies.put
    expected = request.get("expectedRevisionId") or ""
    try:
        made = await put(context.account, context.region, name, request["policyDocument"], resource, expected)
    except LimitExceeded as problem:
        raise AwsError("LimitExceededException", str(problem)) from None
    except Conflict as problem:
        raise AwsError("OperationAbortedException", str(problem)) from None
    return {"resourcePolicy": _shown(made), "revisionId": made.revision}


@operations.add("DescribeResourcePolicies")
async def describe_resource_policies(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The policies of the account, or with the scope RESOURCE those of resources."""
    resource: str | None = request.get("resourceArn") or ""
    if request.get("policyScope") == "RESOURCE" and not resource:
        resource = None
    found = await rooms.room.resource_policies.listed(context.account, context.region, resource=resource)
    limit, past = request.get("limit") or _PAGE, after(request.get("nextToken"))
    page = [one for one in found if f"{one.resource} {one.name}" > past]
    more = (
        {"nextToken": encode_token(f"{page[limit - 1].resource} {page[limit - 1].name}")} if len(page) > limit else {}
    )
    return {"resourcePolicies": [_shown(one) for one in page[:limit]], **more}


@operations.add("DeleteResourcePolicy", needs=Role.ADMIN)
async def delete_resource_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Forget a policy."""
    gone = rooms.room.resource_policies.delete
    name, resource = request.get("policyName") or "", request.get("resourceArn") or ""
    try:
        await gone(context.account, context.region, name, resource, request.get("expectedRevisionId") or "")
    except Conflict as problem:
        raise AwsError("OperationAbortedException", str(problem)) from None
    return {}


def _shown(policy: ResourcePolicy) -> dict[str, Any]:
    return {
        "policyName": policy.name or None,
        "policyDocument": policy.document,
        "lastUpdatedTime": policy.updated_ms,
        "policyScope": "RESOURCE" if policy.resource else "ACCOUNT",
        "resourceArn": policy.resource or None,
        "revisionId": policy.revision,
    }
