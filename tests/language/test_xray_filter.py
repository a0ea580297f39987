"""Runs xray_filter.test: each expression against whole traces in memory, and all of them against the engine."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.language.expression_notation import Block, blocks

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog
from trimtab.traces.filters.evaluate import matches
from trimtab.traces.filters.groups import expand
from trimtab.traces.filters.parser import parse
from trimtab.traces.groups import Group, TraceGroups
from trimtab.traces.ingest import TraceIngest
from trimtab.traces.model import Span, Trace
from trimtab.traces.read import TraceReader, traces_of
from trimtab.traces.search import TraceQuery, TraceSearch

PLACE = "123456789012", "us-east-1"
NOW = 1_764_072_000_000
BLOCKS = list(blocks(Path(__file__).parent / "xray_filter.test"))
GROUPS = {("name", "slow"): "responsetime > 5", ("name", "all"): ""}
_FLAGS = ("fault", "error", "throttle", "partial")


def _span(trace: int, line: str) -> Span:
    id_, parent, service, kind, start, duration, *rest = line.split()
    pairs = dict(one.split("=", 1) for one in rest)
    exception, _, message = pairs.get("exception", "").partition("/")
    told = {"exception.type": exception, "exception.message": message}
    return Span(
        *PLACE,
        service,
        f"{trace:032x}",
        f"{int(id_):016x}",
        "" if parent == "-" else f"{int(parent):016x}",
        pairs.get("name", service),
        kind,
        kind == "server",
        (NOW + int(start)) * 1_000_000,
        int(duration) * 1_000_000,
        **{name: name in pairs for name in _FLAGS},
        http_method=pairs.get("method", ""),
        http_status=int(pairs.get("status", "0")),
        http_url=pairs.get("url", ""),
        peer=pairs.get("peer", ""),
        origin=pairs.get("origin", ""),
        resource_attributes={key[1:]: value for key, value in pairs.items() if key[0] == "%"},
        attributes={key[1:]: value for key, value in pairs.items() if key[0] == "@"},
        events=json.dumps([{"name": "exception", "attributes": told}]) if exception else "",
    )


NAMES = [block.text for block in BLOCKS if block.command == "trace"]
SPANS = [_span(n, line) for n, block in enumerate(b for b in BLOCKS if b.command == "trace") for line in block.lines]
TRACES: dict[str, Trace] = {NAMES[int(id_, 16)]: trace for id_, trace in traces_of(SPANS).items()}
MATCHES = [block for block in BLOCKS if block.command == "match"]
FAILS = [block for block in BLOCKS if block.command == "fail"]


def _wanted(block: Block) -> set[str]:
    return set(block.lines[0].split()) - {"-"}


@pytest.mark.parametrize("block", MATCHES, ids=[f"{block.line}: {block.text}" for block in MATCHES])
def test_an_expression_holds_for_traces_in_memory(block: Block) -> None:
    expression = expand(parse(block.text), GROUPS)
    assert _wanted(block) == {name for name, trace in TRACES.items() if matches(expression, trace)}


@pytest.mark.parametrize("block", FAILS, ids=[f"{block.line}: {block.text}" for block in FAILS])
def test_what_is_wrong_is_said(block: Block) -> None:
    with pytest.raises(InvalidInput) as problem:
        expand(parse(block.text), GROUPS)
    assert block.lines[0] in str(problem.value)


@pytest.fixture
def search(engine: Telemetry, state: State, tmp_path: Path) -> Iterator[tuple[TraceIngest, TraceReader, TraceSearch]]:
    engine.truncate(["spans", "trace_times"])
    clock = ManualClock()
    log = IngestLog(tmp_path / "log", engine, SystemClock())
    log.open()
    reader, groups = TraceReader(engine, log), TraceGroups(state, clock)
    for (_, name), text in GROUPS.items():
        asyncio.run(groups.create(Group(*PLACE, name, "", text)))
    yield TraceIngest(log, clock), reader, TraceSearch(reader, groups)
    log.close()


def test_the_engine_finds_the_same_traces(search: tuple[TraceIngest, TraceReader, TraceSearch]) -> None:
    ingest, reader, finder = search

    async def run() -> None:
        await ingest.write(SPANS)
        assert await reader.fresh(30)
        for block in MATCHES:
            found = await finder.find(EVERYTHING, *PLACE, TraceQuery(NOW, NOW + 10_000, block.text))
            assert _wanted(block) == {NAMES[int(trace.id, 16)] for trace in found.traces}, block.text

    asyncio.run(run())
