"""`/access`: who may call, and where this server may connect to."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.grant import Grant
from trimtab.access.key import AWS, DAY_MS, TOKEN
from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied, InvalidInput
from trimtab.base.records import asdict
from trimtab.egress.address import parse_place
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.grant_form import read_grant
from trimtab.web.pages import access_forms
from trimtab.web.site import Site
from trimtab.web.view import View

_FORM_BYTES = 4096
_OVERLAP_MS = DAY_MS  # of a key that is rotated on the page: a day to bring the new one everywhere
_MOST_DAYS = 3650
_MOST_REFUSED = 50
_COMMANDS = """\
# an access key for boto3, the AWS CLI and the CloudWatch agent
trimtab keys create --name my-service

# a token for this page, Prometheus, OTLP and the command line
trimtab keys create --kind token --role read --name grafana"""


async def _egress(site: Site, view: View) -> dict[str, Any] | None:
    """The list and what was refused; None for whoever administers no more than an account or a team."""
    if site.state.gate is None or not view.principal.sees_all:
        return None
    kept = site.state.gate.entries
    return {"entries": await asyncio.to_thread(kept.listed), "refusals": await asyncio.to_thread(kept.refusals)}


async def _people(site: Site, view: View) -> dict[str, Any]:
    """Groups, service accounts and people that give no more than the caller has."""
    room, mine = site.state.access, Grant.of(view.principal)
    if room is None:
        return {"groups": [], "services": [], "people": [], "locked": [], "refused": [], "room": False}
    groups, services = await room.groups.listed(mine), await room.services.listed(mine)
    people = await room.people.listed(mine)
    locked = [] if not view.principal.sees_all else await room.lockout.locked()
    refused = [] if not view.principal.sees_all else (await room.refusals.listed())[:_MOST_REFUSED]
    seen = {"people": people, "locked": locked, "refused": refused}
    return {"groups": groups, "services": services, "room": True, **seen}


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and what its forms do."""

    async def page(request: Request, **facts: Any) -> Response:
        view = site.view(request)
        keys = await site.state.keys.list(Grant.of(view.principal))
        egress = await _egress(site, view)
        people = await _people(site, view)
        own = {"keys": [key for key in keys if key.kind in (AWS, TOKEN)], **people, "egress": egress}
        shown = {**own, "commands": _COMMANDS, "roles": list(Role), "made": None, **facts}
        return site.page(request, view, "access", timed=False, **shown)

    async def access(request: Request) -> Response:
        return await page(request)

    async def make(request: Request) -> Response:
        form = await read_form(request, _FORM_BYTES)
        kind = form.get("kind", TOKEN)
        if kind not in (AWS, TOKEN):
            raise InvalidInput(f"cannot make a key of kind {kind!r}: expected {AWS} or {TOKEN}")
        service = form.get("service", "").strip() or None
        if service is None or site.state.access is None:
            grant = read_grant(form, request.state.principal)
        else:
            grant = (await site.state.access.services.get(service, Grant.of(request.state.principal))).grant
        made = await site.state.keys.create(kind, form.get("name", "").strip(), grant, _until(site, form), service)
        answer = await page(request, made=made)
        answer.headers["Cache-Control"] = "no-store"  # it holds the secret
        return answer

    async def rotate(request: Request) -> Response:
        form = await read_form(request, _FORM_BYTES)
        within = Grant.of(request.state.principal)
        answer = await page(request, made=await site.state.keys.rotate(form.get("id", ""), _OVERLAP_MS, within))
        answer.headers["Cache-Control"] = "no-store"  # it holds the secret
        return answer

    async def revoke(request: Request) -> Response:
        form = await read_form(request, _FORM_BYTES)
        await site.state.keys.revoke(form.get("id", ""), Grant.of(request.state.principal))
        return RedirectResponse("/access", 303)

    async def act(request: Request) -> Response:
        view = site.view(request)
        form = await read_form(request, _FORM_BYTES)
        if site.state.gate is None or not view.principal.sees_all:
            raise AccessDenied("cannot change where this server connects to: that is for administrators of all of it")
        place = form.get("place", "")
        if form.get("do") == "remove":
            await asyncio.to_thread(site.state.gate.entries.remove, parse_place(place))
        else:
            await asyncio.to_thread(site.state.gate.allow, place, form.get("note", "").strip())
        return RedirectResponse("/access#egress", 303)

    async def access_json(request: Request) -> Response:
        keys = await site.state.keys.list(Grant.of(request.state.principal))
        return respond.json(request, {"keys": [asdict(key) for key in keys]})

    return [
        Route("/access", site.guarded(access, Role.ADMIN, bound=True)),
        Route("/access/keys", site.guarded(make, Role.ADMIN, bound=True), methods=["POST"]),
        Route("/access/keys/rotate", site.guarded(rotate, Role.ADMIN, bound=True), methods=["POST"]),
        Route("/access/keys/revoke", site.guarded(revoke, Role.ADMIN, bound=True), methods=["POST"]),
        *access_forms.routes(site),
        Route("/access/egress", site.guarded(act, Role.ADMIN), methods=["POST"]),
        Route("/access.json", site.guarded(access_json, Role.ADMIN, bound=True)),
    ]


def _until(site: Site, form: Mapping[str, str]) -> int | None:
    """When a key ends, of the field days. Raises InvalidInput."""
    days = form.get("days", "").strip()
    if not days:
        return None
    if not (days.isascii() and days.isdigit() and 0 < int(days) <= _MOST_DAYS):
        raise InvalidInput(f"cannot use {days!r} days: expected 1 to {_MOST_DAYS}")
    return site.state.clock.now_ms() + int(days) * DAY_MS
