"""Operations on queries and on definitions of queries."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, after, group_of, invalid, operations, place_of
from trimtab.doors.aws.logs.scheduled_queries import results_of_run
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.insights.discovery import SAMPLE, discovered, fields_of
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.plan import DEFAULT_ROWS
from trimtab.logs.insights.pointers import read_pointer
from trimtab.logs.insights.run import Ask, parse_in
from trimtab.logs.insights.running import Running, State
from trimtab.logs.insights.saved import Definition
from trimtab.logs.read import EventQuery

_MS_FROM = 100_000_000_000
"""Times from here on are milliseconds: as seconds they would be after the year 5000."""
_PAGE = 1000
_AROUND_MS = 480_000  # fields of a time are those of 8 minutes before and after, as documented
_RECENT_MS = 900_000  # else of the last 15


@operations.add("StartQuery", bound=True)
async def start_query(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Start a query; GetQueryResults answers what it finds."""
    start_ms, end_ms = _range(request)
    account, region, groups = _groups(request, context)
    language, text = request.get("queryLanguage") or "CWLI", request["queryString"]
    limit, unmask = request.get("limit") or DEFAULT_ROWS, context.principal.may(Role.ADMIN)
    ask = Ask(text, account, region, groups, start_ms, end_ms, limit, language, unmask)
    if not groups and language == "CWLI" and not text.lstrip().lower().startswith("source"):
        raise invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.")
    try:
        started = await rooms.insights.running.start(context.scope, ask, context.principal.name)
    except QueryProblem as problem:
        raise malformed(problem) from None
    return {"queryId": started.id}


