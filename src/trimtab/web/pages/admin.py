"""`/access` and `/settings`: who may call, where this server may connect to, and how it is configured."""

import asyncio
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied
from trimtab.egress.address import parse_place
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View

_FORM_BYTES = 4096
_COMMANDS = """\
# an access key for boto3, the AWS CLI and the CloudWatch agent
trimtab keys create --name my-service

# a token for this page, Prometheus, OTLP and the command line
trimtab keys create --kind token --role read --name grafana"""


async def _egress(site: Site, view: View) -> dict[str, Any] | None:
    """The list and what was refused; None for whoever administers no more than an account."""
    if site.state.gate is None or view.principal.account is not None:
        return None
    kept = site.state.gate.entries
    return {"entries": await asyncio.to_thread(kept.listed), "refusals": await asyncio.to_thread(kept.refusals)}


def routes(site: Site) -> list[BaseRoute]:
    """Both pages and their JSON."""

    async def access(request: Request) -> Response:
        keys, view = await site.state.keys.list(), site.view(request)
        egress = await _egress(site, view)
        return site.page(request, view, "access", timed=False, keys=keys, commands=_COMMANDS, egress=egress)

    async def act(request: Request) -> Response:
        view = site.view(request)
        form = await read_form(request, _FORM_BYTES)
        if site.state.gate is None or view.principal.account is not None:
            raise AccessDenied("cannot change where this server connects to: that is for administrators of all of it")
        place = form.get("place", "")
        if form.get("do") == "remove":
            await asyncio.to_thread(site.state.gate.entries.remove, parse_place(place))
        else:
            await asyncio.to_thread(site.state.gate.allow, place, form.get("note", "").strip())
        return RedirectResponse("/access#egress", 303)

    async def access_json(request: Request) -> Response:
        return respond.json(request, {"keys": [asdict(key) for key in await site.state.keys.list()]})

    async def settings(request: Request) -> Response:
        return site.page(request, site.view(request), "settings", timed=False, settings=site.state.settings)

    async def settings_json(request: Request) -> Response:
        return respond.json(request, {"settings": [asdict(one) for one in site.state.settings]})

    return [
        Route("/access", site.guarded(access, Role.ADMIN)),
        Route("/access/egress", site.guarded(act, Role.ADMIN), methods=["POST"]),
        Route("/access.json", site.guarded(access_json, Role.ADMIN)),
        Route("/settings", site.guarded(settings, bound=True)),
        Route("/settings.json", site.guarded(settings_json, bound=True)),
    ]
