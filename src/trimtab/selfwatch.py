"""trimtab watching itself: the `trimtab_*` metrics of GET /metrics, collected when they are asked for."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from trimtab import __version__
from trimtab.connections import Counts
from trimtab.doors.inflight import DOORS, InFlight
from trimtab.inventory.sources import SourceLedger
from trimtab.metrics.registry import SeriesRegistry
from trimtab.notify.watch import Watch
from trimtab.reports.exposed import Exposed
from trimtab.store.telemetry.damage import Kind
from trimtab.store.telemetry.log import IngestLog

_DAMAGE = {
    Kind.HEALED: "a flipped bit in a file of the log was put right",
    Kind.LOST: "a file of the log is damaged: `trimtab log verify` says where",
    Kind.UNFINISHED: "the end of the log was cut off: a write during a crash, or damage",
}


class _Trimtab(Collector):
    def __init__(
        self,
        ingest_logs: Sequence[IngestLog],
        registry: SeriesRegistry,
        ledger: SourceLedger,
        notify: Watch,
        exposed: Exposed,
        closed: Counts,
        inflight: InFlight,
    ) -> None:
        self._closed = closed
        self._inflight = inflight
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
        for reason, times in self._closed.by_reason.items():
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
            held.add_metric([door], self._inflight.bytes[door])
            refused.add_metric([door], self._inflight.refused[door])
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

    def _money(self) -> Iterator[Metric]:
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


def renderer(
    ingest_logs: Sequence[IngestLog],
    registry: SeriesRegistry,
    ledger: SourceLedger,
    notify: Watch,
    exposed: Exposed,
    closed: Counts,
    inflight: InFlight,
) -> Callable[[], str]:
    """A function that renders the metrics in Prometheus's text format; the first logs are metrics, logs and traces."""
    own = CollectorRegistry(auto_describe=False)
    own.register(_Trimtab(ingest_logs, registry, ledger, notify, exposed, closed, inflight))
    ProcessCollector(registry=own)
    PlatformCollector(registry=own)
    return lambda: generate_latest(own).decode()
