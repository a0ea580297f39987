"""`/untagged`: cost that nobody owns with a guess at who does, who keeps the tag policies, and the keys on the bill."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import Role
from trimtab.base.coins import coins
from trimtab.economics.months import in_words, named, read_month
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.tags.model import Compliance, TagKey, Untagged, UntaggedReport
from trimtab.figures.areas.statements import SUGGESTED, UNTAGGED
from trimtab.web import respond
from trimtab.web.pages.statements import whole_bill
from trimtab.web.site import Site
from trimtab.web.sorting import PAGE_ROWS
from trimtab.web.tiles import Tile
from trimtab.web.view import View, link

_FRESH_S, _STALE_S = 30.0, 300.0
COLUMNS = ("account", "service", "resource", "name", "currency", "cost", "lines", "suggested", "evidence", "reason")


def routes(site: Site) -> list[BaseRoute]:
    """The page and its JSON and CSV."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        room = whole_bill(site, view.principal)
        summaries = await room.statements.months()
        months = [one.month for one in summaries]
        if not months:
            return site.page(request, view, "untagged", timed=False, months=[])
        month = read_month(view.get("month")) if view.get("month") else months[0]
        version = (await room.rules.current()).version
        report, compliance, keys = await site.cache.get(
            ("untagged", month, version, str(summaries)), _FRESH_S, lambda: _read(room, month), stale_s=_STALE_S
        )
        return site.page(
            request,
            view,
            "untagged",
            timed=False,
            months=[named(one) for one in sorted({*months[:6], month})],
            month=named(month),
            month_words=in_words(month),
            report=report,
            sums=_sums(report),
            tiles=_tiles(report, in_words(month)),
            parts=_parts(report),
            whole=[{"currency": one, "cost": coins(cost, one)} for one, cost in report.billed.items()],
            rows=[_shown(row, month) for row in report.rows[:PAGE_ROWS]],
            may_give=view.principal.may(Role.ADMIN),
            more=max(len(report.rows) - PAGE_ROWS, 0),
            compliance=[_kept(one) for one in compliance],
            keys=[_key(one) for one in keys[:PAGE_ROWS]],
        )

    async def as_json(request: Request) -> Response:
        report = await _report(site, site.view(request))
        rows = [] if report is None else [dict(zip(COLUMNS, _row(row), strict=True)) for row in report.rows]
        return respond.json(request, {"month": named(report.month) if report else None, "rows": rows})

    async def as_csv(request: Request) -> Response:
        report = await _report(site, site.view(request))
        return respond.table(request, "untagged", COLUMNS, map(_row, report.rows if report else ()))

    return [
        Route("/untagged", site.guarded(page, Role.FINANCE)),
        Route("/untagged.json", site.guarded(as_json, Role.FINANCE)),
        Route("/untagged.csv", site.guarded(as_csv, Role.FINANCE)),
    ]


async def _read(room: EconomicsRoom, month: int) -> tuple[UntaggedReport, list[Compliance], list[TagKey]]:
    """What the page says of a month: by the rules in force and the bill as it is, both of which its key names."""
    return await room.tags.untagged(month), await room.tags.compliance(month), await room.tags.keys(month)


async def _report(site: Site, view: View) -> UntaggedReport | None:
    room: EconomicsRoom = whole_bill(site, view.principal)
    months = await room.statements.months()
    if not months:
        return None
    return await room.tags.untagged(read_month(view.get("month")) if view.get("month") else months[0].month)


def _sums(report: UntaggedReport) -> list[dict[str, Any]]:
    """By currency: what nobody owns, its share of the bill, and what the rows below make up of it."""
    found = []
    for currency, total in report.total.items():
        billed = report.billed.get(currency, total)
        listed = report.listed.get(currency, total * 0)
        found.append(
            {
                "currency": currency,
                "total": coins(total, currency),
                "share": float(total / billed) if billed > 0 else None,
                "listed": float(listed / total) if total else None,
            }
        )
    return found


def _parts(report: UntaggedReport) -> list[dict[str, str]]:
    """The whole bill: what is owned, unowned usage, and unowned charges of other kinds."""
    found = [("Owned", one, cost) for one, cost in report.owned.items()]
    found += [(f"Usage, {report.default}", one, cost) for one, cost in report.total.items()]
    found += [(f"{row.kind.words}, {report.default}", row.currency, row.cost) for row in report.apart]
    return [{"name": name, "currency": one, "cost": coins(cost, one)} for name, one, cost in found]


def _tiles(report: UntaggedReport, month: str) -> list[Tile]:
    """By currency: what nobody owns, and what of it has a suggested owner."""
    owned, guessed = [], []
    for one in _sums(report):
        currency, share = one["currency"], one["share"]
        note = f"{report.default} · {month}" if share is None else f"{report.default} · {share:.1%} of {month}"
        owned.append(Tile(UNTAGGED, one["total"], "", note, of=currency))
        nothing = report.total[currency] * 0
        cost = sum((row.cost for row in report.rows if row.suggestion and row.currency == currency), nothing)
        guessed.append(Tile(SUGGESTED, coins(cost, currency), "", "reasons are below", of=currency))
    return [*owned, *guessed]


def _shown(row: Untagged, month: int) -> dict[str, Any]:
    given = row.suggestion.owner if row.suggestion else ""
    place = [("resource", row.resource)] if row.resource else [("account", row.account), ("service", row.service)]
    return {
        "resource": row.resource.rpartition(":")[2] if row.resource.startswith("arn:") else row.resource,
        "whole": row.resource,
        "name": row.name,
        "account": row.account,
        "service": row.service,
        "currency": row.currency,
        "cost": coins(row.cost, row.currency),
        "lines": row.lines,
        "suggestion": row.suggestion,
        "give": link("/allocation", [("owner", given), *place, ("month", named(month))]),
    }


def _kept(one: Compliance) -> dict[str, Any]:
    money = (one.compliant, one.missing, one.wrong)
    kept, missing, wrong = (coins(amount, one.currency) if amount else "" for amount in money)
    return {"key": one.key, "owner": one.owner, "share": one.share, "currency": one.currency, "kept": kept} | {
        "missing": missing,
        "wrong": wrong,
        "example": one.example,
    }


def _key(one: TagKey) -> dict[str, Any]:
    return {
        "key": one.key,
        "meant": one.meant,
        "active": one.active,
        "note": one.note,
        "share": one.share,
        "cost": coins(one.cost, one.currency),
        "currency": one.currency,
        "distinct": one.values,
    }


def _row(row: Untagged) -> tuple[Any, ...]:
    guess = row.suggestion
    told = (guess.owner, guess.evidence.value, guess.reason) if guess else ("", "", "")
    return (row.account, row.service, row.resource, row.name, row.currency, f"{row.cost:f}", row.lines, *told)
