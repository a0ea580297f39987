"""What a trail delivers: event selectors, advanced ones, and insight selectors (of event data stores too)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.audit.selectors.model import ALL_MANAGEMENT, check_advanced, check_basic
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.cloudtrail.event_data_stores import store_of
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, operations
from trimtab.doors.aws.cloudtrail.trails import trail_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_BASIC = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


@operations.add("PutEventSelectors", needs=Role.WRITE)
async def put_event_selectors(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Say what a trail delivers, by basic or by advanced selectors."""
    trail = await trail_of(rooms, context, request["TrailName"])
    basic, advanced = request.get("EventSelectors"), request.get("AdvancedEventSelectors")
    if bool(basic) == bool(advanced):
        raise AwsError(
            "InvalidEventSelectorsException", "Exactly one of EventSelectors and AdvancedEventSelectors must be given"
        )
    if basic:
        _checked(check_basic, basic)
        basic = [{**_BASIC, **one} for one in basic]
        await rooms.audit.trails.put(trail, {"EventSelectors": basic, "AdvancedEventSelectors": None})
        return {"TrailARN": trail.arn, "EventSelectors": basic}
    _checked(check_advanced, advanced or ())
    await rooms.audit.trails.put(trail, {"EventSelectors": None, "AdvancedEventSelectors": advanced})
    return {"TrailARN": trail.arn, "AdvancedEventSelectors": advanced}


@operations.add("GetEventSelectors")
async def get_event_selectors(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """What a trail delivers."""
    trail = await trail_of(rooms, context, request["TrailName"])
    if trail.body.get("AdvancedEventSelectors"):
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": trail.body["AdvancedEventSelectors"]}
    return {"TrailARN": trail.arn, "EventSelectors": trail.body.get("EventSelectors") or list(ALL_MANAGEMENT)}


@operations.add("PutInsightSelectors", needs=Role.WRITE)
async def put_insight_selectors(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Say which insights a trail delivers, or an event data store holds; an empty list says none."""
    wanted = request["InsightSelectors"]
    if any(not one.get("InsightType") for one in wanted):
        raise AwsError("InvalidInsightSelectorsException", "An insight selector must have an InsightType")
    if _names_store(request):
        store = await store_of(rooms, context, request["EventDataStore"])
        await rooms.audit.stores.put(store, {"InsightSelectors": wanted or None})
        told = {"EventDataStoreArn": store.arn, "InsightsDestination": request.get("InsightsDestination")}
        return {**told, "InsightSelectors": wanted}
    trail = await trail_of(rooms, context, request["TrailName"])
    await rooms.audit.trails.put(trail, {"InsightSelectors": wanted or None})
    return {"TrailARN": trail.arn, "InsightSelectors": wanted}


@operations.add("GetInsightSelectors")
async def get_insight_selectors(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Which insights a trail delivers, or an event data store holds."""
    body: Mapping[str, Any]
    if _names_store(request):
        store = await store_of(rooms, context, request["EventDataStore"])
        named, arn, body = "EventDataStoreArn", store.arn, store.body
    else:
        trail = await trail_of(rooms, context, request["TrailName"])
        named, arn, body = "TrailARN", trail.arn, trail.body
    found: Sequence[Any] = body.get("InsightSelectors") or ()
    if not found:
        raise AwsError("InsightNotEnabledException", f"Insights are not enabled on {arn}")
    return {named: arn, "InsightSelectors": found}


def _names_store(request: Request) -> bool:
    """Whether a request is about an event data store and not a trail. Raises AwsError."""
    if bool(request.get("TrailName")) == bool(request.get("EventDataStore")):
        raise AwsError(
            "InvalidParameterCombinationException", "Exactly one of TrailName and EventDataStore must be given"
        )
    return bool(request.get("EventDataStore"))


def _checked(check: Callable[[Sequence[Mapping[str, Any]]], None], selectors: Sequence[Mapping[str, Any]]) -> None:
    try:
        check(selectors)
    except InvalidInput as problem:
        raise AwsError("InvalidEventSelectorsException", str(problem)) from None
