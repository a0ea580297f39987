"""`/connect`: what is connected, what is near, the forms that connect it, and live receipts of what comes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base import typed
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError
from trimtab.base.timerange import parse_duration_ms
from trimtab.client import accounts_wire, costs_wire
from trimtab.client.accounts import Accounts
from trimtab.client.costs import Costs
from trimtab.sources.prometheus.api import Credentials
from trimtab.sources.readings.prometheus import Wanted
from trimtab.web import respond
from trimtab.web.connect.connected import connected
from trimtab.web.connect.model import Connector
from trimtab.web.connect.receipts import receipts
from trimtab.web.form import read_form
from trimtab.web.pages.snippets import connect_snippets
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/connect"
_FORM_BYTES = 16_384
_NEAR_S = 20.0
SINCE = ("1d", "7d", "30d", "60d", "1y")
Form = Callable[[View, Mapping[str, str]], Awaitable[str | None]]
"""What a form does: None where it is done, else what there is to say before it is."""
_LONGEST_MS = 5 * 365 * 86_400_000


def routes(site: Site) -> list[BaseRoute]:
    """The page, its fragments, and what the forms do."""
    connector = site.state.connector
    if connector is None:
        return []

    async def page(request: Request) -> Response:
        return await _shown(site, request)

    async def near(request: Request) -> Response:
        view = site.view(request)
        found = await site.cache.get(("near",), _NEAR_S, lambda: asyncio.to_thread(connector.near))
        return site.fragment(request, view, "near", near=found, since=SINCE)

    async def live(request: Request) -> Response:
        view = site.view(request)
        return site.fragment(request, view, "receipts", receipts=await receipts(site, view), may=_may(view))

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        lines = [msgspec.structs.asdict(one) for one in await connected(site, view)]
        told = [msgspec.structs.asdict(one) for one in await receipts(site, view)]
        return respond.json(request, {"connected": lines, "receipts": told})

    def put(act: Form) -> Callable[[Request], Awaitable[Response]]:
        """A form: done, it leads to the receipts; refused, the page says why. A plan is shown and does nothing."""

        async def answer(request: Request) -> Response:
            view, form = site.view(request), await read_form(request, _FORM_BYTES)
            if not _may(view):
                raise AccessDenied("cannot connect a source: that is for administrators of the whole server")
            try:
                said = await act(view, form)
            except TrimtabError as problem:
                return await _shown(site, request, problem=str(problem), given=form, status=400)
            if said is not None:
                return await _shown(site, request, said=said, given=form)
            return RedirectResponse(f"{PATH}#receipts", 303)

        return answer

    forms: dict[str, Form] = {
        "prometheus": partial(_prometheus, connector),
        "kubernetes": partial(_kubernetes, connector),
        "slurm": partial(_slurm, site, connector),
        "aws": partial(_aws, connector),
        "bill": partial(_bill, connector),
        "stop": partial(_stop, connector),
    }
    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}/near", site.guarded(near, Role.ADMIN)),
        Route(f"{PATH}/receipts", site.guarded(live)),
        *(Route(f"{PATH}/{name}", site.guarded(put(act), Role.ADMIN), methods=["POST"]) for name, act in forms.items()),
    ]


def _may(view: View) -> bool:
    return view.principal.may(Role.ADMIN) and view.principal.sees_all


async def _shown(
    site: Site,
    request: Request,
    *,
    problem: str = "",
    said: str = "",
    given: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    view = site.view(request)
    facts: dict[str, Any] = {
        "connected": await connected(site, view),
        "receipts": await receipts(site, view),
        "may": _may(view),
        "problem": problem,
        "said": said,
        "given": dict(given or {}),
        "since": SINCE,
        "commands_allowed": site.state.connector is not None and site.state.connector.commands_allowed,
        "snippets": connect_snippets(view.origin, site.state.region),
    }
    return site.page(request, view, "connect", status, timed=False, **facts)


async def _prometheus(connector: Connector, view: View, form: Mapping[str, str]) -> None:
    url = form.get("url", "").strip()
    if not url.startswith(("http://", "https://")):
        raise InvalidInput(f"cannot connect {url[:200]!r}: expected http://host:port", field="url")
    since_ms = parse_duration_ms(form.get("since", "") or "60d")
    if not 0 < since_ms <= _LONGEST_MS:
        raise InvalidInput("cannot read that far back: expected five years at most", field="since")
    user, token = form.get("username", "").strip(), form.get("token", "").strip()
    credentials = Credentials((user, form.get("password", "")) if user else None, token)
    wanted = Wanted(url, view.now_ms - since_ms, form.get("match", "").strip(), credentials)
    await connector.prometheus(wanted, view.principal.name)


async def _kubernetes(connector: Connector, view: View, form: Mapping[str, str]) -> None:
    await connector.kubernetes(form.get("context", "").strip(), view.principal.name)


async def _slurm(site: Site, connector: Connector, view: View, form: Mapping[str, str]) -> None:
    upload = form.get("upload", "")
    if not upload:
        await connector.slurm(view.principal.name)
        return
    if site.state.costs is None:
        raise InvalidInput("this server takes no uploads")
    folder = site.state.costs.uploads.folder(upload)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise InvalidInput("cannot read SLURM's output: nothing was uploaded")
    await connector.slurm(view.principal.name, files)


async def _aws(connector: Connector, view: View, form: Mapping[str, str]) -> str | None:
    """First the plan, which only asks who we are; then, with `go`, the read."""
    names = ("role_arn", "external_id", "profile", "endpoint", "name")
    try:
        body = typed.convert({name: form.get(name, "").strip() for name in names}, accounts_wire.ConnectAccount)
    except msgspec.ValidationError as problem:
        raise InvalidInput(f"cannot connect the account: {problem}") from None

    def ask() -> str | None:
        with connector.client(view.principal) as client:
            accounts = Accounts(client)
            if form.get("do") == "go":
                accounts.connect(body)
                return None
            return _planned(accounts.plan(body))

    return await asyncio.to_thread(ask)


def _planned(plan: accounts_wire.AccountPlan) -> str:
    if plan.dollars is None:
        cost = f"metrics cost ${plan.dollars_per_metric} each, at most ${plan.max_cost} a read"
    else:
        cost = f"{plan.metrics:,} metrics cost ${plan.dollars} a read"
    regions = f"{len(plan.regions)} regions"
    return f"Account {plan.account}, as {plan.identity}: {regions}, {plan.calls} list calls, which are free; {cost}."


async def _bill(connector: Connector, view: View, form: Mapping[str, str]) -> None:
    location, source = form.get("location", "").strip(), form.get("source", "").strip()
    if not location:
        raise InvalidInput("cannot import: expected s3://bucket/prefix, or a path on the server", field="location")

    def start() -> None:
        with connector.client(view.principal) as client:
            Costs(client).start(costs_wire.StartImport(location, "auto", source, form.get("add") == "on"))

    await asyncio.to_thread(start)


async def _stop(connector: Connector, view: View, form: Mapping[str, str]) -> None:
    await connector.stop(form.get("id", ""))
