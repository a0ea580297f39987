"""The pages' routes, over what they may ask."""

from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.web.assets import STATIC, Assets
from trimtab.web.kept_ready import KeptReady
from trimtab.web.pages import (
    access,
    admin,
    advice,
    alarm,
    alarm_form,
    alarms,
    allocation,
    analyses,
    analysis_builder,
    anomalies,
    asked,
    audit,
    aws_accounts,
    batch,
    budgets,
    canaries,
    capacity_plan,
    cardinality,
    connect,
    cost_anomalies,
    costs,
    dashboard_preview,
    dashboards,
    datasets,
    docs,
    endpoints,
    event_deliveries,
    event_rules,
    explore,
    figures,
    gpu_health,
    gpus,
    home,
    hosts,
    investigate,
    jump,
    kpis,
    load_tests,
    log_contributors,
    log_setup,
    log_tail,
    logs,
    make,
    mute_rules,
    notifications,
    objectives,
    overview,
    pipeline_timeline,
    purchases,
    quotas,
    reports,
    rightsizing,
    runs,
    savings,
    scaling,
    serverless,
    service_map,
    shared,
    simulate,
    sizing,
    sources,
    statements,
    teams,
    tokens,
    trace,
    trace_compare,
    traces,
    unit_costs,
    untagged,
    zone,
)
from trimtab.web.site import Site
from trimtab.web.state import WebState

__all__ = ["WebState", "not_found", "pages_of", "routes"]


class Pages(Struct, frozen=True):
    """Every page, and what keeps the computed ones ready."""

    routes: list[BaseRoute]
    ready: KeptReady


def routes(state: WebState, static: Path = STATIC) -> list[BaseRoute]:
    """Every page, and the assets built into `static`. Raises SetupError where they have not been built."""
    return pages_of(state, static).routes


def pages_of(state: WebState, static: Path = STATIC) -> Pages:
    """The same with what keeps those ready that take long.

    Requests must carry `state.principal`, which the guard in front of them sets.
    """
    assets = Assets(static)
    site = Site(state, assets)
    pages = [
        room.routes(site)
        for room in (
            overview,
            home,
            gpus,
            gpu_health,
            hosts,
            teams,
            runs,
            quotas,
            serverless,
            endpoints,
            load_tests,
            sizing,
            batch,
            kpis,
            figures,
            costs,
            cost_anomalies,
            budgets,
            unit_costs,
            tokens,
            advice,
            savings,
            purchases,
            rightsizing,
            statements,
            allocation,
            untagged,
            explore,
            log_contributors,
            log_setup,
            log_tail,
            logs,
            investigate,
            traces,
            trace_compare,
            trace,
            service_map,
            audit,
            anomalies,
            dashboards,
            datasets,
            dashboard_preview,
            reports,
            shared,
            cardinality,
            connect,
            make,
            sources,
            aws_accounts,
            notifications,
            zone,
            asked,
            alarms,
            alarm,
            alarm_form,
            mute_rules,
            objectives,
            canaries,
            event_rules,
            event_deliveries,
            pipeline_timeline,
            scaling,
            simulate,
            capacity_plan,
            analysis_builder,
            analyses,
            access,
            admin,
            docs,
            jump,
        )
    ]
    every = [route for found in pages for route in found]
    return Pages(
        [*every, Route("/static/{name}", assets.serve)], KeptReady(every, site.cache, state.clock, site.is_looked_at)
    )


def not_found(state: WebState) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The answer to a path that nothing serves: a page for a browser, a line of text for anything else."""
    site = cache(lambda: Site(state, Assets(STATIC)))  # its templates take 50 ms, which no start waits for

    async def answer(request: Request, problem: Exception) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Not Found\n", 404)
        return site().nothing_at(request)

    return answer
