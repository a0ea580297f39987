"""`/canaries`: scheduled checks of endpoints, what their last runs found, and a form that makes one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.canaries.form import admit_places
from trimtab.canaries.model import Canary, CanaryKey, Checker, Run
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.state import CanaryRooms
from trimtab.web.view import View

PATH = "/canaries"
_FORM_BYTES = 65_536
_RUNS = 100
"""Runs that the share of passed ones is of."""
_COLUMNS = ("name", "state", "schedule", "passed_share", "last_run_ms", "passed", "took_ms", "reason")
SCHEDULES = ("rate(1 minute)", "rate(5 minutes)", "rate(15 minutes)", "rate(1 hour)")
Row = tuple[Canary, list[Run]]
"""A canary with its last runs, the newest first."""


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and CSV, and the buttons."""
    rooms = site.state.canaries
    if rooms is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        return site.page(
            request, view, "canaries", timed=False, rows=await _rows(rooms, view), share=share_of, schedules=SCHEDULES,
            may_write=view.principal.may(Role.WRITE),
        )  # fmt: skip

    async def as_json(request: Request) -> Response:
        rows = await _rows(rooms, site.view(request))
        return respond.json(request, {"canaries": [dict(zip(_COLUMNS, _cells(*row), strict=True)) for row in rows]})

    async def as_csv(request: Request) -> Response:
        rows = await _rows(rooms, site.view(request))
        return respond.table(request, "canaries", _COLUMNS, [_cells(*row) for row in rows])

    async def act(request: Request) -> Response:
        view = site.view(request)
        form = await read_form(request, _FORM_BYTES)
        key, store = CanaryKey(*view.place(rooms.account, rooms.region), form.get("name", "").strip()), rooms.room.store
        match form.get("do"):
            case "delete":
                await store.delete(key)
            case "start":
                await store.start(key)
            case "stop":
                await store.stop(key)
            case _:
                await _make(rooms, key, form)
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}.csv", site.guarded(as_csv)),
        Route(f"{PATH}/act", site.guarded(act, Role.WRITE), methods=["POST"]),
    ]


def share_of(runs: list[Run]) -> float | None:
    """The share of runs that passed; None of none."""
    return sum(one.passed for one in runs) / len(runs) if runs else None


async def _rows(rooms: CanaryRooms, view: View) -> list[Row]:
    """Those whose last run failed come first, then by name."""
    store = rooms.room.store
    rows = [(one, await store.runs(one.id, _RUNS)) for one in await store.listed(view.scope)]
    return sorted(rows, key=lambda row: (not row[1] or row[1][0].passed, row[0].key.name))


async def _make(rooms: CanaryRooms, key: CanaryKey, form: dict[str, str]) -> None:
    """Make a canary of one step, and run it. Raises InvalidInput, Forbidden, Conflict."""
    if not key.name:
        raise InvalidInput("cannot make a canary: expected a name", field="name")
    asked = form.get("where", "").strip()
    step: dict[str, Any] = {"stepName": "check", "checkerType": form.get("checker", Checker.HTTP.value)}
    if step["checkerType"] == Checker.TCP.value:
        host, _, port = asked.rpartition(":")
        step |= {"hostname": host, "port": port}
    else:
        step["endpoint" if step["checkerType"] == Checker.MODEL.value else "url"] = asked
    blueprint = {"steps": {"1": step}}
    await admit_places(blueprint, key.name, rooms.admit)
    made = {"Blueprint": blueprint, "Schedule": {"Expression": form.get("schedule", SCHEDULES[1])}}
    await rooms.room.store.create(key, made)
    await rooms.room.store.start(key)


def _cells(one: Canary, runs: list[Run]) -> tuple[Any, ...]:
    head = one.key.name, one.state, one.form["Schedule"]["Expression"], share_of(runs)
    if not runs:
        return (*head, None, None, None, None)
    last = runs[0]
    return (*head, last.began_ms, last.passed, last.ended_ms - last.began_ms, last.reason)
