"""A query over HTTP has the time that it asks for, waiting included, and is ended then."""

import asyncio

import msgspec
import pytest
from starlette.requests import Request
from starlette.types import Message

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import QueryAborted
from trimtab.doors.prometheus import query as query_module
from trimtab.doors.prometheus.query import QueryDoor, QueryNeeds, failure
from trimtab.doors.prometheus.query_params import Parameters
from trimtab.metrics.promql.engine import Answer


class Endless:
    """A PromQL engine that never answers."""

    def __init__(self) -> None:
        self.asked = self.ended = 0
        self.began = asyncio.Event()

    async def query(self, scope: Scope, text: str, at_ms: int, *, lookback_ms: int | None = None) -> Answer:
        self.asked += 1
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1
        raise AssertionError


def test_a_query_ends_when_its_caller_hangs_up() -> None:
    engine = Endless()
    needs = QueryNeeds(engine, None, ManualClock(), "1")  # type: ignore[arg-type]  # what a query needs

    async def ask() -> None:
        messages: list[Message] = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]
        leaves = asyncio.Event()

        async def receive() -> Message:
            if len(messages) == 1:
                await leaves.wait()
            return messages.pop(0)

        request = Request({"type": "http", "method": "GET", "headers": []}, receive)
        work = asyncio.create_task(QueryDoor(needs).query(Parameters([("query", "a")]), EVERYTHING, request))
        await engine.began.wait()
        leaves.set()
        with pytest.raises(QueryAborted, match="its caller hung up"):
            await work
        assert engine.ended == 1

    asyncio.run(ask())


def test_queries_end_when_their_time_is_over_and_those_that_wait_never_begin() -> None:
    engine = Endless()
    needs = QueryNeeds(engine, None, ManualClock(), "1")  # type: ignore[arg-type]  # what a query needs
    held = Parameters([("query", "a"), ("timeout", "0.05")])
    waiting = Parameters([("query", "a"), ("timeout", "0.01")])  # over while every place is still held
    request = Request({"type": "http", "method": "GET", "headers": []})

    async def ask() -> list[object]:
        door = QueryDoor(needs)
        asked = [door.query(given, EVERYTHING, request) for given in [held] * query_module._AT_ONCE + [waiting] * 3]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    answers = asyncio.run(ask())
    assert all(isinstance(answer, QueryAborted) for answer in answers)
    assert (engine.asked, engine.ended) == (query_module._AT_ONCE, query_module._AT_ONCE)
    (answer, *_) = answers
    assert isinstance(answer, QueryAborted)
    response = failure(answer)
    assert response.status_code == 503
    assert msgspec.json.decode(response.body) == {
        "status": "error",
        "errorType": "timeout",
        "error": "query timed out in expression evaluation",
    }
