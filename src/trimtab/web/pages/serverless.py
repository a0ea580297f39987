"""`/serverless` and `/serverless/<account>/<region>/<function>`: what runs for a short time, and one in full."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import NotFound, QueryAborted
from trimtab.figures.areas import functions as figures
from trimtab.inventory.runs.filter import RunFilter
from trimtab.kpis.runs.families import JobFamily, families
from trimtab.logs.serverless.model import FunctionUse
from trimtab.logs.serverless.read import ServerlessReader, Wanted
from trimtab.logs.serverless.remarks import remarks
from trimtab.web import format as words
from trimtab.web import respond
from trimtab.web.money_tiles import money as run_money
from trimtab.web.serverless.memory import memory_curve, memory_pictures
from trimtab.web.serverless.pictures import durations, over_time
from trimtab.web.serverless.rows import (
    COLUMNS,
    PATH,
    TEXT,
    as_dict,
    invocation_rows,
    job_link,
    milliseconds,
    money,
    row_of,
)
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_page, read_sort
from trimtab.web.tiles import Tile
from trimtab.web.view import View

_TTL_S = 30.0
_STALE_S = 600.0
_RANGE = "24h"
_MOST_RUNS = 2000
_MOST_JOBS = 100
_LISTED = 25
_SORTABLE = frozenset(
    {"function", "invocations", "failed", "p50_ms", "p95_ms", "p99_ms", "cold_share", "headroom", "concurrency", "cost"}
)
_ORDERS = (
    ("slowest", "Slowest"),
    ("newest", "Newest"),
    ("error", "Failed"),
    ("timeout", "Timed out"),
    ("cold", "Cold"),
)
_COMMANDS = """\
# Lambda's log groups, by a subscription that posts here, or with any client of CloudWatch Logs:
aws logs put-log-events --log-group-name /aws/lambda/my-function \\
  --log-stream-name '2026/11/26/[$LATEST]abc' --log-events file://events.json --endpoint-url {origin}

# OpenTelemetry: log records with faas.name and faas.invocation_id
OTEL_EXPORTER_OTLP_ENDPOINT={origin}"""


def routes(site: Site) -> list[BaseRoute]:
    """The list with its JSON and CSV, and a function's page with its JSON."""

    async def page(request: Request) -> Response:
        view = site.view(request, _RANGE)
        found, jobs = await asyncio.gather(_functions(site, view), _jobs(site, view))
        rows = [row_of(one) for one in found if view.get("q").lower() in one.function.lower()]
        sort = _sort(view)
        ordered = sort.apply(rows, "function")
        part = read_page(view, len(ordered))
        return site.page(
            request,
            view,
            "serverless",
            timed=True,
            any_function=bool(found),
            rows=ordered[part.start : part.end],
            page=part,
            sort=sort,
            tiles=_tiles(found),
            remarks=[(row, said) for row in rows for said in remarks(row.use)][:8],
            jobs=[(one, job_link(view, one)) for one in jobs[:_MOST_JOBS]],
            commands=_COMMANDS.format(origin=view.origin),
            **_WORDS,
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request, _RANGE)
        rows = _sort(view).apply([row_of(one) for one in await _functions(site, view)], "function")
        return respond.json(request, {"functions": [as_dict(row) for row in rows]})

    async def as_csv(request: Request) -> Response:
        view = site.view(request, _RANGE)
        rows = _sort(view).apply([row_of(one) for one in await _functions(site, view)], "function")
        return respond.table(request, "functions", COLUMNS, (list(as_dict(row).values()) for row in rows))

    one = PATH + "/{account}/{region}/{function:path}"
    return [
        Route(PATH, site.guarded(page, bound=True)),
        Route(PATH + ".json", site.guarded(as_json, bound=True)),
        Route(PATH + ".csv", site.guarded(as_csv, bound=True)),
        *_ones(site, one),
    ]


def _ones(site: Site, path: str) -> list[BaseRoute]:
    async def page(request: Request) -> Response:
        view = site.view(request, _RANGE)
        return site.page(request, view, "function", timed=True, **await _function(site, view, request), **_WORDS)

    async def as_json(request: Request) -> Response:
        view = site.view(request, _RANGE)
        found = await _function(site, view, request)
        versions = [as_dict(row) for row in found["versions"]]
        return respond.json(request, {"function": as_dict(found["row"]), "versions": versions})

    return [Route(path + ".json", site.guarded(as_json, bound=True)), Route(path, site.guarded(page, bound=True))]


_WORDS: dict[str, Any] = {"ms": milliseconds, "money": money, "run_money": run_money}


def _reader(site: Site) -> ServerlessReader:
    if site.state.serverless is None:
        raise NotFound("this server keeps no logs")
    return site.state.serverless


async def _functions(site: Site, view: View) -> list[FunctionUse]:
    """Every function of the range: one answer for all who look."""
    window = view.window
    wanted = Wanted(window.start_ms, window.end_ms)

    async def read() -> list[FunctionUse]:
        return await _reader(site).functions(view.scope, wanted)

    return await site.cache.get(("functions", view.scope, window.parameters), _TTL_S, read, stale_s=_STALE_S)


async def _jobs(site: Site, view: View) -> list[JobFamily]:
    reports = site.state.runs
    if reports is None:
        return []
    window = view.window

    async def read() -> list[JobFamily]:
        fit = RunFilter(start_ms=window.start_ms, end_ms=window.end_ms)
        return families(await reports.priced(view.scope, fit, _MOST_RUNS), window.start_ms, window.end_ms)

    return await site.cache.get(("short jobs", view.scope, window.parameters), _TTL_S, read, stale_s=_STALE_S)


