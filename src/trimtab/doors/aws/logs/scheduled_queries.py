"""Scheduled queries: created, changed, listed, deleted, and what became of their runs."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.base.records import replace
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.logs.rooms import LogRooms, operations, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.wire.constraints import coral
from trimtab.logs.forwarding.payload import unpack
from trimtab.logs.schedules.delivery import LOOKUP, writes_files
from trimtab.logs.schedules.model import DEFAULT_SPAN_S, Run, ScheduledQuery, Status

_PAGE = 100
_MS_FROM = 100_000_000_000  # times from here on are milliseconds: as seconds they would be after the year 5000
_MANAGED = "CUSTOMER_MANAGED"


@operations.add("CreateScheduledQuery", needs=Role.WRITE, dialect=coral)
async def create_scheduled_query(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Run a query by a schedule from now on."""
    _check_files(request, context)
    made = _asked(ScheduledQuery("", context.account, context.region, request["name"], "", (), ""), request, context)
    try:
        made = await rooms.room.schedules.create(made)
    except LimitExceeded as problem:
        raise AwsError("ServiceQuotaExceededException", str(problem)) from None
    except Conflict as problem:
        raise AwsError("ConflictException", str(problem)) from None
    except InvalidInput as problem:
        raise _invalid(str(problem)) from None
    return {"scheduledQueryArn": made.arn, "state": _state(made)}


