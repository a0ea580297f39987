"""`GET /rest/v1/reports/written/file`, `GET /rest/v1/investigations/{id}/file`: reports as HTML, PDF or CSV."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base.errors import AccessDenied, TrimtabError
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.rest.investigations import PATH as INVESTIGATIONS
from trimtab.doors.rest.reports import PATH, Reporting
from trimtab.doors.roles import DoorRoute
from trimtab.reports.investigations.room import InvestigationRoom
from trimtab.reports.written.files import file_of


def routes(needs: Reporting, room: InvestigationRoom) -> list[BaseRoute]:
    """The routes."""

    async def file(request: Request) -> Response:
        who: Principal = request.scope["state"]["principal"]
        asked = request.query_params
        try:
            if not who.may(Role.FINANCE):
                raise AccessDenied(f"cannot read reports: {who.name!r} may not see costs")
            document = await needs.written(
                who.scope,
                asked.get("template", ""),
                asked.get("owner", ""),
                asked.get("start"),
                asked.get("end", "now"),
            )
            made = await asyncio.to_thread(file_of, document, asked.get("format", "html"), needs.room.public_url)
        except TrimtabError as problem:
            return answer_error(problem)
        return Response(made.content, 200, made.headers, made.media_type)

    async def investigated(request: Request) -> Response:
        who: Principal = request.scope["state"]["principal"]
        try:
            if not who.may(Role.READ):
                raise AccessDenied(f"cannot read investigations: {who.name!r} sees costs only")
            document = await room.report(who, request.path_params["id"])
            format_ = request.query_params.get("format", "html")
            made = await asyncio.to_thread(file_of, document, format_, room.public_url)
        except TrimtabError as problem:
            return answer_error(problem)
        return Response(made.content, 200, made.headers, made.media_type)

    return [
        DoorRoute(f"{PATH}/written/file", file, Role.FINANCE, bound=True, methods=["GET"]),
        DoorRoute(f"{INVESTIGATIONS}/{{id}}/file", investigated, Role.READ, bound=True, methods=["GET"]),
    ]
