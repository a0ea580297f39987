"""`/advice`: what to change, the five best first; `/advice/<id>`: one finding with its evidence, fix and decisions."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.advice.facts import DAY_MS, GpuLoss
from trimtab.advice.room import AdviceRoom
from trimtab.advice.standing import Decision, Standing, Wanted
from trimtab.advice.together import together
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.web import respond
from trimtab.web.advice.plan import PlanPanel, plan_panels
from trimtab.web.advice.plans_together import together_panel
from trimtab.web.advice.rows import EFFORTS, PILLARS, row, sums, tiles, whole, work_row
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.sorting import read_page
from trimtab.web.view import View

PATH = "/advice"
_FORM_BYTES = 8192
_BEST = 5
_COLUMNS = (
    "id", "name", "kind", "summary", "check", "check_name", "pillar", "status", "owner", "cash", "cash_note",
    "gpu_hours", "confidence", "effort", "account", "region", "decision", "first_ms", "warning",
)  # fmt: skip
_SUPPRESS_DAYS = (30, 90, 365)
_FILTERS = ("check", "pillar", "team", "kind", "effort", "decision", "q", "show")


def routes(site: Site) -> list[BaseRoute]:
    """The list with its JSON and CSV, one finding, the evidence of lost GPU-hours, and the buttons."""
    room = site.state.advice
    return [] if room is None else [*_lists(site, room), *_ones(site, room)]


def _lists(site: Site, room: AdviceRoom) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        every = await room.findings.listed(view.scope)
        found = await room.findings.listed(view.scope, _wanted(view))
        part = read_page(view, len(found))
        runs = await room.findings.runs(limit=1)
        warnings = await room.warnings()
        plans = await _plans(site, view) if part.number == 1 and _whole(view) else []
        return site.page(
            request,
            view,
            "advice",
            timed=False,
            best=[] if plans or part.number > 1 or view.get("check") else _best(view, found, warnings),
            plans=plans,
            all_plans=await together_panel(site.state.advice_plan, view) if plans else None,
            rows=[row(one, warnings) for one in found[part.start : part.end]],
            page=part,
            total=len(every),
            found=len(found),
            sums=sums(found),
            gpu_hours=sum(one.finding.gpu_hours for one in found),
            run=runs[0] if runs else None,
            filters=_filters(view, every),
            hidden=view.get("show") == "hidden",
            resolved=view.get("show") == "resolved",
            may_write=view.principal.may(Role.WRITE),
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        found = await room.findings.listed(view.scope, _wanted(view))
        warnings = await room.warnings()
        return respond.json(request, {"total": len(found), "advice": [row(one, warnings) for one in found]})

    async def as_csv(request: Request) -> Response:
        view = site.view(request)
        warnings = await room.warnings()
        found = [row(one, warnings) for one in await room.findings.listed(view.scope, _wanted(view))]
        return respond.table(request, "advice", _COLUMNS, ([one[key] for key in _COLUMNS] for one in found))

    async def losses(request: Request) -> Response:
        view = site.view(request)
        columns = ("node", "provider", "cause", "gpu_hours", "gpus", "first", "last", "detail")
        found = await room.facts.losses(view.scope)
        rows = ((*_loss(one), iso(one.first_ms), iso(one.last_ms), one.detail) for one in found)
        return respond.table(request, "gpu-losses", columns, rows)

    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(f"{PATH}.json", site.guarded(as_json, bound=True)),
        Route(f"{PATH}.csv", site.guarded(as_csv, bound=True)),
        Route(f"{PATH}/gpu-losses.csv", site.guarded(losses, bound=True)),
    ]


def _ones(site: Site, room: AdviceRoom) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        standing = await room.findings.get(view.scope, request.path_params["id"])
        entries = {one.finding: one for one in await room.ledger.store.listed(view.scope)}
        return site.page(
            request,
            view,
            "finding",
            timed=False,
            one=whole(standing, await room.warnings()),
            tiles=tiles(standing.finding),
            decisions=await room.findings.decisions(view.scope, standing.finding.id),
            entry=entries.get(standing.finding.id),
            days=_SUPPRESS_DAYS,
            may_write=view.principal.may(Role.WRITE),
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        standing = await room.findings.get(view.scope, request.path_params["id"])
        return respond.json(request, whole(standing, await room.warnings()))

    async def decide(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        words = {"accept": Decision.ACCEPTED, "dismiss": Decision.DISMISSED, "suppress": Decision.SUPPRESSED}
        wish, id_ = form.get("do", ""), request.path_params["id"]
        if wish not in (*words, "reopen"):
            raise InvalidInput("cannot do that with advice: expected accept, dismiss, suppress or reopen")
        days = form.get("days", "0")
        until = view.now_ms + int(days) * DAY_MS if wish == "suppress" and days in map(str, _SUPPRESS_DAYS) else 0
        decision = words.get(wish, Decision.NONE)
        await room.decide(view.scope, id_, decision, view.principal.name, form.get("reason", ""), until)
        return RedirectResponse(f"{PATH}/{id_}", 303)

    return [
        Route(f"{PATH}/{{id}}.json", site.guarded(as_json, bound=True)),
        Route(f"{PATH}/{{id}}", site.guarded(page, bound=True)),
        Route(f"{PATH}/{{id}}/decide", site.guarded(decide, Role.WRITE, bound=True), methods=["POST"]),
    ]


async def _plans(site: Site, view: View) -> list[PlanPanel]:
    return await plan_panels(site.state.advice_plan, site.state.advice_backtest, view)


def _whole(view: View) -> bool:
    """Whether everything open is shown to somebody who may see money: then there is a plan of it."""
    return view.principal.may(Role.FINANCE) and not any(view.get(key) for key in _FILTERS)


def _best(view: View, found: Sequence[Standing], warnings: Mapping[str, str]) -> list[dict[str, Any]]:
    """The best pieces of work; of one check alone, its best findings."""
    if view.get("check"):
        return [row(one, warnings) for one in found[:_BEST]]
    return [work_row(one, warnings) for one in together(found)[:_BEST]]


def _loss(one: GpuLoss) -> tuple[str, str, str, float, int]:
    return one.node, one.provider, one.cause, round(one.gpu_hours, 3), one.gpus


def _wanted(view: View) -> Wanted:
    show = view.get("show")
    return Wanted(
        check=view.get("check"),
        pillar=view.get("pillar"),
        owner=view.get("team"),
        kind=view.get("kind"),
        effort=view.get("effort"),
        text=view.get("q")[:256],
        state="resolved" if show == "resolved" else "active",
        hidden=show == "hidden",
    )


def _filters(view: View, every: Sequence[Standing]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Each filter: its parameter, its name and what there is to choose."""
    owners = sorted({one.finding.owner for one in every if one.finding.owner})
    kinds = sorted({one.finding.kind for one in every})
    efforts = [(key, word) for key, word in EFFORTS.items() if any(one.finding.effort == key for one in every)]
    pillars = [(key.value, word) for key, word in PILLARS.items() if any(one.finding.pillar is key for one in every)]
    found = [
        ("team", "Team", [(one, one) for one in owners]),
        ("kind", "Kind", [(one, one) for one in kinds]),
        ("effort", "Effort", efforts),
        ("pillar", "Pillar", pillars),
    ]
    for at, (key, name, offered) in enumerate(found):
        chosen = view.get(key)
        if chosen and chosen not in (value for value, _ in offered):
            found[at] = (key, name, [*offered, (chosen, chosen)])
    return found
