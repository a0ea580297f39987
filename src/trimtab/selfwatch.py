"""trimtab watching itself: the `trimtab_*` metrics of GET /metrics, collected when they are asked for."""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from trimtab import __version__
from trimtab.base.clock import Clock
from trimtab.base.tags import make_tags
from trimtab.connections import Counts
from trimtab.doors.door_watch import BUCKETS_S, DoorCounts
from trimtab.doors.inflight import DOORS, InFlight
from trimtab.inventory.sources import SourceLedger
from trimtab.jobs.periodic import Job
from trimtab.jobs.processes import ProcessFacts
from trimtab.jobs.reports import ProcessReport
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SAMPLE_ROW, SELF, Identity, MetricBatch
from trimtab.metrics.model import Kind as SeriesKind
from trimtab.metrics.registry import SeriesRegistry
from trimtab.notify.watch import Watch
from trimtab.reports.exposed import Exposed
from trimtab.store.telemetry.damage import Kind
from trimtab.store.telemetry.log import IngestLog

STORE_S = 60.0
_NOT_STORED = frozenset({"trimtab_build_info", "trimtab_cost_dollars", "trimtab_gpus"})
_DAMAGE = {
    Kind.HEALED: "a flipped bit in a file of the log was put right",
    Kind.LOST: "a file of the log is damaged: `trimtab log verify` says where",
    Kind.UNFINISHED: "the end of the log was cut off: a write during a crash, or damage",
}


class Running(Struct, frozen=True):
    """How the processes do: what they tell of their jobs, what the system says of them, the HTTP doors, the evaluation
    of alarms (how late in ms, and heartbeats by what became of them), refused connections out, connections in that were
    closed early, and bodies of requests under way."""

    reports: Callable[[], Sequence[ProcessReport]]
    processes: Callable[[], Sequence[ProcessFacts]]
    doors: Mapping[str, DoorCounts]
    late_ms: Callable[[], int | None]
    heartbeats: Mapping[str, int]
    refused: Callable[[], int]
    closed: Counts
    inflight: InFlight


