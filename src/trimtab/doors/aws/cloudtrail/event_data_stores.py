"""Operations on event data stores and on queries over them."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.audit.lake.problem import QueryProblem
from trimtab.audit.lake.queries import Query
from trimtab.audit.lake.stores import ENABLED, PENDING, Store
from trimtab.audit.selectors.model import DEFAULT_ADVANCED, check_advanced
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, invalid, offset_of, operations, readable
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 1000
_MEMBERS = (
    "AdvancedEventSelectors",
    "MultiRegionEnabled",
    "OrganizationEnabled",
    "RetentionPeriod",
    "TerminationProtectionEnabled",
    "KmsKeyId",
    "BillingMode",
)
_DEFAULTS = {
    "AdvancedEventSelectors": list(DEFAULT_ADVANCED),
    "MultiRegionEnabled": True,
    "OrganizationEnabled": False,
    "RetentionPeriod": 366,
    "TerminationProtectionEnabled": True,
    "BillingMode": "EXTENDABLE_RETENTION_PRICING",
}


@operations.add("CreateEventDataStore", needs=Role.WRITE)
async def create_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Make a store over the records that its selectors name, those of the past included."""
    body = {**_DEFAULTS, **_members(request)}
    taking = request.get("StartIngestion") is not False
    tags = request.get("TagsList") or []
    try:
        store = await rooms.audit.stores.create(context.account, context.region, request["Name"], body, taking=taking)
    except Conflict as problem:
        raise AwsError("EventDataStoreAlreadyExistsException", str(problem)) from None
    except LimitExceeded as problem:
        raise AwsError("EventDataStoreMaxLimitExceededException", str(problem)) from None
    await rooms.audit.tags.add(store.arn, {one["Key"]: one.get("Value", "") for one in tags})
    return {**described(store), "TagsList": tags}


@operations.add("GetEventDataStore")
async def get_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """A store by its ARN or its id."""
    return described(await store_of(rooms, context, request["EventDataStore"]))


