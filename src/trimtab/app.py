"""What the server is made of: settings → stores → rooms → doors → jobs. The one place where the parts meet; read this
first. `server.py` runs it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from trimtab import __version__
from trimtab import settings as settings_module
from trimtab.access.scope import Scope
from trimtab.accounts import jobs as account_jobs
from trimtab.audit import jobs as audit_jobs
from trimtab.base.errors import Throttled
from trimtab.doors import login
from trimtab.doors.auditing.aws import AwsAuditor
from trimtab.doors.auditing.recorder import ChangeRecorder
from trimtab.doors.auditing.site import AuditedSite
from trimtab.doors.aws.gateway import is_aws_request
from trimtab.doors.aws.sns import links as sns_links
from trimtab.doors.config.kinds.alarms import alarm_sections
from trimtab.doors.config.kinds.anomaly_detectors import DetectorSection
from trimtab.doors.config.kinds.dashboards import DashboardSection
from trimtab.doors.config.kinds.mute_rules import MuteRuleSection
from trimtab.doors.config.model import Kind
from trimtab.doors.config.replays import ChangeReplays
from trimtab.doors.config.room import Configurations
from trimtab.doors.door_watch import Watched
from trimtab.doors.emf.log_tap import WORDS as EMF_WORDS
from trimtab.doors.emf.log_tap import EmfTap
from trimtab.doors.front import Front
from trimtab.doors.guard import Guard, is_open, policy_of
from trimtab.doors.log_metrics import LogMetrics, PatternMetrics
from trimtab.doors.log_writing import LogWriting
from trimtab.doors.mcp.http import McpDoor
from trimtab.doors.oidc import signin
from trimtab.doors.otlp import http as otlp
from trimtab.doors.otlp.intake import Intake
from trimtab.doors.otlp.logs import LogIntake
from trimtab.doors.otlp.traces import TraceIntake, TraceWriting
from trimtab.doors.prometheus import query as prometheus_query
from trimtab.doors.prometheus import remote_read, remote_write
from trimtab.doors.prometheus import rules as prometheus_rules
from trimtab.doors.prometheus.query import QueryNeeds
from trimtab.doors.rest import (
    analysis_files,
    call_ingest,
    cost_transfers,
    dataset_files,
    log_doors,
    log_ingest,
    price_list_files,
    profiles,
    report_files,
    snapshot_files,
    state_transfers,
    statement_files,
)
from trimtab.doors.rest import routes as rest
from trimtab.doors.rest.alarm_forms import Alarming
from trimtab.doors.rest.batch_jobs import BatchJobs
from trimtab.doors.rest.budgets import Budgeting
from trimtab.doors.rest.canaries import Canaries
from trimtab.doors.rest.cardinality import SeriesCosts
from trimtab.doors.rest.config import Configuring
from trimtab.doors.rest.cost_anomalies import Watching as CostWatching
from trimtab.doors.rest.errors import answer_bug, answer_throttled
from trimtab.doors.rest.event_rules import Triggering
from trimtab.doors.rest.forgetting import Forgets
from trimtab.doors.rest.load_tests import LoadTesting
from trimtab.doors.rest.log_queries import Querying
from trimtab.doors.rest.objectives import Objectives
from trimtab.doors.rest.serverless import ServerlessRooms
from trimtab.doors.rest.state_transfers import StateTransfers
from trimtab.doors.rest.trace_sampling import TailSampled
from trimtab.doors.rest.traces import Tracing
from trimtab.doors.roles import Roles
from trimtab.doors.syslog.door import SyslogDoor
from trimtab.doors.writing import Writing
from trimtab.doors.xray_udp import XRayDoor
from trimtab.fleet import jobs as fleet_jobs
from trimtab.forget.requests import ForgetRequests
from trimtab.forget.run import counted
from trimtab.gpu_faults.program_lines import WORDS as PROGRAM_WORDS
from trimtab.inventory.machines import REFRESH_S as MACHINES_S
from trimtab.jobs.lock import Lock
from trimtab.jobs.periodic import QUIET_S, Job
from trimtab.jobs.reports import EVERY_S as REPORTS_S
from trimtab.jobs.reports import check_ages
from trimtab.kpis import hosts
from trimtab.logs.filters.emission import Emission
from trimtab.logs.kernel_faults import WORDS as KERNEL_WORDS
from trimtab.logs.kernel_faults import KernelFaults
from trimtab.logs.patterns.counting import CountingParts, PatternCounting
from trimtab.logs.program_faults import ProgramFaults
from trimtab.logs.protection.audit import AuditFindings
from trimtab.logs.spotting import Spotting
from trimtab.metrics.activity import SAVE_S as SAVE_ACTIVITY_S
from trimtab.metrics.cardinality import CardinalityReader
from trimtab.metrics.drop_rules import REFRESH_S as REFRESH_RULES_S
from trimtab.metrics.gpu_places import GpuPlaces
from trimtab.metrics.registry import FOLLOW_S
from trimtab.notify.watch import REFRESH_S
from trimtab.progress.lines import STEMS
from trimtab.reports.exposed import REFRESH_S as EXPOSED_S
from trimtab.selfwatch import Running, SelfSeries, SelfWatch
from trimtab.stores import checks_of
from trimtab.web import app as web
from trimtab.web.alarms.desk import AlarmRooms
from trimtab.web.analyses.desk import Analysts
from trimtab.web.events.desk import EventRooms
from trimtab.web.state import CanaryRooms, ObjectiveRooms, SeriesRooms
from trimtab.wires import OtlpSignals, Wires
from trimtab.wiring.aws_gateway import gateway_of
from trimtab.wiring.bill_exports import bill_exports
from trimtab.wiring.forgetting import forgetting_job
from trimtab.wiring.live_costs import jobs_of as live_jobs
from trimtab.wiring.metric_streams import streams_rest
from trimtab.wiring.owner_asks import owner_asks
from trimtab.wiring.report_rooms import ReportRooms, log_pattern_anomalies
from trimtab.wiring.rooms import Rooms, wipe


def build_doors(rooms: Rooms, reports: ReportRooms) -> tuple[Watched, Wires, Job]:
    """The doors over the rooms: those of HTTP as one ASGI application, and the others; what keeps pages ready."""
    writing = Writing(
        ingest=rooms.ingest,
        registry=rooms.registry,
        ledger=rooms.ledger,
        clock=rooms.clock,
        account=rooms.settings.account_id,
        region=rooms.settings.region,
        inflight=rooms.inflight,
        forget=rooms.series_memory,
    )
    log_writing = LogWriting(rooms.logs, rooms.ledger, writing.account, writing.region, writing.inflight)
    spotting = Spotting()
    spotting.add(EMF_WORDS, EmfTap(writing))
    spotting.add(STEMS, rooms.progress.intake)
    emit = LogMetrics(rooms.ingest, rooms.registry)
    rooms.logs.ingest.taps.append(Emission(rooms.logs.filters, emit, rooms.clock))
    spotting.add(KERNEL_WORDS, KernelFaults(emit, GpuPlaces(rooms.registry)))
    spotting.add(PROGRAM_WORDS, ProgramFaults(emit))
    rooms.logs.ingest.taps.append(spotting)
    rooms.logs.ingest.taps.append(AuditFindings(emit, rooms.logs.groups, rooms.logs.ingest, rooms.clock))
    intake, log_intake = Intake(writing), LogIntake(log_writing)
    place = writing.account, writing.region
    trace_intake = TraceIntake(TraceWriting(rooms.traces, rooms.ledger, *place, writing.inflight))
    seen = _web_state(rooms, reports)
    pages = web.pages_of(seen)
    assistants = McpDoor(rooms.settings.public_url)
    sign_in = signin.of_settings(rooms.settings, rooms.access, rooms.clock, rooms.gate)
    routes: list[BaseRoute] = [
        *login.routes(rooms.access, rooms.clock, with_provider=sign_in is not None),
        *(signin.routes(sign_in) if sign_in else []),
        *sns_links.routes(rooms.notify.subscribing),
        *state_transfers.routes(_transfers(rooms)),
        *cost_transfers.routes(rooms.costs, rooms.clock, rooms.settings.disk_reserve_mb),
        *profiles.routes(rooms.profiles, rooms.settings.disk_reserve_mb),
        *statement_files.routes(rooms.economics),
        *price_list_files.routes(rooms.inventory.book),
        *report_files.routes(reports.reporting, reports.investigating),
        *snapshot_files.routes(reports.snapshots),
        *log_ingest.routes(log_writing),
        *call_ingest.routes(call_ingest.CallWriting(rooms.traces.ingest, writing)),
        *log_doors.routes(log_writing),
        *analysis_files.routes(reports.analysing),
        *dataset_files.routes(reports.datasets),
        *rest.routes(_rest_needs(rooms, log_writing, reports)),
        *otlp.routes(intake, log_intake, trace_intake),
        *remote_write.routes(writing),
        *prometheus_query.routes(QueryNeeds(rooms.promql, rooms.browser, rooms.clock, __version__)),
        *remote_read.routes(rooms.promql),
        *prometheus_rules.routes(rooms.alarms.listing),
        *assistants.routes(),
        *pages.routes,
    ]
    roles = Roles(routes, is_open)
    guard = Guard(policy_of(rooms.settings), rooms.keys, roles, rooms.access.refusals)
    handlers: Mapping[Any, Any] = {404: web.not_found(seen), Throttled: answer_throttled, Exception: answer_bug}
    site = Starlette(routes=routes, exception_handlers=handlers)
    changes = ChangeRecorder(rooms.audit.ingest, rooms.clock, rooms.settings.account_id, rooms.settings.region)
    gateway = gateway_of(rooms, reports, AwsAuditor(changes))
    audited = AuditedSite(site, changes, roles)
    rooms.connecting.attach(audited)
    front = Front(audited, guard, aws=gateway, is_aws=is_aws_request, inflight=writing.inflight)
    assistants.open(front)
    xray = XRayDoor(rooms.traces.documents, rooms.ledger, writing.account, writing.region)
    signals = OtlpSignals(intake, log_intake, trace_intake)
    watched = Watched(front, rooms.doors, rooms.access.refusals)
    return watched, Wires(rooms.settings, writing, signals, guard, SyslogDoor(log_writing), xray), pages.ready.job()


def _rest_needs(rooms: Rooms, log_writing: LogWriting, reports: ReportRooms) -> rest.Dependencies:
    async def read_hosts(scope: Scope, now_ms: int) -> list[hosts.HostSummary]:
        return await hosts.summaries(rooms.reader, rooms.registry, scope, now_ms)

    return rest.Dependencies(
        settings=rooms.settings,
        costs=rooms.costs,
        economics=rooms.economics,
        budgeting=Budgeting(rooms.budgets, rooms.settings.account_id),
        advice=rooms.advice,
        advice_plan=rooms.advice_plan,
        advice_backtest=rooms.advice_backtest,
        asks=owner_asks(rooms),
        rightsizing=rooms.rightsizing,
        purchases=rooms.advice_plan.purchases,
        streams=streams_rest(rooms.settings, rooms.stores.state, rooms.clock),
        slos=Objectives(rooms.slos, rooms.settings.account_id, rooms.settings.region),
        canary_checks=Canaries(rooms.canaries, rooms.gate.admit, rooms.settings.account_id, rooms.settings.region),
        plans=rooms.plans,
        engine=rooms.scaling.rest,
        gate=rooms.gate,
        transfers=_transfers(rooms),
        forgets=Forgets(
            ForgetRequests(rooms.stores.state, rooms.clock),
            partial(counted, rooms.stores.telemetry, rooms.stores.state),
        ),
        cost_watching=CostWatching(rooms.cost_anomalies, rooms.settings.account_id),
        live=rooms.live,
        units=rooms.units,
        tokens=rooms.tokens,
        reporting=reports.reporting,
        investigating=reports.investigating,
        analysing=reports.analysing,
        datasets=reports.datasets,
        batch=BatchJobs.of(rooms.batch, rooms.settings),
        load_testing=LoadTesting(rooms.inference),
        inventory=rooms.inventory,
        accounts=rooms.accounts,
        run_reports=rooms.run_reports,
        hangs=reports.hangs,
        profiles=rooms.profiles,
        progress=rooms.progress,
        hours=rooms.fleet.ledger,
        gpu_health=rooms.gpu_health,
        clock=rooms.clock,
        auth_required=rooms.auth_required,
        access=rooms.access,
        registry=rooms.registry,
        reader=rooms.reader,
        ingest=rooms.ingest,
        ledger=rooms.ledger,
        hosts=read_hosts,
        notify=rooms.notify,
        evaluator=rooms.evaluator,
        render_metrics=_self_watch(rooms).render,
        checks={**checks_of(rooms.stores, rooms.clock), "late jobs": partial(_check_ages, rooms)},
        describe_settings=settings_module.describe,
        dashboards=rooms.dashboards,
        alarms=Alarming(rooms.alarms, rooms.rehearsals, rooms.clock, rooms.settings.account_id, rooms.settings.region),
        anomalies=rooms.anomalies,
        detectors=rooms.detectors,
        config=_configuring(rooms),
        log_writing=log_writing,
        audit=rooms.audit,
        triggers=Triggering(rooms.triggers, rooms.delivering),
        series=SeriesCosts(CardinalityReader(rooms.registry, rooms.clock), rooms.drop_rules),
        tail_sampled=TailSampled(rooms.traces.preferences, rooms.settings.account_id, rooms.settings.region),
        tracing=Tracing(
            rooms.bottlenecks, rooms.traces.search, rooms.clock, rooms.settings.account_id, rooms.settings.region
        ),
        log_anomalies=log_pattern_anomalies(rooms),
        serverless=ServerlessRooms(rooms.serverless, rooms.clock, rooms.run_reports),
        log_querying=Querying(
            rooms.log_insights.insights, rooms.clock, rooms.settings.account_id, rooms.settings.region
        ),
        wipe=partial(wipe, rooms) if rooms.settings.allow_reset and not rooms.auth_required else None,
    )


def _transfers(rooms: Rooms) -> StateTransfers:
    own = rooms.settings
    return StateTransfers(rooms.stores.state, own.data_dir, rooms.clock, rooms.anew, own.disk_reserve_mb)


def _self_watch(rooms: Rooms) -> SelfWatch:
    """trimtab's own metrics."""
    running = Running(
        reports=lambda: [rooms.reporting.now(), *rooms.told.reports],
        processes=lambda: rooms.processes.facts,
        doors=rooms.doors.counts,
        late_ms=lambda: rooms.evaluation.late_ms,
        heartbeats=rooms.evaluation.heartbeats,
        refused=lambda: rooms.egress_audit.refused,
        closed=rooms.closed,
        inflight=rooms.inflight,
    )
    logs = rooms.stores.ingest_logs
    return SelfWatch(logs, rooms.registry, rooms.ledger, rooms.notify.watch, rooms.exposed, running)


