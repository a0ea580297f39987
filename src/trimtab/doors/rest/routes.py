"""The routes of the REST API, its OpenAPI document included, from the dependencies that app.py hands over."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import msgspec
from msgspec import Struct
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from trimtab.access.principal import Role
from trimtab.access.room import AccessRoom
from trimtab.accounts.room import AccountsRoom
from trimtab.advice.backtest.room import BacktestRoom
from trimtab.advice.plan.room import PlanRoom
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.room import AdviceRoom
from trimtab.anomalies.log_patterns import LogPatternAnomalies
from trimtab.anomalies.room import AnomalyRoom
from trimtab.asks.room import AsksRoom
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.base.loopback import is_loopback
from trimtab.costs.room import CostsRoom
from trimtab.detectors.room import DetectorRoom
from trimtab.doors.log_writing import LogWriting
from trimtab.doors.rest import (
    access,
    admin,
    advice,
    alarm_replays,
    alarms,
    alertmanager,
    analyses,
    anomalies,
    asks,
    audit,
    audit_imports,
    aws_accounts,
    batch_jobs,
    budgets,
    canaries,
    capacity_plans,
    cardinality,
    catalog,
    config,
    cost_anomalies,
    cost_explorer,
    costs,
    dashboard_shares,
    dashboards,
    datasets,
    detectors,
    economics,
    egress,
    event_connections,
    event_deliveries,
    event_rules,
    event_sources,
    exchange_rates,
    expressions,
    figures,
    fleet,
    forgetting,
    function_memory,
    gpu_health,
    hanging_runs,
    health,
    hosts,
    inventory,
    investigations,
    job_prices,
    keys,
    kpis,
    live_costs,
    load_tests,
    log_doors,
    log_events,
    log_patterns,
    log_queries,
    metric_streams,
    metrics,
    mute_rules,
    notify,
    objectives,
    openapi,
    pipelines,
    price_lists,
    profiles,
    purchases,
    put,
    queue_quotas,
    queue_replays,
    reports,
    rightsizing,
    run_progress,
    run_reports,
    runs,
    scaling,
    serverless,
    settings,
    simulations,
    sources,
    state_transfers,
    tokens,
    trace_sampling,
    traces,
    unit_costs,
)
from trimtab.doors.rest import log_anomalies as log_anomaly_list
from trimtab.doors.rest.alarm_forms import Alarming
from trimtab.doors.rest.config import Configuring
from trimtab.doors.rest.endpoint import Endpoint
from trimtab.doors.rest.errors import failure
from trimtab.doors.rest.inventory import Place
from trimtab.doors.rest.serverless import ServerlessRooms
from trimtab.doors.rest.spec import Call, Operation, Text
from trimtab.doors.roles import DoorRoute
from trimtab.economics.estimate.live import LiveEstimates
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.tokens.room import TokensRoom
from trimtab.economics.unit.room import UnitCosts
from trimtab.egress.gate import Gate
from trimtab.fleet.health.room import HealthReader
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.room import InventoryRoom
from trimtab.kpis.runs.quotas import QuotaReader
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.watch import HangWatch
from trimtab.notify.room import NotifyRoom
from trimtab.profiles.room import ProfilesRoom
from trimtab.progress.room import ProgressRoom
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.investigations.room import InvestigationRoom
from trimtab.scaling.plan.room import PlansRoom
from trimtab.settings import Described, Settings

OPENAPI_PATH = "/rest/openapi.json"


class Registry(put.Registry, metrics.Finder, Protocol):
    """What the API asks of `metrics.registry.SeriesRegistry`."""


class Ledger(put.Ledger, sources.Sources, Protocol):
    """What the API asks of `inventory.sources.SourceLedger`."""


class Dependencies(Struct, frozen=True):
    """What the REST API needs of the rest of the server. `wipe` is None where a reset is not allowed."""

    settings: Settings
    clock: Clock
    auth_required: bool
    access: AccessRoom
    registry: Registry
    reader: metrics.Reader
    evaluator: expressions.Evaluator
    ingest: put.Ingest
    ledger: Ledger
    notify: NotifyRoom
    hosts: hosts.HostReader
    render_metrics: Callable[[bool], str]
    checks: Mapping[str, health.Check]
    describe_settings: Callable[[], Sequence[Described]]
    wipe: admin.Wipe | None = None
    costs: CostsRoom | None = None
    economics: EconomicsRoom | None = None
    inventory: InventoryRoom | None = None
    accounts: AccountsRoom | None = None
    run_reports: RunReports | None = None
    hangs: HangWatch | None = None
    profiles: ProfilesRoom | None = None
    progress: ProgressRoom | None = None
    hours: HoursReader | None = None
    gpu_health: HealthReader | None = None
    dashboards: DashboardRoom | None = None
    alarms: Alarming | None = None
    anomalies: AnomalyRoom | None = None
    detectors: DetectorRoom | None = None
    config: Configuring | None = None
    log_querying: log_queries.Querying | None = None
    log_writing: LogWriting | None = None
    audit: AuditRoom | None = None
    triggers: event_rules.Triggering | None = None
    tracing: traces.Tracing | None = None
    series: cardinality.SeriesCosts | None = None
    tail_sampled: trace_sampling.TailSampled | None = None
    serverless: ServerlessRooms | None = None
    log_anomalies: LogPatternAnomalies | None = None
    budgeting: budgets.Budgeting | None = None
    advice: AdviceRoom | None = None
    advice_plan: PlanRoom | None = None
    advice_backtest: BacktestRoom | None = None
    asks: AsksRoom | None = None
    rightsizing: RightsizingRoom | None = None
    purchases: PurchasesRoom | None = None
    streams: metric_streams.Streams | None = None
    slos: objectives.Objectives | None = None
    canary_checks: canaries.Canaries | None = None
    plans: PlansRoom | None = None
    cost_watching: cost_anomalies.Watching | None = None
    live: LiveEstimates | None = None
    units: UnitCosts | None = None
    tokens: TokensRoom | None = None
    load_testing: load_tests.LoadTesting | None = None
    batch: batch_jobs.BatchJobs | None = None
    reporting: reports.Reporting | None = None
    investigating: InvestigationRoom | None = None
    analysing: analyses.Analysing | None = None
    datasets: DatasetRoom | None = None
    engine: scaling.Scaling | None = None
    gate: Gate | None = None
    forgets: forgetting.Forgets | None = None
    transfers: state_transfers.StateTransfers | None = None


def operations(needs: Dependencies) -> list[Operation]:
    """Every operation, in the order of the OpenAPI document."""
    own = needs.settings
    return [
        *health.operations(health.Health(needs.clock, needs.checks, needs.render_metrics, needs.auth_required)),
        *metrics.operations(metrics.Reading(needs.registry, needs.reader, needs.clock)),
        *expressions.operations(expressions.Evaluating(needs.evaluator, needs.reader, needs.clock)),
        *simulations.operations(simulations.Simulating(needs.evaluator, needs.clock)),
        *function_memory.operations(needs.clock),
        *put.operations(
            put.Writing(needs.registry, needs.ingest, needs.ledger, needs.clock, own.account_id, own.region)
        ),
        *hosts.operations(needs.hosts, needs.clock),
        *kpis.operations(kpis.Reading(needs.registry, needs.reader, needs.clock, needs.hours)),
        *figures.operations(),
        *(egress.operations(needs.gate) if needs.gate else []),
        *(fleet.operations(needs.hours, needs.reader, needs.registry, needs.clock) if needs.hours else []),
        *(gpu_health.operations(needs.gpu_health) if needs.gpu_health else []),
        *sources.operations(needs.ledger),
        *_anomalies(needs),
        *_costs(needs),
        *(economics.operations(needs.economics) if needs.economics else []),
        *(live_costs.operations(needs.live) if needs.live else []),
        *(unit_costs.operations(needs.units, needs.clock) if needs.units else []),
        *(tokens.operations(needs.tokens, needs.clock) if needs.tokens else []),
        *(budgets.operations(needs.budgeting) if needs.budgeting else []),
        *(advice.operations(needs.advice, needs.advice_plan, needs.advice_backtest) if needs.advice else []),
        *(asks.operations(needs.asks) if needs.asks else []),
        *(rightsizing.operations(needs.rightsizing) if needs.rightsizing else []),
        *(purchases.operations(needs.purchases) if needs.purchases else []),
        *(metric_streams.operations(needs.streams) if needs.streams else []),
        *(capacity_plans.operations(needs.plans, needs.clock) if needs.plans else []),
        *(cost_anomalies.operations(needs.cost_watching) if needs.cost_watching else []),
        *(scaling.operations(needs.engine) if needs.engine else []),
        *(load_tests.operations(needs.load_testing) if needs.load_testing else []),
        *(batch_jobs.operations(needs.batch) if needs.batch else []),
        *(reports.operations(needs.reporting) if needs.reporting else []),
        *(investigations.operations(needs.investigating) if needs.investigating else []),
        *(analyses.operations(needs.analysing) if needs.analysing else []),
        *(datasets.operations(needs.datasets) if needs.datasets else []),
        *_inventory(needs),
        *(aws_accounts.operations(needs.accounts) if needs.accounts else []),
        *(dashboards.operations(needs.dashboards) if needs.dashboards else []),
        *(dashboard_shares.operations(needs.dashboards) if needs.dashboards else []),
        *(config.operations(needs.config) if needs.config else []),
        *(_alarms(needs.alarms) if needs.alarms else []),
        *(objectives.operations(needs.slos) if needs.slos else []),
        *(canaries.operations(needs.canary_checks) if needs.canary_checks else []),
        *(log_events.operations(needs.log_writing) if needs.log_writing else []),
        *(log_patterns.operations(needs.log_writing) if needs.log_writing else []),
        *(log_doors.operations(needs.log_writing) if needs.log_writing else []),
        *(log_queries.operations(needs.log_querying) if needs.log_querying else []),
        *(serverless.operations(needs.serverless) if needs.serverless else []),
        *(log_anomaly_list.operations(needs.log_anomalies, needs.clock) if needs.log_anomalies else []),
        *(traces.operations(needs.tracing) if needs.tracing else []),
        *(cardinality.operations(needs.series) if needs.series else []),
        *(trace_sampling.operations(needs.tail_sampled) if needs.tail_sampled else []),
        *(_triggers(needs.triggers) if needs.triggers else []),
        *_audit(needs),
        *notify.operations(needs.notify),
        *alertmanager.operations(needs.notify),
        *keys.operations(needs.access, own.account_id),
        *access.operations(needs.access),
        *settings.operations(needs.describe_settings),
        *admin.operations(needs.wipe),
        *(forgetting.operations(needs.forgets) if needs.forgets else []),
        *(state_transfers.operations(needs.transfers) if needs.transfers else []),
    ]


def _triggers(needs: event_rules.Triggering) -> list[Operation]:
    of = (event_rules, event_deliveries, event_sources, event_connections, pipelines)
    return [operation for part in of for operation in part.operations(needs)]


def _costs(needs: Dependencies) -> list[Operation]:
    room = needs.costs
    if room is None:
        return []
    return [
        *cost_explorer.operations(room, needs.clock),
        *exchange_rates.operations(room.currencies),
        *costs.operations(room, needs.settings),
    ]


def _audit(needs: Dependencies) -> list[Operation]:
    room = needs.audit
    if room is None:
        return []
    local = is_loopback(needs.settings.http_addr.rpartition(":")[0].strip("[]"))
    return [*audit.operations(room, needs.ledger), *audit_imports.operations(room, local=local)]


def _anomalies(needs: Dependencies) -> list[Operation]:
    room, own = needs.anomalies, needs.settings
    if room is None or needs.detectors is None:
        return []
    put_detectors = detectors.operations(needs.detectors, room.progress, own.account_id, own.region)
    return [*anomalies.operations(room), *put_detectors]


def _progress(needs: Dependencies, place: Place) -> list[Operation]:
    if needs.progress is None or needs.run_reports is None:
        return []
    return run_progress.operations(run_progress.Progressing(needs.progress, needs.run_reports), place)


def _inventory(needs: Dependencies) -> list[Operation]:
    room, own = needs.inventory, needs.settings
    if room is None:
        return []
    place = Place(own.account_id, own.region)
    return [
        *runs.operations(room, needs.clock, place),
        *(run_reports.operations(needs.run_reports) if needs.run_reports else []),
        *(hanging_runs.operations(needs.hangs) if needs.hangs else []),
        *(profiles.operations(needs.profiles, needs.run_reports) if needs.profiles and needs.run_reports else []),
        *_progress(needs, place),
        *inventory.operations(room, needs.clock, place),
        *price_lists.operations(room, needs.clock),
        *catalog.operations(room, needs.clock),
        *job_prices.operations(room, needs.clock),
        *queue_replays.operations(room, needs.clock),
        *(queue_quotas.operations(QuotaReader(room, needs.hours), needs.clock, place) if needs.hours else []),
    ]


def _alarms(needs: Alarming) -> list[Operation]:
    """Those on parts of an alarm come first: a name may have slashes."""
    return [*alarm_replays.operations(needs), *alarms.operations(needs), *mute_rules.operations(needs)]


def routes(needs: Dependencies) -> list[BaseRoute]:
    """The Starlette routes: one a path, the OpenAPI document, and a clear answer for any other path under /rest."""
    declared = operations(needs)
    body = cache(lambda: msgspec.json.encode(openapi.document(declared)).decode())  # a tenth of the start, rarely read

    async def described(call: Call[Any, None]) -> Text:
        return Text(body(), "application/json")

    document = Operation(
        "GET", OPENAPI_PATH, "get openapi", "This API, described.", described, None, tag="server", bound=True
    )
    by_path: dict[str, list[Operation]] = {}
    for operation in [*declared, document]:
        by_path.setdefault(operation.path, []).append(operation)
    found: list[BaseRoute] = [Route(_pattern(path), Endpoint(group)) for path, group in by_path.items()]
    return [*found, DoorRoute("/rest/{path:path}", _Unknown(), Role.FINANCE, bound=True)]


def _pattern(path: str) -> str:
    """The path for the router. Names of alarms may have slashes, as those of scaling policies do."""
    return path.replace("{name}", "{name:anything}") if path.startswith(alarms.PATH + "/") else path


class _Anything(Convertor[str]):
    """A part of a path that may have slashes and line ends."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        """The part as the path has it, unquoted."""
        return value

    def to_string(self, value: str) -> str:
        """The part as it is put into a path."""
        return value


register_url_convertor("anything", _Anything())


class _Unknown:
    """Answers what no operation has as path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        message = f"cannot find {request.url.path}: expected a path of {OPENAPI_PATH}"
        response: Response = failure(404, "not_found", message)
        await response(scope, receive, send)
