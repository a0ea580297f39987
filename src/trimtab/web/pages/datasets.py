"""`/datasets`: the list with every source, `/datasets/<name>`: one with its rows, `/datasets/sql`: a SELECT and what it
answers."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound, QueryAborted
from trimtab.reports.datasets.field import Type
from trimtab.reports.datasets.language.vocabulary import FUNCTIONS
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.datasets.spec import Dataset, Use, spec_of, yaml_of
from trimtab.reports.datasets.sql.run import SqlQuery
from trimtab.reports.datasets.store import Stored
from trimtab.web.datasets.cells import grid_of, kind_of, preview_columns, rules_of
from trimtab.web.form import read_form
from trimtab.web.site import Site
from trimtab.web.view import View, link

PATH = "/datasets"
_PREVIEW, _SQL_ROWS = 50, 200
_FORM_BYTES = 262_144
EXAMPLE = """title: Money and errors by day
range: 14d
sources:
  - use: costs
    by: [day]
    take: {cost: sum(effective_cost)}
  - use: logs
    by: [day]
    take: {errors: "countIf(log_group, severity = 'ERROR')"}
    join: full
    on: [day]
fields:
  cost_per_error: ifelse(errors > 0, cost / errors, null)
"""
"""What the form of a new dataset begins with."""
_SQL = "SELECT owner, sum(effective_cost) AS cost\nFROM allocated_costs\nGROUP BY owner\nORDER BY cost DESC"


def routes(site: Site) -> list[BaseRoute]:
    """The pages, and what the forms do."""
    room = site.state.datasets
    if room is None:
        return []

    async def listed(request: Request) -> Response:
        view = site.view(request)
        found = [(one, spec_of(one.spec)) for one in await room.store.listed(view.principal.scope)]
        return site.page(request, view, "datasets", timed=False, datasets=found, sources=room.reader.sources.values(),
                         kind=kind_of, example=EXAMPLE, may_write=view.principal.may(Role.WRITE),
                         may=view.principal.may)  # fmt: skip

    async def page(request: Request) -> Response:
        view = site.view(request)
        stored, spec = await _opened(room, view, request.path_params["name"])
        compiled = room.reader.compiled(spec)
        grid, problem = await _preview(room, view, stored, spec)
        extract = await room.extracts.known(stored, spec, view.principal.scope) if stored else None
        return site.page(
            request, view, "dataset", timed=False, stored=stored, spec=spec, name=request.path_params["name"],
            source=None if stored else room.reader.sources[request.path_params["name"]], fields=compiled.fields,
            kind=kind_of, rules=rules_of(spec), grid=grid, problem=problem, extract=extract, text=yaml_of(spec),
            versions=await room.store.versions(stored.id) if stored else [],
            may_write=stored is not None and view.principal.may(Role.WRITE)
            and stored.account == room.account_of(view.principal),
        )  # fmt: skip

    async def sql(request: Request) -> Response:
        view = site.view(request)
        text, grid, problem = view.get("q"), None, ""
        if text.strip():
            try:
                grid = grid_of(await room.sql(view.principal, SqlQuery(text, _SQL_ROWS)), view.now_ms)
            except (InvalidInput, AccessDenied, NotFound, QueryAborted) as wrong:
                problem = str(wrong)
        return site.page(request, view, "dataset_sql", timed=False, text=text or _SQL, grid=grid, problem=problem,
                         sources=room.reader.sources.values(), kind=kind_of, functions=FUNCTIONS)  # fmt: skip

    async def act(request: Request) -> Response:
        view, form = site.view(request), await read_form(request, _FORM_BYTES)
        return RedirectResponse(await _done(room, view, form), 303)

    return [
        Route(PATH, site.guarded(listed, Role.FINANCE, bound=True)),
        Route(f"{PATH}/act", site.guarded(act, Role.WRITE, bound=True), methods=["POST"]),
        Route(f"{PATH}/sql", site.guarded(sql, Role.FINANCE, bound=True)),
        Route(f"{PATH}/{{name}}", site.guarded(page, Role.FINANCE, bound=True)),
    ]


async def _opened(room: DatasetRoom, view: View, name: str) -> tuple[Stored | None, Dataset]:
    """A stored dataset, or a source as it is. Raises NotFound."""
    try:
        return await room.open(view.principal, name)
    except NotFound:
        if name not in room.reader.sources:
            raise
        return None, Dataset([Use(name)])


async def _preview(room: DatasetRoom, view: View, stored: Stored | None, spec: Dataset) -> tuple[Any, str]:
    """The first rows, or why there are none."""
    compiled = room.reader.compiled(spec)
    whole = [one for one, _ in compiled.ask(Query()).columns]
    columns = tuple((one.name, "") for one in preview_columns(whole))
    keys = set(spec.sources[0].by)  # of rows that are added up: few, so the newest come first
    order = tuple((one.name, one.type is Type.TIME) for one in whole if one.name in keys)
    reader = await room.teams.reader(view.principal)
    try:
        answer = await room.run(spec, reader, Query(columns=columns, order=order, limit=_PREVIEW), stored)
    except (InvalidInput, AccessDenied, QueryAborted) as wrong:
        return None, str(wrong)
    return grid_of(answer, view.now_ms), ""


async def _done(room: DatasetRoom, view: View, form: dict[str, str]) -> str:
    """Do what a form asks for; where to go then. Raises InvalidInput, NotFound, Conflict."""
    name = form.get("name", "").strip()
    match form.get("do"):
        case "remove":
            await room.delete(view.principal, name)
            return PATH
        case "extract":
            await room.refresh(view.principal, name)
        case "save":
            was = form.get("was", "")
            seen = int(was) if was.isdecimal() and len(was) < 10 else None
            await room.save(view.principal, name, form.get("spec", ""), was=seen, shared=form.get("shared") == "yes")
        case _:
            raise InvalidInput("cannot do that: expected save, extract or remove", field="do")
    return link(f"{PATH}/{name}", [])
