"""The traces room, put together."""

from collections.abc import Callable

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog
from trimtab.traces.daemons import TraceDaemons
from trimtab.traces.documents.intake import SegmentIntake
from trimtab.traces.groups import TraceGroups
from trimtab.traces.ingest import TraceIngest
from trimtab.traces.insights.store import InsightStore
from trimtab.traces.preferences import TracePreferences
from trimtab.traces.read import TraceReader
from trimtab.traces.sampling.rules import SamplingRules
from trimtab.traces.sampling.targets import SamplingTargets
from trimtab.traces.search import TraceSearch
from trimtab.traces.service_map import ServiceMaps
from trimtab.traces.sizes import DEFAULT_MOST, TraceSizes
from trimtab.traces.tags import TraceTags


class TracesRoom(Struct, frozen=True):
    """The writer and the readers of spans, and what users set about them."""

    ingest: TraceIngest
    documents: SegmentIntake
    reader: TraceReader
    search: TraceSearch
    maps: ServiceMaps
    groups: TraceGroups
    rules: SamplingRules
    targets: SamplingTargets
    preferences: TracePreferences
    insights: InsightStore
    daemons: TraceDaemons
    tags: TraceTags
    clock: Clock

    @classmethod
    def of(
        cls,
        telemetry: Telemetry,
        state: State,
        log: IngestLog,
        clock: Clock,
        most_spans: int = DEFAULT_MOST,
    ) -> "TracesRoom":
        """The room over open stores; `log` is that of traces, `most_spans` a trace's limit."""
        sizes = TraceSizes(most_spans)
        ingest, reader, groups = TraceIngest(log, clock, sizes), TraceReader(telemetry, log), TraceGroups(state, clock)
        return cls(
            ingest,
            SegmentIntake(ingest),
            reader,
            TraceSearch(reader, groups),
            ServiceMaps(telemetry),
            groups,
            SamplingRules(state, clock),
            SamplingTargets(state, clock),
            TracePreferences(state, clock),
            InsightStore(state),
            TraceDaemons(state, clock),
            TraceTags(state),
            clock,
        )

    @property
    def forget(self) -> Callable[[], None]:
        """Empties what is remembered of what was written: everything was wiped."""
        return self.documents.forget