class _Trimtab(Collector):
    def __init__(
        self,
        ingest_logs: Sequence[IngestLog],
        registry: SeriesRegistry,
        ledger: SourceLedger,
        notify: Watch,
        exposed: Exposed | None,
        running: Running,
    ) -> None:
        self._running = running
        self._ingest_logs = ingest_logs
        self._log, self._logs, self._traces = ingest_logs[:3]
        self._registry = registry
        self._ledger = ledger
        self._notify = notify
        self._exposed = exposed

    def collect(self) -> Iterator[Metric]:
        drain, events, spans = self._log.drain, self._logs.drain, self._traces.drain
        build = GaugeMetricFamily("trimtab_build_info", "The version that runs.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield GaugeMetricFamily(
            "trimtab_log_pending_bytes", "Acknowledged bytes not in the engine yet.", value=self._log.pending_bytes
        )
        yield CounterMetricFamily(
            "trimtab_log_quarantined_blocks", "Blocks that the engine refused, set aside.", drain.quarantined
        )
        yield GaugeMetricFamily(
            "trimtab_logs_pending_bytes", "The same of log events, which have a log of their own.", events.pending_bytes
        )
        yield CounterMetricFamily(
            "trimtab_logs_quarantined_blocks", "Blocks of log events that the engine refused.", events.quarantined
        )
        yield GaugeMetricFamily("trimtab_traces_pending_bytes", "The same of spans.", spans.pending_bytes)
        yield CounterMetricFamily(
            "trimtab_traces_quarantined_blocks", "Blocks of spans that the engine refused.", spans.quarantined
        )
        yield from self._damage()
        writable = not drain.last_error and not events.last_error and not spans.last_error
        yield GaugeMetricFamily("trimtab_engine_writable", "1 while blocks reach the engine.", writable)
        yield GaugeMetricFamily("trimtab_series", "Series known.", value=len(self._registry))
        over = CounterMetricFamily(
            "trimtab_series_refused",
            "Times a new series was refused, by the limit that it passed.",
            labels=["limit"],
        )
        for limit, times in self._registry.admission.refused.items():
            over.add_metric([limit], times)
        yield over
        yield from self._dropped()
        ended = CounterMetricFamily(
            "trimtab_http_connections_closed", "HTTP connections that were closed early, by why.", labels=["reason"]
        )
        for reason, times in self._running.closed.by_reason.items():
            ended.add_metric([reason], times)
        yield ended
        yield from self._under_way()
        rows = CounterMetricFamily("trimtab_ingested_rows", "Rows acknowledged.", labels=["door"])
        size = CounterMetricFamily("trimtab_ingested_bytes", "Bytes of acknowledged requests.", labels=["door"])
        rejected = CounterMetricFamily("trimtab_rejected_rows", "Rows rejected, with a reason each.", labels=["door"])
        for door, total in self._by_door().items():
            rows.add_metric([door], total[0])
            size.add_metric([door], total[1])
            rejected.add_metric([door], total[2])
        yield from (rows, size, rejected)
        yield from self._notifications()
        yield from self._processes()
        yield from self._jobs()
        yield from self._doors()
        yield from self._evaluation()
        yield from self._money()

    def _dropped(self) -> Iterator[Metric]:
        rows = CounterMetricFamily("trimtab_dropped_rows", "Rows that a drop rule left out.", labels=["rule"])
        series = CounterMetricFamily(
            "trimtab_dropped_series", "Times a drop rule dropped or changed a new series.", labels=["rule"]
        )
        rules = self._registry.rules
        for rule in sorted({*rules.rows, *rules.series}):
            rows.add_metric([rule], rules.rows[rule])
            series.add_metric([rule], rules.series[rule])
        yield from (rows, series)

    def _under_way(self) -> Iterator[Metric]:
        held = GaugeMetricFamily(
            "trimtab_inflight_bytes", "Bytes that bodies of requests under way hold.", labels=["door"]
        )
        refused = CounterMetricFamily(
            "trimtab_inflight_refused", "Requests refused for want of room for their bodies.", labels=["door"]
        )
        for door in DOORS:
            held.add_metric([door], self._running.inflight.bytes[door])
            refused.add_metric([door], self._running.inflight.refused[door])
        yield from (held, refused)

    def _damage(self) -> Iterator[Metric]:
        found = GaugeMetricFamily(
            "trimtab_log_damaged",
            "Places of a log that were not whole when it was read, by what became of them: healed, lost, unfinished.",
            labels=["log", "kind"],
        )
        lost = GaugeMetricFamily(
            "trimtab_log_lost_batches", "Acknowledged batches that damage to a log's files took.", labels=["log"]
        )
        for log in self._ingest_logs:
            for kind in Kind:
                found.add_metric([log.name, kind.value], sum(one.kind is kind for one in log.damage))
            lost.add_metric([log.name], sum(one.batches or 0 for one in log.damage))
        yield from (found, lost)

    def _notifications(self) -> Iterator[Metric]:
        counts = self._notify.counts
        told = CounterMetricFamily(
            "trimtab_notifications",
            "Notifications by kind of channel and what came of them: delivered, retry (an attempt) or failed.",
            labels=["channel", "outcome"],
        )
        for key in sorted(counts.totals):
            told.add_metric(list(key), counts.totals[key])
        yield told
        yield GaugeMetricFamily("trimtab_notifications_waiting", "Notifications not delivered yet.", counts.waiting)
        yield GaugeMetricFamily(
            "trimtab_notifications_oldest_waiting_timestamp_seconds",
            "When the oldest of them was made, in seconds since the epoch; 0 where none waits.",
            (counts.oldest_waiting_ms or 0) / 1000,
        )
        yield GaugeMetricFamily(
            "trimtab_notifications_receivers_away", "Channels whose receiver does not answer now.", counts.away
        )

    def _processes(self) -> Iterator[Metric]:
        memory = GaugeMetricFamily("trimtab_process_bytes", "Resident memory of each process.", labels=["process"])
        files = GaugeMetricFamily("trimtab_process_open_files", "Files and sockets it has open.", labels=["process"])
        threads = GaugeMetricFamily("trimtab_process_threads", "Its threads.", labels=["process"])
        cpu = CounterMetricFamily("trimtab_process_seconds", "CPU seconds that it used.", labels=["process"])
        for one in self._running.processes():
            memory.add_metric([one.process], one.resident)
            files.add_metric([one.process], one.open_files)
            threads.add_metric([one.process], one.threads)
            cpu.add_metric([one.process], one.cpu_s)
        yield from (memory, files, threads, cpu)

    def _jobs(self) -> Iterator[Metric]:
        labels = ["process", "job"]
        lag = GaugeMetricFamily(
            "trimtab_event_loop_lag_seconds", "How late its event loop was, at worst in a minute.", labels=["process"]
        )
        age = GaugeMetricFamily("trimtab_job_age_seconds", "Seconds since a job last ended.", labels=labels)
        period = GaugeMetricFamily("trimtab_job_period_seconds", "Seconds between two of its runs.", labels=labels)
        last = GaugeMetricFamily("trimtab_job_last_seconds", "What its last run took.", labels=labels)
        busy = CounterMetricFamily("trimtab_job_busy_seconds", "What all its runs took.", labels=labels)
        runs = CounterMetricFamily("trimtab_job_runs", "Its runs.", labels=labels)
        failures = CounterMetricFamily("trimtab_job_failures", "Those that ended with an error.", labels=labels)
        for report in self._running.reports():
            lag.add_metric([report.process], report.lag_s)
            for job in report.jobs:
                key = [report.process, job.name]
                age.add_metric(key, job.age_s)
                period.add_metric(key, job.seconds)
                last.add_metric(key, job.last_s)
                busy.add_metric(key, job.busy_s)
                runs.add_metric(key, job.runs)
                failures.add_metric(key, job.failures)
        yield from (lag, age, period, last, busy, runs, failures)

    def _doors(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "trimtab_requests",
            "Requests by door and class of status: aws, rest, otlp, prometheus, pages, probes.",
            labels=["door", "status"],
        )
        took = HistogramMetricFamily(
            "trimtab_request_seconds", "Time from a request's head to the end of its answer.", labels=["door"]
        )
        under_way = GaugeMetricFamily("trimtab_requests_under_way", "Requests not answered yet.", labels=["door"])
        for door, counts in sorted(self._running.doors.items()):
            for status, number in sorted(counts.answers.items()):
                requests.add_metric([door, status], number)
            bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
            took.add_metric([door], list(zip(bounds, accumulate(counts.buckets), strict=True)), counts.seconds)
            under_way.add_metric([door], counts.under_way)
        yield from (requests, took, under_way)

    def _evaluation(self) -> Iterator[Metric]:
        late_ms = self._running.late_ms()
        if late_ms is not None:
            yield GaugeMetricFamily(
                "trimtab_alarms_late_seconds", "By how much the next evaluation of alarms is overdue.", late_ms / 1000
            )
        beats = CounterMetricFamily(
            "trimtab_heartbeats", "Heartbeats: sent, failed, or withheld as alarms were late.", labels=["outcome"]
        )
        for outcome in ("sent", "failed", "withheld"):
            beats.add_metric([outcome], self._running.heartbeats.get(outcome, 0))
        yield beats
        yield GaugeMetricFamily(
            "trimtab_egress_refused",
            "Connections that were refused, of places not allowed since.",
            self._running.refused(),
        )

    def _money(self) -> Iterator[Metric]:
        if self._exposed is None:
            return
        cost = GaugeMetricFamily(
            "trimtab_cost_dollars",
            "What today cost so far by owner, estimated from use, in the currency that its label names.",
            labels=["owner", "currency"],
        )
        for owner, currency, amount in self._exposed.costs:
            cost.add_metric([owner, currency], amount)
        gpus = GaugeMetricFamily(
            "trimtab_gpus",
            "GPUs by team and layer of their time, on average over the last hour: active, inactive, unmeasured, free, "
            "down, unknown. They add up to the GPUs that exist.",
            labels=["team", "layer"],
        )
        for team, layer, number in self._exposed.gpus:
            gpus.add_metric([team, layer], number)
        yield from (cost, gpus)

    def _by_door(self) -> dict[str, list[int]]:
        totals: dict[str, list[int]] = {}
        for source in self._ledger.list():
            total = totals.setdefault(source.door, [0, 0, 0])
            total[0] += source.rows
            total[1] += source.bytes
            total[2] += source.rejected
        return totals


