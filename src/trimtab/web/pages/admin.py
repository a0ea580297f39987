"""`/settings`: how this server is configured."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.records import asdict
from trimtab.web import respond
from trimtab.web.site import Site


def routes(site: Site) -> list[BaseRoute]:
    """The page and its JSON."""

    async def settings(request: Request) -> Response:
        return site.page(request, site.view(request), "settings", timed=False, settings=site.state.settings)

    async def settings_json(request: Request) -> Response:
        return respond.json(request, {"settings": [asdict(one) for one in site.state.settings]})

    return [
        Route("/settings", site.guarded(settings, bound=True)),
        Route("/settings.json", site.guarded(settings_json, bound=True)),
    ]
