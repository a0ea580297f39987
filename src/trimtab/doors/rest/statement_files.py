"""`GET /rest/v1/statements/{month}/export`: a statement as CSV or PDF, of one owner or of all."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role, everything_only
from trimtab.base.errors import AccessDenied, TrimtabError
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.roles import DoorRoute
from trimtab.economics.months import read_month
from trimtab.economics.room import EconomicsRoom
from trimtab.reports.statements.file import statement_file


def routes(room: EconomicsRoom) -> list[BaseRoute]:
    """The route."""

    async def export(request: Request) -> Response:
        try:
            _allow(request)
            asked = request.query_params
            statement = await room.statements.statement(read_month(request.path_params["month"]))
            rows = await room.statements.reconcile(statement)
            file = await asyncio.to_thread(
                statement_file, statement, rows, asked.get("format", "csv"), asked.get("owner")
            )
        except TrimtabError as problem:
            return answer_error(problem)
        return Response(file.content, 200, file.headers, file.media_type)

    return [DoorRoute("/rest/v1/statements/{month}/export", export, Role.FINANCE, methods=["GET"])]


def _allow(request: Request) -> None:
    who: Principal = request.scope["state"]["principal"]
    if not who.may(Role.FINANCE):
        raise AccessDenied(f"cannot read statements: {who.name!r} has role {who.role}; needs {Role.FINANCE}")
    everything_only(who, "read statements")