def tell_damage(ingest_logs: Sequence[IngestLog], ledger: SourceLedger) -> None:
    """Say on Data sources what this start found damaged in the logs, with the batches that it took."""
    for log in ingest_logs:
        for one in log.new_damage:
            ledger.rejected("log", f"log of {log.name}", "", "", _DAMAGE[one.kind], one.words, one.batches or 0)


def _registry_of(own: _Trimtab) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(own)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class SelfWatch:
    """The metrics, collected when they are asked for. The first logs are those of metrics, logs and traces."""

    def __init__(
        self,
        ingest_logs: Sequence[IngestLog],
        registry: SeriesRegistry,
        ledger: SourceLedger,
        notify: Watch,
        exposed: Exposed,
        running: Running,
    ) -> None:
        self._own = _Trimtab(ingest_logs, registry, ledger, notify, exposed, running)
        self._whole = _registry_of(self._own)
        self._of_nobody = _registry_of(_Trimtab(ingest_logs, registry, ledger, notify, None, running))

    def render(self, whole: bool) -> str:
        """In Prometheus's text format; `whole`: with what each owner's things cost and do, which is not everyone's."""
        return generate_latest(self._whole if whole else self._of_nobody).decode()

    def samples(self) -> Iterator[tuple[str, bool, Mapping[str, str], float]]:
        """Name, whether it only grows, labels and value of what is stored as series: all but money, which is read of
        what is stored, and the version."""
        for family in self._own.collect():
            if family.name not in _NOT_STORED:
                grows = family.type in ("counter", "histogram")
                for sample in family.samples:
                    yield sample.name, grows, sample.labels, float(sample.value)


