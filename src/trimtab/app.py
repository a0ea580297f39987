"""What the server is made of: settings → stores → rooms → doors → jobs. The one place where the parts meet; read this
first. `server.py` runs it."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from trimtab import __version__
from trimtab import settings as settings_module
from trimtab.access.keys import KeyStore
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.alarms.firing import FiringAlarms
from trimtab.alarms.rehearsals import Rehearsals
from trimtab.alarms.replay.home import Rooms as ReplayRooms
from trimtab.alarms.replay.promql import PromQLRanges
from trimtab.alarms.room import AlarmRoom
from trimtab.anomalies.room import AnomalyRoom
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.costs.explorer.explorer import Explorer
from trimtab.costs.room import CostsRoom
from trimtab.detectors.room import DetectorRoom
from trimtab.doors import login
from trimtab.doors.aws.cloudwatch import service as cloudwatch_service
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms
from trimtab.doors.aws.cloudwatch.tagged import EveryTagged, dashboards_exist
from trimtab.doors.aws.cost_explorer import service as cost_explorer_service
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms
from trimtab.doors.aws.gateway import Gateway, GatewayOptions, is_aws_request
from trimtab.doors.aws.logs import service as logs_service
from trimtab.doors.aws.logs.rooms import LogRooms
from trimtab.doors.aws.sns import links as sns_links
from trimtab.doors.aws.sns import service as sns_service
from trimtab.doors.aws.sts import StsRooms
from trimtab.doors.aws.sts import operations as sts
from trimtab.doors.config.kinds.alarms import alarm_sections
from trimtab.doors.config.kinds.anomaly_detectors import DetectorSection
from trimtab.doors.config.kinds.dashboards import DashboardSection
from trimtab.doors.config.kinds.mute_rules import MuteRuleSection
from trimtab.doors.config.model import Kind
from trimtab.doors.config.replays import ChangeReplays
from trimtab.doors.config.room import Configurations
from trimtab.doors.emf.log_tap import EmfTap
from trimtab.doors.front import Front
from trimtab.doors.guard import Guard, policy_of
from trimtab.doors.log_metrics import LogMetrics
from trimtab.doors.log_writing import LogWriting
from trimtab.doors.oidc import signin
from trimtab.doors.otlp import http as otlp
from trimtab.doors.otlp.intake import Intake
from trimtab.doors.otlp.logs import LogIntake
from trimtab.doors.prometheus import query as prometheus_query
from trimtab.doors.prometheus import remote_write
from trimtab.doors.prometheus import rules as prometheus_rules
from trimtab.doors.prometheus.query import QueryNeeds
from trimtab.doors.rest import cost_transfers, log_ingest, statement_files
from trimtab.doors.rest import routes as rest
from trimtab.doors.rest.alarm_forms import Alarming
from trimtab.doors.rest.config import Configuring
from trimtab.doors.rest.errors import answer_bug
from trimtab.doors.rest.log_queries import Querying
from trimtab.doors.syslog.door import SyslogDoor
from trimtab.doors.writing import Writing
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.shared.runs import RunMachines
from trimtab.economics.use import OwnersUse
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.inventory.sources import SourceLedger
from trimtab.jobs.periodic import Job
from trimtab.kpis import hosts
from trimtab.kpis import use as kpi_use
from trimtab.kpis.runs import activity as run_activity
from trimtab.kpis.runs.reader import RunReports
from trimtab.listen import check_exposure
from trimtab.logs.filters.emission import Emission
from trimtab.logs.insights.room import InsightsRoom
from trimtab.logs.room import LogsRoom
from trimtab.metrics.bands.source import TrainedBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.expressions.evaluate import check as check_queries
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.promql.browse import Browser
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.stored import StoredSource
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.rollups.tiers import Retention
from trimtab.notify.room import NotifyRoom
from trimtab.notify.watch import REFRESH_S
from trimtab.reports.dashboards.alarm_source import AlarmSource
from trimtab.reports.dashboards.data import WidgetReader
from trimtab.reports.dashboards.prom_source import PromQLSource
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.dashboards.shares import ShareStore
from trimtab.reports.dashboards.store import DashboardStore
from trimtab.selfwatch import renderer
from trimtab.settings import Settings
from trimtab.store.telemetry.schema import TABLES
from trimtab.stores import Stores, checks_of
from trimtab.web import app as web
from trimtab.web.alarms.desk import AlarmRooms
from trimtab.wires import Wires

_RESUME_S = 30.0  # how long a start waits for what a crash left in the log before it reads the series


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms and what they stand on."""

    settings: Settings
    clock: Clock
    stores: Stores
    registry: SeriesRegistry
    reader: MetricReader
    ingest: MetricIngest
    ledger: SourceLedger
    keys: KeyStore
    notify: NotifyRoom
    auth_required: bool
    evaluator: Evaluator
    dashboards: DashboardRoom
    alarms: AlarmRoom
    rehearsals: Rehearsals
    firing: FiringAlarms
    costs: CostsRoom
    economics: EconomicsRoom
    detectors: DetectorRoom
    anomalies: AnomalyRoom
    promql: PromQL
    browser: Browser
    inventory: InventoryRoom
    logs: LogsRoom
    log_insights: InsightsRoom
    forget: list[Callable[[], None]] = field(default_factory=list)
    """Empties what the doors remember of series: called when everything is wiped."""


