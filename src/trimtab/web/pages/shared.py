"""`/shared/<token>`: one dashboard behind a read-only link. The token is checked at every request."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.web.dashboards.board import Board, open_board
from trimtab.web.pages.dashboards import panels_of, series_of, show_board
from trimtab.web.site import Site

SHARED = "/shared/{token}"


def routes(site: Site) -> list[BaseRoute]:
    """The page behind a link, and what its panels show."""

    async def page(request: Request) -> Response:
        board, ends_ms = await _open(site, request)
        return show_board(site, request, board, layout="bare.html", shared=board.path, ends_ms=ends_ms)

    async def series(request: Request) -> Response:
        return await series_of(site, request, (await _open(site, request))[0])

    async def panels(request: Request) -> Response:
        return await panels_of(site, request, (await _open(site, request))[0])

    return [
        Route(SHARED, site.guarded(page, bound=True)),
        Route(SHARED + "/series.json", site.guarded(series, bound=True)),
        Route(SHARED + "/panels", site.guarded(panels, bound=True)),
    ]


async def _open(site: Site, request: Request) -> tuple[Board, int]:
    """The dashboard of the link, within the scope of who made it: who asks does not matter. Raises NotFound."""
    token = request.path_params["token"]
    shown = await site.state.dashboards.shares.open(token)
    share = shown.share
    board = await open_board(site, request, share.account, share.dashboard, shown.scope, f"/shared/{token}")
    return board, share.expires_ms
