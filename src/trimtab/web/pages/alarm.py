"""`/alarms/named/<name>`: one alarm — its state and why, what it would have done, suggestions, history, deliveries."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.alarms.describe import names_in
from trimtab.alarms.history import Wanted
from trimtab.alarms.model import AlarmKey, StateValue
from trimtab.alarms.rows import Stored
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.notify.model import Delivery
from trimtab.web import respond
from trimtab.web.alarms.desk import NAMED, Desk, active
from trimtab.web.alarms.draft import parameters_of
from trimtab.web.alarms.proposals import shown_proposals
from trimtab.web.alarms.rows import row_of
from trimtab.web.alarms.shown import ShownReplay, show_replay, with_marks
from trimtab.web.audit.changes import changes_panel
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View, link
from trimtab.web.window import Window

RANGE = "30d"
_HISTORY, _TRANSITIONS, _DELIVERIES = 50, 100, 20
_LOOKED_AT = 1000  # deliveries among which an alarm's are looked for
_FORM_BYTES = 4096
_AROUND_MS = 3_600_000
_COLUMNS = ("at", "old", "new", "reason", "muted")


def routes(site: Site) -> list[BaseRoute]:
    """The page, its replay as JSON and CSV, the fragment with suggestions, and the buttons."""
    if site.alarms is None:
        return []
    return [*_pages(site, site.alarms), *_buttons(site, site.alarms)]


def _pages(site: Site, desk: Desk) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request, RANGE)
        found = await desk.rooms.rehearsals.find(desk.key(view, request.path_params["name"]), view.scope.rows)
        key = found.key
        wanted = Wanted(key.account, key.region, key.name)
        (replay, trouble), rules, history, told = await asyncio.gather(
            tried(desk, found, view.window),
            desk.rooms.room.mute_rules.listed(key.account, key.region),
            desk.rooms.room.store.history(wanted, _HISTORY),
            _deliveries(site, view, key),
        )
        mine = [one for one in rules if key.name in one.rule.alarms]
        draft = parameters_of(key.name, found.kind, found.form)
        place = desk.elsewhere(view, key)
        transitions = [] if replay is None else list(replay.replay.transitions[::-1][:_TRANSITIONS])
        changes = await changes_panel(
            site,
            view,
            _fired_ms(found, transitions),
            names_in(found.form),
            account=key.account,
            chart=(view.window.start_ms, view.window.end_ms),
        )
        if replay is not None and changes is not None:
            replay = with_marks(replay, changes.marks())
        return site.page(
            request,
            view,
            "alarm",
            timed=False,
            moment=(_fired_ms(found, transitions), _AROUND_MS),
            alarm=found,
            row=row_of(found, [one.rule for one in mine], view.now_ms),
            muted=[rule.name for rule in active(mine, view.now_ms)],
            rules=mine,
            replay=replay,
            trouble=trouble,
            transitions=transitions,
            history=history,
            told=told,
            edit=None if draft is None else link("/alarms/new", [*draft, ("edit", "1"), *place]),
            act=link("/alarms/act", place),
            mute=link("/alarms/mute", [("alarm", key.name), *place]),
            definition=_readable(found),
            suggestions=link("/alarms/suggestions", [("of", key.name), *view.window.parameters, *place]),
            states=list(StateValue),
            children=await _children(desk, view, found),
            may_write=view.principal.may(Role.WRITE),
            changes=changes,
        )

    async def as_json(request: Request) -> Response:
        view, found = await _asked(site, desk, request)
        replay = await desk.replay(found.kind, found.key, found.form, view.window)
        told = [_plain(one) for one in replay.transitions]
        return respond.json(request, {"name": found.key.name, "fired": replay.fired, "transitions": told})

    async def as_csv(request: Request) -> Response:
        view, found = await _asked(site, desk, request)
        replay = await desk.replay(found.kind, found.key, found.form, view.window)
        rows = ([iso(one.at_ms), one.old.value, one.new.value, one.reason, one.muted] for one in replay.transitions)
        return respond.table(request, "replay", _COLUMNS, rows)

    async def suggestions(request: Request) -> Response:
        view = site.view(request, RANGE)
        found = await desk.rooms.rehearsals.find(desk.key(view, view.get("of")), view.scope.rows)
        return await shown_proposals(site, desk, request, view, (found.kind, found.key, found.form))

    return [
        Route("/alarms/suggestions", site.guarded(suggestions, bound=True)),
        Route("/alarms/replay.json", site.guarded(as_json, bound=True)),
        Route("/alarms/replay.csv", site.guarded(as_csv, bound=True)),
        Route(NAMED + "{name:path}", site.guarded(page, bound=True)),
    ]


def _buttons(site: Site, desk: Desk) -> list[BaseRoute]:
    async def act(request: Request) -> Response:
        view = site.view(request)
        form = await read_form(request, _FORM_BYTES)
        key = desk.key(view, form.get("name", ""))
        store, what = desk.rooms.room.store, form.get("do", "")
        await desk.rooms.rehearsals.find(key)
        if what in ("enable", "disable"):
            await store.enable_actions(key.account, key.region, [key.name], enabled=what == "enable")
        elif what == "delete":
            await store.delete(key.account, key.region, [key.name])
            return RedirectResponse("/alarms", 303)
        elif what in tuple(StateValue):
            await store.set_state(key, StateValue(what), f"Set by {view.principal.name}", None)
        else:
            raise InvalidInput(f"cannot do {what[:30]!r} with an alarm: expected enable, disable, delete or a state")
        return RedirectResponse(desk.url(view, key), 303)

    return [Route("/alarms/act", site.guarded(act, Role.WRITE), methods=["POST"])]


def _fired_ms(alarm: Stored, transitions: Sequence[Any]) -> int:
    """When it last went into ALARM, as far as that is known; else since when it is as it is."""
    if alarm.state.value is StateValue.ALARM:
        return alarm.state.transitioned_ms
    fired = [one.at_ms for one in transitions if one.new is StateValue.ALARM]
    return fired[0] if fired else alarm.state.transitioned_ms


async def tried(desk: Desk, alarm: Stored, window: Window) -> tuple[ShownReplay | None, str]:
    """The replay with its pictures, or the reason why there is none."""
    try:
        return show_replay(await desk.replay(alarm.kind, alarm.key, alarm.form, window)), ""
    except InvalidInput as problem:
        return None, str(problem)


async def _asked(site: Site, desk: Desk, request: Request) -> tuple[View, Stored]:
    view = site.view(request, RANGE)
    return view, await desk.rooms.rehearsals.find(desk.key(view, view.get("of")), view.scope.rows)


async def _deliveries(site: Site, view: View, key: AlarmKey) -> Sequence[Delivery]:
    found = await site.state.notify.log.page(view.principal.account, limit=_LOOKED_AT)
    return [one for one in found if one.subject in (key.arn, key.name)][:_DELIVERIES]


async def _children(desk: Desk, view: View, alarm: Stored) -> list[tuple[str, str, StateValue | None]]:
    """The alarms in a composite alarm's rule: name, link, state (None: there is none)."""
    names = row_of(alarm, (), view.now_ms).children
    if not names:
        return []
    key = alarm.key
    known = await desk.rooms.room.store.named(key.account, key.region, names, view.scope.rows)
    return [
        (
            name,
            desk.url(view, AlarmKey(key.account, key.region, name)),
            known[name].state.value if name in known else None,
        )
        for name in names
    ]


def _readable(alarm: Stored) -> list[tuple[str, str]]:
    """The definition, a member a line."""
    return [(name, _text(value)) for name, value in alarm.form.items() if value not in ("", [], None)]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_text(one) for one in value)
    if isinstance(value, dict):
        if value.keys() == {"Name", "Value"}:
            return f"{value['Name']}={value['Value']}"
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    return str(value)


def _plain(one: Any) -> dict[str, Any]:
    return {"at_ms": one.at_ms, "old": one.old.value, "new": one.new.value, "reason": one.reason, "muted": one.muted}