@operations.add("GetQueryResults", bound=True)
async def get_query_results(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """How far a query is, and its rows, in pages where they are asked for."""
    try:
        query = _query(rooms, context, request["queryId"])
    except NotFound:  # it may be a run of a scheduled query
        return await results_of_run(rooms, request, context)
    answer: dict[str, Any] = {"queryLanguage": query.ask.language, "status": query.state.value, "results": []}
    found = query.found
    if found is None:
        return {**answer, "statistics": {"recordsMatched": 0.0, "recordsScanned": 0.0, "bytesScanned": 0.0}}
    first = _offset(request.get("nextToken"), query.id)
    limit = request.get("maxItems") or len(found.rows)
    page = found.rows[first : first + limit]
    answer["results"] = [
        [{"field": name, "value": value} for name, value in zip(found.names, row, strict=True) if value is not None]
        for row in page
    ]
    answer["statistics"] = {
        "recordsMatched": float(found.scanned.matched),
        "recordsScanned": float(found.scanned.records),
        "estimatedRecordsSkipped": 0.0,
        "bytesScanned": float(found.scanned.bytes),
        "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": float(found.scanned.groups),
    }
    if first + limit < len(found.rows):
        answer["nextToken"] = encode_token([query.id, first + limit])
    return answer


@operations.add("StopQuery", bound=True)
async def stop_query(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Stop a query that runs."""
    query = _query(rooms, context, request["queryId"])
    try:
        rooms.insights.running.stop(query.ask.account, query.ask.region, query.id)
    except Conflict as problem:
        raise invalid(str(problem)) from None
    return {"success": True}


@operations.add("DescribeQueries", bound=True)
async def describe_queries(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Queries that were started, the newest first."""
    status, group = request.get("status"), request.get("logGroupName")
    found = [
        query
        for query in rooms.insights.running.of(context.account, context.region, context.scope)
        if (not status or query.state == status)
        and (not group or group in query.ask.groups)
        and request.get("queryLanguage") in (None, query.ask.language)
    ]
    first, limit = _offset(request.get("nextToken"), "queries"), request.get("maxResults") or _PAGE
    more = {"nextToken": encode_token(["queries", first + limit])} if first + limit < len(found) else {}
    return {"queries": [_described(query) for query in found[first : first + limit]], **more}


@operations.add("GetLogRecord", bound=True)
async def get_log_record(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Every field of one event, by its @ptr."""
    try:
        pointer = read_pointer(request["logRecordPointer"])
    except InvalidInput as problem:
        raise invalid(str(problem)) from None
    group = await group_of(rooms, context, pointer.log_group)
    if group.id != pointer.group:
        raise NotFound("cannot find the log record: its log group was deleted")
    await rooms.reader.fresh()
    event = await rooms.reader.one(context.scope, group, pointer.at)
    return {"logRecord": {**fields_of(event, group.account), "@ptr": request["logRecordPointer"]}}


@operations.add("GetLogGroupFields", bound=True)
async def get_log_group_fields(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """The fields of a group's events, with the percent that have each."""
    group = await group_of(rooms, context, request.get("logGroupName"), request.get("logGroupIdentifier"))
    now_ms = rooms.clock.now_ms()
    if request.get("time") is None:
        start_ms, end_ms = now_ms - _RECENT_MS, now_ms + 1
    else:
        middle_ms = _ms(request["time"])
        start_ms, end_ms = middle_ms - _AROUND_MS, middle_ms + _AROUND_MS
    await rooms.reader.fresh()
    page = await rooms.reader.page(context.scope, [group], EventQuery(start_ms, end_ms, SAMPLE, backward=True))
    return {"logGroupFields": [{"name": name, "percent": part} for name, part in discovered(page.events)]}


def malformed(problem: QueryProblem) -> AwsError:
    """The error of a query that cannot be understood, with the characters at fault."""
    place = {"startCharOffset": problem.start, "endCharOffset": problem.end}
    error = {"queryCompileError": {"location": place, "message": problem.why}}
    return AwsError("MalformedQueryException", str(problem), members=error)


def _query(rooms: LogRooms, context: CallContext, id_: str) -> Running:
    return rooms.insights.running.get(context.account, context.region, id_, context.scope)


def _range(request: Request) -> tuple[int, int]:
    """The range of a query: both ends are included, so a second that ends it is read whole."""
    start, end = request["startTime"], request["endTime"]
    start_ms, end_ms = _ms(start), _ms(end) + (1000 if end < _MS_FROM else 1)
    if _ms(start) > _ms(end):
        raise invalid("The query's start time must not be after its end time.")
    return start_ms, end_ms


def _ms(time: int) -> int:
    """Seconds or milliseconds as milliseconds."""
    return time if time >= _MS_FROM else time * 1000


def _groups(request: Request, context: CallContext) -> tuple[str, str, list[str]]:
    """Whose groups a query reads, and which. Raises AwsError."""
    given = [request[key] for key in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if request.get(key)]
    if len(given) > 1:
        raise invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.")
    names = given[0] if given else []
    places = [place_of(context, name) for name in ([names] if isinstance(names, str) else names)]
    owners = {place[:2] for place in places} or {(context.account, context.region)}
    if len(owners) > 1:
        raise invalid("The log groups of a query must be of one account and region.")
    (account, region) = owners.pop()
    return account, region, [name for _, _, name in places]


def _offset(token: str | None, of: str) -> int:
    """Where a page begins. Raises AwsError."""
    if not token:
        return 0
    try:
        match decode_token(token):
            case [str(name), int(offset)] if name == of and offset >= 0:
                return offset
    except InvalidInput:
        pass
    raise invalid("The specified nextToken is invalid.")


def _described(query: Running) -> dict[str, Any]:
    described: dict[str, Any] = {
        "queryLanguage": query.ask.language,
        "queryId": query.id,
        "queryString": query.ask.text,
        "status": query.state.value,
        "createTime": query.started_ms,
    }
    if query.ask.groups:
        described["logGroupName"] = query.ask.groups[0]
    if query.state is State.COMPLETE and query.found is not None:
        described["queryDuration"] = (query.ended_ms or query.started_ms) - query.started_ms
        described["bytesScanned"] = float(query.found.scanned.bytes)
    return described


@operations.add("PutQueryDefinition", needs=Role.WRITE)
async def put_query_definition(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Save a query, or change a saved one."""
    language = request.get("queryLanguage") or "CWLI"
    try:
        parse_in(language, request["queryString"])
    except QueryProblem as problem:
        raise malformed(problem) from None
    made = await rooms.insights.saved.put(
        context.account,
        context.region,
        request["name"],
        request["queryString"],
        request.get("logGroupNames") or (),
        request.get("queryDefinitionId") or "",
        language,
    )
    return {"queryDefinitionId": made}


@operations.add("DescribeQueryDefinitions")
async def describe_query_definitions(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Saved queries by name."""
    found = await rooms.insights.saved.listed(
        context.account,
        context.region,
        request.get("queryDefinitionNamePrefix") or "",
        request.get("queryLanguage") or "",
    )
    last, limit = after(request.get("nextToken")), request.get("maxResults") or _PAGE
    left = [one for one in found if f"{one.name} {one.id}" > last]
    page = left[:limit]
    more = {"nextToken": encode_token(f"{page[-1].name} {page[-1].id}")} if len(left) > limit else {}
    return {"queryDefinitions": [_definition_described(one) for one in page], **more}


@operations.add("DeleteQueryDefinition", needs=Role.WRITE)
async def delete_query_definition(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Delete a saved query."""
    removed = await rooms.insights.saved.remove(context.account, context.region, request["queryDefinitionId"])
    return {"success": removed}


def _definition_described(definition: Definition) -> dict[str, Any]:
    return {
        "queryLanguage": definition.language,
        "queryDefinitionId": definition.id,
        "name": definition.name,
        "queryString": definition.query,
        "lastModified": definition.modified_ms,
        "logGroupNames": list(definition.groups),
    }
