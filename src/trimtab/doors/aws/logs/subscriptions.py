"""Operations on metric filters, subscription filters and destinations."""

import re
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, after, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.filters.match import matcher
from trimtab.logs.filters.metric_filters import MetricFilter
from trimtab.logs.forwarding.model import Destination, SubscriptionFilter

_PAGE = 50
_VENDOR = re.compile(r"arn:[\w-]+:(lambda|kinesis|firehose):[\w-]*:(\d*):.+")


@operations.add("PutSubscriptionFilter", needs=Role.WRITE)
async def put_subscription_filter(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Add a filter to a group, or replace one, once its destination took a test message."""
    for member in ("fieldSelectionCriteria", "emitSystemFields"):
        if request.get(member):
            raise invalid(f"cannot put the subscription filter: trimtab has no {member}; leave it out")
    destination, role = request["destinationArn"], request.get("roleArn") or ""
    group = await group_of(rooms, context, request["logGroupName"])
    _refuse_vendors(destination, role, context)
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


@operations.add("PutDestination", needs=Role.WRITE)
async def put_destination(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Give a place a name."""
    put = rooms.room.forwarding.destinations.put
    try:
        made = await put(
            context.account, context.region, request["destinationName"], request["targetArn"], request["roleArn"]
        )
    except InvalidInput as problem:
        raise invalid(str(problem)) from None
    return {"destination": _destination_shown(made)}


@operations.add("PutDestinationPolicy", needs=Role.WRITE)
async def put_destination_policy(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Keep who may send to a destination."""
    put = rooms.room.forwarding.destinations.put_policy
    await put(context.account, context.region, request["destinationName"], request["accessPolicy"])
    return {}


@operations.add("DescribeDestinations")
async def describe_destinations(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Destinations by name."""
    limit, prefix = request.get("limit") or _PAGE, request.get("DestinationNamePrefix") or ""
    listed = rooms.room.forwarding.destinations.listed
    found = await listed(context.account, context.region, prefix, after(request.get("nextToken")), limit + 1)
    more = {"nextToken": encode_token(found[limit - 1].name)} if len(found) > limit else {}
    return {"destinations": [_destination_shown(one) for one in found[:limit]], **more}


@operations.add("DeleteDestination", needs=Role.WRITE)
async def delete_destination(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Remove a destination."""
    await rooms.room.forwarding.destinations.delete(context.account, context.region, request["destinationName"])
    return {}


def _destination_shown(destination: Destination) -> dict[str, Any]:
    policy = {"accessPolicy": destination.policy} if destination.policy else {}
    return {
        "destinationName": destination.name,
        "targetArn": destination.target,
        "roleArn": destination.role,
        "arn": destination.arn,
        "creationTime": destination.created_ms,
        **policy,
    }


@operations.add("PutMetricFilter", needs=Role.WRITE)
async def put_metric_filter(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Add a filter to a group, or replace one."""
    group = await group_of(rooms, context, request["logGroupName"])
    for member in ("fieldSelectionCriteria", "emitSystemFieldDimensions"):
        if request.get(member):
            raise invalid(f"cannot put the metric filter: trimtab has no {member}; leave it out")
    (made,) = request["metricTransformations"]
    filter_ = MetricFilter(
        request["filterName"],
        request["filterPattern"],
        made["metricNamespace"],
        made["metricName"],
        made["metricValue"],
        made.get("defaultValue"),
        made.get("dimensions") or {},
        made.get("unit") or "None",
        bool(request.get("applyOnTransformedLogs")),
    )
    try:
        await rooms.filters.put(group, filter_)
    except LimitExceeded as problem:
        raise AwsError("LimitExceededException", str(problem)) from None
    return {}


@operations.add("DescribeMetricFilters")
async def describe_metric_filters(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Filters of a group, of a metric, or all, by group and name."""
    name, namespace = request.get("metricName"), request.get("metricNamespace")
    if bool(name) != bool(namespace):
        raise invalid("metricName and metricNamespace must be given together.")
    group = None
    if request.get("logGroupName"):
        group = (await group_of(rooms, context, request["logGroupName"])).id
    found = await rooms.filters.listed(
        context.account,
        context.region,
        group=group,
        prefix=request.get("filterNamePrefix") or "",
        metric=(namespace, name) if namespace and name else None,
    )
    names = dict.fromkeys(one.log_group for one in found)
    groups = [await rooms.groups.get(context.account, context.region, name) for name in names]
    seen = {one.id for one in await rooms.reader.visible(context.scope, groups)}
    last, limit = after(request.get("nextToken")), request.get("limit") or _PAGE
    left = [one for one in found if one.group in seen and _place(one) > last]
    page = left[:limit]
    more = {"nextToken": encode_token(_place(page[-1]))} if len(left) > limit else {}
    return {"metricFilters": [_described(one) for one in page], **more}


@operations.add("DeleteMetricFilter", needs=Role.WRITE)
async def delete_metric_filter(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Remove a filter."""
    group = await group_of(rooms, context, request["logGroupName"])
    await rooms.filters.delete(group, request["filterName"])
    return {}


@operations.add("TestMetricFilter", bound=True)
async def test_metric_filter(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Which of some messages a pattern matches, and what it finds in them."""
    match = matcher(request["filterPattern"])
    matches = []
    for number, message in enumerate(request["logEventMessages"], 1):
        found = match(message)
        if found is not None:
            matches.append({"eventNumber": number, "eventMessage": message, "extractedValues": dict(found)})
    return {"matches": matches}


def _place(filter_: MetricFilter) -> str:
    return f"{filter_.log_group}\n{filter_.name}"


def _described(filter_: MetricFilter) -> dict[str, Any]:
    transformation: dict[str, Any] = {
        "metricName": filter_.metric,
        "metricNamespace": filter_.namespace,
        "metricValue": filter_.value,
    }
    if filter_.default is not None:
        transformation["defaultValue"] = filter_.default
    if filter_.dimensions:
        transformation["dimensions"] = dict(filter_.dimensions)
    if filter_.unit != "None":
        transformation["unit"] = filter_.unit
    return {
        "filterName": filter_.name,
        "filterPattern": filter_.pattern,
        "metricTransformations": [transformation],
        "creationTime": filter_.created_ms,
        "logGroupName": filter_.log_group,
        "applyOnTransformedLogs": filter_.transformed,
    }
