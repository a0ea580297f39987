"""The jobs process: what trimtab does by itself, apart from the requests that it answers.

Run as `python -m trimtab.child trimtab.worker` by the supervisor, beside the server. It opens the state and the
telemetry engine (not the log of acknowledged batches, which the server owns) and ends on SIGTERM or when its standard
input closes.
Where several servers share their state, one of their jobs processes works and the others wait for its lock.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable

from msgspec import Struct

from trimtab import settings as settings_module
from trimtab.alarms.evaluator import AlarmEvaluator, EvaluatorParts
from trimtab.alarms.vectors import Vectors
from trimtab.anomalies.progress import ProgressStore
from trimtab.anomalies.retention import AnomalyRetention
from trimtab.anomalies.watch import AnomalyWatch, WatchParts
from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import TrimtabError
from trimtab.detectors.room import DetectorRoom
from trimtab.egress.gate import Gate
from trimtab.events.outbox import BATCH, Outbox
from trimtab.inventory.runs.forget import Forgetting
from trimtab.jobs.clock_steps import ClockSteps
from trimtab.jobs.compiling import Rehearsal
from trimtab.jobs.ending import leave
from trimtab.jobs.heartbeat import heartbeat
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.memory import MemoryWatch
from trimtab.jobs.periodic import Job, run_jobs
from trimtab.jobs.reports import EVERY_S, Reporting
from trimtab.logs.groups import LogGroups
from trimtab.logs.insights.run import LogInsights
from trimtab.logs.job import LogDuties
from trimtab.logs.read import LogReader
from trimtab.logs.retention import LogRetention
from trimtab.metrics.bands.job import DetectorTraining
from trimtab.metrics.bands.source import TrainedBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.following import Follower
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.pushdown.stored import EnginePushdown
from trimtab.metrics.promql.stored import StoredSource
from trimtab.metrics.read import MetricReader, NoDrain
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.build import RollupBuilder
from trimtab.metrics.rollups.choice import RollupChoice
from trimtab.metrics.rollups.retention import RetentionJob
from trimtab.metrics.rollups.tiers import Retention
from trimtab.notify.job import Notifying
from trimtab.notify.transport.http import HttpTransport
from trimtab.scaling.jit import STAMP as scaling_stamp
from trimtab.settings import Settings
from trimtab.slos.room import SloRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.arrow import leave_pandas_out
from trimtab.store.telemetry.client import Telemetry
from trimtab.stores import JOBS, open_telemetry
from trimtab.timeseries.anomaly.alerts import threshold_for
from trimtab.timeseries.anomaly.jit import STAMP as anomaly_stamp
from trimtab.traces.duties import trace_duties
from trimtab.traces.requests import RequestReader
from trimtab.triggers import sourcing
from trimtab.triggers.arns import Place
from trimtab.triggers.sources.buckets import list_prefix
from trimtab.wiring.insight_rules import RuleMetrics
from trimtab.wiring.metric_streams import streaming

logger = logging.getLogger(__name__)

_ROLL_S = 60.0
_RETENTION_S = 3600.0
_DELIVER_S = 2.0
_TRAIN_S = 30.0
_WATCH_S = 30.0
_EVALUATE_S = 1.0  # asks whether an evaluation is due; most often none is
_COMPILED_AFTER_S, _FOREVER_S = 120.0, 86_400.0  # after what people look at first; once


class Leading:
    """Runs blocking work one at a time, and only while this process holds the lock."""

    def __init__(self, lock: Lock, stop: asyncio.Event) -> None:
        self._lock = lock
        self._stop = stop
        self._alone = asyncio.Lock()

    def may_write(self) -> bool:
        """Whether work may begin its next step."""
        return self._lock.held and not self._stop.is_set()

    async def run(self, work: Callable[[], object]) -> None:
        """Run `work` in a thread, after what runs already; not at all without the lock."""
        async with self._alone:
            if self.may_write():
                await asyncio.to_thread(work)


class Metrics(Struct, frozen=True):
    """The metrics room of this process: a registry that follows what the server registers, a reader without a log."""

    registry: SeriesRegistry
    reader: MetricReader
    detectors: DetectorRoom
    bands: TrainedBands
    evaluator: Evaluator
    promql: PromQL

    @classmethod
    def of(cls, settings: Settings, state: State, telemetry: Telemetry, clock: Clock) -> "Metrics":
        """The room over open stores."""
        registry = SeriesRegistry(telemetry, clock)
        reader = MetricReader(telemetry, registry, NoDrain(), RollupChoice(telemetry, clock, Retention.of(settings)))
        detectors = DetectorRoom.of(state, clock)
        bands = TrainedBands(reader, registry, detectors.book, clock)
        catalogue = Catalogue(registry)
        promql = PromQL(StoredSource(telemetry, catalogue), pushdown=EnginePushdown(telemetry, catalogue))
        rules = RuleMetrics.of(telemetry, state, NoDrain(), clock)
        evaluator = Evaluator(reader, registry, clock, bands, rules=rules)
        return cls(registry, reader, detectors, bands, evaluator, promql)


def alarms_of(state: State, telemetry: Telemetry, metrics: Metrics, clock: Clock, leading: Leading) -> AlarmEvaluator:
    """The evaluator of alarms."""
    groups = LogGroups(state, clock)
    logs = LogInsights(telemetry, LogReader(telemetry, groups, NoDrain(), clock), groups, clock)
    slos = SloRoom.of(state, clock, metrics.evaluator, RequestReader(telemetry))
    asks = metrics.reader, Follower(metrics.registry), metrics.evaluator, Vectors(metrics.promql), logs, slos
    return AlarmEvaluator(EvaluatorParts(state, clock, *asks, may_write=leading.may_write))


def detection_of(metrics: Metrics, clock: Clock, leading: Leading) -> list[Job]:
    """The jobs of anomaly detection."""
    training = DetectorTraining(metrics.detectors.store, metrics.bands, clock, leading.may_write)
    return [Job("train anomaly detectors", _TRAIN_S, training.run)]


def watching_of(
    settings: Settings, state: State, telemetry: Telemetry, metrics: Metrics, clock: Clock, leading: Leading
) -> list[Job]:
    """The jobs of the always-on detector, which keeps its memory of every series in the data directory."""
    parts = WatchParts(
        registry=metrics.registry,
        reader=metrics.reader,
        store=telemetry,
        progress=ProgressStore(state),
        clock=clock,
        directory=settings.data_dir / "anomalies",
        limit=settings.anomaly_series,
        may_write=leading.may_write,
        compiled=Rehearsal("anomaly scores", anomaly_stamp, settings.data_dir, "trimtab.anomalies.rehearsal").once,
        threshold=threshold_for(settings.anomaly_false_alarms / 1000.0),
    )
    retention = AnomalyRetention(telemetry, clock, settings.retention_anomalies_days, leading.may_write)
    watch = [Job("look for anomalies", _WATCH_S, AnomalyWatch(parts).run)] if settings.anomaly_series else []
    return [*watch, Job("drop anomalies past their retention", _RETENTION_S, lambda: leading.run(retention.drop))]


def jobs_of(settings: Settings, telemetry: Telemetry, outbox: Outbox, clock: Clock, leading: Leading) -> list[Job]:
    """Every job of this process but the lock's."""
    kept = Retention.of(settings)
    builder = RollupBuilder(telemetry, clock, kept, leading.may_write)
    retention = RetentionJob(telemetry, clock, kept, leading.may_write)

    async def deliver() -> None:
        while leading.may_write() and await outbox.deliver() >= BATCH:  # a storm is not told at 50 events a second
            continue

    return [
        Job("roll up closed hours", _ROLL_S, lambda: leading.run(builder.roll)),
        Job("drop what is past its retention", _RETENTION_S, lambda: leading.run(retention.drop)),
        Job("deliver events", _DELIVER_S, deliver),
    ]


