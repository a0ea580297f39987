"""`/asked`: what owners were asked and said, and stops that wait; `/asked/by/<token>`: one answer behind a signed link.

The page behind a link needs no sign-in and does nothing by itself: its one button does, since mail servers open links.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.access.scope import EVERYTHING
from trimtab.asks.model import LABELS, Answer, Ask, Stop
from trimtab.asks.room import AsksRoom
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.sorting import read_page

PATH = "/asked"
_FORM_BYTES = 4096
_COLUMNS = ("kind", "owner", "subject", "asked", "answer", "by", "stop", "outcome")


def routes(site: Site) -> list[BaseRoute]:
    """The pages, and what their buttons do."""
    room = site.state.asks
    return [] if room is None else [*_signed_in(site, room), *_by_link(site, room)]


def _signed_in(site: Site, room: AsksRoom) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        asks = _shown(await room.store.listed(view.scope), view.get("owner"))
        part = read_page(view, len(asks))
        return site.page(
            request,
            view,
            "asked",
            timed=False,
            asks=asks[part.start : part.end],
            page=part,
            labels=LABELS,
            waiting=[one for one in asks if one.stop in (Stop.WAITS, Stop.FAILED)],
            problem=room.answering.stopper.problem,
            may_answer=view.principal.may(Role.WRITE),
            may_approve=view.principal.may(Role.WRITE) and not view.principal.bound,
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        asks = _shown(await room.store.listed(view.scope), view.get("owner"))
        rows = [dict(zip(_COLUMNS, _cells(one), strict=True)) | {"id": one.id} for one in asks]
        return respond.json(request, {"asked": rows})

    async def as_csv(request: Request) -> Response:
        view = site.view(request)
        asks = _shown(await room.store.listed(view.scope), view.get("owner"))
        return respond.table(request, "asked", _COLUMNS, map(_cells, asks))

    async def answer(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        await room.answering.answer(view.scope, form.get("id", ""), _answer(form), view.principal.name)
        return RedirectResponse(PATH, 303)

    async def approve(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        decide = room.answering.refuse if form.get("do") == "refuse" else room.answering.approve
        await decide(view.scope, form.get("id", ""), view.principal.name)
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(PATH + ".json", site.guarded(as_json, bound=True)),
        Route(PATH + ".csv", site.guarded(as_csv, bound=True)),
        Route(PATH + "/answer", site.guarded(answer, Role.WRITE, bound=True), methods=["POST"]),
        Route(PATH + "/approve", site.guarded(approve, Role.WRITE), methods=["POST"]),
    ]


def _by_link(site: Site, room: AsksRoom) -> list[BaseRoute]:
    async def opened(request: Request) -> Response:
        ask, answer = await room.answering.opened(request.path_params["token"])
        return _link_page(site, request, ask, answer, done=ask.answer is answer and answer is not Answer.SNOOZE)

    async def done(request: Request) -> Response:
        ask, answer = await room.answering.opened(request.path_params["token"])
        who = f"{ask.subject.owner} by link"
        ask = await room.answering.answer(EVERYTHING, ask.id, answer, who)
        return _link_page(site, request, ask, answer, done=True)

    path = PATH + "/by/{token}"
    return [
        Route(path, site.guarded(opened, Role.FINANCE, bound=True), methods=["GET"]),
        Route(path, site.guarded(done, Role.FINANCE, bound=True), methods=["POST"]),
    ]


def _link_page(site: Site, request: Request, ask: Ask, answer: Answer, *, done: bool) -> Response:
    view = site.view(request)
    facts: dict[str, Any] = {"ask": ask, "answer": answer, "label": LABELS[answer], "done": done, "shared": True}
    return site.page(request, view, "asked_link", timed=False, layout="bare.html", **facts)


def _answer(form: dict[str, str]) -> Answer:
    said = form.get("answer", "")
    if said not in {one.value for one in LABELS}:
        raise InvalidInput(f"cannot answer {said[:40]!r}: expected one of {', '.join(one.value for one in LABELS)}")
    return Answer(said)


def _shown(asks: list[Ask], owner: str) -> list[Ask]:
    """Of one owner where one is named, what is open first."""
    mine = [one for one in asks if owner in ("", one.subject.owner)]
    return sorted(mine, key=lambda one: (not one.open, -one.asked_ms, one.id))


def _cells(one: Ask) -> tuple[str, ...]:
    subject = one.subject
    answer = one.answer.value or ("gone" if one.closed_ms else "")
    return (
        subject.kind.value, subject.owner, subject.title, iso(one.asked_ms), answer, one.answered_by, one.stop.value,
        one.outcome,
    )  # fmt: skip
