"""trimtab's own metrics: in Prometheus's text, and as series that alarms can watch."""

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from trimtab import connections
from trimtab.base.clock import ManualClock
from trimtab.doors.door_watch import DoorCounts
from trimtab.doors.inflight import InFlight
from trimtab.jobs.book import JobBook
from trimtab.jobs.processes import ProcessFacts
from trimtab.jobs.reports import ProcessReport
from trimtab.metrics.model import SELF, Identity, Kind, MetricBatch
from trimtab.notify.log import Counts
from trimtab.selfwatch import Running, SelfSeries, SelfWatch


class Registry:
    def __init__(self) -> None:
        self.known: list[Identity] = []
        self.admission = SimpleNamespace(refused={"labels": 9})
        self.rules = SimpleNamespace(rows=Counter(noise=7), series=Counter(noise=2))

    def __len__(self) -> int:
        return len(self.known)

    def add(self, identity: Identity) -> int:
        if identity not in self.known:
            self.known.append(identity)
        return self.known.index(identity)


class Ingest:
    def __init__(self) -> None:
        self.batches: list[MetricBatch] = []

    async def write(self, batch: MetricBatch, key: str | None = None) -> None:
        self.batches.append(batch)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def watch(registry: Registry) -> SelfWatch:
    drain = SimpleNamespace(pending_bytes=5, quarantined=0, last_error="")
    logs = [
        SimpleNamespace(name=name, drain=drain, pending_bytes=7, damage=[]) for name in ("metrics", "logs", "traces")
    ]
    clock = ManualClock()
    book = JobBook(clock)
    book.begin("evaluate alarms", 1.0)
    clock.advance(0.5)
    book.end("evaluate alarms", well=False)
    clock.advance(2)
    door = DoorCounts(Counter({"2xx": 3}), under_way=1)
    door.note("5xx", 0.2)
    closed, inflight = connections.Counts(), InFlight()
    closed.note("idle")
    inflight.take("otlp", 8)
    running = Running(
        reports=lambda: [ProcessReport("jobs", 0, 0.25, book.reports())],
        processes=lambda: [ProcessFacts("engine", 1000, 20, 8, 1.5)],
        doors={"aws": door},
        late_ms=lambda: 1500,
        heartbeats={"sent": 4},
        refused=lambda: 6,
        closed=closed,
        inflight=inflight,
    )
    parts: list[Any] = [
        registry,
        SimpleNamespace(list=list),
        SimpleNamespace(counts=Counts({}, 0, None, 0)),
        SimpleNamespace(costs=[("ml", "USD", 3.5)], gpus=[]),
    ]
    return SelfWatch(cast(Any, logs), *parts, running)


@pytest.mark.parametrize(
    "line",
    [
        'trimtab_process_bytes{process="engine"} 1000.0',
        'trimtab_process_open_files{process="engine"} 20.0',
        'trimtab_process_threads{process="engine"} 8.0',
        'trimtab_process_seconds_total{process="engine"} 1.5',
        'trimtab_event_loop_lag_seconds{process="jobs"} 0.25',
        'trimtab_job_age_seconds{job="evaluate alarms",process="jobs"} 2.0',
        'trimtab_job_period_seconds{job="evaluate alarms",process="jobs"} 1.0',
        'trimtab_job_last_seconds{job="evaluate alarms",process="jobs"} 0.5',
        'trimtab_job_busy_seconds_total{job="evaluate alarms",process="jobs"} 0.5',
        'trimtab_job_runs_total{job="evaluate alarms",process="jobs"} 1.0',
        'trimtab_job_failures_total{job="evaluate alarms",process="jobs"} 1.0',
        'trimtab_requests_total{door="aws",status="2xx"} 3.0',
        'trimtab_requests_total{door="aws",status="5xx"} 1.0',
        'trimtab_request_seconds_bucket{door="aws",le="0.1"} 0.0',
        'trimtab_request_seconds_bucket{door="aws",le="0.25"} 1.0',
        'trimtab_request_seconds_bucket{door="aws",le="+Inf"} 1.0',
        'trimtab_request_seconds_sum{door="aws"} 0.2',
        'trimtab_requests_under_way{door="aws"} 1.0',
        "trimtab_alarms_late_seconds 1.5",
        'trimtab_heartbeats_total{outcome="sent"} 4.0',
        'trimtab_heartbeats_total{outcome="withheld"} 0.0',
        "trimtab_egress_refused 6.0",
        'trimtab_series_refused_total{limit="labels"} 9.0',
        'trimtab_dropped_rows_total{rule="noise"} 7.0',
        'trimtab_dropped_series_total{rule="noise"} 2.0',
        'trimtab_http_connections_closed_total{reason="idle"} 1.0',
        'trimtab_inflight_bytes{door="otlp"} 8.0',
        'trimtab_inflight_refused_total{door="otlp"} 0.0',
        "trimtab_log_pending_bytes 7.0",
        'trimtab_cost_dollars{currency="USD",owner="ml"} 3.5',
    ],
)
def test_the_metrics_tell_of_every_process_job_and_door(watch: SelfWatch, line: str) -> None:
    assert line in watch.render(True).splitlines()
    assert (line in watch.render(False).splitlines()) != line.startswith("trimtab_cost_dollars")


def test_they_are_kept_as_series_but_for_money(watch: SelfWatch, registry: Registry) -> None:
    ingest, clock = Ingest(), ManualClock()
    series = SelfSeries(watch, cast(Any, ingest), cast(Any, registry), clock, ("123456789012", "us-east-1"))
    job = series.job()
    assert job.seconds == 60
    asyncio.run(cast(Any, job.work()))
    assert ingest.batches == []  # a start says little
    asyncio.run(cast(Any, job.work()))
    (batch,) = ingest.batches
    kept = {(one.name, dict(one.dimensions).get("job"), one.kind) for one in registry.known}
    assert ("trimtab_job_age_seconds", "evaluate alarms", Kind.GAUGE) in kept
    assert ("trimtab_job_runs_total", "evaluate alarms", Kind.COUNTER) in kept
    assert ("trimtab_request_seconds_bucket", None, Kind.COUNTER) in kept
    assert not {name for name, _, _ in kept} & {"trimtab_cost_dollars", "trimtab_gpus", "trimtab_build_info"}
    assert {(one.namespace, one.account) for one in registry.known} == {(SELF, "123456789012")}
    assert all("server" in dict(one.dimensions) for one in registry.known)
    assert len(batch.samples) == len(registry.known)
    assert set(batch.samples["time"]) == {clock.now_ms()}
