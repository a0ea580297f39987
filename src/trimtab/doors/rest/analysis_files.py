"""`GET /rest/v1/analyses/{name}/visuals/{visual}/file`: a visual as PNG, SVG or CSV, within the caller's scope."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base.errors import AccessDenied, TrimtabError
from trimtab.doors.rest.analyses import PATH, Analysing, Ranged, visual_of
from trimtab.doors.rest.endpoint import read_query
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.roles import DoorRoute
from trimtab.reports.analyses.files import file_of
from trimtab.reports.download import Download

_OWN = ("format", "width", "theme")


def routes(needs: Analysing) -> list[BaseRoute]:
    """The route."""

    async def file(request: Request) -> Response:
        who: Principal = request.scope["state"]["principal"]
        given = request.query_params
        try:
            if not who.may(Role.READ):
                raise AccessDenied(f"cannot read analyses: {who.name!r} may not")
            rest = [(name, value) for name, value in given.multi_items() if name not in _OWN]
            chosen = needs.chosen(read_query(Ranged, rest))
            opened = await needs.room.open(who, request.path_params["name"])
            visual = visual_of(opened, request.path_params["visual"])
            shown = await needs.room.show(who, opened.spec, visual, chosen)
            made = await asyncio.to_thread(
                file_of, shown, given.get("format", "png"), given.get("width", ""), given.get("theme", "")
            )
        except TrimtabError as problem:
            return answer_error(problem)
        return answer(made)

    return [DoorRoute(f"{PATH}/{{name}}/visuals/{{visual}}/file", file, Role.READ, bound=True, methods=["GET"])]


def answer(made: Download) -> Response:
    """A file to be saved; a picture runs nothing."""
    headers = {**made.headers, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(made.content, 200, headers, made.media_type)
