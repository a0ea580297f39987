"""`/tokens`: what calls of models used and cost, by tenant, user, agent, model and more, to the bill."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct, to_builtins
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.economics.tokens.choices import ApiModel, Comparison
from trimtab.economics.tokens.model import BY, Line, TokenLedger
from trimtab.economics.tokens.replicas import Question
from trimtab.economics.tokens.room import TokensRoom
from trimtab.web import respond
from trimtab.web.pages.unit_costs import days_of
from trimtab.web.site import Site
from trimtab.web.sorting import Sort, read_page, read_sort
from trimtab.web.view import View

PATH = "/tokens"
_RANGE = "7d"
_TTL_S, _STALE_S = 30.0, 300.0
_TABS = ("tenant", "user", "agent", "session", "feature", "model", "vendor", "service")
_KEYS = frozenset({"name", "calls", "input", "cached", "output", "cost", "unknown"})
_COLUMNS = ("name", "calls", "failed", "input", "cache_read", "cache_write", "output", "reasoning", "currency", "cost",
            "own_pods", "unknown_usage", "unknown_price")  # fmt: skip


class Row(Struct, frozen=True):
    """A line in a currency; a line without a known cost has none."""

    name: str
    calls: int
    input: int | None
    cached: float | None
    output: int | None
    cost: Decimal | None
    currency: str
    unknown: int
    line: Line


def routes(site: Site) -> list[BaseRoute]:
    """The page with its JSON and CSV."""
    tokens = site.state.tokens
    if tokens is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request, _RANGE)
        ledger = await _ledger(site, tokens, view)
        rows = _sort(view).apply(rows_of(ledger))
        part = read_page(view, len(rows))
        return site.page(
            request,
            view,
            "tokens",
            timed=True,
            by=ledger.by,
            tabs=_TABS,
            sort=_sort(view),
            rows=rows[part.start : part.end],
            page=part,
            ledger=ledger,
            model=_model(view),
            compared=await _compared(site, tokens, view) if _model(view) else None,
            otlp=f"{view.origin}/v1/traces",
        )

    async def as_json(request: Request) -> Response:
        view = site.view(request, _RANGE)
        ledger = await _ledger(site, tokens, view)
        rests = [{"name": one.name, "currency": one.currency, "amount": one.amount} for one in ledger.rests]
        lines = [dict(zip(_COLUMNS, cells, strict=True)) for cells in _cells(_sort(view).apply(rows_of(ledger)))]
        compared = await _compared(site, tokens, view) if _model(view) else None
        more = {"compared": to_builtins(compared)} if compared else {}
        told = {"by": ledger.by, "lines": lines, "rests": rests, "totals": ledger.totals}
        return respond.json(request, {**told, **more})

    async def as_csv(request: Request) -> Response:
        view = site.view(request, _RANGE)
        ledger = await _ledger(site, tokens, view)
        return respond.table(request, "tokens", _COLUMNS, _cells(_sort(view).apply(rows_of(ledger))))

    return [
        Route(PATH, site.guarded(page, Role.FINANCE, bound=True)),
        Route(PATH + ".json", site.guarded(as_json, Role.FINANCE, bound=True)),
        Route(PATH + ".csv", site.guarded(as_csv, Role.FINANCE, bound=True)),
    ]


def rows_of(ledger: TokenLedger) -> list[Row]:
    """A row a line and currency."""
    found = []
    for line in ledger.lines:
        amounts: Mapping[str, Decimal | None] = line.amounts or {"": None}
        for currency, cost in amounts.items():
            tokens = line.tokens
            cached = None if not tokens.input or tokens.cache_read is None else tokens.cache_read / tokens.input
            unknown = line.unknown_usage + line.unknown_price
            found.append(Row(line.name, line.calls, tokens.input, cached, tokens.output, cost, currency, unknown, line))
    return found


def _cells(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    return [
        (
            one.name, one.calls, one.line.failed, one.input, one.line.tokens.cache_read, one.line.tokens.cache_write,
            one.output, one.line.tokens.reasoning, one.currency, one.cost, one.line.own.get(one.currency),
            one.line.unknown_usage, one.line.unknown_price,
        )
        for one in rows
    ]  # fmt: skip


def _sort(view: View) -> Sort:
    return read_sort(view, "tokens", _KEYS, frozenset({"name"}), "cost")


def _model(view: View) -> str:
    """The model that the calls are to be priced on, too."""
    return view.get("compare").strip()[:300]


async def _compared(site: Site, tokens: TokensRoom, view: View) -> Comparison:
    """The calls of the range as they are, on another model, cached, by batch and on own GPUs."""
    scope, days, model = view.scope, days_of(view), _model(view)
    asked = Question(models=[ApiModel(model)])
    return await site.cache.get(
        ("token-choices", scope, days, model), _TTL_S, lambda: tokens.compare(scope, *days, asked), stale_s=_STALE_S
    )


async def _ledger(site: Site, tokens: TokensRoom, view: View) -> TokenLedger:
    scope, days = view.scope, days_of(view)
    by = view.get("by", _TABS[0])
    if by not in BY:
        raise InvalidInput(f"cannot read tokens by {by[:40]!r}: expected one of {', '.join(BY)}", field="by")
    return await site.cache.get(
        ("tokens", scope, days, by), _TTL_S, lambda: tokens.ledger(scope, *days, by), stale_s=_STALE_S
    )