async def build_rooms(settings: Settings, stores: Stores, clock: Clock) -> Rooms:
    """Make the rooms over open stores."""
    await asyncio.gather(stores.log.settled(_RESUME_S), stores.logs.settled(_RESUME_S))
    registry = SeriesRegistry(stores.telemetry, clock)
    await registry.load()
    gc.freeze()  # a large index never becomes garbage: later collections need not look at it again
    rollups = RollupChoice(stores.telemetry, clock, Retention.of(settings))
    reader = MetricReader(stores.telemetry, registry, stores.log, rollups)
    detectors = DetectorRoom.of(stores.state, clock)
    bands = TrainedBands(reader, registry, detectors.book, clock)
    evaluator = Evaluator(reader, registry, clock, bands)
    catalogue = Catalogue(registry)
    alarms = AlarmRoom.of(stores.state, clock)
    promql = PromQL(StoredSource(stores.telemetry, catalogue))
    drawn = PromQLSource(promql), AlarmSource(alarms.store)
    past = ReplayRooms(reader, registry, bands, alarms.store.named, Retention.of(settings), clock, PromQLRanges(promql))
    inventory = InventoryRoom.of(stores.state, clock)
    bills = await _costs(settings, stores, clock)
    economics = _economics(stores, bills, inventory, reader, registry, clock)
    logs = LogsRoom.of(stores.telemetry, stores.state, stores.logs, clock)
    insights = InsightsRoom.of(stores.telemetry, stores.state, logs.reader, logs.groups, clock)
    return Rooms(
        settings=settings,
        clock=clock,
        stores=stores,
        registry=registry,
        reader=reader,
        ingest=MetricIngest(stores.log, registry),
        ledger=SourceLedger(stores.state, clock),
        keys=KeyStore(stores.state, clock),
        notify=NotifyRoom.of(settings, stores.state, clock),
        auth_required=check_exposure(settings),
        evaluator=evaluator,
        dashboards=DashboardRoom(
            store=DashboardStore(stores.state, clock),
            shares=ShareStore(stores.state, clock),
            widgets=WidgetReader(evaluator, check_queries, registry, clock, *drawn),
            finder=registry,
            clock=clock,
            account=settings.account_id,
        ),
        costs=replace(bills, reader=economics.bills, explorer=Explorer(economics.bills)),
        economics=economics,
        alarms=alarms,
        rehearsals=Rehearsals(alarms, past, clock),
        firing=FiringAlarms(stores.state),
        detectors=detectors,
        anomalies=AnomalyRoom.of(stores.telemetry, stores.state, registry, reader, clock),
        promql=promql,
        browser=Browser(registry, catalogue),
        inventory=inventory,
        logs=logs,
        log_insights=insights,
        forget=[insights.running.forget, bands.forget, detectors.book.forget, economics.forget],
    )


async def _costs(settings: Settings, stores: Stores, clock: Clock) -> CostsRoom:
    """The bills, after whatever a crash left of an import is completed or undone."""
    embedded = not settings.clickhouse_url
    room = CostsRoom.of(stores.telemetry, stores.state, clock, settings.data_dir, embedded=embedded)
    await asyncio.to_thread(room.importer.recover)
    return room