class SelfSeries:
    """Writes trimtab's own metrics as series, so that alarms and charts have them as any other."""

    def __init__(
        self, watch: SelfWatch, ingest: MetricIngest, registry: SeriesRegistry, clock: Clock, place: tuple[str, str]
    ) -> None:
        self._watch = watch
        self._ingest = ingest
        self._registry = registry
        self._clock = clock
        self._place = place
        self._server = socket.gethostname()
        self._begun = False

    def job(self) -> Job:
        """The job."""
        return Job("store own metrics", STORE_S, self.write)

    async def write(self) -> None:
        """Make them durable, but for the first time: a start says little. Raises Throttled, DiskFull."""
        if not self._begun:
            self._begun = True
            return
        found = list(self._watch.samples())
        now_ms = self._clock.now_ms()
        rows = [(self._series(name, grows, labels), now_ms, value) for name, grows, labels, value in found]
        await self._ingest.write(MetricBatch(samples=np.array(rows, SAMPLE_ROW)))

    def _series(self, name: str, grows: bool, labels: Mapping[str, str]) -> int:
        kind = SeriesKind.COUNTER if grows else SeriesKind.GAUGE
        dimensions = make_tags({**labels, "server": self._server})
        return self._registry.add(Identity(*self._place, SELF, name, dimensions, kind=kind))
