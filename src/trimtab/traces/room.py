"""The traces room, put together."""

from dataclasses import dataclass

from trimtab.base.clock import Clock
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog
from trimtab.traces.ingest import TraceIngest
from trimtab.traces.read import TraceReader


@dataclass(frozen=True, slots=True)
class TracesRoom:
    """The writer and the reader of spans."""

    ingest: TraceIngest
    reader: TraceReader
    clock: Clock

    @classmethod
    def of(cls, telemetry: Telemetry, log: IngestLog, clock: Clock) -> "TracesRoom":
        """The room over open stores; `log` is that of traces."""
        return cls(TraceIngest(log, clock), TraceReader(telemetry, log), clock)
