"""`/purchase-plan`: what to commit to, what is held and ends when, and what happens if less comes than expected."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.advice.plan.model import Plan, Verb
from trimtab.advice.purchases.answer import Answer, Wanted
from trimtab.advice.purchases.findings import part_of
from trimtab.advice.purchases.kept import Made
from trimtab.advice.purchases.model import AWS, AZURE, GOOGLE, Payment
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.purchases.wording import words_of
from trimtab.base.clock import iso
from trimtab.base.coins import coins
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.purchases.rows import (
    bought_row,
    expiry_rows,
    held_row,
    legend_of,
    outcome_row,
    pictures_of,
    timeline_of,
)
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/purchase-plan"
_FORM_BYTES = 4096
_COLUMNS = (
    "state", "kind", "for", "id", "owner", "amount", "hourly", "saving a month", "used", "start", "end", "rates",
)  # fmt: skip
_TERMS = {"1": (1,), "3": (3,), "both": (1, 3)}
_PAID: dict[str, tuple[Payment, ...]] = {
    "none": (Payment.NO_UPFRONT,),
    "partial": (Payment.NO_UPFRONT, Payment.PARTIAL_UPFRONT),
    "any": tuple(Payment),
}


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON, and the button that plans anew."""
    room = site.state.purchases
    if room is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        made = await _latest(room, view)
        answer = made.answer if made else None
        shown = _shown(answer, site.state.clock.now_ms()) if answer else {}
        scope = view.principal.scope
        whole = site.state.advice_plan if scope.accounts is None and not view.get("id") else None
        plans = await whole.latest() if whole else []
        return site.page(
            request,
            view,
            "purchase_plan",
            timed=False,
            made=made,
            answer=answer,
            adds=_adds(plans, answer),
            others=_others(await room.plans.newest(scope), made),
            wanted=made.wanted if made else Wanted(),
            providers=(AWS, GOOGLE, AZURE),
            may_write=view.principal.may(Role.WRITE),
            **shown,
        )

    async def as_json(request: Request) -> Response:
        made = await _latest(room, site.view(request))
        return respond.json(request, {"plan": msgspec.to_builtins(made) if made else None})

    async def as_csv(request: Request) -> Response:
        made = await _latest(room, site.view(request))
        rows = _csv_rows(made.answer) if made and made.answer else []
        return respond.table(request, "purchase-plan", _COLUMNS, rows)

    async def plan(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        scope = view.principal.scope
        made = await room.make(scope, _wanted(form), publish=scope.accounts is None)
        return RedirectResponse(link(PATH, [("id", str(made.id))]), 303)

    return [
        Route(PATH, site.guarded(page, Role.FINANCE)),
        Route(f"{PATH}.json", site.guarded(as_json, Role.FINANCE)),
        Route(f"{PATH}.csv", site.guarded(as_csv, Role.FINANCE)),
        Route(f"{PATH}/make", site.guarded(plan, Role.WRITE), methods=["POST"]),
    ]


async def _latest(room: PurchasesRoom, view: View) -> Made | None:
    id_ = view.get("id")
    if id_ and not (id_.isascii() and id_.isdecimal() and len(id_) < 10):
        raise InvalidInput(f"cannot show plan {id_!r}: expected its number", field="id")
    try:
        return await room.latest(view.principal.scope, int(id_ or 0), view.get("currency"), view.get("provider"))
    except NotFound:
        if id_:
            raise
        return None


def _others(newest: Sequence[Made], made: Made | None) -> list[tuple[str, str]]:
    """The newest plans of other currencies and providers: what they are of, and where they are shown."""
    of = {one.id: f"{one.wanted.provider}, {one.answer.currency}" for one in newest if one.answer is not None}
    mine = f"{made.wanted.provider}, {made.answer.currency}" if made and made.answer else ""
    return [(words, link(PATH, [("id", str(id_))])) for id_, words in sorted(of.items()) if words != mine]


def _adds(plans: Sequence[Plan], answer: Answer | None) -> str:
    """What the purchases add in the plan of everything; "" where it was not made with them."""
    if answer is None:
        return ""
    buys = {part_of(one, answer.currency) for one in answer.bought}
    rows = [
        row
        for plan in plans
        if plan.currency == answer.currency
        for row in plan.rows
        if row.verb is Verb.COMMIT and buys.issuperset(row.actions)
    ]
    if not rows or {id_ for row in rows for id_ in row.actions} != buys:
        return ""
    return coins(sum((row.adds for row in rows), Decimal(0)), answer.currency)


def _csv_rows(answer: Answer) -> list[tuple[object, ...]]:
    """What is planned and what is held, a row each."""
    rows: list[tuple[object, ...]] = [
        (
            "planned", one.kind, one.scope, one.id, one.owner, f"{one.amount:f}", f"{one.hourly:f}", one.saving,
            one.used["expected"].mean, iso(one.start_ms)[:10], iso(one.end_ms)[:10], one.basis,
        )
        for one in answer.bought
    ]  # fmt: skip
    rows += [
        (
            "held", one.kind, one.scope, one.id, one.owner, f"{one.amount:f}", f"{one.hourly:f}", None, one.used,
            iso(one.start_ms)[:10] if one.start_ms else "", iso(one.end_ms)[:10] if one.end_ms else "", "",
        )
        for one in answer.held
    ]  # fmt: skip
    return rows


def _wanted(form: dict[str, str]) -> Wanted:
    """The question of the form. Raises InvalidInput."""
    try:
        return Wanted(
            days=int(form.get("days") or 60),
            years=_TERMS[form.get("years") or "1"],
            payments=_PAID[form.get("payments") or "none"],
            caution=float(form.get("caution") or 0) / 100,
            most_expiring=float(form.get("expiring") or 100) / 100,
            spot=float(form.get("spot") or 0) / 100,
            currency=form.get("currency") or "",
            provider=form.get("provider") or AWS,
        )
    except (KeyError, ValueError):
        raise InvalidInput("cannot plan: a number of the form is none") from None


def _shown(answer: Answer, now_ms: int) -> dict[str, Any]:
    held = sorted((held_row(one, now_ms) for one in answer.held), key=lambda row: (not row["idle"], row["kind"]))
    return {
        "bought": [bought_row(one, answer.currency, answer.made_ms) for one in answer.bought],
        "held": held,
        "outcomes": [outcome_row(name, one) for name, one in answer.outcomes.items()],
        "provider": answer.provider,
        "any_upfront": any(one.upfront for one in answer.bought),
        "span": (iso(answer.start_ms)[:10], iso(answer.end_ms)[:10]),
        "kind_words": words_of,
        "expiries": expiry_rows(answer),
        "timeline": timeline_of(answer),
        "most": f"{max((one.share for one in answer.expiries), default=0.0) * 100:.0f}",
        "pictures": pictures_of(answer),
        "legend": legend_of(answer),
        "total": f"{answer.outcomes['expected'].saving:,.0f}",
        "low": f"{answer.outcomes['low'].saving:,.0f}",
    }