async def _function(site: Site, view: View, request: Request) -> dict[str, Any]:
    """What a function's page shows. Raises NotFound where it had no invocation in the range."""
    account, region, function = (request.path_params[key] for key in ("account", "region", "function"))
    window, reader = view.window, _reader(site)
    wanted = Wanted(window.start_ms, window.end_ms, function, account)
    shown = view.get("show", "slowest")
    only = shown if shown in ("error", "timeout", "cold") else ""

    async def read() -> tuple[Any, ...]:
        return await asyncio.gather(
            reader.functions(view.scope, wanted),
            reader.functions(view.scope, wanted, by_version=True),
            reader.course(view.scope, wanted),
            reader.invocations(
                view.scope, wanted, order="slowest" if shown == "slowest" else "newest", only=only, limit=_LISTED
            ),
        )

    key = ("function", view.scope, account, region, function, shown, window.parameters)
    try:
        uses, versions, course, listed = await site.cache.get(key, _TTL_S, read, stale_s=_STALE_S)
    except QueryAborted as problem:
        raise QueryAborted(f"{problem}; choose a shorter range") from None
    use = next((one for one in uses if one.region == region), None)
    if use is None:
        raise NotFound(f"function {function} had no invocation in the {window.words}; a longer range may have some")
    memory = memory_curve([one for one in versions if one.region == region])
    return {
        "use": use,
        "row": row_of(use),
        "versions": [row_of(one) for one in versions if one.region == region],
        "tiles": _function_tiles(use),
        "remarks": remarks(use),
        "memory": memory,
        "memory_drawn": memory_pictures(memory) if memory else None,
        "course": over_time(window, course),
        "durations": durations(course),
        "invocations": invocation_rows([one for one in listed if one.region == region]),
        "shown": shown,
        "orders": _ORDERS,
    }


def _sort(view: View) -> Sort:
    return read_sort(view, "functions", _SORTABLE, TEXT, "invocations")


def _tiles(found: Sequence[FunctionUse]) -> list[Tile]:
    calls = sum(one.invocations for one in found)
    failed = sum(one.errors + one.timeouts for one in found)
    colds = sum(one.colds for one in found)
    slowest = max(found, key=lambda one: one.p95_ms, default=None)
    worst = max(found, key=lambda one: one.failed_share, default=None)
    trend: list[float | None] = [float(sum(column)) for column in zip(*(one.counts for one in found), strict=True)]
    return [
        Tile(figures.FUNCTIONS, words.count(len(found)), "", f"{words.count(calls)} invocations", trend),
        Tile(figures.FAILED, f"{failed / calls:.1%}" if calls else words.NONE, "", _most(worst, "failed_share")),
        Tile(figures.COLD, f"{colds / calls:.1%}" if calls else words.NONE, "", f"{words.count(colds)} sandboxes made"),
        Tile(
            figures.SLOWEST,
            *milliseconds(slowest.p95_ms if slowest else None).partition(" ")[::2],
            slowest.function if slowest else "",
        ),
        Tile(figures.COST, *_total(found), "at list prices"),
    ]


def _most(one: FunctionUse | None, what: str) -> str:
    share = 0.0 if one is None else float(getattr(one, what))
    return f"most: {one.function}, {share:.0%}" if one is not None and share > 0 else "none"


def _total(found: Sequence[FunctionUse]) -> tuple[str, str]:
    known = [one.cost for one in found if one.cost.amount is not None]
    currencies = {one.currency for one in known}
    if len(currencies) != 1:
        return words.NONE, ""
    amount = sum((one.amount or Decimal(0) for one in known), Decimal(0))
    number, _, currency = money(amount, currencies.pop()).partition(" ")
    return number, currency


def _function_tiles(use: FunctionUse) -> list[Tile]:
    cost = use.cost
    number, _, currency = money(cost.amount, cost.currency).partition(" ")
    room = use.headroom
    rest = [f"{use.errors:,} errors, {use.timeouts:,} time-outs"]
    if use.throttles is not None:
        rest.append(f"{use.throttles:,} throttled")
    memory = "not reported"
    if use.memory_mb is not None:
        memory = (
            f"at most {words.value(use.used_mb)} of {use.memory_mb:,} MB" if use.used_mb else f"of {use.memory_mb:,} MB"
        )
    return [
        Tile(
            figures.INVOCATIONS,
            words.count(use.invocations),
            "",
            f"at most {use.concurrency:,} at one time",
            list(map(float, use.counts)),
        ),
        Tile(figures.FAILED, f"{use.failed_share:.1%}", "", ", ".join(rest)),
        Tile(
            figures.DURATION,
            *milliseconds(use.p95_ms).partition(" ")[::2],
            f"p50 {milliseconds(use.p50_ms)}, p99 {milliseconds(use.p99_ms)}",
        ),
        Tile(
            figures.COLD,
            f"{use.cold_share:.1%}",
            "",
            f"{milliseconds(use.init_p50_ms)} each, p95 {milliseconds(use.init_p95_ms)}",
        ),
        Tile(figures.MEMORY, words.NONE if room is None else f"{1 - room:.0%}", "", memory),
        Tile(figures.COST, number, currency, _basis(use)),
    ]


def _basis(use: FunctionUse) -> str:
    cost = use.cost
    if cost.amount is None:
        return "billed time or memory is not reported"
    said = f"{words.value(float(cost.gb_seconds))} GB-s"
    assumed = f"; assumed {', '.join(cost.assumed)}" if cost.assumed else f" on {use.architecture}"
    left = f"; without {cost.unbilled:,} of unknown memory" if cost.unbilled else ""
    return said + assumed + left