def _economics(
    stores: Stores,
    bills: CostsRoom,
    inventory: InventoryRoom,
    reader: MetricReader,
    registry: SeriesRegistry,
    clock: Clock,
) -> EconomicsRoom:
    """Whose the bill is, with what measures use: runs where schedulers are connected, and metrics."""

    async def activity(runs: Sequence[Run], start_ms: int, end_ms: int) -> dict[RunKey, float]:
        found = await run_activity.read(reader, registry, EVERYTHING, runs, start_ms, end_ms)
        return {key: one.share for key, one in found.items() if one.share is not None}

    runs = RunMachines(inventory.runs, inventory.nodes, activity)

    async def by_metric(metric: str, tag: str, start_ms: int, end_ms: int) -> dict[str, float]:
        return await kpi_use.use(reader, registry, EVERYTHING, metric, tag, start_ms, end_ms)

    use = OwnersUse(runs, by_metric)
    return EconomicsRoom.of(stores.telemetry, stores.state, bills.ledger, clock, use, runs)


def build_doors(rooms: Rooms) -> tuple[Front, Wires]:
    """The doors over the rooms: those of HTTP as one ASGI application, and the others."""
    guard = Guard(policy_of(rooms.settings), rooms.keys)
    writing = Writing(
        ingest=rooms.ingest,
        registry=rooms.registry,
        ledger=rooms.ledger,
        clock=rooms.clock,
        account=rooms.settings.account_id,
        region=rooms.settings.region,
        forget=rooms.forget,
    )
    log_writing = LogWriting(rooms.logs, rooms.ledger, writing.account, writing.region)
    rooms.logs.ingest.taps.append(EmfTap(writing))
    emit = LogMetrics(rooms.ingest, rooms.registry)
    rooms.logs.ingest.taps.append(Emission(rooms.logs.filters, emit, rooms.clock))
    intake, log_intake = Intake(writing), LogIntake(log_writing)
    pages = _web_state(rooms)
    sign_in = signin.of_settings(rooms.settings, rooms.keys, rooms.clock)
    routes: list[BaseRoute] = [
        *login.routes(rooms.keys, rooms.clock, with_provider=sign_in is not None),
        *(signin.routes(sign_in) if sign_in else []),
        *sns_links.routes(rooms.notify.subscribing),
        *cost_transfers.routes(rooms.costs, rooms.clock, rooms.settings.disk_reserve_mb),
        *statement_files.routes(rooms.economics),
        *log_ingest.routes(log_writing),
        *rest.routes(_rest_needs(rooms, log_writing)),
        *otlp.routes(intake, log_intake),
        *remote_write.routes(writing),
        *prometheus_query.routes(QueryNeeds(rooms.promql, rooms.browser, rooms.clock, __version__)),
        *prometheus_rules.routes(rooms.alarms.listing),
        *web.routes(pages),
    ]
    site = Starlette(routes=routes, exception_handlers={404: web.not_found(pages), Exception: answer_bug})
    front = Front(site, guard, aws=_gateway(rooms), is_aws=is_aws_request)
    return front, Wires(rooms.settings, writing, intake, log_intake, guard, SyslogDoor(log_writing))


def _gateway(rooms: Rooms) -> Gateway:
    has_dashboard = dashboards_exist(rooms.dashboards.store.get, NotFound)
    parts = CloudWatchRooms(
        rooms.registry,
        rooms.ingest,
        rooms.reader,
        rooms.ledger,
        rooms.clock,
        rooms.evaluator,
        tagged=EveryTagged(rooms.alarms.tags, (rooms.alarms.tags.exists, has_dashboard)),
        dashboards=rooms.dashboards,
        alarms=rooms.alarms,
        detectors=rooms.detectors,
    )
    rooms.forget.append(parts.ids.clear)
    services = (
        logs_service.build(LogRooms.of(rooms.logs, rooms.ledger, rooms.log_insights)),
        cloudwatch_service.build(parts),
        sts.bind(StsRooms()),
        sns_service.build(rooms.notify),
        cost_explorer_service.build(CostExplorerRooms.of(rooms.costs, rooms.clock, rules=rooms.economics.rules)),
    )
    own = rooms.settings
    return Gateway(GatewayOptions(services, rooms.keys, rooms.clock, own.account_id, own.region, rooms.auth_required))


