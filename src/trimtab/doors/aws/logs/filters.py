"""Metric filters: put, described, tested, deleted."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.base.paging import encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, after, group_of, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.filters.match import matcher
from trimtab.logs.filters.metric_filters import MetricFilter

_PAGE = 50


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
