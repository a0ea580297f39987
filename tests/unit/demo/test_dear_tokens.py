"""A model whose token costs twice since a deploy, and a run that never ends: what is planted is there to be found."""

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from trimtab.demo.demand import Demand
from trimtab.demo.endpoints import THINNED, THINNED_SINCE_H
from trimtab.demo.plants import plants
from trimtab.demo.search_traces import REVISIONS, WEB, SearchTraceFeed
from trimtab.demo.slab import Slab
from trimtab.demo.world import World, ago
from unit.demo.conftest import ANCHOR_MS

HOUR_MS = 3_600_000


def spans(made: World, hours_ago: float) -> list[dict[str, str]]:
    start = ago(ANCHOR_MS, hours_ago)
    found = []
    for shipment in SearchTraceFeed(made).shipments(Slab(start, start + HOUR_MS, 15)):
        for resource in ExportTraceServiceRequest.FromString(shipment.body).resource_spans:
            said = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            for span in resource.scope_spans[0].spans:
                own = {pair.key: pair.value.string_value for pair in span.attributes}
                found.append({"name": span.name, "service": said["service.name"], "trace": span.trace_id.hex(), **own})
    return found


def test_since_the_deploy_half_of_the_requests_never_reach_the_model(made: World) -> None:
    before, after = spans(made, THINNED_SINCE_H + 1.5), spans(made, THINNED_SINCE_H - 2)
    for found, revision in ((before, REVISIONS[0]), (after, REVISIONS[1])):
        calls = [one for one in found if one["service"] == THINNED]
        assert {revision} == {one["model.version"] for one in calls}
        roots = {one["trace"] for one in found if one["service"] == WEB and one["name"] == "GET /search"}
        assert len(roots) >= 60
        share = len(calls) / len(roots)
        assert 1.0 == share if found is before else 0.25 < share < 0.65


def test_its_replicas_serve_half_as_much_as_before(made: World) -> None:
    rows = [at for at, (_, one) in enumerate(made.company.replicas) if one.name == THINNED]
    day = 24 * HOUR_MS
    since = ago(ANCHOR_MS, THINNED_SINCE_H)
    served = [Demand(made).of(Slab(at, at + day - 300_000, 300)).served[rows].sum() for at in (since - 7 * day, since)]
    assert 0.3 < served[1] / served[0] < 0.65


def test_the_runaway_runs_still_and_is_past_its_budget(made: World) -> None:
    run = made.runaway
    (plant,) = (one for one in plants(made) if one.id == "runaway-run")
    assert run.start_ms < ANCHOR_MS < run.end_ms
    assert (str(run.id), run.start_ms) == (plant.resources[0], plant.since_ms)
    hours = (ANCHOR_MS - run.start_ms) / HOUR_MS
    assert plant.dollars_per_hour * 0.7 * hours > 600
    assert np.isclose(plant.dollars_per_hour, 2 * 55.04)
