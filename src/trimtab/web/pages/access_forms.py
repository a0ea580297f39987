"""The forms of `/access` about groups, service accounts and users; and `/me`, everybody's own page."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.grant import Grant
from trimtab.access.grants import GrantStore
from trimtab.access.key import USER
from trimtab.access.principal import Role
from trimtab.access.room import AccessRoom
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound, Throttled, Unauthenticated
from trimtab.web.form import read_form
from trimtab.web.grant_form import read_grant, words_of
from trimtab.web.site import Site

_FORM_BYTES = 8192


def routes(site: Site) -> list[BaseRoute]:
    """What the forms send, and the page of who asks."""

    def room() -> AccessRoom:
        if site.state.access is None:
            raise NotFound("this server keeps no people")
        return site.state.access

    async def act_on_grants(request: Request, store: GrantStore, anchor: str) -> Response:
        form, mine = await read_form(request, _FORM_BYTES), Grant.of(request.state.principal)
        name = form.get("name", "").strip()
        match form.get("do", "put"):
            case "put":
                await store.put(name, read_grant(form, request.state.principal), mine)
            case "remove":
                await store.remove(name, mine)
            case "disable" | "enable" as verb:
                await store.set_disabled(name, mine, disabled=verb == "disable")
        return RedirectResponse(f"/access#{anchor}", 303)

    async def groups(request: Request) -> Response:
        return await act_on_grants(request, room().groups, "groups")

    async def services(request: Request) -> Response:
        return await act_on_grants(request, room().services, "services")

    async def users(request: Request) -> Response:
        form, mine = await read_form(request, _FORM_BYTES), Grant.of(request.state.principal)
        people, name = room().people, form.get("name", "").strip()
        match form.get("do", "make"):
            case "make":
                own = read_grant(form, request.state.principal) if form.get("role") else None
                await people.create(name, form.get("password", ""), own, words_of(form.get("groups", "")), mine)
            case "password":
                await people.set_password(name, form.get("password", ""), mine)
            case "remove":
                await people.remove(name, mine)
            case "disable" | "enable" as verb:
                await people.set_disabled(name, mine, disabled=verb == "disable")
        return RedirectResponse("/access#people", 303)

    async def unlock(request: Request) -> Response:
        form = await read_form(request, _FORM_BYTES)
        if not request.state.principal.sees_all:
            raise AccessDenied("cannot unlock anybody: that is for administrators of the whole server")
        await room().lockout.unlock(form.get("subject", ""))
        return RedirectResponse("/access#people", 303)

    async def me(request: Request) -> Response:
        return await own_page(request, "", 200)

    async def own_page(request: Request, problem: str, status: int) -> Response:
        view = site.view(request)
        has_password = view.principal.id.startswith(f"{USER}-")
        facts = {"mine": Grant.of(view.principal), "has_password": has_password, "problem": problem}
        return site.page(request, view, "me", status, timed=False, **facts)

    async def act_as(request: Request) -> Response:
        form = await read_form(request, _FORM_BYTES)
        await room().people.act_as(request.state.principal.id, form.get("group", ""))
        return RedirectResponse("/me", 303)

    async def password(request: Request) -> Response:
        form = await read_form(request, _FORM_BYTES)
        try:
            await room().people.change_password(request.state.principal.id, *_passwords(form))
        except (InvalidInput, Throttled, Unauthenticated) as problem:
            return await own_page(request, str(problem), 400)
        return RedirectResponse("/login", 303)

    return [
        Route("/access/groups", site.guarded(groups, Role.ADMIN, bound=True), methods=["POST"]),
        Route("/access/service-accounts", site.guarded(services, Role.ADMIN, bound=True), methods=["POST"]),
        Route("/access/users", site.guarded(users, Role.ADMIN, bound=True), methods=["POST"]),
        Route("/access/unlock", site.guarded(unlock, Role.ADMIN, bound=True), methods=["POST"]),
        Route("/me", site.guarded(me, Role.FINANCE, bound=True)),
        Route("/me/group", site.guarded(act_as, Role.FINANCE, bound=True), methods=["POST"]),
        Route("/me/password", site.guarded(password, Role.FINANCE, bound=True), methods=["POST"]),
    ]


def _passwords(form: Mapping[str, str]) -> tuple[str, str]:
    """The old and the new one. Raises InvalidInput where the new one was not typed alike twice."""
    if form.get("password") != form.get("again"):
        raise InvalidInput("cannot change the password: the new one was typed in two ways")
    return form.get("old", ""), form.get("password", "")
