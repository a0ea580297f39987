"""`/make/<what>`: forms that make a budget, a monitor, a subscription or a channel, with what does the same beside."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.costs.read_sql import DAY_MS
from trimtab.web.connect.model import Connector
from trimtab.web.form import read_form
from trimtab.web.making.form import Form
from trimtab.web.making.forms import FORMS
from trimtab.web.site import Site
from trimtab.web.told import whom
from trimtab.web.view import View

_FORM_BYTES = 16_384
_OFFERED_S = 10.0
_OFFERED_DAYS = 90
_MOST = 100
Answer = Callable[[Request], Awaitable[Response]]


def routes(site: Site) -> list[BaseRoute]:
    """Each form, and what it makes."""
    connector = site.state.connector
    if connector is None:
        return []
    found: list[BaseRoute] = []
    for form in FORMS:
        path = f"/make/{form.id}"
        shown, made = _page(site, form), _made(site, connector, form)
        found.append(Route(path, site.guarded(shown, Role.WRITE, bound=form.bound), methods=["GET"]))
        found.append(Route(path, site.guarded(made, Role.WRITE, bound=form.bound), methods=["POST"]))
    return found


def _page(site: Site, form: Form) -> Answer:
    async def answer(request: Request) -> Response:
        view = site.view(request)
        return await _shown(site, request, form, dict(view.parameters))

    return answer


def _made(site: Site, connector: Connector, form: Form) -> Answer:
    async def answer(request: Request) -> Response:
        given = await read_form(request, _FORM_BYTES)
        principal = request.state.principal

        def make() -> tuple[str, str]:
            with connector.client(principal) as client:
                return form.make(client, form.shown(given), principal.account or "")

        try:
            where, secret = await asyncio.to_thread(make)
        except TrimtabError as problem:
            return await _shown(site, request, form, given, problem=str(problem), status=400)
        if secret:
            page = await _shown(site, request, form, {}, made=(given.get("name", ""), where, secret))
            page.headers["Cache-Control"] = "no-store"  # it holds the secret
            return page
        return RedirectResponse(where, 303)

    return answer


async def _shown(
    site: Site,
    request: Request,
    form: Form,
    given: Mapping[str, str],
    *,
    problem: str = "",
    status: int = 200,
    made: tuple[str, str, str] | None = None,
) -> Response:
    view, values = site.view(request), form.shown(given)
    try:
        body, complaint = form.request(values), ""
    except InvalidInput as unfinished:
        body, complaint = "", str(unfinished)
    return site.page(
        request,
        view,
        "make",
        status,
        timed=False,
        form=form,
        values=values,
        problem=problem,
        made=made,
        command=form.command_line(values),
        body=body,
        complaint=complaint,
        offered=await _offered(site, view),
    )


async def _offered(site: Site, view: View) -> Mapping[str, list[tuple[str, str]]]:
    """What is offered while typing: tags and services of the bill, topics of this account."""
    return await site.cache.get(
        ("offered", view.scope, view.principal.account), _OFFERED_S, lambda: _read_offered(site, view)
    )


async def _read_offered(site: Site, view: View) -> Mapping[str, list[tuple[str, str]]]:
    room = site.state.costs
    keys: list[str] = []
    if room is not None and await room.reader.extent() is not None:
        end = view.now_ms // DAY_MS * DAY_MS + DAY_MS
        keys = sorted(await room.reader.tag_keys(view.scope, end - _OFFERED_DAYS * DAY_MS, end))[:_MOST]
    named = [(key, "") for key in keys]
    return {"keys": named, "tags": [(f"{key}=", "") for key in keys], "whom": await whom(site.state, view)}