def _compiling(settings: Settings) -> Job:
    """Has what simulations run compiled before somebody waits for it: the first of an installation took 14 s."""
    rehearsal = Rehearsal("simulations", scaling_stamp, settings.data_dir, "trimtab.scaling.rehearsal")
    return Job("compile simulations", _FOREVER_S, rehearsal.once, after_s=_COMPILED_AFTER_S)


async def work(settings: Settings) -> None:
    """Run the jobs until SIGTERM or the end of standard input."""
    clock = SystemClock()
    state = await asyncio.to_thread(State.open, settings.state_url, settings.data_dir, settings.state_key_file)
    telemetry = open_telemetry(settings)
    lock = Lock(state, clock, JOBS)
    stop, goes_on = asyncio.Event(), False
    _stop_on_signal_or_eof(asyncio.get_running_loop(), stop)
    try:
        await lock.renew()
        outbox, leading = Outbox(state), Leading(lock, stop)
        notifying = await Notifying.begin(settings, state, outbox, clock, leading.may_write)
        metrics = Metrics.of(settings, state, telemetry, clock)
        alarms = alarms_of(state, telemetry, metrics, clock, leading)
        forgetting = Forgetting(state, clock, settings.retention_runs_days, leading.may_write)
        logs = LogRetention(telemetry, state, clock, leading.may_write)
        http = HttpTransport(Gate.of(settings, state, clock))
        duties = LogDuties(telemetry, state, clock, http, NoDrain(), settings.data_dir, leading.may_write)
        jobs = [
            *jobs_of(settings, telemetry, outbox, clock, leading),
            Job("evaluate alarms", _EVALUATE_S, alarms.run),
            streaming(settings, state, (Follower(metrics.registry), metrics.reader), clock, leading.may_write),
            *detection_of(metrics, clock, leading),
            *watching_of(settings, state, telemetry, metrics, clock, leading),
            Job("drop log events past their retention", _RETENTION_S, logs.drop),
            *trace_duties(telemetry, state, clock, NoDrain(), settings.retention_traces_days, leading.may_write),
            *duties.jobs(),
            *notifying.jobs,
            *await sourcing.begin(
                state,
                clock,
                outbox,
                metrics.evaluator,
                list_prefix,
                Place(settings.account_id, settings.region),
                leading.may_write,
            ),
            Job("forget old runs", _RETENTION_S, forgetting.drop),
            _compiling(settings),
        ]
        reporting = Reporting.of("jobs", clock)

        async def report() -> None:
            if leading.may_write():  # of several jobs processes the one that works tells
                await reporting.write(state)

        own = [
            heartbeat(),
            MemoryWatch(settings.server_memory_mb).job(),  # here it only gives back what is free, and warns
            ClockSteps(state, clock, leading.may_write).job(),
            Job("hold the lock of the jobs", LEASE_MS / 3000, lock.renew),
            reporting.lag.job(),
            Job("tell how the jobs do", EVERY_S, report),
        ]
        left = await run_jobs([*own, *jobs], stop, reporting.book)
        goes_on = bool(left and settings.clickhouse_url)  # a query that another's jobs must not meet
        notifying.sender.close()
    finally:
        if not goes_on:
            with contextlib.suppress(TrimtabError):  # it runs out by itself
                await lock.release()
        telemetry.close()
        state.close()


async def _work_and_leave(settings: Settings) -> None:
    await work(settings)
    leave()


def _stop_on_signal_or_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    def wait_for_parent() -> None:
        while os.read(0, 4096):  # not sys.stdin: its lock, held here, would fail the interpreter's own end
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(stop.set)

    loop.add_signal_handler(signal.SIGTERM, stop.set)
    threading.Thread(target=wait_for_parent, daemon=True).start()


def main() -> int:
    """Entry point of the jobs process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor ends us in order
    leave_pandas_out()
    try:
        settings = settings_module.load()
        logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("alembic").setLevel(logging.WARNING)
        asyncio.run(_work_and_leave(settings))
    except TrimtabError as problem:
        print(problem, file=sys.stderr, flush=True)  # noqa: T201 - the supervisor shows it
        return 1
    return 0
