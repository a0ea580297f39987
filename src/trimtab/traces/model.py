"""Words of the traces room: a span, a trace, and how the ids of W3C and X-Ray map to each other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput

NS_A_MS = 1_000_000
NS_A_S = 1_000_000_000
_W3C = re.compile(r"[0-9a-f]{32}")
_XRAY = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
SERVER, CLIENT, INTERNAL, PRODUCER, CONSUMER = "server", "client", "internal", "producer", "consumer"
ENTRIES = frozenset((SERVER, CONSUMER))
"""Kinds of a span with which a request enters a service."""
CALLS = frozenset((CLIENT, PRODUCER))
"""Kinds of a span with which a request leaves a service."""
UNSET, OK, ERROR = "unset", "ok", "error"


class Span(Struct, frozen=True):
    """A span, or a segment or subsegment of X-Ray. Columns of `spans`, in their order; times in ns since the epoch.

    `segment`: with it a request enters its service. `events` and `links` are JSON arrays; `document` is an X-Ray
    segment as it came, "" elsewhere. `sampling` is how many traces this one stands for.
    """

    account: str
    region: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str = ""
    name: str = ""
    kind: str = INTERNAL
    segment: bool = False
    start_ns: int = 0
    duration_ns: int = 0
    status: str = UNSET
    fault: bool = False
    error: bool = False
    throttle: bool = False
    partial: bool = False
    http_method: str = ""
    http_status: int = 0
    http_url: str = ""
    peer: str = ""
    origin: str = ""
    resource: str = ""
    sampling: float = 1.0
    resource_attributes: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    events: str = ""
    links: str = ""
    document: str = ""

    @property
    def end_ns(self) -> int:
        """When it ended; of one in progress, its start."""
        return self.start_ns + self.duration_ns

    @property
    def failed(self) -> bool:
        """Whether it ended in a fault, an error or a throttle."""
        return self.fault or self.error or self.throttle


@dataclass(frozen=True)
class Trace:
    """The spans of a trace, by their start; each once."""

    id: str
    spans: Sequence[Span]

    @cached_property
    def by_id(self) -> Mapping[str, Span]:
        """The spans by id."""
        return {span.span_id: span for span in self.spans}

    @cached_property
    def children(self) -> Mapping[str, list[Span]]:
        """Spans by the id of their parent, in order of start; those whose parent is not here are under ""."""
        found: dict[str, list[Span]] = {}
        for span in self.spans:
            parent = span.parent_id if span.parent_id in self.by_id and span.parent_id != span.span_id else ""
            found.setdefault(parent, []).append(span)
        return found

    @property
    def root(self) -> Span:
        """The span with which the trace began: the first without a parent, else the first."""
        return next((span for span in self.spans if not span.parent_id), self.spans[0])

    @property
    def start_ns(self) -> int:
        """When the first span began."""
        return min(span.start_ns for span in self.spans)

    @property
    def end_ns(self) -> int:
        """When the last span ended."""
        return max(span.end_ns for span in self.spans)

    @property
    def duration_ns(self) -> int:
        """From the first beginning to the last end."""
        return self.end_ns - self.start_ns


def w3c_trace_id(text: str) -> str:
    """32 hex digits of a trace id in W3C's, B3's (64 or 128 bits) or X-Ray's form. Raises InvalidInput."""
    lower = text.strip().lower()
    if _W3C.fullmatch(lower):
        return lower
    match = _XRAY.fullmatch(lower)
    if match:
        return match[1] + match[2]
    if re.fullmatch(r"[0-9a-f]{16}", lower):  # B3 with 64 bits
        return lower.zfill(32)
    raise InvalidInput(
        f"cannot read trace id: got {text!r}; expected 32 hex digits, or 1-<8 hex digits>-<24 hex digits>",
        field="trace",
    )


def xray_trace_id(trace_id: str) -> str:
    """The same digits as X-Ray writes them: `1-5759e988-bd862e3fe1be46a994272793`."""
    return f"1-{trace_id[:8]}-{trace_id[8:]}"
