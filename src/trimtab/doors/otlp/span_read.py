"""What a body of OTLP spans held, and the reading of records into it."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.doors.otlp.span_fields import RefusedSpan, place_of, span_of
from trimtab.doors.otlp.span_records import Decoded
from trimtab.doors.writing import Refused
from trimtab.traces.ingest import EncodedSpans
from trimtab.traces.model import NS_A_MS, Span


class Read(Struct):
    """What a body held: spans, or rows of them already; how many of each service; what was refused and why."""

    spans: list[Span] = field(default_factory=list)
    encoded: EncodedSpans | None = None
    services: dict[str, int] = field(default_factory=dict)
    refused: dict[tuple[str, str], Refused] = field(default_factory=dict)

    def refuse(self, service: str, problem: RefusedSpan) -> None:
        """Note a span that is not taken."""
        known = self.refused.get((service, problem.reason))
        rows = 1 if known is None else known.rows + 1
        example = problem.example if known is None else known.example
        self.refused[service, problem.reason] = Refused(problem.reason, example, rows)


def read_records(decoded: Decoded, place: Sequence[str], now_ms: int) -> Read:
    """The spans of decoded records, of (account, region)."""
    read = Read()
    now_ns = now_ms * NS_A_MS
    for resource, records in decoded:
        where = place_of(resource, place[0], place[1])
        taken = 0
        for record in records:
            try:
                read.spans.append(span_of(record, where, now_ns))
                taken += 1
            except RefusedSpan as problem:
                read.refuse(where.service, problem)
        if taken:
            read.services[where.service] = read.services.get(where.service, 0) + taken
    return read


def within(read: Read, over: Mapping[str, int], reason: str) -> Read:
    """What is left of spans where some traces have room for so many of theirs only; the others are refused."""
    left = dict(over)
    kept: list[Span] = []
    for span in read.spans:
        room = left.get(span.trace_id)
        if room is None or room > 0:
            kept.append(span)
            left.update({span.trace_id: room - 1} if room else {})
            continue
        read.refuse(span.service, RefusedSpan(reason, span.trace_id))
        read.services[span.service] -= 1
    read.spans = kept
    read.services = {service: rows for service, rows in read.services.items() if rows}
    return read