def _own_series(rooms: Rooms) -> SelfSeries:
    place = rooms.settings.account_id, rooms.settings.region
    return SelfSeries(_self_watch(rooms), rooms.ingest, rooms.registry, rooms.clock, place)


async def _check_ages(rooms: Rooms) -> None:
    check_ages([rooms.reporting.now(), *rooms.told.reports])


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


def _web_state(rooms: Rooms, reports: ReportRooms) -> web.WebState:
    own = rooms.settings
    return web.WebState(
        events=EventRooms(rooms.triggers, rooms.delivering.dispatcher.reaches, rooms.actuators),
        gate=rooms.gate,
        evaluation=rooms.evaluation,
        objectives=ObjectiveRooms(rooms.slos, own.account_id, own.region),
        canaries=CanaryRooms(rooms.canaries, rooms.gate.admit, own.account_id, own.region),
        alarms=AlarmRooms(rooms.alarms, rooms.rehearsals, rooms.firing, own.account_id, own.region),
        reader=rooms.reader,
        registry=rooms.registry,
        series=SeriesRooms(CardinalityReader(rooms.registry, rooms.clock), rooms.drop_rules),
        evaluator=rooms.evaluator,
        sources=rooms.ledger,
        accounts=rooms.accounts,
        connector=rooms.connecting,
        keys=rooms.keys,
        access=rooms.access,
        notify=rooms.notify,
        dashboards=rooms.dashboards,
        anomalies=rooms.anomalies,
        detectors=rooms.detectors.book,
        economics=rooms.economics,
        live=rooms.live,
        units=rooms.units,
        tokens=rooms.tokens,
        budgets=rooms.budgets,
        rightsizing=rooms.rightsizing,
        cost_anomalies=rooms.cost_anomalies,
        advice=rooms.advice,
        asks=owner_asks(rooms),
        advice_plan=rooms.advice_plan,
        advice_backtest=rooms.advice_backtest,
        purchases=rooms.advice_plan.purchases,
        plans=rooms.plans,
        scaling=rooms.scaling.viewing,
        costs=rooms.costs,
        runs=rooms.run_reports,
        progress=rooms.progress,
        hangs=reports.hangs,
        gpu_health=rooms.gpu_health,
        written_reports=reports.reporting.room,
        analyses=Analysts(reports.analysing.room, reports.analysing.watching),
        datasets=reports.datasets,
        logs=rooms.logs,
        audit=rooms.audit,
        serverless=rooms.serverless,
        inference=rooms.inference,
        batch=rooms.batch,
        log_anomalies=log_pattern_anomalies(rooms),
        log_insights=rooms.log_insights,
        bottlenecks=rooms.bottlenecks,
        investigations=reports.investigating,
        settings=settings_module.describe(),
        clock=rooms.clock,
        version=__version__,
        region=rooms.settings.region,
        grafana_url=rooms.settings.grafana_url,
    )


