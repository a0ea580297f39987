"""Writes: spans become sections of the write-ahead log of traces; durable when `write` returns."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.store.telemetry.log import IngestLog
from trimtab.traces.model import Span
from trimtab.traces.rows import day_of, row_of, trace_times_of
from trimtab.traces.sizes import TraceSizes

Days = dict[int, list[bytes]]
"""Rows of `spans` by the day of their start (days since the epoch)."""


class EncodedSpans(Struct, frozen=True):
    """Spans of one place as rows already: `rows` by day, each entry the bytes and number of its rows.

    `traces` are the (trace, day) that they belong to, `sizes` how many there are of each trace.
    """

    account: str
    region: str
    rows: dict[int, tuple[bytes, int]]
    traces: set[tuple[str, int]]
    sizes: dict[str, int]


class TraceIngest:
    """The only writer of spans."""

    def __init__(self, log: IngestLog, clock: Clock, sizes: TraceSizes | None = None) -> None:
        self._log = log
        self._clock = clock
        self.sizes = sizes or TraceSizes()

    async def write(self, spans: Sequence[Span], key: str | None = None) -> Appended:
        """Append spans; durable when this returns. A `key` acknowledged before writes nothing.

        Raises Throttled or DiskFull; then nothing was kept.
        """
        now_ms = self._clock.now_ms()
        rows: Days = defaultdict(list)
        traces: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
        for span in spans:
            day = day_of(span.start_ns)
            rows[day].append(row_of(span, now_ms))
            traces[span.account, span.region].add((span.trace_id, day))
        times = [row for place, found in traces.items() for row in trace_times_of(*place, sorted(found))]
        sections = [
            Section("spans", len(found), frozenset((day,)), b"".join(found)) for day, found in sorted(rows.items())
        ]
        return await self._append(sections, times, key, Counter(span.trace_id for span in spans))

    async def write_encoded(self, encoded: EncodedSpans, key: str | None = None) -> Appended:
        """Append spans that a door has made rows of; otherwise as `write`."""
        sections = [
            Section("spans", count, frozenset((day,)), body) for day, (body, count) in sorted(encoded.rows.items())
        ]
        times = trace_times_of(encoded.account, encoded.region, sorted(encoded.traces))
        return await self._append(sections, times, key, encoded.sizes)

    async def _append(
        self, sections: list[Section], times: list[bytes], key: str | None, sizes: Mapping[str, int]
    ) -> Appended:
        if times:
            sections.append(Section("trace_times", len(times), frozenset(), b"".join(times)))
        appended = await self._log.append(sections, key)
        if not appended.duplicate:
            self.sizes.add(sizes)
        return appended
