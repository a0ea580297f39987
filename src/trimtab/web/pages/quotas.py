"""`/runs/quotas`: what teams were entitled to, borrowed, lent and were starved of, by the quotas that are kept."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base import typed
from trimtab.client import queue_quotas_wire as wire
from trimtab.kpis.runs.quotas import QuotaReader, QuotaReport
from trimtab.web import respond
from trimtab.web.gpu_reader import fresh_s
from trimtab.web.site import Site
from trimtab.web.view import View

PATH = "/runs/quotas"
_COMMANDS = """\
# SLURM: fair shares
sshare -a -l -P | trimtab queue quotas - --cluster NAME --keep

# Kubernetes: Kueue's or KAI's queues
kubectl get clusterqueues,localqueues -A -o yaml | trimtab queue quotas - --cluster NAME --keep"""
_STALE_S = 600.0
_MOST_ROWS = 500
"""Rows of the table by day: 30 days of 16 teams."""


def routes(site: Site) -> list[BaseRoute]:
    """The page and its JSON."""
    if site.state.runs is None:
        return []
    runs = site.state.runs
    reader = QuotaReader(runs.room, runs.ledger)

    async def page(request: Request) -> Response:
        view = await site.fleet_view(request)
        clusters = sorted({one.cluster for one in await reader.room.quotas.listed(view.scope)})
        cluster = view.get("cluster") or (clusters[0] if clusters else "")
        report = await _read(site, reader, view, cluster) if clusters else None
        return site.page(
            request, view, "quotas", timed=True, report=report, cluster=cluster, clusters=clusters, commands=_COMMANDS,
            days=[(day, one) for day in report.days[::-1] for one in day.teams][:_MOST_ROWS] if report else [],
        )  # fmt: skip

    async def as_json(request: Request) -> Response:
        view = await site.fleet_view(request)
        found = await _read(site, reader, view, view.get("cluster"))
        return respond.json(request, msgspec.to_builtins(typed.convert(found, wire.QuotaReport, from_attributes=True)))

    return [Route(PATH, site.guarded(page)), Route(PATH + ".json", site.guarded(as_json))]


async def _read(site: Site, reader: QuotaReader, view: View, cluster: str) -> QuotaReport:
    async def read() -> QuotaReport:
        return await reader.kept(view.scope, view.window.start_ms, view.window.end_ms, cluster, view.now_ms)

    key = ("quotas", view.scope, view.window.parameters, cluster)
    return await site.cache.get(key, fresh_s(view.window), read, stale_s=_STALE_S)
