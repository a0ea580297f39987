"""`/batch`, `/batch/plan` and `/batch/<id>`: jobs over files, how far they are, what they cost, what to buy next."""

import asyncio
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.batch.plan.choose import choose
from trimtab.batch.plan.machines import Prices, Rate, Spot, rates
from trimtab.batch.plan.model import Plan, Work
from trimtab.batch.plan.tell import length
from trimtab.batch.recorder import report_of
from trimtab.batch.room import BatchRoom
from trimtab.inventory.catalog.book import load
from trimtab.web import respond
from trimtab.web.batch_rows import COLUMNS, SORTABLE, TEXT, BatchRow, as_dict, one_panels, row_of, throughput, tiles
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_page, read_sort
from trimtab.web.view import View

_COMMAND = """\
trimtab batch run records/ out/ \\
  --model http://127.0.0.1:8080/invocations \\
  --error-limit 10 --instance-type c7i.xlarge --record"""
_PLAN = "trimtab batch plan --records 1e9 --measured g5.xlarge=900 --measured c7i.4xlarge=400 --deadline 24h"
_MOST = 64


def routes(site: Site) -> list[BaseRoute]:
    """The list with its JSON and CSV, the plan, and a job's page with its JSON."""
    return [*_lists(site), *_plans(site), *_ones(site)]


def _lists(site: Site) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = await site.fleet_view(request)
        rows, sort = await _rows(site, view), _sort(view)
        ordered = sort.apply(rows)
        part = read_page(view, len(ordered))
        return site.page(
            request, view, "batch", timed=True, rows=ordered[part.start : part.end], page=part, sort=sort,
            tiles=tiles(rows), panel=throughput("Throughput by job"), command=_COMMAND,
        )  # fmt: skip

    async def as_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        return respond.json(request, {"jobs": [as_dict(row) for row in _sort(view).apply(await _rows(site, view))]})

    async def as_csv(request: Request) -> Response:
        view = await site.fleet_view(request)
        rows = _sort(view).apply(await _rows(site, view))
        return respond.table(request, "batch", COLUMNS, (list(as_dict(row).values()) for row in rows))

    return [
        Route("/batch", site.guarded(page)),
        Route("/batch.json", site.guarded(as_json)),
        Route("/batch.csv", site.guarded(as_csv)),
    ]


def _plans(site: Site) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request)
        known = rates([report_of(one) for one in await _room(site).recorder.store.listed(view.scope)], _given(view))
        plan, problem = None, ""
        if view.get("records"):
            try:
                plan = await _plan(site, view, known)
            except InvalidInput as found:
                problem = str(found)
        return site.page(
            request, view, "batch_plan", timed=False, plan=plan, problem=problem, known=known, length=length,
            command=_PLAN,
        )  # fmt: skip

    return [Route("/batch/plan", site.guarded(page))]


def _ones(site: Site) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = await site.fleet_view(request)
        row = await _one(site, view, request)
        return site.page(
            request, view, "batch_job", timed=True, row=row, one=row.report, panels=one_panels(row.id), length=length
        )

    async def as_json(request: Request) -> Response:
        return respond.json(request, {"job": as_dict(await _one(site, site.view(request), request))})

    return [
        Route("/batch/{id}.json", site.guarded(as_json)),
        Route("/batch/{id}", site.guarded(page)),
    ]


def _room(site: Site) -> BatchRoom:
    """The room. Raises NotFound where the pages were put together without it."""
    if site.state.batch is None:
        raise NotFound("this server has no batch jobs")
    return site.state.batch


async def _rows(site: Site, view: View) -> list[BatchRow]:
    """The jobs that ran in the range; none where the pages were put together without the room."""
    if site.state.batch is None:
        return []
    found = await _room(site).recorder.store.listed(view.scope)
    rows = [row_of(one, view.now_ms, site.state.region) for one in found]
    window = view.window
    return [
        row for row in rows if row.began_ms < window.end_ms and max(row.updated_ms, row.began_ms) >= window.start_ms
    ]


async def _one(site: Site, view: View, request: Request) -> BatchRow:
    kept = await _room(site).recorder.store.get(view.scope, request.path_params["id"])
    return row_of(kept, view.now_ms, site.state.region)


def _sort(view: View) -> Sort:
    return read_sort(view, "batch jobs", SORTABLE, TEXT, "began_ms")


def _given(view: View) -> dict[str, float]:
    """`type=records/s` of the URL. Raises InvalidInput."""
    found = {}
    for part in view.get("measured").replace(",", " ").split():
        type_, equals, text = part.partition("=")
        if not equals or not type_:
            raise InvalidInput(f"cannot read {part!r}: expected type=records/s", field="measured")
        found[type_] = _number(text, "measured")
    return found


async def _plan(site: Site, view: View, known: dict[str, Rate]) -> Plan:
    share = view.get("spot_share")
    spot = Spot(None, Decimal(str(_number(share, "spot_share"))) if share else None)
    prices = Prices(load(), _room(site).spot, site.state.region, view.now_ms)
    machines, left_out = await prices.machines(known, spot)
    deadline, budget = view.get("deadline_h"), view.get("budget")
    work = Work(
        _number(view.get("records"), "records"),
        _number(deadline, "deadline_h") if deadline else None,
        Decimal(str(_number(budget, "budget"))) if budget else None,
        round(min(_number(view.get("most", str(_MOST)), "most"), 1000)),
    )
    return await asyncio.to_thread(choose, work, machines, left_out)


def _number(text: str, field: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e15:
        raise InvalidInput(f"cannot use {field} {text!r}: expected a number above 0", field=field)
    return value
