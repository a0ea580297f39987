"""Takes segment documents, from PutTraceSegments and from the daemon's port alike."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from trimtab.traces.documents.check import Document, RefusedSegment, read_document
from trimtab.traces.documents.spans import spans_of_document
from trimtab.traces.ingest import TraceIngest
from trimtab.traces.model import Span, w3c_trace_id

_REMEMBERED = 100_000
"""Segments whose service is remembered for subsegments that come alone: some 20 MB."""


class Unprocessed(Struct, frozen=True):
    """A document that was not taken, with X-Ray's code."""

    id: str
    code: str
    message: str


class Taken(Struct, frozen=True):
    """What came of some documents: how many were kept for each service, and what was not."""

    services: dict[str, int]
    unprocessed: list[Unprocessed]


class SegmentIntake:
    """Checks documents and makes them durable."""

    def __init__(self, ingest: TraceIngest) -> None:
        self._ingest = ingest
        self._services: dict[tuple[str, str], str] = {}  # of a segment or subsegment, by (trace, id); oldest first

    async def put(self, texts: Sequence[str], account: str, region: str, key: str | None = None) -> Taken:
        """Keep what is well formed; durable when this returns. Raises Throttled or DiskFull."""
        unprocessed: list[Unprocessed] = []
        documents: list[tuple[Document, str]] = []
        for text in texts:
            try:
                documents.append((read_document(text), text))
            except RefusedSegment as refused:
                unprocessed.append(Unprocessed(refused.id, refused.code, str(refused)))
        # Whole segments first: a subsegment that comes alone takes the service of its parent.
        documents.sort(key=lambda pair: pair[0].get("type") == "subsegment")
        spans: list[Span] = []
        services: dict[str, int] = {}
        sizes, taken = self._ingest.sizes, Counter[str]()
        for document, text in documents:
            made = spans_of_document(document, text, account, region, self._service_of(document))
            trace = made[0].trace_id
            if taken[trace] + len(made) > sizes.room(trace):
                unprocessed.append(Unprocessed(str(document.get("id", "")), "TraceTooLarge", sizes.reason))
                continue
            taken[trace] += len(made)
            for span in made:
                self._remember(span)
            spans += made
            services[made[0].service] = services.get(made[0].service, 0) + len(made)
        if spans:
            await self._ingest.write(spans, key)
        return Taken(services, unprocessed)

    def forget(self) -> None:
        """Empty the memory of services and sizes: everything was wiped."""
        self._services.clear()
        self._ingest.sizes.forget()

    def _service_of(self, document: Document) -> str:
        parent = str(document.get("parent_id") or "").lower()
        return self._services.get((w3c_trace_id(document["trace_id"]), parent), "")

    def _remember(self, span: Span) -> None:
        if span.service:
            self._services[span.trace_id, span.span_id] = span.service
        while len(self._services) > _REMEMBERED:
            self._services.pop(next(iter(self._services)))
