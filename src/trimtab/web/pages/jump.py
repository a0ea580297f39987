"""`/jump.json?q=`: what the Ctrl-K menu finds — pages, figures, hosts and metrics."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.access.scope import Scope
from trimtab.figures.register import REGISTER
from trimtab.metrics.model import SeriesQuery
from trimtab.web import respond
from trimtab.web.panels import EXPLORER
from trimtab.web.site import NAVIGATION, Site
from trimtab.web.view import link

_MOST = 12
_SCAN = 2000  # series looked at for metric names: enough that twelve names are found in a fleet of hosts


def routes(site: Site) -> list[BaseRoute]:
    """The one answer."""

    async def jump(request: Request) -> Response:
        text = request.query_params.get("q", "").strip()
        scope: Scope = request.state.principal.scope
        hosts = await site.fleet.hosts(scope)
        items = (
            _pages(text) + _figures(text) + _hosts([host.name for host in hosts], text) + _metrics(site, scope, text)
        )
        return respond.json(request, {"items": items})

    return [Route("/jump.json", site.guarded(jump, bound=True))]


def _pages(text: str) -> list[dict[str, str]]:
    found = [
        {"kind": "Page", "name": item.name, "hint": group, "url": item.path}
        for group, items, _ in NAVIGATION
        for item in items
        if text.lower() in item.name.lower()
    ]
    return found[:_MOST] if text else found


def _figures(text: str) -> list[dict[str, str]]:
    """Where all of them are, and each by every name under which it is shown."""
    asked = text.lower()
    page = {"kind": "Page", "name": "Figures", "hint": "how every number is computed", "url": "/figures"}
    if not text:
        return [page]
    found = [
        {"kind": "Figure", "name": name, "hint": one.area if name == one.label else one.label, "url": f"/figures/{id_}"}
        for id_, one in REGISTER.items()
        for name in one.names
        if asked in name.lower()
    ]
    found.sort(key=lambda one: not one["name"].lower().startswith(asked))
    return ([page] if asked in "figures" else []) + found[:_MOST]


def _hosts(names: list[str], text: str) -> list[dict[str, str]]:
    found = [name for name in names if text.lower() in name.lower()]
    return [
        {"kind": "Host", "name": name, "hint": "", "url": f"/hosts/{quote(name, safe='')}"} for name in found[:_MOST]
    ]


def _metrics(site: Site, scope: Scope, text: str) -> list[dict[str, str]]:
    if text:
        # Whole tokens through the index; parts of a name by looking at the names.
        found = site.state.registry.find(scope, SeriesQuery(text=text, limit=_SCAN))
        metrics = dict.fromkeys((one.identity.namespace, one.identity.name) for one in found)
    else:
        metrics = {}
    for namespace, names in site.state.registry.names(scope).items():
        metrics |= dict.fromkeys((namespace, name) for name in names if text.lower() in name.lower())
    return [
        {
            "kind": "Metric",
            "name": name,
            "hint": namespace,
            "url": link(EXPLORER, [("m", f"{namespace}|{name}"), ("stat", "Average")]),
        }
        for namespace, name in list(metrics)[:_MOST]
    ]