def _pattern_counting(rooms: Rooms) -> PatternCounting:
    emit = PatternMetrics(rooms.ingest, rooms.registry)
    logs, store = rooms.logs, rooms.log_anomalies.store
    return PatternCounting(CountingParts(rooms.stores.telemetry, logs.groups, logs.reader, store, emit, rooms.clock))


def _following(rooms: Rooms) -> Job:
    """Of an engine that several servers may write to: the embedded one has a single server."""
    return Job("learn the series that other servers register", FOLLOW_S, rooms.registry.share)


def jobs_of(rooms: Rooms, reports: ReportRooms) -> list[Job]:
    """What the server does by itself beside answering; the jobs process does the rest."""
    return [
        Job("read the rules of what is not kept", REFRESH_RULES_S, rooms.drop_rules.refresh),
        Job("read whose machines are", MACHINES_S, rooms.machines.refresh),
        *([_following(rooms)] if rooms.settings.clickhouse_url else []),
        Job("save the ledger of sources", 10, rooms.ledger.flush, at_stop=True),
        Job("save when series last had points", SAVE_ACTIVITY_S, rooms.save_activity, at_stop=True),
        Job("save when keys were used", 30, rooms.keys.flush, at_stop=True),
        Job("note when log streams were written", 2, rooms.logs.groups.flush, at_stop=True),
        Job("write log events into other groups", 1, rooms.logs.forwarding.into_groups.turn),
        Job("count log patterns", 30, _pattern_counting(rooms).run),
        Job("count notifications", REFRESH_S, rooms.notify.watch.refresh),
        Job("read what others scrape of money", EXPOSED_S, rooms.exposed.refresh, after_s=QUIET_S),
        *fleet_jobs.jobs_of(rooms.fleet.keeper, rooms.clock, Lock(rooms.stores.state, rooms.clock, "fleet")),
        *audit_jobs.jobs_of(rooms.audit, Lock(rooms.stores.state, rooms.clock, "audit")),
        *account_jobs.jobs_of(rooms.accounts, Lock(rooms.stores.state, rooms.clock, "accounts")),
        *rooms.delivering.jobs,
        *rooms.budgets.jobs(),
        *rooms.scaling.jobs(),
        *bill_exports(rooms).jobs(),
        *rooms.inference.jobs(),
        *rooms.batch.jobs(),
        *rooms.progress.jobs(),
        rooms.token_sums.job(rooms.clock),
        *rooms.token_minutes.jobs(),
        *rooms.slo_minutes.jobs(),
        *rooms.canaries.jobs(),
        *rooms.advice.jobs(),
        *rooms.advice_plan.jobs(rooms.advice.lock),
        *owner_asks(rooms).jobs(),
        *rooms.cost_anomalies.jobs(),
        *reports.jobs(),
        *rooms.evaluation.jobs(rooms.settings.heartbeat_interval_s),
        rooms.egress_audit.job(),
        Job("go on with what pages connected", 5, rooms.connecting.take_up),
        Job("save who was refused", 5, rooms.access.refusals.save, at_stop=True),
        rooms.access_audit.job(),
        forgetting_job(rooms.stores.state, rooms.clock, rooms.anew),
        rooms.reporting.lag.job(),
        rooms.processes.job(),
        Job("read what the other processes tell", REPORTS_S, rooms.told.refresh),
        *([_own_series(rooms).job()] if rooms.settings.self_metrics else []),
        *live_jobs(rooms.live, Lock(rooms.stores.state, rooms.clock, "estimates")),
    ]
