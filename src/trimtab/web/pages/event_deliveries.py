"""`/event-rules/deliveries` and `/event-rules/archives`: what rules sent, and what is watched and kept for them."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.base.records import asdict
from trimtab.base.timerange import parse_instant_ms
from trimtab.triggers.arns import name_of
from trimtab.triggers.model import Delivery
from trimtab.triggers.replays import Wish
from trimtab.web import respond
from trimtab.web.events.desk import named
from trimtab.web.form import read_form
from trimtab.web.site import Site

_LOG, _KEPT = "/event-rules/deliveries", "/event-rules/archives"
_MOST = 200  # rows of a table (UI.md)
_STATES = ("waiting", "delivered", "dead")
_COLUMNS = ("id", "created", "event", "rule", "target", "state", "attempts", "finished", "status", "reason", "letter")
_FORM_BYTES = 65_536


def routes(site: Site) -> list[BaseRoute]:
    """The pages, JSON and CSV, and the buttons that send again and replay."""
    if site.state.events is None:
        return []
    rooms = site.state.events
    room = rooms.room

    async def log(request: Request) -> Response:
        view = site.view(request)
        account, state, rule = view.principal.account, view.get("state") or None, view.get("rule") or None
        if state not in (None, *_STATES):
            raise InvalidInput(f"cannot show deliveries in state {state!r}: expected one of {', '.join(_STATES)}")
        before = _number(view.get("before"))
        found = await room.log.page(account, rule=rule, state=state, before=before, limit=_MOST + 1)
        chosen = await room.log.get(account, view.get("delivery")) if view.get("delivery") else None
        return site.page(
            request,
            view,
            "event_deliveries",
            timed=False,
            deliveries=found[:_MOST],
            older=found[_MOST - 1].seq if len(found) > _MOST else None,
            states=_STATES,
            name_of=name_of,
            named=named,
            chosen=chosen,
            event=_spread(chosen[2]) if chosen else "",
            sent=_spread(chosen[0].input) if chosen else "",
            may_write=view.principal.may(Role.WRITE),
        )

    async def log_json(request: Request) -> Response:
        found = await room.log.page(request.state.principal.account, limit=_MOST)
        return respond.json(request, {"deliveries": [asdict(one) for one in found]})

    async def log_csv(request: Request) -> Response:
        found = await room.log.page(request.state.principal.account, limit=10_000)
        return respond.table(request, "event-deliveries", _COLUMNS, map(_row, found))

    async def retry(request: Request) -> Response:
        sent = await room.log.retry(request.state.principal.account, request.path_params["id"])
        return RedirectResponse(f"{_LOG}?delivery={sent.id}", 303)

    async def kept(request: Request) -> Response:
        view = site.view(request)
        place, account = rooms.place(view), view.principal.account
        return site.page(
            request,
            view,
            "event_archives",
            timed=False,
            archives=await room.archives.listed(place),
            replays=await room.replays.listed(place),
            places=await room.places.listed(account),
            drifts=await room.drifts.listed(account),
            connections=await room.connections.listed(place),
            destinations=await room.destinations.listed(place),
            name_of=name_of,
            may_write=view.principal.may(Role.WRITE),
        )

    async def act(request: Request) -> Response:
        view = site.view(request)
        fields = await read_form(request, _FORM_BYTES)
        place, name = rooms.place(view), fields.get("name", "").strip()
        if fields.get("do") == "archive":
            days = _number(fields.get("days", "0")) or 0
            pattern = fields.get("pattern", "").strip() or None
            await room.archives.create(place, name, fields.get("bus") or "default", "", pattern, days)
        elif fields.get("do") == "replay":
            archive = await room.archives.get(place, fields.get("archive", ""))
            start_ms, end_ms = (parse_instant_ms(fields.get(one, ""), view.now_ms) for one in ("start", "end"))
            await room.replays.start(place, Wish(name, archive.arn, archive.bus, start_ms, end_ms))
        return RedirectResponse(_KEPT, 303)

    return [
        Route(_LOG, site.guarded(log)),
        Route(f"{_LOG}.json", site.guarded(log_json)),
        Route(f"{_LOG}.csv", site.guarded(log_csv)),
        Route(f"{_LOG}/retry/{{id}}", site.guarded(retry, Role.WRITE), methods=["POST"]),
        Route(_KEPT, site.guarded(kept)),
        Route(f"{_KEPT}/act", site.guarded(act, Role.WRITE), methods=["POST"]),
    ]


def _row(one: Delivery) -> list[Any]:
    finished = iso(one.finished_ms) if one.finished_ms else None
    told = [one.title, name_of(one.rule), one.arn, one.state.value, one.attempts]
    return [one.id, iso(one.created_ms), *told, finished, one.status, one.reason, one.dead_letter]


def _spread(text: str) -> str:
    """JSON over several lines; other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2)
    except ValueError:
        return text


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 15:
        raise InvalidInput(f"cannot read the number {text[:30]!r}")
    return int(text)
