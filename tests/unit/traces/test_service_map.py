"""The service map: who calls whom, what is inferred, what came of it."""

import asyncio
from collections.abc import Sequence

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.store.telemetry.client import Telemetry
from trimtab.traces.model import Span
from trimtab.traces.read import Where
from trimtab.traces.room import TracesRoom
from trimtab.traces.service_map import ServiceMaps

PLACE = "123456789012", "us-east-1"
NOW, NS = 1_764_072_000_000, 1_000_000


def _span(trace: int, id_: str, parent: str, service: str, kind: str, ms: int, **more: object) -> Span:
    ids = f"{trace:032x}", id_ * 16, parent * 16
    entry = kind == "server"
    span = {"start_ns": NOW * NS, "duration_ns": ms * NS, **more}
    return Span(*PLACE, service, *ids, service, kind, entry, **span)  # type: ignore[arg-type]  # a test's shorthand


def _shop(trace: int, **last: object) -> Sequence[Span]:
    return [
        _span(trace, "a", "", "web", "server", 100, origin="AWS::EC2::Instance", **last),
        _span(trace, "b", "a", "web", "client", 80, peer="api.local", **last),
        _span(trace, "c", "b", "api", "server", 60, **last),
        _span(trace, "d", "c", "api", "client", 20, peer="redis", origin="Database"),
    ]


def test_nodes_and_edges_of_a_window(room: TracesRoom, engine: Telemetry) -> None:
    async def run() -> None:
        await room.ingest.write([*_shop(1), *_shop(2, fault=True)])
        assert await room.reader.fresh(30)
        found = await ServiceMaps(engine).of_window(EVERYTHING, NOW, NOW + 1000)
        told = {node.name: (node.type, node.root, node.inferred, node.statistics.total) for node in found.nodes}
        assert told == {
            "web": ("AWS::EC2::Instance", True, False, 2),
            "api": ("", False, False, 2),
            "redis": ("Database", False, True, 2),
        }
        names = [node.name for node in found.nodes]
        edges = {(names[edge.source], names[edge.destination]): edge.statistics for edge in found.edges}
        assert {("web", "api"), ("api", "redis")} == set(edges)
        assert (2, 1, 1) == (edges["web", "api"].total, edges["web", "api"].faults, edges["web", "api"].ok)
        assert pytest.approx(0.16) == edges["web", "api"].seconds  # as the caller saw it
        assert pytest.approx(0.02, rel=0.05) == edges["api", "redis"].quantile(0.5)
        one = await ServiceMaps(engine).of_window(
            EVERYTHING, NOW, NOW + 1000, Where("trace_id = {id:String}", {"id": f"{1:032x}"})
        )
        assert [1, 1, 1] == [node.statistics.total for node in one.nodes]

    asyncio.run(run())


def test_requests_over_time(room: TracesRoom, engine: Telemetry) -> None:
    async def run() -> None:
        late = [_span(3, "a", "", "web", "server", 5, start_ns=(NOW + 60_000) * NS)]
        await room.ingest.write([*_shop(1), *_shop(2, fault=True), *late])
        assert await room.reader.fresh(30)
        entities = Where("segment AND service = {name:String}", {"name": "web"})
        found = await ServiceMaps(engine).over_time(EVERYTHING, NOW, NOW + 120_000, 60_000, entities)
        assert [(NOW, 2, 1), (NOW + 60_000, 1, 0)] == [
            (one.at_ms, one.statistics.total, one.statistics.faults) for one in found
        ]

    asyncio.run(run())
