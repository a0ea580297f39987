"""What the bottlenecks room finds, as it travels."""

from typing import Any

import msgspec

from trimtab.base import typed
from trimtab.bottlenecks.explain import Explained
from trimtab.bottlenecks.model_calls import ModelCall
from trimtab.bottlenecks.parts import Part
from trimtab.bottlenecks.read import Choice, Sampled
from trimtab.bottlenecks.room import Compared, Mapped, RootCauses
from trimtab.bottlenecks.service_map import ServiceEdge, ServiceNode, Traffic, nodes_by_name
from trimtab.bottlenecks.waterfall import Bar, Waterfall
from trimtab.client import traces_wire as wire
from trimtab.traces.model import ERROR, NS_A_MS, Trace

_MOST_PARTS = 100


def summary(trace: Trace) -> wire.TraceSummary:
    """A trace that was found."""
    root = trace.root
    return wire.TraceSummary(
        trace.id,
        trace.start_ns // NS_A_MS,
        trace.duration_ns / NS_A_MS,
        root.service,
        root.name,
        len(trace.spans),
        sorted({span.service for span in trace.spans}),
        any(span.failed or span.status == ERROR for span in trace.spans),
    )


def detail(found: Waterfall) -> wire.TraceDetail:
    """A trace with all its spans."""
    spans = [_span(bar) for bar in found.bars]
    return wire.TraceDetail(found.trace_id, int(found.start_ms), found.duration_ms, dict(found.by_service), spans)


def looked(choice: Choice, sampled: Sampled) -> wire.Looked:
    """A population."""
    return wire.Looked(choice.start_ms, choice.end_ms, choice.expression, sampled.found, len(sampled.population.parts))


def explained(found: Explained) -> wire.Explained:
    """A quantile with the parts that say most."""
    shares = [
        wire.PartShare(
            part(one.part),
            one.ms,
            one.share,
            one.low_ms,
            one.high_ms,
            one.baseline_ms,
            one.change_ms,
            one.change_share,
            one.change_low_ms,
            one.change_high_ms,
            one.sure,
        )
        for one in found.shares[:_MOST_PARTS]
    ]
    value, mean = found.baseline_value_ms, found.baseline_mean_ms
    return wire.Explained(found.quantile, found.value_ms, found.mean_ms, found.traces, value, mean, shares)


def comparison(one: Choice, other: Choice, found: Compared) -> wire.Comparison:
    """Two populations."""
    item = found.comparison
    return wire.Comparison(
        looked(one, found.one),
        looked(other, found.other),
        item.mean_ms,
        item.other_mean_ms,
        item.failed,
        item.other_failed,
        [
            wire.PartChange(part(moved.part), moved.ms, moved.other_ms, moved.change_ms, moved.share, moved.q)
            for moved in item.parts[:_MOST_PARTS]
        ],
        [typed.convert(told, wire.Feature, from_attributes=True) for told in item.features[:_MOST_PARTS]],
        [wire.NumberChange(one_.name, one_.median, one_.other_median, one_.q) for one_ in item.numbers],
        item.looked_at,
        [explained(one_) for one_ in found.tail],
    )


def root_causes(choice: Choice, normal: Choice, found: RootCauses) -> wire.RootCauses:
    """Suspects."""
    suspects = [
        wire.Suspect(
            one.component,
            one.score,
            [typed.convert(evidence, wire.Evidence, from_attributes=True) for evidence in one.evidence],
        )
        for one in found.suspects
    ]
    ranges = choice.start_ms, choice.end_ms, normal.start_ms, normal.end_ms
    return wire.RootCauses(*ranges, found.traces, found.normal_traces, found.series, found.lines, suspects)


def service_map(choice: Choice, found: Mapped) -> wire.ServiceMap:
    """Nodes and edges with their baselines."""
    before = nodes_by_name(found.before) if found.before else {}
    edges_before = {(edge.caller, edge.callee): edge for edge in found.before.edges} if found.before else {}
    return wire.ServiceMap(
        looked(choice, found.sampled),
        [_node(node, before.get(node.name)) for node in found.now.nodes],
        [_edge(edge, edges_before.get((edge.caller, edge.callee))) for edge in found.now.edges],
    )


def part(one: Part) -> wire.Part:
    """A part."""
    return wire.Part(one.service, one.operation, "wire" if one.side == "wire" else "own")


def _node(node: ServiceNode, before: ServiceNode | None) -> wire.MapNode:
    own = traffic(before.traffic) if before else None
    return wire.MapNode(node.name, node.inferred, node.entry, node.own_ms, traffic(node.traffic), own)


def _edge(edge: ServiceEdge, before: ServiceEdge | None) -> wire.MapEdge:
    own = traffic(before.traffic) if before else None
    return wire.MapEdge(edge.caller, edge.callee, edge.wire_ms, traffic(edge.traffic), own)


def traffic(one: Traffic) -> wire.Traffic:
    """Requests and their durations."""
    return wire.Traffic(one.requests, one.failed, one.p50_ms, one.p90_ms, one.p99_ms, list(one.histogram))


def _span(bar: Bar) -> wire.TraceSpan:
    span = bar.span
    return wire.TraceSpan(
        span.span_id,
        span.parent_id,
        bar.parent,
        bar.depth,
        span.service,
        span.name,
        span.kind,
        bar.start_ms,
        bar.duration_ms,
        bar.own_ms,
        bar.path_ms,
        span.status,
        span.failed or span.status == ERROR,
        bar.asynchronous,
        bar.skew_ms,
        span.peer,
        dict(span.attributes),
        dict(span.resource_attributes),
        events_of(span.events),
        _call(bar.call, span.duration_ns) if bar.call else None,
    )


def events_of(text: str) -> list[dict[str, Any]]:
    """The events of a span; none where they cannot be read."""
    if not text:
        return []
    try:
        return typed.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError:
        return []


def _call(call: ModelCall, duration_ns: int) -> wire.ModelCall:
    return wire.ModelCall(
        call.model,
        call.version,
        call.provider,
        call.operation,
        call.gpu,
        call.input_tokens,
        call.output_tokens,
        call.batch,
        None if call.first_token_ns is None else call.first_token_ns / NS_A_MS,
        call.tokens_per_s(duration_ns),
        [wire.Phase(name, time / NS_A_MS) for name, time in call.phases],
    )
