"""`/capacity-plan`: machine type, policy and purchase option of a service together, with what-ifs as sliders."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.scaling.plan.model import Choice
from trimtab.scaling.plan.room import Planned, PlansRoom
from trimtab.scaling.plan.words import dollars, share
from trimtab.web import respond
from trimtab.web.metric_picker import TEXT, choices
from trimtab.web.scaling import plan_picture
from trimtab.web.scaling.plan_draft import CONTROLS, PlanDraft, read_plan_draft
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/capacity-plan"
_COLUMNS = (
    "type", "policy", "purchase", "monthly", "least", "most", "risk", "zone_risk", "mean_replicas", "peak",
    "committed", "spot_share", "capacity", "latency_ms", "on_front", "within", "why",
)  # fmt: skip
_SHOWN = 15
_FRESH_S, _STALE_S = 60.0, 600.0
_Read = tuple[list[str], PlanDraft, Planned | None, str]


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and its CSV."""
    room = site.state.plans
    if room is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        services, draft, planned, complaint = await _kept(site, room, view)
        told: dict[str, Any] = {}
        if planned is not None:
            told = {
                "front": [_row(one, draft) for one in planned.plan.front][:_SHOWN],
                "drawn": plan_picture.front(planned),
                "replicas": plan_picture.replicas(planned),
                "measured": planned.plan.measured,
            }
        return site.page(request, view, "capacity_plan", timed=False, controls=CONTROLS, draft=draft, services=services,
                         choices=await choices(site.state, view, TEXT) if services else [], planned=planned,
                         complaint=complaint, dollars=dollars, share=share, **told)  # fmt: skip

    async def as_json(request: Request) -> Response:
        _, draft, planned, complaint = await _read(room, site.view(request))
        if planned is None:
            return respond.json(request, {"service": draft.service, "error": complaint})
        plan = planned.plan
        rows = [dict(zip(_COLUMNS, _csv(one), strict=True)) for one in plan.choices]
        return respond.json(request, {"service": planned.service, "words": list(plan.words), "choices": rows})

    async def as_csv(request: Request) -> Response:
        _, _, planned, _ = await _read(room, site.view(request))
        rows = [] if planned is None else [_csv(one) for one in planned.plan.choices]
        return respond.table(request, "capacity-plan", _COLUMNS, rows)

    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}.csv", site.guarded(as_csv)),
    ]


async def _kept(site: Site, room: PlansRoom, view: View) -> _Read:
    """As `_read`: whoever moves a slider back, or looks at it again, waits for no second plan."""
    key = ("capacity plan", view.scope, view.parameters)
    return await site.cache.get(key, _FRESH_S, lambda: _read(room, view), stale_s=_STALE_S)


async def _read(room: PlansRoom, view: View) -> _Read:
    """The services, the form, the plan, and else why there is none."""
    services = await room.services(view.scope)
    draft = read_plan_draft(view, services)
    if not services:
        return services, draft, None, ""
    try:
        return services, draft, await room.make(view.scope, draft.service, draft.supposed(view.now_ms)), ""
    except (InvalidInput, NotFound) as problem:
        return services, draft, None, str(problem)


def _row(one: Choice, draft: PlanDraft) -> dict[str, Any]:
    return {
        "choice": one,
        "monthly": dollars(one.monthly),
        "range": f"{dollars(one.least)} – {dollars(one.most)}",
        "risk": share(one.risk),
        "zone": share(one.zone_risk),
        "counted": share(one.counted(zone_fails=draft.zone_fails)),
        "replicas": f"{one.mean_replicas:.1f}",
    }


def _csv(one: Choice) -> list[Any]:
    found = [getattr(one, name) for name in _COLUMNS]
    return [f"{value:.2f}" if name in ("monthly", "least", "most") else value
            for name, value in zip(_COLUMNS, found, strict=True)]  # fmt: skip