@operations.add("ListEventDataStores")
async def list_event_data_stores(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """The stores of the account in the region."""
    found = await rooms.audit.stores.of(context.account, context.region)
    first, limit = offset_of(request.get("NextToken"), "stores"), request.get("MaxResults") or _PAGE
    more = {"NextToken": encode_token(["stores", first + limit])} if first + limit < len(found) else {}
    return {"EventDataStores": [_listed(one) for one in found[first : first + limit]], **more}


@operations.add("UpdateEventDataStore", needs=Role.WRITE)
async def update_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Change what is given of a store."""
    store = await _usable(rooms, context, request["EventDataStore"])
    return described(await rooms.audit.stores.put(store, _members(request), name=request.get("Name") or ""))


@operations.add("DeleteEventDataStore", needs=Role.WRITE)
async def delete_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Delete a store: it can be restored for seven days. Its records stay where they are."""
    store = await _usable(rooms, context, request["EventDataStore"])
    if store.body.get("TerminationProtectionEnabled"):
        raise AwsError(
            "EventDataStoreTerminationProtectedException",
            "The event data store cannot be deleted because termination protection is enabled for it",
        )
    await rooms.audit.stores.put(store, {}, status=PENDING)
    return {}


@operations.add("RestoreEventDataStore", needs=Role.WRITE)
async def restore_event_data_store(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Bring a store back that waits to be deleted."""
    store = await store_of(rooms, context, request["EventDataStore"])
    if store.status != PENDING:
        raise AwsError("InvalidEventDataStoreStatusException", f"The event data store is {store.status}")
    return described(await rooms.audit.stores.put(store, {}, status=ENABLED))


async def store_of(rooms: CloudTrailRooms, context: CallContext, name: str) -> Store:
    """The store that a request names. Raises AwsError."""
    if name.startswith("arn:") and ":eventdatastore/" not in name:
        raise AwsError("EventDataStoreARNInvalidException", f"The ARN is not one of an event data store: {name}")
    try:
        return await rooms.audit.stores.get(context.account, context.region, name)
    except NotFound as problem:
        raise AwsError("EventDataStoreNotFoundException", str(problem)) from None


async def _usable(rooms: CloudTrailRooms, context: CallContext, name: str) -> Store:
    store = await store_of(rooms, context, name)
    if store.status == PENDING:
        raise AwsError("InactiveEventDataStoreException", "The event data store is pending deletion")
    return store


def described(store: Store) -> dict[str, Any]:
    """A store as the operations answer it."""
    return {
        "EventDataStoreArn": store.arn,
        "Name": store.name,
        "Status": store.status,
        **{name: store.body[name] for name in _MEMBERS if store.body.get(name) is not None},
        "CreatedTimestamp": store.created_ms,
        "UpdatedTimestamp": store.changed_ms,
    }


def _listed(store: Store) -> dict[str, Any]:
    """A store as ListEventDataStores answers it: its model knows no key and no billing mode."""
    return {name: value for name, value in described(store).items() if name not in ("KmsKeyId", "BillingMode")}


def _members(request: Request) -> dict[str, Any]:
    """The members of a store's body that a request has, checked. Raises AwsError."""
    if request.get("AdvancedEventSelectors"):
        try:
            check_advanced(request["AdvancedEventSelectors"])
        except InvalidInput as problem:
            raise AwsError("InvalidEventSelectorsException", str(problem)) from None
    return {name: request[name] for name in _MEMBERS if request.get(name) is not None}


@operations.add("StartQuery")
async def start_query(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Start a SELECT over event data stores; GetQueryResults answers what it finds."""
    text = request.get("QueryStatement")
    if not text:
        raise invalid("QueryStatement is needed: saved queries of dashboards are not served")
    if request.get("DeliveryS3Uri"):
        raise invalid("DeliveryS3Uri is not served: read the rows with GetQueryResults")
    given = request.get("QueryParameters") or ()
    try:
        query = await rooms.audit.lake.start(
            readable(context), context.account, context.region, text, given, context.principal.name
        )
    except QueryProblem as problem:
        raise AwsError("InvalidQueryStatementException", str(problem)) from None
    except NotFound as problem:
        raise AwsError("EventDataStoreNotFoundException", str(problem)) from None
    except LimitExceeded as problem:
        raise AwsError("MaxConcurrentQueriesException", str(problem)) from None
    except InvalidInput as problem:
        raise AwsError("InactiveEventDataStoreException", str(problem)) from None
    return {"QueryId": query.id}


@operations.add("DescribeQuery")
async def describe_query(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """How far a query is, and what it read."""
    if not request.get("QueryId"):
        raise invalid("QueryId is needed")
    query = _query(rooms, context, request["QueryId"])
    statistics: dict[str, Any] = {"CreationTime": query.started_ms}
    if query.found is not None:
        statistics |= {
            "EventsMatched": len(query.found.rows),
            "EventsScanned": query.found.scanned,
            "BytesScanned": query.found.bytes,
            "ExecutionTimeInMillis": (query.ended_ms or query.started_ms) - query.started_ms,
        }
    failed = {"ErrorMessage": query.problem[:1000]} if query.problem else {}
    return {
        "QueryId": query.id,
        "QueryString": query.text,
        "QueryStatus": query.state.value,
        "QueryStatistics": statistics,
        **failed,
    }


@operations.add("GetQueryResults")
async def get_query_results(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """The rows of a query, in pages."""
    query = _query(rooms, context, request["QueryId"])
    answer: dict[str, Any] = {"QueryStatus": query.state.value}
    if query.problem:
        answer["ErrorMessage"] = query.problem[:1000]
    found = query.found
    if found is None:
        return answer
    first, limit = offset_of(request.get("NextToken"), query.id), request.get("MaxQueryResults") or _PAGE
    page = found.rows[first : first + limit]
    answer["QueryResultRows"] = [
        [{name: value} for name, value in zip(found.names, row, strict=True) if value is not None] for row in page
    ]
    answer["QueryStatistics"] = {
        "ResultsCount": len(page),
        "TotalResultsCount": len(found.rows),
        "BytesScanned": found.bytes,
    }
    if first + limit < len(found.rows):
        answer["NextToken"] = encode_token([query.id, first + limit])
    return answer


@operations.add("ListQueries")
async def list_queries(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """The queries of an event data store, the newest first."""
    store = await store_of(rooms, context, request["EventDataStore"])
    found = [query for query in rooms.audit.lake.of(context.account, store.id) if _wanted(query, request)]
    first, limit = offset_of(request.get("NextToken"), store.id), request.get("MaxResults") or _PAGE
    more = {"NextToken": encode_token([store.id, first + limit])} if first + limit < len(found) else {}
    listed = [
        {"QueryId": one.id, "QueryStatus": one.state.value, "CreationTime": one.started_ms}
        for one in found[first : first + limit]
    ]
    return {"Queries": listed, **more}


@operations.add("CancelQuery")
async def cancel_query(rooms: CloudTrailRooms, request: Request, context: CallContext) -> Answer:
    """Stop a query that runs."""
    _query(rooms, context, request["QueryId"])
    try:
        query = rooms.audit.lake.cancel(context.account, request["QueryId"])
    except Conflict as problem:
        raise AwsError("InactiveQueryException", str(problem)) from None
    return {"QueryId": query.id, "QueryStatus": query.state.value}


def _query(rooms: CloudTrailRooms, context: CallContext, id_: str) -> Query:
    try:
        return rooms.audit.lake.get(context.account, id_)
    except NotFound as problem:
        raise AwsError("QueryIdNotFoundException", str(problem)) from None


def _wanted(query: Query, request: Mapping[str, Any]) -> bool:
    return (
        request.get("QueryStatus") in (None, query.state.value)
        and query.started_ms >= (request.get("StartTime") or 0)
        and query.started_ms <= (request.get("EndTime") or query.started_ms)
    )
