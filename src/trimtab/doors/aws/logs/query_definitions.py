"""Saved queries: put, listed, deleted."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.paging import encode_token
from trimtab.doors.aws.logs.queries import malformed
from trimtab.doors.aws.logs.rooms import LogRooms, after, operations
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.run import parse_in
from trimtab.logs.insights.saved import Definition

_PAGE = 1000


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
    return {"queryDefinitions": [_described(one) for one in page], **more}


@operations.add("DeleteQueryDefinition", needs=Role.WRITE)
async def delete_query_definition(rooms: LogRooms, request: Request, context: CallContext) -> Answer:
    """Delete a saved query."""
    removed = await rooms.insights.saved.remove(context.account, context.region, request["queryDefinitionId"])
    return {"success": removed}


def _described(definition: Definition) -> dict[str, Any]:
    return {
        "queryLanguage": definition.language,
        "queryDefinitionId": definition.id,
        "name": definition.name,
        "queryString": definition.query,
        "lastModified": definition.modified_ms,
        "logGroupNames": list(definition.groups),
    }
