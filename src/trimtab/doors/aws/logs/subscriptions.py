"""Subscription filters: put, described, deleted. Destinations that only AWS has are refused with AWS's own words."""

import re
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, after, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.forwarding.model import SubscriptionFilter

_PAGE = 50
_VENDOR = re.compile(r"arn:[\w-]+:(lambda|kinesis|firehose):[\w-]*:(\d*):.+")


@operations.add("PutSubscriptionFilter", needs=Role.WRITE)
async def put_subscription_filter(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Add a filter to a group, or replace one, once its destination took a test message."""
    for member in ("fieldSelectionCriteria", "emitSystemFields"):
        if request.get(member):
            raise invalid(f"cannot put the subscription filter: trimtab has no {member}; leave it out")
    destination, role = request["destinationArn"], request.get("roleArn") or ""
    _refuse_vendors(destination, role, context)
    group = await group_of(rooms, context, request["logGroupName"])
    filter_ = SubscriptionFilter(
        group.id,
        request["filterName"],
        request["filterPattern"],
        destination,
        role,
        request.get("distribution") or "ByLogStream",
        bool(request.get("applyOnTransformedLogs")),
    )
    try:
        await rooms.room.forwarding.filters.put(group, filter_)
    except LimitExceeded as problem:
        raise AwsError("LimitExceededException", str(problem)) from None
    except (InvalidInput, NotFound) as problem:
        raise invalid(str(problem)) from None
    return {}


@operations.add("DescribeSubscriptionFilters")
async def describe_subscription_filters(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The filters of a group by name."""
    group = await group_of(rooms, context, request["logGroupName"])
    limit = request.get("limit") or _PAGE
    filters = rooms.room.forwarding.filters
    found = await filters.listed(
        group, request.get("filterNamePrefix") or "", after(request.get("nextToken")), limit + 1
    )
    more = {"nextToken": encode_token(found[limit - 1].name)} if len(found) > limit else {}
    return {"subscriptionFilters": [_shown(one) for one in found[:limit]], **more}


@operations.add("DeleteSubscriptionFilter", needs=Role.WRITE)
async def delete_subscription_filter(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Remove a filter, with what it has not sent yet."""
    group = await group_of(rooms, context, request["logGroupName"])
    await rooms.room.forwarding.filters.delete(group, request["filterName"])
    return {}


def _refuse_vendors(destination: str, role: str, context: CallContext) -> None:
    """Raise AwsError for what only AWS could deliver to."""
    found = _VENDOR.fullmatch(destination)
    if found is None:
        return
    vendor, account = found.groups()
    if vendor == "lambda" and account != context.account:
        raise AwsError(
            "AccessDeniedException",
            "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross "
            "account lambda triggers.",
            status=400,
        )
    if vendor != "lambda" and not role:
        raise invalid(f"destinationArn for vendor {vendor} cannot be used without roleArn")
    raise invalid(
        f"trimtab does not send to {vendor}; expected an http(s) URL as destinationArn, or the ARN of a log group, of "
        "a destination or of an event bus"
    )


def _shown(filter_: SubscriptionFilter) -> dict[str, Any]:
    role = {"roleArn": filter_.role} if filter_.role else {}
    return {
        "filterName": filter_.name,
        "logGroupName": filter_.log_group,
        "filterPattern": filter_.pattern,
        "destinationArn": filter_.destination,
        "distribution": filter_.distribution,
        "applyOnTransformedLogs": filter_.transformed,
        "creationTime": filter_.created_ms,
        **role,
    }
