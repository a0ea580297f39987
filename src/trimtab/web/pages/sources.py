"""`/sources`: what arrives, how old it is, what was rejected and why, and the lines that connect more."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.scope import Scope
from trimtab.base.records import asdict
from trimtab.inventory.sources import Rejection, Source
from trimtab.web import respond
from trimtab.web.pages.snippets import connect_snippets
from trimtab.web.site import Site

_MOST = 200  # rows of a table (UI.md)
_EVERY = 1_000_000  # more than the ledger keeps: all of them
_COLUMNS = (
    "door",
    "name",
    "account",
    "region",
    "first_seen_ms",
    "last_seen_ms",
    "rows",
    "bytes",
    "rejected",
    "rows_per_s",
)


def routes(site: Site) -> list[BaseRoute]:
    """The page and its JSON and CSV."""

    async def page(request: Request) -> Response:
        view = site.view(request)
        sources = visible_sources(site, view.scope)
        counts = site.state.registry.names(view.scope)
        return site.page(
            request,
            view,
            "sources",
            timed=True,
            sources=sources[:_MOST],
            rejections=visible_rejections(site, view.scope, _MOST),
            names={source.id: source.name or source.door for source in sources},
            rows=sum(source.rows for source in sources),
            series=sum(sum(found.values()) for found in counts.values()),
            metrics=sum(len(found) for found in counts.values()),
            snippets=connect_snippets(view.origin, site.state.region),
        )

    async def as_json(request: Request) -> Response:
        scope = request.state.principal.scope
        sources = [asdict(source) for source in visible_sources(site, scope)]
        rejections = [asdict(one) for one in visible_rejections(site, scope, _MOST)]
        return respond.json(request, {"sources": sources, "rejections": rejections})

    async def as_csv(request: Request) -> Response:
        sources = visible_sources(site, request.state.principal.scope)
        rows = ([getattr(source, name) for name in _COLUMNS] for source in sources)
        return respond.table(request, "sources", _COLUMNS, rows)

    return [
        Route("/sources", site.guarded(page)),
        Route("/sources.json", site.guarded(as_json)),
        Route("/sources.csv", site.guarded(as_csv)),
    ]


def visible_sources(site: Site, scope: Scope) -> Sequence[Source]:
    """The sources of the accounts and regions that `scope` covers; the last heard of first."""
    found = [source for source in site.state.sources.list() if _covers(scope, source)]
    site.arrivals.note(sum(source.rows_per_s for source in found))
    return found


def visible_rejections(site: Site, scope: Scope, limit: int) -> Sequence[Rejection]:
    """The newest rejections of those sources."""
    if scope.accounts is None and scope.regions is None and not scope.rows:
        return site.state.sources.rejections(limit)
    mine = {source.id for source in site.state.sources.list() if _covers(scope, source)}
    return [one for one in site.state.sources.rejections(_EVERY) if one.source in mine][:limit]


def _covers(scope: Scope, source: Source) -> bool:
    """A source sends for many teams: who is bound to tags sees none."""
    if scope.rows:
        return False
    return (scope.accounts is None or source.account in scope.accounts) and (
        scope.regions is None or source.region in scope.regions
    )
