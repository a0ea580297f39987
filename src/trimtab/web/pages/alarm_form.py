"""`/alarms/new`: an alarm made or edited, with its replay as you type; the URL is the draft."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.alarms.condition import condition
from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.base.errors import InvalidInput
from trimtab.web.alarms.desk import Desk
from trimtab.web.alarms.draft import BAND_OPERATORS, KINDS, MISSING, OPERATORS, PARAMETERS, is_started, read_draft
from trimtab.web.alarms.log_draft import EVERY, log_groups
from trimtab.web.alarms.proposals import shown_proposals
from trimtab.web.alarms.shown import show_replay
from trimtab.web.metric_picker import PICKING, choices
from trimtab.web.site import Site
from trimtab.web.told import whom
from trimtab.web.view import View, link

PATH = "/alarms/new"
_RANGE = "30d"
_STATISTICS = (
    "Average",
    "Sum",
    "Minimum",
    "Maximum",
    "SampleCount",
    "p50",
    "p90",
    "p95",
    "p99",
    "p99.9",
    "IQM",
    "tm90",
)
_PERIODS = (10, 30, 60, 300, 900, 3600, 21_600, 86_400)
_FIELDS = (*PARAMETERS, "account", "region")


def routes(site: Site) -> list[BaseRoute]:
    """The form with its preview, suggestions for the draft, and the button that saves it."""
    if site.alarms is None:
        return []
    desk = site.alarms

    async def page(request: Request) -> Response:
        view = site.view(request, _RANGE)
        facts = await _tried(desk, view)
        return site.page(
            request,
            view,
            "alarm_form",
            timed=False,
            kinds=KINDS,
            kind=view.get("kind", "metric"),
            operators=BAND_OPERATORS if view.get("kind") == "band" else OPERATORS,
            missing=MISSING,
            statistics=_STATISTICS,
            periods=_PERIODS,
            metrics=_metrics(site, view),
            picking=view.get("kind", "metric") in PICKING,
            choices=await choices(site.state, view, view.get("kind", "metric")),
            whom=await whom(site.state, view),
            every=EVERY,
            chosen_groups=log_groups(view),
            log_groups=await _groups(site, view) if view.get("kind") == "log" else [],
            draft=_draft(view),
            save=link("/alarms/save", _draft(view)),
            suggest=link("/alarms/new/suggestions", [*_draft(view), *view.window.parameters]),
            may_write=view.principal.may(Role.WRITE),
            editing=bool(view.get("edit")),
            **facts,
        )

    async def suggestions(request: Request) -> Response:
        view = site.view(request, _RANGE)
        kind, form = read_draft(view)
        return await shown_proposals(site, desk, request, view, (kind, _key(desk, view), form))

    async def save(request: Request) -> Response:
        view = site.view(request)
        if not view.get("name"):
            raise InvalidInput("cannot save: the alarm has no name yet", field="name")
        kind, form = read_draft(view)
        key = desk.key(view, view.get("name"))
        known = await desk.rooms.room.store.named(key.account, key.region, [key.name])
        if known and not view.get("edit"):
            raise InvalidInput(
                f"cannot save: there is an alarm {key.name!r} already; give another name, or edit that one"
            )
        await desk.rooms.room.store.put(kind, key, form, {})
        return RedirectResponse(desk.url(view, key), 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(PATH + "/suggestions", site.guarded(suggestions)),
        Route("/alarms/save", site.guarded(save, Role.WRITE), methods=["POST"]),
    ]


async def _tried(desk: Desk, view: View) -> dict[str, Any]:
    """The replay of the draft; a complaint about what is wrong; or neither where it has only begun."""
    nothing: dict[str, Any] = {"replay": None, "complaint": "", "told": "", "suggestible": False, "transitions": []}
    if not is_started(view):
        return nothing
    try:
        kind, form = read_draft(view)
        key = _key(desk, view)
        told = condition(read_alarm(kind, key, form))
        found = await desk.replay(kind, key, form, view.window)
    except InvalidInput as problem:
        return {**nothing, "complaint": str(problem)}
    suggestible = kind is AlarmKind.METRIC
    transitions = list(found.transitions[::-1][:20])
    return {
        **nothing,
        "replay": show_replay(found),
        "told": told,
        "suggestible": suggestible,
        "transitions": transitions,
    }


def _key(desk: Desk, view: View) -> AlarmKey:
    return desk.key(view, view.get("name") or "draft")


def _draft(view: View) -> list[tuple[str, str]]:
    return [(name, value) for name, value in view.parameters if name in _FIELDS]


async def _groups(site: Site, view: View) -> list[str]:
    """Log groups to choose from."""
    if site.state.logs is None:
        return []
    return [group.name for group in await site.state.logs.explorer.groups(view.scope)]


def _metrics(site: Site, view: View) -> list[tuple[str, str]]:
    """Namespaces and metrics to choose from: as completions of the fields."""
    names = site.state.registry.names(view.scope)
    chosen = view.get("namespace")
    return [(namespace, name) for namespace, found in names.items() for name in found if chosen in ("", namespace)][
        :500
    ]
