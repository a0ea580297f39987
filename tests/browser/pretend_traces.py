"""Traces that are made up: a shop whose model answers slower since half an hour, and a trace of ten thousand spans."""

import json
from typing import Any, cast

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.bottlenecks.inferred import with_inferred
from trimtab.bottlenecks.model_calls import with_phases
from trimtab.bottlenecks.parts import population
from trimtab.bottlenecks.read import Choice, Sampled
from trimtab.bottlenecks.room import BottlenecksRoom
from trimtab.bottlenecks.rootcause.gather import Places
from trimtab.bottlenecks.rootcause.signals import Signals
from trimtab.bottlenecks.spans import SpanRow, Spans, columns
from trimtab.traces.filters.parser import parse
from trimtab.traces.model import Span, Trace
from trimtab.traces.read import traces_of

ACCOUNT, REGION = "123456789012", "us-east-1"
BIG = "b" * 32
BIG_SPANS = 10_000
SLOWER_MS = 1_800_000
"""How long ago the model became slower."""
_EVERY_MS = 60_000
_NS = 1_000_000


class PretendTraces:
    """Populations, whole traces and signals at once: a trace a minute for two hours."""

    def __init__(self, clock: Clock, *, full: bool) -> None:
        self._clock = clock
        self._full = full

    async def population(self, scope: Scope, choice: Choice, most: int = 0) -> Sampled:
        parse(choice.expression)  # mistakes are told as by the real one
        wanted = [spans for spans in self._traces() if choice.start_ms <= spans[0].start_ns // _NS < choice.end_ms]
        if "nobody" in choice.expression:
            wanted = []
        rows = [_row(span) for spans in wanted for span in spans]
        peers = [span.peer for spans in wanted for span in spans]
        phased = with_phases(columns(rows))
        whole = with_inferred(phased, [*peers, *[""] * (len(phased) - len(rows))])
        found = population(whole)
        return Sampled(found, len(found.parts), False, frozenset({"orders-db"} if wanted else ()))

    async def trace(self, scope: Scope, trace_id: str) -> Trace:
        spans = _big(self._clock.now_ms()) if trace_id == BIG else []
        spans += [span for trace in self._traces() for span in trace if span.trace_id == trace_id]
        if not spans:
            raise NotFound(f"cannot find trace {trace_id}: it has expired, was not kept by sampling or never was")
        return traces_of(spans)[trace_id]

    async def fresh(self, timeout_s: float = 1.0) -> bool:
        return True

    async def signals(
        self, scope: Scope, spans: Spans, known: Places, window: tuple[int, int], period_s: int
    ) -> Signals:
        return Signals(spans)

    def _traces(self) -> list[list[Span]]:
        now_ms = self._clock.now_ms()
        first = (now_ms - 7_200_000) // _EVERY_MS * _EVERY_MS
        return [_shop(at, at > now_ms - SLOWER_MS) for at in range(first, now_ms, _EVERY_MS)] if self._full else []


def pretend_traces(clock: Clock, *, full: bool) -> BottlenecksRoom:
    """The room over made-up traces; without `full` there is none."""
    pretend = cast("Any", PretendTraces(clock, full=full))
    return BottlenecksRoom(pretend, pretend, pretend, clock)


def _shop(at_ms: int, slower: bool) -> list[Span]:
    number = at_ms // _EVERY_MS
    decode = (700 if slower else 300) + number % 7 * 10
    user = {"user.id": f"u{number % 5}"}
    failed = number % 11 == 0
    id_ = f"{number:032x}"
    event = {"name": "exception", "time_ns": at_ms * _NS, "attributes": {"exception.message": "no answer from <model>"}}

    def one(span: str, parent: str, service: str, name: str, kind: str, start: int, end: int, **more: Any) -> Span:
        resource = {"service.name": service, "service.version": "2" if slower else "1", "host.name": "web-1"}
        return Span(
            ACCOUNT, REGION, service, id_, span * 16, parent * 16, name, kind, kind == "server",
            (at_ms + start) * _NS, (end - start) * _NS, resource_attributes=resource, **more,
        )  # fmt: skip

    said = {
        "gen_ai.request.model": "llama-8b",
        "gen_ai.usage.input_tokens": "900",
        "gen_ai.usage.output_tokens": "120",
        "gen_ai.latency.time_in_queue": "0.02",
        "gen_ai.latency.time_in_model_decode": str(decode / 1000),
        "model.version": "2" if slower else "1",
    }
    return [
        one("a", "", "shop", "POST /ask", "server", 0, decode + 120, fault=failed, attributes=user),
        one("b", "a", "shop", "SELECT orders", "client", 5, 25, peer="orders-db"),
        one("c", "a", "shop", "chat", "client", 30, decode + 100),
        one(
            "d", "c", "model", "llm_request", "server", 40, decode + 90, attributes=said, fault=failed,
            status="error" if failed else "unset", events=json.dumps([event]) if failed else "",
        ),
        one("e", "a", "shop", "receipt", "consumer", decode + 110, decode + 300),
    ]  # fmt: skip


def _big(now_ms: int) -> list[Span]:
    root = replace(
        _shop(now_ms, False)[0], trace_id=BIG, span_id=f"{0:016x}", duration_ns=BIG_SPANS * _NS, name="batch"
    )
    return [root] + [
        replace(
            root, span_id=f"{at:016x}", parent_id=f"{0 if at % 10 == 1 else at - 1:016x}", name=f"step {at}",
            start_ns=root.start_ns + at * _NS, duration_ns=(BIG_SPANS - at) * _NS, kind="internal", segment=False,
        )
        for at in range(1, BIG_SPANS)
    ]  # fmt: skip


def _row(span: Span) -> SpanRow:
    own = {**span.attributes, "service.version": span.resource_attributes["service.version"]}
    return SpanRow(
        span.trace_id, span.span_id, span.parent_id, span.service, span.name, span.start_ns, span.duration_ns,
        span.kind, span.failed, "", own,
    )  # fmt: skip
