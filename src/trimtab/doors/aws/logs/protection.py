"""Operations on policies: of data protection, of resources."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, after, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.protection.policy import read_policy
from trimtab.logs.resource_policies import ResourcePolicy, normal


@operations.add("PutDataProtectionPolicy", needs=Role.ADMIN)
async def put_data_protection_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Mask and audit what comes into a group from now on."""
    group = await group_of(rooms, context, None, request["logGroupIdentifier"])
    document = request["policyDocument"]
    await check_protection(rooms, context, document)
    made = await rooms.room.policies.put(group, document)
    return {
        "logGroupIdentifier": request["logGroupIdentifier"],
        "policyDocument": document,
        "lastUpdatedTime": made.updated_ms,
    }


@operations.add("GetDataProtectionPolicy")
async def get_data_protection_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The policy of a group; without one only its name."""
    group = await group_of(rooms, context, None, request["logGroupIdentifier"])
    found = await rooms.room.policies.get(group)
    answer: dict[str, Any] = {"logGroupIdentifier": request["logGroupIdentifier"]}
    if found is not None:
        answer |= {"policyDocument": found.document, "lastUpdatedTime": found.updated_ms}
    return answer


@operations.add("DeleteDataProtectionPolicy", needs=Role.ADMIN)
async def delete_data_protection_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Mask nothing more of a group; what was masked stays so."""
    group = await group_of(rooms, context, None, request["logGroupIdentifier"])
    await rooms.room.policies.delete(group)
    return {}


async def check_protection(rooms: LogRooms, context: CallContext, document: str) -> None:
    """Raise AwsError for a policy that cannot be used, or whose findings would go to no group that there is."""
    try:
        policy = read_policy(document)
        if policy.findings_group:
            await rooms.reader.group(context.scope, context.account, context.region, policy.findings_group)
    except InvalidInput as problem:
        raise invalid(str(problem)) from None
    except NotFound:
        raise invalid(f"cannot tell findings in {policy.findings_group}: there is no such log group") from None


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
    shown = _resource_policy_shown(made)
    return {"resourcePolicy": shown, "revisionId": shown["revisionId"]}


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
    shown = [{**_resource_policy_shown(one), "policyDocument": normal(one.document)} for one in page[:limit]]
    return {"resourcePolicies": shown, **more}


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


def _resource_policy_shown(policy: ResourcePolicy) -> dict[str, Any]:
    return {
        "policyName": policy.name or None,
        "policyDocument": policy.document,
        "lastUpdatedTime": policy.updated_ms,
        "policyScope": "RESOURCE" if policy.resource else "ACCOUNT",
        "resourceArn": policy.resource or None,
        "revisionId": policy.revision if policy.resource else None,  # as recorded: the account's have none
    }
