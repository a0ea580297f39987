"""Metrics and log lines find the component that they belong to; calls of models are summed up."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest
from msgspec.structs import fields
from tests.unit.bottlenecks.made import span
from tests.unit.bottlenecks.test_model_calls import VLLM

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.bottlenecks.models import models
from trimtab.bottlenecks.rootcause.gather import Gatherer, period_of, places
from trimtab.bottlenecks.spans import SpanRow, Spans, columns
from trimtab.logs.model import Event, Group
from trimtab.logs.read import Page
from trimtab.logs.room import LogsRoom
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatSeries
from trimtab.metrics.registry import SeriesRegistry

GROUP = Group(1, "1", "r", "/apps/shop", 0)
WINDOW = (1_764_072_000_000, 1_764_072_240_000)


@dataclass
class Reader:
    """Answers each request with its series' place in the order, once a period."""

    async def statistics(self, scope: Any, requests: Any, start_ms: int, end_ms: int) -> list[StatSeries]:
        times = np.arange(start_ms, end_ms, requests[0].period_s * 1000)
        return [StatSeries(times, np.full(len(times), float(at))) for at in range(len(requests))]


class Logs:
    async def groups(self, scope: Any) -> list[Group]:
        return [GROUP]

    async def page(self, scope: Any, groups: Any, query: Any) -> Page:
        def event(text: str, **attributes: str) -> Event:
            return Event(1, GROUP.name, "pod-7", query.start_ms, 0, 1, "", "4bf9", "", attributes, text)

        more = query.start_ms == WINDOW[0] - 1
        return Page(
            [event("by group"), event("by pod", **{"k8s.pod.name": "db-0"}), event("by name", service="cache")], more
        )


def spans() -> Spans:
    def row(service: str, place: str) -> SpanRow:
        return SpanRow("t", f"{service}{place}", "", service, "o", 0, 1, place=place)

    return columns([row("shop", "shop-0"), row("db", "db-0"), row("cache", "host-1"), row("db", "host-1")])


def test_a_place_of_one_service_stands_for_it_and_a_shared_one_for_itself() -> None:
    known = places(spans())
    assert {"shop-0": "shop", "db-0": "db", "host-1": "host-1"} == known.service_of


def test_signals_have_the_component_that_they_belong_to() -> None:
    clock = ManualClock()
    clock.at_ms = WINDOW[0]
    registry = SeriesRegistry(cast("Any", None), clock)

    def add(name: str, kind: Kind, **dimensions: str) -> None:
        pairs = make_tags({key.replace("__", "."): value for key, value in dimensions.items()})
        id_ = registry.add(Identity("1", "r", "n", name, pairs, "1", kind))
        registry.seen(np.array([id_], np.uint64), np.array([WINDOW[1]], np.int64))

    add("requests", Kind.COUNTER, service__name="shop", code="200")
    add("cpu", Kind.GAUGE, k8s__pod__name="db-0")
    add("load", Kind.GAUGE, host__name="host-1")
    add("latency_source", Kind.GAUGE, source_workload="shop", destination_workload="db")
    add("latency_bucket", Kind.COUNTER, service__name="shop", le="1")
    add("cpu", Kind.GAUGE, k8s__pod__name="stranger")
    logs = Logs()
    nothing = dict.fromkeys((field.name for field in fields(LogsRoom)), cast("Any", None))
    room = LogsRoom(**{**nothing, "reader": cast("Any", logs), "explorer": cast("Any", logs)})
    gatherer = Gatherer(cast("Any", Reader()), registry, room)
    found = asyncio.run(gatherer.signals(EVERYTHING, spans(), places(spans()), WINDOW, period_of(WINDOW)))
    assert {
        ("shop", "requests{code=200}", ""),
        ("db", "cpu", ""),
        ("host-1", "load", ""),
        ("shop", "latency_source", "db"),
    } == {(one.component, one.metric, one.peer) for one in found.series}
    assert {8} == {len(one.values) for one in found.series}
    assert (WINDOW[0] * 1_000_000, {"4bf9"}) == (found.lines_since_ns, {line.trace for line in found.lines})
    assert {WINDOW[0] * 1_000_000} == {line.at_ns for line in found.lines}
    earlier = (WINDOW[0] - 1, WINDOW[1])
    capped = asyncio.run(gatherer.signals(EVERYTHING, spans(), places(spans()), earlier, period_of(WINDOW)))
    assert WINDOW[0] * 1_000_000 == capped.lines_since_ns
    assert [("shop", "by group"), ("db", "by pod"), ("cache", "by name")] == [
        (line.component, line.text) for line in found.lines
    ]


def test_the_period_cuts_a_window_into_some_parts() -> None:
    assert (30, 15, 3600) == (period_of(WINDOW), period_of((0, 60_000)), period_of((0, 86_400_000)))


def test_calls_of_models_are_summed_up_by_model_and_version() -> None:
    rows = [
        span(f"s{n}", "", 0, 2000, trace_id=f"t{n}", service="llm", attributes={**VLLM, "model.version": str(n % 2)})
        for n in range(10)
    ]
    rows.append(span("c", "", 0, 2100, trace_id="t0", attributes={"gen_ai.request.model": "llama-70b"}))
    first, second = models(columns(rows))
    assert ("llama-70b", "llm", 5, 5) == (first.model, first.service, first.calls, second.calls)
    assert (700.0, 120.0) == (pytest.approx(first.first_token_p50_ms), first.output_tokens)
    assert ["queue", "prefill", "decode"] == [name for name, _ in first.phases]