def _rest_needs(rooms: Rooms, log_writing: LogWriting) -> rest.Dependencies:
    async def read_hosts(scope: Scope, now_ms: int) -> list[hosts.HostSummary]:
        return await hosts.summaries(rooms.reader, rooms.registry, scope, now_ms)

    return rest.Dependencies(
        settings=rooms.settings,
        costs=rooms.costs,
        economics=rooms.economics,
        inventory=rooms.inventory,
        run_reports=_run_reports(rooms),
        scheduled=_run_reports(rooms).scheduled,
        clock=rooms.clock,
        auth_required=rooms.auth_required,
        keys=rooms.keys,
        registry=rooms.registry,
        reader=rooms.reader,
        ingest=rooms.ingest,
        ledger=rooms.ledger,
        hosts=read_hosts,
        notify=rooms.notify,
        evaluator=rooms.evaluator,
        render_metrics=renderer(rooms.stores.log, rooms.stores.logs, rooms.registry, rooms.ledger, rooms.notify.watch),
        checks=checks_of(rooms.stores),
        describe_settings=settings_module.describe,
        dashboards=rooms.dashboards,
        alarms=Alarming(rooms.alarms, rooms.rehearsals, rooms.clock, rooms.settings.account_id, rooms.settings.region),
        anomalies=rooms.anomalies,
        detectors=rooms.detectors,
        config=_configuring(rooms),
        log_writing=log_writing,
        log_querying=Querying(
            rooms.log_insights.insights, rooms.clock, rooms.settings.account_id, rooms.settings.region
        ),
        wipe=partial(_wipe, rooms) if rooms.settings.allow_reset and not rooms.auth_required else None,
    )


def _configuring(rooms: Rooms) -> Configuring:
    """What files can declare, in the order in which it is applied."""
    alarms = rooms.alarms
    kinds: tuple[Kind, ...] = (
        DetectorSection(rooms.detectors.store),
        *alarm_sections(alarms),
        MuteRuleSection(alarms.mute_rules),
        DashboardSection(rooms.dashboards.store),
    )
    replays = ChangeReplays(rooms.rehearsals, rooms.clock)
    return Configuring(Configurations(kinds), rooms.settings.account_id, rooms.settings.region, replays)


def _run_reports(rooms: Rooms) -> RunReports:
    return RunReports(rooms.reader, rooms.registry, rooms.inventory, rooms.costs.reader, rooms.clock)


def _web_state(rooms: Rooms) -> web.WebState:
    own = rooms.settings
    return web.WebState(
        alarms=AlarmRooms(rooms.alarms, rooms.rehearsals, rooms.firing, own.account_id, own.region),
        reader=rooms.reader,
        registry=rooms.registry,
        evaluator=rooms.evaluator,
        sources=rooms.ledger,
        keys=rooms.keys,
        notify=rooms.notify,
        dashboards=rooms.dashboards,
        anomalies=rooms.anomalies,
        detectors=rooms.detectors.book,
        economics=rooms.economics,
        costs=rooms.costs,
        runs=_run_reports(rooms),
        logs=rooms.logs,
        settings=settings_module.describe(),
        clock=rooms.clock,
        version=__version__,
        region=rooms.settings.region,
        grafana_url=rooms.settings.grafana_url,
    )


async def _wipe(rooms: Rooms) -> None:
    """Empty every table and every memory of what was in them; for suites that run against a live server."""
    await asyncio.gather(rooms.stores.log.settled(_RESUME_S), rooms.stores.logs.settled(_RESUME_S))
    await asyncio.to_thread(rooms.stores.telemetry.truncate, list(TABLES))
    await asyncio.to_thread(rooms.stores.state.wipe)
    for forget in (rooms.ledger.clear, rooms.registry.clear, *rooms.forget):
        forget()


def jobs_of(rooms: Rooms) -> list[Job]:
    """What the server does by itself beside answering; the jobs process does the rest."""
    return [
        Job("save the ledger of sources", 10, rooms.ledger.flush, at_stop=True),
        Job("save when keys were used", 30, rooms.keys.flush, at_stop=True),
        Job("note when log streams were written", 2, rooms.logs.groups.flush, at_stop=True),
        Job("count notifications", REFRESH_S, rooms.notify.watch.refresh),
    ]
