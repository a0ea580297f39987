"""Lake queries: started, described, their rows read, listed, cancelled."""

from collections.abc import Mapping
from typing import Any

from trimtab.audit.lake.problem import QueryProblem
from trimtab.audit.lake.queries import Query
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import encode_token
from trimtab.doors.aws.cloudtrail.event_data_stores import store_of
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, invalid, offset_of, operations, readable
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 1000


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
