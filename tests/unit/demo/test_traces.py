"""Traces of the assistant: each once however the history is cut, whole, and slower where it is planted."""

from collections.abc import Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS

from trimtab.bottlenecks.compare import compare
from trimtab.bottlenecks.explain import explain
from trimtab.bottlenecks.model_calls import with_phases
from trimtab.bottlenecks.parts import Population, population
from trimtab.bottlenecks.spans import SpanRow, columns
from trimtab.demo.endpoints import DEGRADED_SINCE_H
from trimtab.demo.plants import plants
from trimtab.demo.slab import Slab, plan
from trimtab.demo.traces import REVISIONS, SLOW_PART, TraceFeed
from trimtab.demo.world import World, ago

KINDS = ("internal", "internal", "server", "client", "producer", "consumer")


def value(any_value) -> str:
    return str(getattr(any_value, any_value.WhichOneof("value")))


def sent(made: World, *slabs: Slab) -> list[SpanRow]:
    """The spans of some slabs, as OpenTelemetry's own decoder reads them."""
    found = []
    for slab in slabs:
        for shipment in TraceFeed(made).shipments(slab):
            request = ExportTraceServiceRequest.FromString(shipment.body)
            for resource in request.resource_spans:
                said = {pair.key: value(pair.value) for pair in resource.resource.attributes}
                for span in resource.scope_spans[0].spans:
                    own = {pair.key: value(pair.value) for pair in span.attributes}
                    length = span.end_time_unix_nano - span.start_time_unix_nano
                    found.append(
                        SpanRow(
                            span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), said["service.name"],
                            span.name, span.start_time_unix_nano, length, KINDS[span.kind], span.status.code == 2,
                            attributes={"service.version": said["service.version"], **own},
                        )
                    )  # fmt: skip
    return found


def hour(made: World, hours_ago: float) -> Population:
    start = ago(ANCHOR_MS, hours_ago)
    return population(with_phases(columns(sent(made, Slab(start, start + HOUR_MS, 15)))))


def ids(rows: Sequence[SpanRow]) -> list[tuple[str, str]]:
    return [(row.trace_id, row.span_id) for row in rows]


def test_a_history_in_coarse_and_fine_slabs_has_every_span_once(made: World) -> None:
    slabs = list(plan(ANCHOR_MS - 8 * HOUR_MS, ANCHOR_MS))
    assert {slab.step_s for slab in slabs} == {15, 300}
    found = ids(sent(made, *slabs))
    assert len(found) == len(set(found))
    assert abs(len({trace for trace, _ in found}) - 8 * 240) < 30


def test_traces_are_whole_and_of_the_past(made: World) -> None:
    rows = sent(made, Slab(ANCHOR_MS - HOUR_MS, ANCHOR_MS, 15))
    assert max(row.start_ns + row.duration_ns for row in rows) < ANCHOR_MS * 1_000_000
    assert min(row.duration_ns for row in rows) > 0
    known = set(ids(rows))
    assert all(not row.parent_id or (row.trace_id, row.parent_id) in known for row in rows)
    found = population(columns(rows))
    assert 1 == len({found.spans.operations[code] for code in found.spans.operation[found.forest.roots].tolist()})


def test_two_days_are_a_modest_number_of_spans(made: World) -> None:
    assert 50 * 12 * len(sent(made, Slab(ANCHOR_MS - HOUR_MS, ANCHOR_MS, 15))) / 12 < 300_000


def test_the_planted_regression_is_what_explains_the_change_since_the_deploy(made: World) -> None:
    after, before = hour(made, DEGRADED_SINCE_H - 2), hour(made, DEGRADED_SINCE_H + 2)
    for one in explain(after.parts, before.parts, draws=50):
        part = one.shares[0].part
        assert SLOW_PART == (part.service, part.operation)
        assert one.shares[0].sure > 0.95
        assert one.value_ms > 1.5 * (one.baseline_value_ms or 0)
    found = compare(after, before)
    assert SLOW_PART == (found.parts[0].part.service, found.parts[0].part.operation)
    told = {(one.name, one.value) for one in found.features}
    assert {("model.version", revision) for revision in REVISIONS} <= told
    assert found.failed > 0.01 > found.other_failed


def test_the_plant_says_where_to_find_it(made: World) -> None:
    (plant,) = (one for one in plants(made) if one.id == "slow-since-deploy")
    assert plant.resources == SLOW_PART
    assert plant.since_ms == ago(ANCHOR_MS, DEGRADED_SINCE_H)
