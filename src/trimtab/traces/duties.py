"""What the traces room does by itself: retention, tail sampling, insights."""

from collections.abc import Callable

from trimtab.base.clock import Clock
from trimtab.jobs.periodic import Job
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.traces.insights.job import InsightJob
from trimtab.traces.read import Drain, TraceReader
from trimtab.traces.retention import TraceRetention
from trimtab.traces.tail_sampling import TailSampling

_RETENTION_S = 3600.0
_TAIL_S = 30.0
_INSIGHTS_S = 60.0


def trace_duties(
    telemetry: Telemetry, state: State, clock: Clock, drain: Drain, kept_days: int, may_write: Callable[[], bool]
) -> list[Job]:
    """The jobs."""
    retention = TraceRetention(telemetry, clock, kept_days, may_write)
    tail = TailSampling(telemetry, state, clock, may_write)
    insights = InsightJob(telemetry, state, TraceReader(telemetry, drain), clock, may_write)
    return [
        Job("drop spans past their retention", _RETENTION_S, retention.drop),
        Job("let go of traces that tail sampling does not keep", _TAIL_S, tail.settle),
        Job("look for insights in traces", _INSIGHTS_S, insights.look),
    ]
