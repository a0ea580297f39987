"""`/zone`: the time zone in which a person reads the pages. Addresses, files and APIs stay UTC."""

from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.jobs.schedule import named_zone
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import ZONE_COOKIE

PATH = "/zone"
_FORM_BYTES = 1024
_COOKIE_S = 31_536_000


def routes(site: Site) -> list[BaseRoute]:
    """The page, and its form."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        return site.page(request, view, "zone", timed=False, zones=sorted(available_timezones()))

    async def choose(request: Request) -> Response:
        name = (await read_form(request, _FORM_BYTES)).get("zone", "").strip()
        named_zone(name or "UTC")
        answer = RedirectResponse(PATH, 303)
        if name in ("", "UTC"):
            answer.delete_cookie(ZONE_COOKIE, samesite="lax")
        else:
            answer.set_cookie(ZONE_COOKIE, name, max_age=_COOKIE_S, httponly=True, samesite="lax")
        return answer

    return [
        Route(PATH, site.guarded(page, Role.FINANCE, bound=True), methods=["GET"]),
        Route(PATH, site.guarded(choose, Role.FINANCE, bound=True), methods=["POST"]),
    ]
