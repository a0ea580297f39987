"""`/allocation`: the rules that divide the bill, edited with a live preview of what moves."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.coins import coins, exact
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.economics.months import in_words, named, read_month
from trimtab.economics.preview import Preview
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.rules.give import give
from trimtab.economics.rules.read import MOST_BYTES, read_rules
from trimtab.economics.rules.write import write_rules
from trimtab.economics.statements.model import MonthState
from trimtab.web import respond
from trimtab.web.costs.sheet import bill_mark
from trimtab.web.form import read_form
from trimtab.web.pages.statements import whole_bill
from trimtab.web.site import Site

_MOST_MOVES = 40
_FRESH_S, _STALE_S = 60.0, 900.0
_FORM_BYTES = 3 * MOST_BYTES  # a document as a form encodes it


def routes(site: Site) -> list[BaseRoute]:
    """The editor, its preview, applying, and the rules as JSON."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        room = whole_bill(site, view.principal)
        shown = view.get("version")
        version = await (room.rules.version(_number(shown)) if shown else room.rules.current())
        given = view.get("owner")
        document = version.document
        if given:
            rules = give(version.rules, given, view.get("resource"), view.get("account"), view.get("service"))
            document = write_rules(rules)
        months = await room.statements.months()
        chosen = _chosen(view.get("month"), [(one.month, one.state) for one in months])
        return site.page(
            request,
            view,
            "allocation",
            timed=False,
            shown=version,
            document=document,
            given=given,
            newest=(await room.rules.current()).version,
            versions=await room.rules.versions(20),
            months=[(named(one.month), one.state is MonthState.CLOSED) for one in months[:12]],
            month=named(chosen) if chosen else "",
            may_apply=view.principal.may(Role.ADMIN),
            told=await _kept(site, room, document, chosen),
        )

    async def preview(request: Request) -> Response:
        view = site.view(request)
        room = whole_bill(site, view.principal)
        fields = await read_form(request, _FORM_BYTES)
        month = read_month(fields["month"]) if fields.get("month") else None
        told = await _try(room, fields.get("document", ""), month)
        return site.fragment(request, view, "allocation_preview", told=told)

    async def apply(request: Request) -> Response:
        who = request.state.principal
        room = whole_bill(site, who)
        fields = await read_form(request, _FORM_BYTES)
        based_on = _number(fields.get("based_on", "0"))
        made = await room.rules.apply(fields.get("document", ""), who.name, fields.get("note", ""), based_on)
        return RedirectResponse(f"/allocation?applied={made.version}", 303)

    async def as_json(request: Request) -> Response:
        room = whole_bill(site, request.state.principal)
        version = await room.rules.current()
        return respond.json(request, {"version": version.version, "document": version.document})

    return [
        Route("/allocation", site.guarded(page, Role.FINANCE)),
        Route("/allocation.json", site.guarded(as_json, Role.FINANCE)),
        Route("/allocation/preview", site.guarded(preview, Role.FINANCE), methods=["POST"]),
        Route("/allocation/apply", site.guarded(apply, Role.ADMIN), methods=["POST"]),
    ]


async def _kept(site: Site, room: EconomicsRoom, document: str, month: int | None) -> dict[str, Any]:
    """As `_try`, of this bill and these rules: who looks at them again waits for nothing."""
    key = ("allocation", document, month, await bill_mark(site))
    return await site.cache.get(key, _FRESH_S, lambda: _try(room, document, month), stale_s=_STALE_S)


async def _try(room: EconomicsRoom, document: str, month: int | None) -> dict[str, Any]:
    """What a document would do, or what is wrong with it."""
    try:
        read_rules(document)
        if month is None:
            return {"problem": "", "month": "", "preview": None, "totals": [], "moves": [], "more": 0}
        return _told(await room.previews.preview(document, month))
    except TrimtabError as problem:
        where = problem.field if isinstance(problem, InvalidInput) else None
        return {"problem": str(problem), "where": where or "", "preview": None}


def _told(found: Preview) -> dict[str, Any]:
    shown = [one for one in found.moves if one.after or one.before]
    moves = [
        {
            "owner": one.owner or "(no value)",
            "currency": one.currency,
            "before": coins(one.before, one.currency),
            "after": coins(one.after, one.currency),
            "change": coins(one.change, one.currency) if one.change else "",
            "up": one.change > 0,
            "unowned": one.owner == found.default,
        }
        for one in shown[:_MOST_MOVES]
    ]
    totals = [
        {
            "currency": one.currency,
            "billed": exact(one.billed),
            "total": exact(one.total),
            "adds_up": one.adds_up,
            "moved": coins(one.moved, one.currency),
            "unowned_before": coins(one.unowned_before, one.currency),
            "unowned_after": coins(one.unowned_after, one.currency),
        }
        for one in found.currencies
    ]
    return {
        "problem": "",
        "month": in_words(found.month),
        "preview": found,
        "totals": totals,
        "moves": moves,
        "more": max(len(shown) - _MOST_MOVES, 0),
    }


def _chosen(text: str, months: list[tuple[int, MonthState]]) -> int | None:
    if text:
        return read_month(text)
    opened = [month for month, state in months if state is MonthState.OPEN]
    return opened[0] if opened else months[0][0] if months else None


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise InvalidInput(f"cannot read version {text[:30]!r}: expected a number", field="version")
    return int(text)
