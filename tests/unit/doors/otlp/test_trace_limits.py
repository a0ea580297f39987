"""A trace has a number of spans: those beyond are refused, by either way of decoding, and the others are kept."""

import asyncio
import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from trimtab.base.clock import ManualClock
from trimtab.doors.otlp.answer import Encoding
from trimtab.doors.otlp.traces import TraceIntake, TraceWriting
from trimtab.doors.protobuf.kernels import Kernels
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.traces.documents.intake import SegmentIntake
from trimtab.traces.ingest import TraceIngest
from trimtab.traces.sizes import TraceSizes

LONG, SHORT = b"L" * 16, b"S" * 16


class Log:
    """Counts rows of spans."""

    def __init__(self) -> None:
        self.rows = 0
        self.keys: set[str] = set()

    async def append(self, sections: Sequence[Section], key: str | None = None) -> Appended:
        duplicate = key in self.keys
        if not duplicate:
            self.rows += sum(section.rows for section in sections if section.table == "spans")
            self.keys |= {key} if key else set()
        return Appended(1, duplicate)


class Ledger:
    def accepted(self, *_source: Any, **_counts: Any) -> None: ...

    def rejected(self, *_source: Any) -> None: ...


class World:
    def __init__(self, compiled: bool) -> None:
        self.clock, self.log = ManualClock(), Log()
        self.ingest = TraceIngest(cast(Any, self.log), self.clock, TraceSizes(10))
        room = SimpleNamespace(ingest=self.ingest, clock=self.clock)
        kernels = Kernels("trimtab.doors.otlp.span_rows_compiled")
        if compiled:
            assert kernels.load()
        self.intake = TraceIntake(TraceWriting(cast(Any, room), cast(Any, Ledger()), "1", "eu"), kernels)

    def send(self, key: str | None = None, **spans: int) -> Any:
        request = ExportTraceServiceRequest()
        scope = request.resource_spans.add().scope_spans.add()
        for trace, number in spans.items():
            for at in range(number):
                scope.spans.add(
                    trace_id=trace.encode() * 16,
                    span_id=at.to_bytes(8, "big", signed=False).replace(b"\0", b"\1", 1),
                    name="work",
                    start_time_unix_nano=self.clock.now_ms() * 1_000_000,
                    end_time_unix_nano=self.clock.now_ms() * 1_000_000 + 5,
                )
        return asyncio.run(self.intake.take(request.SerializeToString(), Encoding.PROTOBUF, False, "1", key))


@pytest.fixture(params=[False, True], ids=["plain", "compiled"])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def test_the_spans_beyond_are_refused_and_all_others_kept(world: World) -> None:
    assert 0 == world.send(L=8).points_refused
    outcome = world.send(L=5, S=3)
    assert (3, 13) == (outcome.points_refused, world.log.rows)
    ((_, refused),) = outcome.refused
    assert "a trace has more than 10 spans (TRIMTAB_MAX_SPANS_PER_TRACE)" == refused.reason
    assert refused.example == LONG.hex()
    assert 4 == world.send(L=4).points_refused
    assert 0 == world.send(S=7).points_refused


def test_a_request_that_is_repeated_counts_once(world: World) -> None:
    for _ in range(3):
        world.send("key", L=5)
    assert 5 == world.ingest.sizes.room(LONG.hex())
    assert 0 == world.send(L=5).points_refused


def test_segments_beyond_are_unprocessed_with_their_ids() -> None:
    world = World(compiled=False)
    world.ingest.sizes.most = 1
    segments = SegmentIntake(world.ingest)
    start = world.clock.now_ms() / 1000
    texts = [
        json.dumps({"name": "shop", "id": id_, "trace_id": trace, "start_time": start, "end_time": start + 1})
        for id_, trace in (("a" * 16, "1-57ff426a-" + "b" * 24), ("c" * 16, "1-57ff426a-" + "b" * 24))
    ]
    taken = asyncio.run(segments.put(texts, "1", "eu"))
    assert [("c" * 16, "TraceTooLarge")] == [(one.id, one.code) for one in taken.unprocessed]
    assert 1 == world.log.rows
    segments.forget()
    assert [] == asyncio.run(segments.put(texts[1:], "1", "eu")).unprocessed


def test_the_traces_heard_of_last_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.traces.sizes._REMEMBERED", 2)
    sizes = TraceSizes(5)
    for trace in ("a", "b", "a", "c"):
        sizes.add({trace: 1})
    assert [3, 5, 4] == [sizes.room(trace) for trace in "abc"]
    assert {"a": 3} == sizes.over({"a": 4, "c": 4})
