import asyncio

import pytest
from tests.unit.bottlenecks.conftest import NOW, Kept

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.errors import InvalidInput
from trimtab.bottlenecks.compare import compare
from trimtab.bottlenecks.parts import Part
from trimtab.bottlenecks.read import Choice, attribute_names
from trimtab.bottlenecks.service_map import service_map
from trimtab.traces.model import Span

NS = 1_000_000
ACCOUNT, REGION = "123456789012", "us-east-1"
HOUR = 3_600_000


def trace(number, start_ms, *, db_ms=20, version="v1", failed=False):
    """A front end that calls a model and a database that sends no spans."""
    id_ = f"{number:032x}"

    def one(span, parent, service, name, kind, at, length, **more):
        resource = {"service.version": version, "host.name": f"{service}-host"}
        return Span(
            ACCOUNT, REGION, service, id_, span * 16, parent * 16, name, kind, segment=kind == "server",
            start_ns=(start_ms + at) * NS, duration_ns=length * NS, resource_attributes=resource, **more,
        )  # fmt: skip

    llm = {"gen_ai.request.model": "m", "gen_ai.latency.time_in_queue": "0.01"}
    return [
        one("a", "", "web", "GET /", "server", 0, 100 + db_ms, fault=failed, attributes={"user": f"u{number}"}),
        one("b", "a", "web", "chat", "client", 5, 60),
        one("c", "b", "model", "llm_request", "server", 7, 50, attributes=llm),
        one("d", "a", "web", "SELECT", "client", 70, db_ms, peer="postgres"),
    ]


def filled(kept, *lists):
    async def write():
        for spans in lists:
            await kept.ingest.write(spans)
        assert await kept.traces.fresh(30)

    return write()


def test_a_population_is_those_traces_that_began_in_the_window_with_their_inferred_components(kept: Kept):
    async def check():
        await filled(kept, *(trace(n, NOW + n * 1000) for n in range(60)), trace(99, NOW - 60_000))
        found = await kept.populations.population(EVERYTHING, Choice(NOW, NOW + HOUR))
        assert (60, 60, frozenset({"postgres"})) == (found.found, len(found.population.parts), found.inferred)
        assert Part("postgres", "SELECT") in found.population.parts.parts
        assert Part("model", "queue") in found.population.parts.parts
        found = await kept.populations.population(EVERYTHING, Choice(NOW, NOW + HOUR, 'annotation.user = "u7"'))
        assert [f"{7:032x}"] == list(found.population.parts.traces)
        map_ = service_map(found.population, found.inferred)
        assert [("model", False), ("postgres", True), ("web", False)] == [(n.name, n.inferred) for n in map_.nodes]
        assert [("web", "model", 10.0), ("web", "postgres", 0.0)] == [
            (e.caller, e.callee, e.wire_ms) for e in map_.edges
        ]

    asyncio.run(check())


def test_of_many_traces_a_share_is_drawn_and_each_stands_for_more(kept: Kept):
    async def check():
        await filled(kept, *(trace(n, NOW + n * 100) for n in range(200)))
        found = await kept.populations.population(EVERYTHING, Choice(NOW, NOW + HOUR), most=50)
        drawn = len(found.population.parts)
        assert 20 < drawn < 90
        assert (200, 200 / drawn) == (found.found, found.scale)
        map_ = service_map(found.population, found.inferred, found.scale)
        assert pytest.approx(200) == next(node for node in map_.nodes if node.name == "web").traffic.requests

    asyncio.run(check())


def test_a_filter_over_whole_traces_chooses_them_and_nothing_outside_the_scope(kept: Kept):
    async def check():
        await filled(kept, *(trace(n, NOW + n * 1000, failed=n % 3 == 0) for n in range(30)))
        found = await kept.populations.population(EVERYTHING, Choice(NOW, NOW + HOUR, "fault = true"))
        assert 10 == len(found.population.parts)
        assert found.population.parts.failed.all()
        nobody = await kept.populations.population(Scope.of("210987654321", REGION), Choice(NOW, NOW + HOUR))
        assert (0, 0) == (nobody.found, len(nobody.population.parts))

    asyncio.run(check())


def test_two_versions_are_compared_by_what_their_resources_say(kept: Kept):
    async def check():
        await filled(
            kept,
            *(trace(n, NOW + n * 1000) for n in range(60)),
            *(trace(100 + n, NOW + HOUR + n * 1000, db_ms=80, version="v2") for n in range(60)),
        )
        before = await kept.populations.population(EVERYTHING, Choice(NOW, NOW + HOUR))
        after = await kept.populations.population(EVERYTHING, Choice(NOW + HOUR, NOW + 2 * HOUR))
        found = compare(after.population, before.population)
        assert (Part("postgres", "SELECT"), pytest.approx(60.0)) == (found.parts[0].part, found.parts[0].change_ms)
        assert {("service.version", "v1"), ("service.version", "v2")} == {(f.name, f.value) for f in found.features}

    asyncio.run(check())


def test_choices_that_cannot_be_used_say_why(kept: Kept):
    async def check():
        with pytest.raises(InvalidInput, match="end of the range after its start"):
            await kept.populations.population(EVERYTHING, Choice(NOW, NOW))
        with pytest.raises(InvalidInput, match="character"):
            await kept.populations.population(EVERYTHING, Choice(NOW, NOW + 1, "duration >"))

    asyncio.run(check())


def test_attributes_that_choose_are_known():
    choice = Choice(0, 1, 'annotation.version = "2" AND annotation[zone] = "a" AND duration > 1')
    assert ["version", "zone"] == attribute_names(choice)