@operations.add("GetScheduledQuery", dialect=coral)
async def get_scheduled_query(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """One scheduled query."""
    return await _whole(rooms, await _find(rooms, request, context))


@operations.add("UpdateScheduledQuery", needs=Role.WRITE, dialect=coral)
async def update_scheduled_query(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Put a query, its schedule and its destination in place of those it had."""
    _check_files(request, context)
    known = await _find(rooms, request, context)
    try:
        return await _whole(rooms, await rooms.room.schedules.change(_asked(known, request, context)))
    except InvalidInput as problem:
        raise _invalid(str(problem)) from None


@operations.add("ListScheduledQueries", dialect=coral)
async def list_scheduled_queries(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Scheduled queries by name."""
    if request.get("scheduleType") not in (None, _MANAGED):
        return {"scheduledQueries": []}
    limit, state = request.get("maxResults") or _PAGE, request.get("state")
    found = await rooms.room.schedules.listed(
        context.account,
        context.region,
        after=str(_token(request)),
        enabled=None if state is None else state == "ENABLED",
        limit=limit + 1,
    )
    more = {"nextToken": encode_token(found[limit - 1].name)} if len(found) > limit else {}
    runs = await rooms.room.schedules.last_runs([query.id for query in found[:limit]])
    shown = [_shown(query, runs.get(query.id)) for query in found[:limit]]
    return {
        "scheduledQueries": [{**one, "timezone": query.zone} for one, query in zip(shown, found, strict=False)],
        **more,
    }


@operations.add("DeleteScheduledQuery", needs=Role.WRITE, dialect=coral)
async def delete_scheduled_query(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Run a query no more, and forget its runs."""
    await rooms.room.schedules.delete(await _find(rooms, request, context))
    return {}


@operations.add("GetScheduledQueryHistory", dialect=coral)
async def get_scheduled_query_history(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Runs that were triggered in a range, the newest first; GetQueryResults answers their results."""
    query = await _find(rooms, request, context)
    limit, offset = request.get("maxResults") or _PAGE, _token(request) or 0
    if not isinstance(offset, int):
        raise _invalid("The specified nextToken is invalid.")
    start_ms, end_ms = _ms(request["startTime"]), _ms(request["endTime"])
    statuses = request.get("executionStatuses") or ()
    found = await rooms.room.schedules.history(query, start_ms, end_ms, statuses, offset, limit + 1)
    more = {"nextToken": encode_token(offset + limit)} if len(found) > limit else {}
    history = [_run(run) for run in found[:limit]]
    return {"name": query.name, "scheduledQueryArn": query.arn, "triggerHistory": history, **more}


async def results_of_run(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """What a run found, in the form of GetQueryResults. Raises NotFound."""
    if context.scope.rows:
        raise NotFound(f"Query '{request['queryId']}' does not exist")
    query, run, result = await rooms.room.schedules.run(context.account, context.region, request["queryId"])
    found = unpack(result) if result else {"columns": [], "rows": []}
    offset = _token(request) or 0
    limit = request.get("maxItems") or max(len(found["rows"]), 1)
    if not isinstance(offset, int) or offset < 0:
        raise _invalid("The specified nextToken is invalid.")
    rows = [
        [
            {"field": name, "value": value}
            for name, value in zip(found["columns"], row, strict=True)
            if value is not None
        ]
        for row in found["rows"][offset : offset + limit]
    ]
    more = {"nextToken": encode_token(offset + limit)} if offset + limit < len(found["rows"]) else {}
    status = str(Status.FAILED) if run.status is Status.INVALID else str(run.status)
    return {"queryLanguage": query.language, "status": status, "results": rows, **more}


def _check_files(request: Request, context: CallContext) -> None:
    """Raise AwsError for who may not write files, or sees some of the account's logs only: a run reads all of them."""
    destination = _destination(request.get("destinationConfiguration") or {})
    if context.scope.rows or (writes_files(destination) and not context.principal.may(Role.ADMIN)):
        raise AwsError("AccessDenied", f"User: {context.principal.name} is not authorized to schedule this query")


async def _find(rooms: LogRooms, request: Request, context: CallContext) -> ScheduledQuery:
    if context.scope.rows:
        raise AwsError("AccessDenied", f"User: {context.principal.name} sees some of the account's logs only")
    return await rooms.room.schedules.get(context.account, context.region, request["identifier"])


def _asked(known: ScheduledQuery, request: Request, context: CallContext) -> ScheduledQuery:
    """The query as a request wants it. Raises AwsError."""
    places = [place_of(context, name) for name in request.get("logGroupIdentifiers") or ()]
    if any(place[:2] != (known.account, known.region) for place in places):
        raise _invalid("The log groups of a scheduled query must be of its account and region.")
    begins, ends = request.get("scheduleStartTime"), request.get("scheduleEndTime")
    return replace(
        known,
        query=request["queryString"],
        groups=tuple(name for _, _, name in places),
        expression=request["scheduleExpression"],
        zone=request.get("timezone") or "UTC",
        description=request.get("description") or "",
        language=request["queryLanguage"],
        start_offset_s=request.get("startTimeOffset") or DEFAULT_SPAN_S,
        end_offset_s=request.get("endTimeOffset") or 0,
        destination=_destination(request.get("destinationConfiguration") or {}),
        start_ms=None if begins is None else _ms(begins),
        end_ms=None if ends is None else _ms(ends),
        role=request["executionRoleArn"],
        enabled=request.get("state") != "DISABLED",
    )


def _destination(configuration: dict[str, Any]) -> str:
    if bucket := configuration.get("s3Configuration"):
        return str(bucket["destinationIdentifier"])
    table = configuration.get("lookupTableConfiguration")
    return f"{LOOKUP}{table['tableName']}" if table else ""


async def _whole(rooms: LogRooms, query: ScheduledQuery) -> dict[str, Any]:
    run = (await rooms.room.schedules.last_runs([query.id])).get(query.id)
    return {
        **_shown(query, run),
        "description": query.description,
        "queryLanguage": query.language,
        "queryString": query.query,
        "logGroupIdentifiers": list(query.groups) or None,
        "timezone": query.zone,
        "startTimeOffset": query.start_offset_s,
        "endTimeOffset": query.end_offset_s,
        "scheduleStartTime": query.start_ms,
        "scheduleEndTime": query.end_ms,
        "executionRoleArn": query.role,
    }


def _shown(query: ScheduledQuery, run: Run | None) -> dict[str, Any]:
    ran = {} if run is None else {"lastTriggeredTime": run.triggered_ms, "lastExecutionStatus": str(run.status)}
    return {
        "scheduledQueryArn": query.arn,
        "name": query.name,
        "state": _state(query),
        "scheduleType": _MANAGED,
        "scheduleExpression": query.expression,
        "destinationConfiguration": _configuration(query),
        "creationTime": query.created_ms,
        "lastUpdatedTime": query.updated_ms,
        **ran,
    }


def _configuration(query: ScheduledQuery) -> dict[str, Any] | None:
    """As AWS has it; destinations that only trimtab has are not told here."""
    if query.destination.startswith("s3://"):
        return {"s3Configuration": {"destinationIdentifier": query.destination, "roleArn": query.role}}
    if query.destination.startswith(LOOKUP):
        table = query.destination.removeprefix(LOOKUP)
        return {"lookupTableConfiguration": {"tableName": table, "roleArn": query.role}}
    return None


def _run(run: Run) -> dict[str, Any]:
    destination = {
        "destinationType": "S3" if run.delivered_to.startswith("s3://") else "LOOKUP_TABLE",
        "destinationIdentifier": run.delivered_to,
        "status": str(run.delivery),
        "processedIdentifier": run.delivered_to,
        "errorMessage": run.delivery_error or None,
    }
    return {
        "queryId": run.id,
        "executionStatus": str(run.status),
        "triggeredTimestamp": run.triggered_ms,
        "errorMessage": run.error or None,
        "destinations": [destination] if run.delivery else [],
    }


def _state(query: ScheduledQuery) -> str:
    return "ENABLED" if query.enabled else "DISABLED"


def _ms(time: int) -> int:
    return time if time >= _MS_FROM else time * 1000


def _token(request: Request) -> Any:
    token = request.get("nextToken")
    if not token:
        return ""
    try:
        return decode_token(token)
    except InvalidInput:
        raise _invalid("The specified nextToken is invalid.") from None


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
