"""`/statements`: what each owner is charged by month, down to the lines, with the bill beside it; closing a month."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Principal, Role, everything_only
from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import NotFound
from trimtab.costs.model import CostQuery
from trimtab.economics.months import bounds, in_words, named, read_month
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.statements.model import MonthState, Statement
from trimtab.economics.statements.reader import MonthSummary
from trimtab.reports.statements.file import statement_file
from trimtab.web import respond, statement_tables
from trimtab.web.costs.together import together_tile
from trimtab.web.site import Site

_SHOWN = 6
"""Months of the switch and of the sparklines: half a year is what a review looks back on."""


def routes(site: Site) -> list[BaseRoute]:
    """The page, its JSON, its files, and the button that closes a month."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        room = whole_bill(site, view.principal)
        months = await room.statements.months()
        if not months:
            return site.page(request, view, "statements", timed=False, months=[])
        month = read_month(view.get("month")) if view.get("month") else months[0].month
        statement, before = await _read(room, month, months)
        rows = await room.statements.reconcile(statement)
        owner = view.get("owner") or None
        if owner is not None and all(line.key.owner != owner for line in statement.lines):
            raise NotFound(f"{in_words(month)} has no line of {owner!r}")
        version = await room.rules.current()
        category = version.rules.category(statement.owner_category)
        default = category.default if category else ""
        tables = statement_tables.by_owner(statement, default, before)
        exact = all(not row.difference for row in rows)
        tiles = statement_tables.tiles(tables, default, month, exact=exact)
        whole = None
        if site.state.costs is not None:
            query = CostQuery(*bounds(month), (statement.basis.metric,))
            currencies = site.state.costs.currencies
            whole = together_tile(await currencies.of_bill(room.bills, EVERYTHING, query), in_words(month))
        return site.page(
            request,
            view,
            "statements",
            timed=False,
            months=[statement_tables.month_link(one.month, one.state) for one in _around(months, month)],
            month=named(month),
            month_words=in_words(month),
            statement=statement,
            closed=statement.state is MonthState.CLOSED,
            tables=tables,
            tiles=[*tiles, *([whole] if whole else [])],
            owner=owner,
            lines=statement_tables.lines_of(statement, owner) if owner is not None else {},
            bill=statement_tables.beside(rows),
            exact=exact,
            over=site.state.clock.now_ms() >= bounds(month)[1],
            may_close=view.principal.may(Role.ADMIN),
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request)
        room = whole_bill(site, view.principal)
        months = await room.statements.months()
        if not months:
            return respond.json(request, {"months": [], "lines": []})
        month = read_month(view.get("month")) if view.get("month") else months[0].month
        statement = await room.statements.statement(month)
        owner = view.get("owner")
        lines = [
            {**_key(line.key), "amount": f"{line.amount:f}", "charged": f"{line.coins:f}", "lines": line.lines}
            for line in statement.lines
            if owner in ("", line.key.owner)
        ]
        head = {"month": named(month), "state": statement.state.value, "basis": statement.basis.value}
        return respond.json(request, {**head, "months": [named(one.month) for one in months], "lines": lines})

    async def file(request: Request) -> Response:
        room, asked = whole_bill(site, request.state.principal), request.query_params
        statement = await room.statements.statement(read_month(request.path_params["month"]))
        rows = await room.statements.reconcile(statement)
        made = await asyncio.to_thread(statement_file, statement, rows, asked.get("format", "csv"), asked.get("owner"))
        return Response(made.content, 200, made.headers, made.media_type)

    async def close(request: Request) -> Response:
        room = whole_bill(site, request.state.principal)
        statement = await room.statements.close(read_month(request.path_params["month"]), request.state.principal.name)
        return RedirectResponse(f"/statements?month={named(statement.month)}", 303)

    return [
        Route("/statements", site.guarded(page, Role.FINANCE)),
        Route("/statements.json", site.guarded(as_json, Role.FINANCE)),
        Route("/statements/{month}/file", site.guarded(file, Role.FINANCE)),
        Route("/statements/{month}/close", site.guarded(close, Role.ADMIN), methods=["POST"]),
    ]


def whole_bill(site: Site, principal: Principal) -> EconomicsRoom:
    """The room, for who may see the whole bill. Raises AccessDenied."""
    everything_only(principal, "read statements, which tell of every account")
    if site.state.economics is None:
        raise NotFound("this server keeps no statements")
    return site.state.economics


async def _read(
    room: EconomicsRoom, month: int, months: Sequence[MonthSummary]
) -> tuple[Statement, Sequence[Statement]]:
    """The month's statement, and those of the months before it, the oldest first."""
    earlier = sorted(one.month for one in months if one.month < month)[-(_SHOWN - 1) :]
    found = await asyncio.gather(*(room.statements.statement(one) for one in (month, *earlier)))
    return found[0], found[1:]


def _around(months: Sequence[MonthSummary], month: int) -> list[MonthSummary]:
    """The months of the switch: the newest, and the one that is shown."""
    newest = list(months[:_SHOWN])
    chosen = [one for one in months if one.month == month and one not in newest]
    return sorted([*newest, *chosen], key=lambda one: one.month)


def _key(key: object) -> dict[str, object]:
    names = ("owner", "kind", "service", "account", "via", "currency", "about")
    return {name: getattr(key, name) for name in names}
