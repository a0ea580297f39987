"""Queries made at random: an answer or a clear error, and nothing of them in the statement but as a value."""

import asyncio

import pytest
from tests.unit.logs.conftest import NOW
from tests.unit.logs.insights.made_queries import MARK, Maker

from trimtab.access.scope import EVERYTHING
from trimtab.logs.fields import Parameters
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.parser import parse
from trimtab.logs.insights.plan import plan
from trimtab.logs.insights.run import Ask, LogInsights
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.store.telemetry.client import Telemetry

MESSAGES = (
    '{"zqa": "error", "zq": {"b": 12.5, "0": {"c": "x"}}, "zq d": true}',
    '{"zqa": [1, "zq"], "zq": [{"c": 5}], "zqe": "10.0.0.1"}',
    "plain zq7=8, x zq [a] $b",
    "",
)


@pytest.mark.parametrize("block", range(4))
def test_nothing_of_a_query_is_in_the_statement(block: int) -> None:
    planned = 0
    for seed in range(block * 250, (block + 1) * 250):
        maker = Maker(seed)
        for text in (maker.query(), maker.damaged()):
            try:
                statement = plan(parse(text), lambda _: "1", Parameters(), NOW)
            except QueryProblem as problem:
                assert 0 <= problem.start < problem.end
                continue
            planned += 1
            assert MARK not in statement.sql, text
            assert MARK not in (statement.matched or ""), text
    assert planned > 150


def test_the_engine_answers_what_was_planned(room: LogsRoom, engine: Telemetry) -> None:
    insights = LogInsights(engine, room.reader, room.groups, room.clock)

    async def ask_all() -> int:
        group, streams = await room.groups.ensure("1", "eu", "g", ["s"])
        events = [LogEvent(NOW - 60_000 * place, message) for place, message in enumerate(MESSAGES, 1)]
        await room.ingest.write([LogBatch(group, streams[0], events)])
        answered = 0
        for seed in range(5000, 5060):
            ask = Ask(Maker(seed).query(), "1", "eu", ["g"], NOW - 3_600_000, NOW)
            try:
                await insights.run(EVERYTHING, ask)
            except QueryProblem:
                continue
            answered += 1
        return answered

    assert asyncio.run(ask_all()) > 30
