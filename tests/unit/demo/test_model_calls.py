"""The calls of vendors' models in the demo: each once, and advice finds what is planted in them and nothing else."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS

from trimtab.advice.check import Check, Found
from trimtab.advice.checks import agent_loops, cheaper_own_model, prompt_cache_lost
from trimtab.advice.facts import Facts
from trimtab.demo import model_calls
from trimtab.demo.model_calls import ModelCallFeed
from trimtab.demo.plants import plants
from trimtab.demo.slab import Slab, plan
from trimtab.demo.world import World
from trimtab.economics.tokens.choices import OwnReplica
from trimtab.economics.tokens.habits import habits_of
from trimtab.economics.tokens.ledger import priced
from trimtab.genai.call import Call
from trimtab.genai.habits import Habits
from trimtab.genai.once import calls_of
from trimtab.genai.prices.book import shipped
from trimtab.genai.spans import CallSpan

DAY_MS = 24 * HOUR_MS
L4_PAIR = OwnReplica(name="meta-llama/Llama-3.1-8B-Instruct", currency="USD", hourly=Decimal("3.34"),
                     units_per_hour=60_000_000.0, basis="")  # fmt: skip


def value(any_value) -> str:
    return str(getattr(any_value, any_value.WhichOneof("value")))


def spans(made: World, slabs: Sequence[Slab]) -> list[CallSpan]:
    """The spans of some slabs, as OpenTelemetry's own decoder reads them."""
    found = []
    for slab in slabs:
        for shipment in ModelCallFeed(made).shipments(slab):
            for resource in ExportTraceServiceRequest.FromString(shipment.body).resource_spans:
                said = {pair.key: value(pair.value) for pair in resource.resource.attributes}
                for span in resource.scope_spans[0].spans:
                    length = span.end_time_unix_nano - span.start_time_unix_nano
                    own = {pair.key: value(pair.value) for pair in span.attributes}
                    found.append(
                        CallSpan(
                            account=shipment.account, region="", service=said["service.name"],
                            trace_id=span.trace_id.hex(), span_id=span.span_id.hex(),
                            parent_id=span.parent_span_id.hex(), start_ns=span.start_time_unix_nano,
                            duration_ns=length, failed=False, attributes=own, resource_attributes=said,
                        )
                    )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def calls(made: World) -> list[Call]:
    return calls_of(spans(made, list(plan(ANCHOR_MS - 8 * DAY_MS - 1, ANCHOR_MS))))


@pytest.fixture(scope="module")
def habits(calls: list[Call]) -> Habits:
    books = (shipped(),)
    found, _ = priced(calls, books, ())
    return habits_of(found, [L4_PAIR], books, (ANCHOR_MS - 8 * DAY_MS, ANCHOR_MS), cut=False)


def found_by(check: Check, habits: Habits) -> list[Found]:
    return [one for one in check.judge(Facts(ANCHOR_MS, habits=habits), check.defaults) if isinstance(one, Found)]


def test_a_history_in_slabs_has_every_call_once(made: World, calls: list[Call]) -> None:
    whole = spans(made, [Slab(ANCHOR_MS - HOUR_MS, ANCHOR_MS, 15)])
    parts = spans(made, [Slab(ANCHOR_MS - HOUR_MS, ANCHOR_MS - HOUR_MS // 2 - 15_000, 15),
                         Slab(ANCHOR_MS - HOUR_MS // 2, ANCHOR_MS, 15)])  # fmt: skip
    assert sorted(one.span_id for one in whole) == sorted(one.span_id for one in parts)
    assert len({(one.trace_id, one.span_id) for one in calls}) == len(calls)
    assert 25_000 < len(calls) < 40_000
    assert max(one.at_ms for one in calls) < ANCHOR_MS


def test_a_call_in_a_span_of_its_agent_is_counted_once_and_for_the_agent(calls: list[Call]) -> None:
    agent = [one for one in calls if one.agent == model_calls.AGENT]
    assert {one.model for one in agent} == {model_calls.CHAT_MODEL}
    assert all(one.session and one.tenant and one.tokens.known for one in agent)


def test_the_tenant_whose_cache_stopped_is_found_and_no_other(made: World, habits: Habits) -> None:
    (found,) = found_by(prompt_cache_lost.CHECK, habits)
    assert found.thing.id.split(":") == [model_calls.UNCACHED, model_calls.CHAT, model_calls.CHAT_MODEL]
    (plant,) = (one for one in plants(made) if one.id == "cache-stopped")
    assert plant.resources[0] in found.summary
    assert found.money is not None
    assert 10 < found.money < 1000


def test_the_agent_in_a_loop_is_found_with_its_session(habits: Habits) -> None:
    (found,) = found_by(agent_loops.CHECK, habits)
    assert found.thing.id == model_calls.AGENT
    assert f"{model_calls.LOOP_CALLS:,} calls" in found.summary
    assert "1 of" in found.summary


def test_the_feature_that_an_own_model_serves_for_less_is_found(habits: Habits) -> None:
    (found,) = found_by(cheaper_own_model.CHECK, habits)
    assert found.thing.id.split(":") == [model_calls.REVIEW, model_calls.REVIEW_MODEL]
    assert L4_PAIR.name == found.advised
