"""`/objectives`: what is promised of services, what is left of each error budget, and a form that makes one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.client.objectives import of_requests
from trimtab.slos.model import SloKey, StoredSlo
from trimtab.slos.report import Report
from trimtab.web import respond
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.state import ObjectiveRooms
from trimtab.web.view import View

PATH = "/objectives"
_FORM_BYTES = 65_536
_FRESH_S, _STALE_S = 30.0, 300.0
_COLUMNS = ("name", "status", "promised", "attained", "unit", "budget", "left", "left_share", "bad", "total")
Row = tuple[StoredSlo, Report | None, str]
"""An objective with its report, or why there is none."""


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON and CSV, and the buttons."""
    rooms = site.state.objectives
    if rooms is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request)
        return site.page(
            request, view, "objectives", timed=False, rows=await _rows(site, rooms, view),
            place=view.place(rooms.account, rooms.region),
            may_write=view.principal.may(Role.WRITE),
        )  # fmt: skip

    async def as_json(request: Request) -> Response:
        rows = await _rows(site, rooms, site.view(request))
        return respond.json(request, {"objectives": [dict(zip(_COLUMNS, _cells(row), strict=True)) for row in rows]})

    async def as_csv(request: Request) -> Response:
        rows = await _rows(site, rooms, site.view(request))
        return respond.table(request, "objectives", _COLUMNS, [_cells(row) for row in rows])

    async def act(request: Request) -> Response:
        view = site.view(request)
        form = await read_form(request, _FORM_BYTES)
        key = SloKey(*view.place(rooms.account, rooms.region), form.get("name", "").strip())
        if form.get("do") == "delete":
            await rooms.room.store.delete(key)
        else:
            await rooms.room.store.create(key, _definition(form))
        return RedirectResponse(PATH, 303)

    return [
        Route(PATH, site.guarded(page)),
        Route(f"{PATH}.json", site.guarded(as_json)),
        Route(f"{PATH}.csv", site.guarded(as_csv)),
        Route(f"{PATH}/act", site.guarded(act, Role.WRITE), methods=["POST"]),
    ]


async def _rows(site: Site, rooms: ObjectiveRooms, view: View) -> list[Row]:
    kept = await rooms.room.store.listed(view.scope)
    return sorted([await _row(site, rooms, view, one) for one in kept], key=_worst)


async def _row(site: Site, rooms: ObjectiveRooms, view: View, kept: StoredSlo) -> Row:
    async def read() -> Report:
        return await rooms.room.reports.of(kept, view.now_ms)

    try:
        key = ("objective", kept.slo.key, kept.updated_ms)
        report: Report = await site.cache.get(key, _FRESH_S, read, stale_s=_STALE_S)
    except InvalidInput as problem:
        return kept, None, str(problem)
    return kept, report, ""


def _worst(row: Row) -> tuple[float, str]:
    """Those with the least left come first, those without a report last."""
    kept, report, _ = row
    share = report.left_share if report is not None else None
    return (float("inf") if share is None else share), kept.slo.key.name


def _cells(row: Row) -> tuple[Any, ...]:
    kept, report, _ = row
    slo = kept.slo
    unit = "seconds" if slo.by_period else "requests"
    if report is None:
        return slo.key.name, "INSUFFICIENT_DATA", slo.goal.attainment, None, unit, None, None, None, None, None
    return (
        slo.key.name, report.status.value, slo.goal.attainment, report.attainment, unit, report.budget, report.left,
        report.left_share, report.outcomes.failed, report.outcomes.completed,
    )  # fmt: skip


def _definition(form: dict[str, str]) -> dict[str, Any]:
    """The form's fields as CreateServiceLevelObjective takes them. Raises InvalidInput."""
    service = form.get("service", "").strip()
    if not service:
        raise InvalidInput("cannot make an objective: expected the name of a service", field="service")
    return of_requests(
        service,
        _number(form, "goal"),
        max(int(_number(form, "days")), 1),
        operation=form.get("operation", "").strip(),
        within_ms=_number(form, "latency") if form.get("latency", "").strip() else None,
    )


def _number(form: dict[str, str], name: str) -> float:
    try:
        return float(form.get(name, ""))
    except ValueError:
        raise InvalidInput(f"cannot read {name} {form.get(name, '')[:20]!r}: expected a number", field=name) from None
