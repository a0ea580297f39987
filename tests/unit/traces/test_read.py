"""Spans are read back as they were written, each once, within a scope."""

import asyncio

import pytest

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.traces.kept_hours import HOUR_MS
from trimtab.traces.model import Span, w3c_trace_id, xray_trace_id
from trimtab.traces.read import Where
from trimtab.traces.room import TracesRoom

NOW = 1_764_072_000_000
NS = 1_000_000
TRACE = "5759e988bd862e3fe1be46a994272793"
ROOT = Span(
    "123456789012",
    "us-east-1",
    "shop",
    TRACE,
    "a" * 16,
    name="GET /cart",
    kind="server",
    segment=True,
    start_ns=NOW * NS,
    duration_ns=250 * NS,
    status="error",
    fault=True,
    http_method="GET",
    http_status=503,
    http_url="http://shop/cart?ü",
    resource_attributes={"team": "web"},
    attributes={"customer": "ann"},
    events='[{"name":"exception"}]',
    sampling=20.0,
)
CALL = replace(
    ROOT, span_id="b" * 16, parent_id="a" * 16, kind="client", segment=False, peer="db", start_ns=NOW * NS + 1
)


def test_a_trace_is_read_as_it_was_written(room: TracesRoom) -> None:
    async def both() -> None:
        await room.ingest.write([CALL, ROOT])
        assert await room.reader.fresh(30)
        trace = await room.reader.trace(EVERYTHING, TRACE)
        assert [ROOT, CALL] == list(trace.spans)
        assert trace.root == ROOT
        assert trace.children == {"": [ROOT], ROOT.span_id: [CALL]}
        columns = await room.reader.spans(EVERYTHING, NOW, NOW + 1, ["span_id", "duration_ns", "attributes"])
        assert columns["span_id"].tolist() == [ROOT.span_id, CALL.span_id]
        assert columns["attributes"][0] == {"customer": "ann"}

    asyncio.run(both())


def test_a_span_that_is_sent_again_replaces_the_one_before(room: TracesRoom, clock: ManualClock) -> None:
    async def both() -> None:
        await room.ingest.write([replace(ROOT, partial=True, duration_ns=0)])
        clock.advance(1)
        await room.ingest.write([ROOT])
        assert await room.reader.fresh(30)
        assert [ROOT] == list((await room.reader.trace(EVERYTHING, TRACE)).spans)
        assert 1 == len((await room.reader.spans(EVERYTHING, NOW, NOW + 1, ["span_id"]))["span_id"])

    asyncio.run(both())


@pytest.mark.parametrize(
    "scope", [Scope.of("210987654321", "us-east-1"), Scope(rows=(RowRule("team", frozenset({"ml"})),))]
)
def test_what_a_scope_does_not_cover_is_not_there(room: TracesRoom, scope: Scope) -> None:
    async def both() -> None:
        await room.ingest.write([ROOT])
        assert await room.reader.fresh(30)
        with pytest.raises(NotFound):
            await room.reader.trace(scope, TRACE)
        assert [] == (await room.reader.search(scope, NOW, NOW + 1)).found

    asyncio.run(both())


def test_pages_of_a_search_end_and_hold_each_trace_once(room: TracesRoom) -> None:
    ids = [f"{number:032x}" for number in range(7)]

    async def both() -> None:
        await room.ingest.write(
            [replace(ROOT, trace_id=id_, start_ns=(NOW + n // 3) * NS) for n, id_ in enumerate(ids)]
        )
        assert await room.reader.fresh(30)
        where = Where("service = {name:String}", {"name": "shop"})
        found, before = [], None
        for _ in range(4):
            page = await room.reader.search(EVERYTHING, NOW, NOW + 1000, where, 2, before)
            found += [hit.trace_id for hit in page.found]
            before = (page.found[-1].at_ms, page.found[-1].trace_id)
            assert page.more == (len(found) < 7)
        assert found == [ids[n] for n in (6, 5, 4, 3, 2, 1, 0)]

    asyncio.run(both())


def test_a_subsegment_takes_the_service_of_its_segment(room: TracesRoom) -> None:
    async def both() -> None:
        below = replace(CALL, span_id="c" * 16, parent_id=CALL.span_id, service="")
        await room.ingest.write([ROOT, replace(CALL, service=""), below])
        assert await room.reader.fresh(30)
        assert {"shop"} == {span.service for span in (await room.reader.trace(EVERYTHING, TRACE)).spans}

    asyncio.run(both())


def test_ids_of_w3c_b3_and_x_ray_map_one_to_one() -> None:
    assert "1-5759e988-bd862e3fe1be46a994272793" == xray_trace_id(TRACE)
    assert TRACE == w3c_trace_id("1-5759e988-bd862e3fe1be46a994272793") == w3c_trace_id(TRACE.upper())
    assert "0000000000000000a3ce929d0e0e4736" == w3c_trace_id("a3ce929d0e0e4736")
    with pytest.raises(InvalidInput):
        w3c_trace_id("1-5759e988-nothex")


def test_calls_of_models_are_counted_once_where_several_spans_tell_of_them(
    room: TracesRoom, clock: ManualClock
) -> None:
    usage = "gen_ai.usage.input_tokens"
    told = {"gen_ai.response.model": "m", usage: "7", "tenant": "a"}
    outer = replace(ROOT, attributes=told)
    inner = replace(CALL, attributes=told | {"gen_ai.response.id": "r1"})
    beside = replace(inner, trace_id="c" * 32, span_id="c" * 16, parent_id="")
    around = replace(beside, span_id="d" * 16, attributes={"tenant": "b", "gen_ai.response.id": "r2"})

    async def both() -> None:
        await room.ingest.write([outer, inner, beside, around])
        assert await room.reader.fresh(30)
        found = await room.reader.model_calls(EVERYTHING, NOW, NOW + 1, (usage,))
        assert ([1], [7.0], ["a"]) == (
            found["calls"].tolist(), found["input_tokens"].tolist(), found["tenant"].tolist(),
        )  # fmt: skip
        assert {NOW // HOUR_MS * HOUR_MS: (4, clock.now_ms())} == await room.reader.hour_marks(NOW, NOW + 1)
        asked = (usage,), (usage, "tenant", "gen_ai.response.id", "team"), ("tenant",)
        spans = await room.reader.model_spans(EVERYTHING, NOW, NOW + 1, *asked, 10)
        assert [one.span_id for one in (outer, inner, beside, around)] == spans["span_id"].tolist()
        assert {usage: "7", "tenant": "a"} == spans["said"][0]
        assert ({"team": "web"}, {"tenant": "b"}, {}) == (
            spans["resource_said"][2], spans["said"][3], spans["resource_said"][3],
        )  # fmt: skip
        other = Scope(rows=(RowRule("team", frozenset({"ml"})),))
        assert 0 == len((await room.reader.model_spans(other, NOW, NOW + 1, *asked, 10))["span_id"])

    asyncio.run(both())
