"""`/savings`: the ledger of advice that was taken; `/checks`: the catalogue, made from the checks themselves."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.advice.ledger.grading import by_check, by_month, by_verb
from trimtab.advice.ledger.keeper import total
from trimtab.advice.ledger.model import EntryState
from trimtab.advice.room import AdviceRoom
from trimtab.advice.together import check_name
from trimtab.base.coins import coins
from trimtab.web import respond
from trimtab.web.advice.plan import VERBS
from trimtab.web.advice.rows import PILLARS, check_rows, entry_row, record_row
from trimtab.web.site import Site

_COLUMNS = (
    "name", "check", "verb", "owner", "state", "accepted_ms", "applied_ms", "proof", "predicted", "realised", "total",
    "grade", "against",
)  # fmt: skip


def routes(site: Site) -> list[BaseRoute]:
    """Both pages with their JSON; the ledger as CSV too."""
    room = site.state.advice
    return [] if room is None else [*_ledger(site, room), *_catalogue(site, room)]


def _ledger(site: Site, room: AdviceRoom) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        entries = await room.ledger.store.listed(view.scope)
        return site.page(
            request,
            view,
            "savings",
            timed=False,
            rows=[entry_row(one) for one in entries],
            saved=[(coins(amount, currency), currency) for currency, amount in total(entries).items()],
            counts={state.value: sum(one.state is state for one in entries) for state in EntryState},
            sets=[record_row(one, one.name) for one in by_month(entries)],
            verbs=[record_row(one, VERBS.get(one.name, "Not in a plan")) for one in by_verb(entries)],
            checks=[record_row(one, check_name(one.name)) for one in by_check(entries)],
            runs=await room.findings.runs(limit=14),
        )

    async def as_json(request: Request) -> Response:
        entries = await room.ledger.store.listed(site.view(request).scope)
        return respond.json(request, {"savings": [entry_row(one) for one in entries]})

    async def as_csv(request: Request) -> Response:
        rows = [entry_row(one) for one in await room.ledger.store.listed(site.view(request).scope)]
        return respond.table(request, "savings", _COLUMNS, ([one[key] for key in _COLUMNS] for one in rows))

    return [
        Route("/savings", site.guarded(page, Role.FINANCE, bound=True)),
        Route("/savings.json", site.guarded(as_json, Role.FINANCE, bound=True)),
        Route("/savings.csv", site.guarded(as_csv, Role.FINANCE, bound=True)),
    ]


def _place(row: dict[str, Any]) -> tuple[int, bool, str]:
    """By pillar; of each, those that found something first."""
    pillars = [one.value for one in PILLARS]
    return pillars.index(row["pillar_id"]), not (row["run"] and row["run"].flagged), row["name"]


def _catalogue(site: Site, room: AdviceRoom) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        rows = sorted(await check_rows(room.knobs, await room.findings.checks(view.scope)), key=_place)
        wanted, words = view.get("pillar"), view.get("q").casefold().split()
        shown = [
            one
            for one in rows
            if wanted in ("", one["pillar_id"])
            and all(word in f"{one['id']} {one['name']} {one['about']} {one['reads']}".casefold() for word in words)
        ]
        counts = [(key.value, name, sum(one["pillar_id"] == key for one in rows)) for key, name in PILLARS.items()]
        return site.page(request, view, "checks", timed=False, rows=shown, total=len(rows), pillars=counts)

    async def as_json(request: Request) -> Response:
        rows = await check_rows(room.knobs, await room.findings.checks(site.view(request).scope))
        kept = ("id", "name", "pillar", "about", "alert", "source", "action", "effort", "fix", "reads")
        return respond.json(request, {"checks": [{key: one[key] for key in kept} for one in rows]})

    return [Route("/checks", site.guarded(page)), Route("/checks.json", site.guarded(as_json))]
