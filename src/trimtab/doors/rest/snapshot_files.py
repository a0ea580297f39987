"""`GET /rest/v1/quicksight/snapshots/{name}`: a file of a dashboard's snapshot, for who had it made."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base.errors import AccessDenied, TrimtabError
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.roles import DoorRoute
from trimtab.reports.download import CSV, PDF, Download
from trimtab.reports.quicksight.snapshots import PATH, Snapshots


def routes(snapshots: Snapshots) -> list[BaseRoute]:
    """The route."""

    async def file(request: Request) -> Response:
        who: Principal = request.scope["state"]["principal"]
        name = request.path_params["name"]
        try:
            if not who.may(Role.READ):
                raise AccessDenied(f"cannot read snapshots: {who.name!r} may not")
            content = await asyncio.to_thread(snapshots.read, who, name)
        except TrimtabError as problem:
            return answer_error(problem)
        made = Download(content, PDF if name.endswith(".pdf") else CSV, name)
        return Response(made.content, 200, made.headers, made.media_type)

    return [DoorRoute(f"{PATH}/{{name}}", file, Role.READ, bound=True, methods=["GET"])]
