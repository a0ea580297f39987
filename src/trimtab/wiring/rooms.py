"""The rooms over open stores: made in one order, known by one name each. The doors over them: `app.py`."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import Struct, field

from trimtab.access.keys import KeyStore
from trimtab.access.room import AccessRoom
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.accounts.metric_reading import MetricStore
from trimtab.accounts.room import AccountsRoom
from trimtab.actions.registry import Actuators
from trimtab.advice.backtest.room import BacktestRoom
from trimtab.advice.plan.room import PlanRoom as AdvicePlanRoom
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.room import AdviceRoom
from trimtab.alarms.firing import FiringAlarms
from trimtab.alarms.rehearsals import Rehearsals
from trimtab.alarms.replay.home import Rooms as ReplayRooms
from trimtab.alarms.replay.promql import PromQLRanges
from trimtab.alarms.room import AlarmRoom
from trimtab.anomalies.room import AnomalyRoom
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.base.errors import Unavailable
from trimtab.base.records import replace
from trimtab.batch.room import BatchRoom
from trimtab.bottlenecks.room import BottlenecksRoom
from trimtab.budgets.room import BudgetsRoom
from trimtab.budgets.room import Means as BudgetMeans
from trimtab.canaries.room import CanaryRoom
from trimtab.cloud.s3_folders import S3Folders
from trimtab.connections import Counts
from trimtab.costs.anomalies.room import CostAnomalies
from trimtab.costs.room import CostsRoom
from trimtab.detectors.room import DetectorRoom
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms
from trimtab.doors.aws.gateway import is_aws_request
from trimtab.doors.door_watch import DoorWatch
from trimtab.doors.inflight import InFlight
from trimtab.economics.around import Surroundings
from trimtab.economics.estimate.live import LiveEstimates
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.shared.machines import FleetMachines
from trimtab.economics.tokens.calls import SpanCalls
from trimtab.economics.tokens.hours import KeptSums
from trimtab.economics.tokens.minutes import TokenMinutes
from trimtab.economics.tokens.room import TokensRoom
from trimtab.economics.unit.room import UnitCosts
from trimtab.economics.use import OwnersUse
from trimtab.egress.gate import Gate
from trimtab.fleet.health.room import HealthReader
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.room import FleetRoom
from trimtab.genai.prices.book import books_of
from trimtab.inference.room import InferenceRoom
from trimtab.inventory.drop_rules import DropRuleStore
from trimtab.inventory.machines import MachineOwners
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.sources import SourceLedger
from trimtab.jobs.anew import Anew
from trimtab.jobs.lock import Lock
from trimtab.jobs.processes import Processes
from trimtab.jobs.reports import Reporting, Told
from trimtab.kpis import throttles
from trimtab.kpis import use as kpi_use
from trimtab.kpis.runs.reader import RunReports
from trimtab.listen import check_exposure
from trimtab.logs.insights.room import InsightsRoom
from trimtab.logs.patterns.room import LogAnomalyRoom
from trimtab.logs.room import LogsRoom
from trimtab.logs.serverless.read import ServerlessReader
from trimtab.metrics.activity import ActivityFile
from trimtab.metrics.admission import SeriesLimits
from trimtab.metrics.bands.source import TrainedBands
from trimtab.metrics.drop_rules import DropRulesRoom
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.expressions.evaluate import check as check_queries
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.promql.browse import Browser
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.pushdown.stored import EnginePushdown
from trimtab.metrics.promql.stored import StoredSource
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.rollups.tiers import Retention
from trimtab.notify.mailing import mail_channels
from trimtab.notify.room import NotifyRoom
from trimtab.profiles.room import ProfilesRoom
from trimtab.progress.room import ProgressRoom
from trimtab.reports.dashboards.alarm_source import AlarmSource
from trimtab.reports.dashboards.data import WidgetReader
from trimtab.reports.dashboards.prom_source import PromQLSource
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.dashboards.shares import ShareStore
from trimtab.reports.dashboards.store import DashboardStore
from trimtab.reports.exposed import Exposed
from trimtab.settings import Settings
from trimtab.slos.minutes import SloMinutes
from trimtab.slos.room import SloRoom
from trimtab.store.telemetry.schema import TABLES
from trimtab.stores import Stores
from trimtab.traces.requests import RequestReader
from trimtab.traces.room import TracesRoom
from trimtab.triggers.delivering import Delivering
from trimtab.triggers.room import TriggersRoom
from trimtab.triggers.sources.audit import AuditSource
from trimtab.wiring import capacity_plans
from trimtab.wiring.access_audit import AccessAudit
from trimtab.wiring.advice_rooms import advice_of, backtest_of, plan_of, rightsizing_room_of
from trimtab.wiring.call_events import keep_call_events
from trimtab.wiring.canaries import canaries_of
from trimtab.wiring.connecting import Connecting
from trimtab.wiring.deliveries import announcer, delivering_of
from trimtab.wiring.egress_audit import EgressAudit
from trimtab.wiring.endpoint_scaling import inference_of
from trimtab.wiring.evaluation_watch import EvaluationWatch
from trimtab.wiring.insight_rules import RuleMetrics
from trimtab.wiring.live_costs import (
    BudgetedLive,
    EstimatedDays,
    Telling,
    announced,
    cost_anomalies_of,
    fleet_of,
    live_of,
    units_of,
)
from trimtab.wiring.live_scaling import LiveScaling, Wiring, live_scaling
from trimtab.wiring.run_reports import run_reports

_RESUME_S = 30.0  # how long a start waits for what a crash left in the log before it reads the series


class Rooms(Struct, frozen=True):
    """The rooms and what they stand on."""

    settings: Settings
    clock: Clock
    stores: Stores
    registry: SeriesRegistry
    reader: MetricReader
    ingest: MetricIngest
    ledger: SourceLedger
    access: AccessRoom
    notify: NotifyRoom
    auth_required: bool
    evaluator: Evaluator
    dashboards: DashboardRoom
    alarms: AlarmRoom
    rehearsals: Rehearsals
    firing: FiringAlarms
    costs: CostsRoom
    economics: EconomicsRoom
    live: LiveEstimates
    fleet: FleetRoom
    gpu_health: HealthReader
    run_reports: RunReports
    exposed: Exposed
    units: UnitCosts
    tokens: TokensRoom
    token_sums: KeptSums
    token_minutes: TokenMinutes
    slos: SloRoom
    canaries: CanaryRoom
    slo_minutes: SloMinutes
    budgets: BudgetsRoom
    advice: AdviceRoom
    advice_plan: AdvicePlanRoom
    advice_backtest: BacktestRoom
    plans: capacity_plans.PlansRoom
    rightsizing: RightsizingRoom
    inference: InferenceRoom
    batch: BatchRoom
    cost_anomalies: CostAnomalies
    detectors: DetectorRoom
    anomalies: AnomalyRoom
    promql: PromQL
    browser: Browser
    inventory: InventoryRoom
    machines: MachineOwners
    accounts: AccountsRoom
    connecting: Connecting
    logs: LogsRoom
    traces: TracesRoom
    profiles: ProfilesRoom
    bottlenecks: BottlenecksRoom
    log_insights: InsightsRoom
    serverless: ServerlessReader
    log_anomalies: LogAnomalyRoom
    progress: ProgressRoom
    audit: AuditRoom
    actuators: Actuators
    scaling: LiveScaling
    triggers: TriggersRoom
    delivering: Delivering
    gate: Gate
    evaluation: EvaluationWatch
    reporting: Reporting
    told: Told
    processes: Processes
    doors: DoorWatch
    closed: Counts
    inflight: InFlight
    egress_audit: EgressAudit
    access_audit: AccessAudit
    drop_rules: DropRulesRoom
    activity: ActivityFile
    series_memory: list[Callable[[], None]]
    """Empties what the doors remember of series: when all is wiped, and when other rules say what is kept."""
    forget: list[Callable[[], None]] = field(default_factory=list)
    """Empties what is remembered of what was stored: called when everything is wiped."""
    anew: Anew = field(default_factory=Anew)

    async def save_activity(self) -> None:
        """Keep for the next start when series last had points. Raises Unavailable."""
        try:
            await asyncio.to_thread(self.activity.write, self.registry.activity())
        except OSError as problem:
            raise Unavailable(f"cannot write when series last had points: {problem}") from None

    @property
    def keys(self) -> KeyStore:
        """What verifies credentials."""
        return self.access.keys


async def build_rooms(settings: Settings, stores: Stores, clock: Clock) -> Rooms:
    """Make the rooms over open stores."""
    await stores.settled(_RESUME_S)
    registry = SeriesRegistry(stores.telemetry, clock, SeriesLimits.of(settings))
    activity = ActivityFile(settings.data_dir / "series_seen")
    await registry.load(await asyncio.to_thread(activity.read))
    series_memory: list[Callable[[], None]] = []
    drop_rules = DropRulesRoom(DropRuleStore(stores.state, clock), registry.rules, series_memory)
    await drop_rules.refresh()
    gc.freeze()  # a large index never becomes garbage: later collections need not look at it again
    rollups = RollupChoice(stores.telemetry, clock, Retention.of(settings))
    reader = MetricReader(stores.telemetry, registry, stores.log, rollups)
    detectors = DetectorRoom.of(stores.state, clock)
    bands = TrainedBands(reader, registry, detectors.book, clock)
    rules = RuleMetrics.of(stores.telemetry, stores.state, stores.logs, clock)
    evaluator = Evaluator(reader, registry, clock, bands, rules=rules)
    catalogue = Catalogue(registry)
    alarms = AlarmRoom.of(stores.state, clock)
    promql = PromQL(StoredSource(stores.telemetry, catalogue), pushdown=EnginePushdown(stores.telemetry, catalogue))
    drawn = PromQLSource(promql), AlarmSource(alarms.store)
    inventory, machines = InventoryRoom.of(stores.state, clock), MachineOwners(stores.state)
    bills = (await _costs(settings, stores, clock)).knowing(partial(announced, inventory.rates))
    estimated = EstimatedDays(bills)
    fleet = fleet_of(stores, bills, (reader, registry, inventory), estimated, clock)
    economics = _economics(
        stores, bills, inventory, fleet.ledger, partial(kpi_use.use, reader, registry, ledger=fleet.ledger), clock
    )
    costs = bills.over(economics.bills)
    generation = CostExplorerRooms.of(bills, clock, rules=economics.rules).generation
    telling = Telling(reader, registry, inventory, generation)
    live = live_of(stores, bills.reader, economics, telling, clock)
    gate = Gate.of(settings, stores.state, clock)
    logs = LogsRoom.of(stores.telemetry, stores.state, stores.logs, clock, gate)
    traces = TracesRoom.of(stores.telemetry, stores.state, stores.traces, clock, settings.max_spans_per_trace)
    logs.ingest.keepers.append(keep_call_events(traces.ingest))
    estimated.live = live
    spoken = SpanCalls(traces.reader)
    books = books_of(settings.api_prices)
    units = replace(units_of(fleet, telling, traces.reader, spoken, clock), books=lambda: books)
    insights = InsightsRoom.of(stores.telemetry, stores.state, logs.reader, logs.groups, clock)
    past = ReplayRooms(
        reader, registry, bands, alarms.store.named, Retention.of(settings), clock, PromQLRanges(promql),
        insights.insights,
    )  # fmt: skip
    access = AccessRoom.of(stores.state, clock, machines.of)
    progress = ProgressRoom.of(stores.state, inventory.runs, reader, registry, clock)
    actuators, triggers = Actuators(stores.state, clock), TriggersRoom.of(settings, stores.state, clock)
    notify = NotifyRoom.of(settings, stores.state, clock)
    audit = _audit(settings, stores, clock)
    audit.ingest.taps.append(AuditSource(triggers.intake).told)
    ingest = MetricIngest(stores.log, registry)
    refused = partial(throttles.read, reader, registry)
    acting = Wiring(evaluator, alarms, audit, actuators, ingest, registry, gate)
    scaling = live_scaling(settings, stores.state, clock, acting)
    serverless = ServerlessReader(stores.telemetry, logs.groups, logs.reader, refused)
    asked = capacity_plans.Telling(inventory, reader, registry, evaluator)
    gpu_health = HealthReader(reader, registry, fleet.ledger, inventory.runs, clock, progress.milestones)
    facts = inventory, reader, registry, costs
    profiles = ProfilesRoom.of(stores.state, settings.data_dir, clock)
    runs = run_reports(reader, registry, inventory, progress, profiles.store, gpu_health)
    token_sums = KeptSums(spoken, traces.reader.hour_marks, lambda: books)
    tokens = TokensRoom(spoken, token_sums, units, costs.reader, lambda: books)
    advice = advice_of(stores, clock, facts, audit, alarms, economics, (fleet.ledger, gpu_health), runs, tokens)
    sizes = rightsizing_room_of(settings, stores, clock, (inventory, reader, registry, costs), serverless, advice)
    plan = plan_of(stores, clock, costs, advice, inventory)
    inference = inference_of(settings, stores.state, clock, scaling.room)
    slos = SloRoom.of(stores.state, clock, evaluator, RequestReader(stores.telemetry))
    announce = announcer(triggers.intake, clock)
    batch = BatchRoom.of(stores.state, clock, (ingest, registry), settings, S3Folders(), gate, logs, announce)
    return Rooms(
        settings=settings,
        clock=clock,
        stores=stores,
        registry=registry,
        reader=reader,
        ingest=ingest,
        ledger=SourceLedger(stores.state, clock),
        access=access,
        machines=machines,
        notify=notify,
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
        costs=costs,
        economics=economics,
        live=live,
        fleet=fleet,
        gpu_health=gpu_health,
        run_reports=runs,
        exposed=Exposed(live, fleet.ledger, clock),
        units=units,
        tokens=tokens,
        token_sums=token_sums,
        token_minutes=TokenMinutes(spoken, lambda: books, ingest, registry, clock, Lock(stores.state, clock, "tokens")),
        slos=slos,
        slo_minutes=SloMinutes(slos, ingest, registry, Lock(stores.state, clock, "objectives")),
        budgets=_budgets(settings, stores, clock, costs, BudgetedLive(live, units), notify, actuators),
        inference=inference,
        canaries=canaries_of(stores.state, clock, gate, (ingest, registry), inference.invoker),
        batch=batch,
        advice=advice,
        rightsizing=sizes,
        advice_plan=plan,
        advice_backtest=backtest_of(advice, plan, sizes),
        plans=capacity_plans.plans_of(stores.state, clock, settings.region, asked),
        alarms=alarms,
        rehearsals=Rehearsals(alarms, past, clock),
        cost_anomalies=cost_anomalies_of(
            settings, stores, clock, costs, generation, notify, Surroundings(audit.reader, inventory.runs)
        ),
        firing=FiringAlarms(stores.state),
        detectors=detectors,
        anomalies=AnomalyRoom.of(stores.telemetry, stores.state, registry, reader, clock),
        promql=promql,
        browser=Browser(registry, catalogue),
        inventory=inventory,
        accounts=AccountsRoom.of(stores.state, clock, inventory, MetricStore(ingest, registry), audit.ingest, gate),
        connecting=Connecting(gate, clock, settings.data_dir, commands_allowed=settings.connect_commands),
        logs=logs,
        traces=traces,
        profiles=profiles,
        bottlenecks=BottlenecksRoom.of(traces.reader, reader, registry, logs, clock),
        log_insights=insights,
        log_anomalies=LogAnomalyRoom.of(stores.state, clock),
        progress=progress,
        serverless=serverless,
        audit=audit,
        actuators=actuators,
        scaling=scaling,
        triggers=triggers,
        delivering=delivering_of(settings, stores, clock, triggers, logs, notify, actuators, batch.pipelines),
        drop_rules=drop_rules,
        series_memory=series_memory,
        gate=gate,
        evaluation=EvaluationWatch.of(settings, stores.state, gate, clock),
        reporting=Reporting.of("server", clock),
        told=Told(stores.state, clock),
        processes=Processes(),
        doors=DoorWatch(clock, is_aws_request),
        closed=Counts(),
        inflight=InFlight(settings.inflight_mb << 20),
        egress_audit=EgressAudit.of(settings, gate, audit, clock),
        access_audit=AccessAudit.of(settings, access, audit, clock),
        activity=activity,
        forget=[
            activity.forget,
            drop_rules.forget_all,
            gate.entries.forget,
            traces.forget,
            insights.running.forget,
            logs.forget,
            audit.lake.forget,
            bands.forget,
            detectors.book.forget,
            economics.forget,
            spoken.forget,
            token_sums.forget,
            live.forget,
            fleet.forget,
            progress.intake.forget,
            triggers.book.forget,
        ],
    )


def _audit(settings: Settings, stores: Stores, clock: Clock) -> AuditRoom:
    """Who did what: CloudTrail records of others, and of every change made here."""
    own = settings.data_dir / "audit", settings.account_id, settings.region
    places = settings.audit_delivery, settings.audit_watch
    alone = not settings.clickhouse_url
    return AuditRoom.of(stores.telemetry, stores.state, stores.audit, clock, *own, *places, alone=alone)


async def _costs(settings: Settings, stores: Stores, clock: Clock) -> CostsRoom:
    """The bills, after whatever a crash left of an import is completed or undone."""
    embedded = not settings.clickhouse_url
    place, shown = settings.data_dir, settings.presentation_currency
    room = CostsRoom.of(stores.telemetry, stores.state, clock, place, embedded=embedded, presentation_currency=shown)
    await asyncio.to_thread(room.importer.recover)
    return room


def _economics(
    stores: Stores,
    bills: CostsRoom,
    inventory: InventoryRoom,
    hours: HoursReader,
    used: Callable[[Scope, str, str, int, int], Awaitable[dict[str, float]]],
    clock: Clock,
) -> EconomicsRoom:
    """Whose the bill is, with what measures use: the ledger of the fleet, and metrics."""
    machines = FleetMachines(hours, inventory.runs)
    use = OwnersUse(machines, partial(used, EVERYTHING))
    return EconomicsRoom.of(stores.telemetry, stores.state, bills.ledger, clock, use, machines)


def _budgets(
    settings: Settings,
    stores: Stores,
    clock: Clock,
    costs: CostsRoom,
    live: BudgetedLive,
    notify: NotifyRoom,
    actuators: Actuators,
) -> BudgetsRoom:
    """Limits on the bill as Cost Explorer reads it, with the filters that it takes, and on what is not billed yet."""
    mail = mail_channels(notify.channels, settings.region)
    means = BudgetMeans(costs, live.live.sources.generation, actuators, mail, read_filter, live)
    return BudgetsRoom.of(stores.state, clock, means)


async def wipe(rooms: Rooms) -> None:
    """Empty every table and every memory of what was in them; for suites that run against a live server."""
    await rooms.stores.settled(_RESUME_S)
    await asyncio.to_thread(rooms.stores.telemetry.truncate, list(TABLES))
    await asyncio.to_thread(rooms.stores.state.wipe)
    for forget in (rooms.ledger.clear, rooms.registry.clear, *rooms.forget):
        forget()
