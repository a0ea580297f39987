"""A query reads what its scope covers, and nothing else is there."""

import asyncio

import pytest
from tests.unit.logs.conftest import NOW

from trimtab.access.scope import RowRule, Scope
from trimtab.base.errors import AccessDenied, NotFound
from trimtab.base.records import replace
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.run import Ask, LogInsights
from trimtab.logs.insights.running import RunningQueries
from trimtab.logs.lookups.tables import LookupTables
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry


def ask(text: str, *groups: str) -> Ask:
    return Ask(text, "1", "eu", groups, NOW - 3_600_000, NOW)


def test_other_accounts_and_rows_do_not_exist(room: LogsRoom, engine: Telemetry) -> None:
    insights = LogInsights(engine, room.reader, room.groups, room.clock)

    async def all_of_it() -> None:
        group, streams = await room.groups.ensure("1", "eu", "mine", ["s"])
        await room.ingest.write([LogBatch(group, streams[0], [LogEvent(NOW - 1000, "secret")])])
        count = "stats count(*) as n"
        own = Scope.of("1", "eu")
        assert (await insights.run(own, ask(count, "mine"))).rows == [("1",)]
        ruled = Scope(own.accounts, own.regions, (RowRule("team", frozenset({"b"})),))
        for scope in (Scope.of("2", "eu"), Scope.of("1", "us"), ruled):
            with pytest.raises(NotFound):
                await insights.run(scope, ask(count, "mine"))
            by_prefix = 'SOURCE logGroups(namePrefix: ["mi"]) | fields @message'
            inside = 'SOURCE logGroups(namePrefix: ["zz"]) | fields @message'
            assert (await insights.run(scope, ask(by_prefix))).rows == []
            joined = f"{inside} | filter @message in ({by_prefix})"
            found = await insights.run(scope, ask(joined))
            assert (found.rows, found.scanned.records) == ([], 0)

    asyncio.run(all_of_it())


def test_a_query_is_found_by_who_is_bound_to_the_same_tags_and_by_who_is_bound_to_none(
    room: LogsRoom, engine: Telemetry
) -> None:
    running = RunningQueries(LogInsights(engine, room.reader, room.groups, room.clock), room.clock)
    a, b = (replace(Scope.of("1", "eu"), rows=(RowRule("team", frozenset({team})),)) for team in "ab")

    async def scenario() -> None:
        text = 'SOURCE logGroups(namePrefix: ["zz"]) | fields @message'
        started = await running.start(a, ask(text))
        whole = await running.start(Scope.of("1", "eu"), ask(text))
        assert [one.id for one in running.of("1", "eu", a)] == [started.id]
        assert list(running.of("1", "eu", b)) == []
        assert len(list(running.of("1", "eu"))) == 2
        for id_ in (started.id, whole.id):
            with pytest.raises(NotFound, match=f"Query '{id_}' does not exist"):
                running.get("1", "eu", id_, b)
        assert running.get("1", "eu", started.id, a) is started

    asyncio.run(scenario())


def test_who_is_bound_to_tags_has_no_lookup_table(room: LogsRoom, engine: Telemetry, state: State) -> None:
    tables = LookupTables(engine, state, room.clock)
    insights = LogInsights(engine, room.reader, room.groups, room.clock, tables)
    own = Scope.of("1", "eu")

    async def scenario() -> None:
        await tables.put("1", "eu", "people", "a,b\n1,secret\n")
        text = 'SOURCE logGroups(namePrefix: ["zz"]) | lookup people a OUTPUT b'
        assert (await insights.run(own, ask(text))).rows == []
        with pytest.raises(QueryProblem, match="cannot find the lookup table 'people'"):
            await insights.run(replace(own, rows=(RowRule("team", frozenset({"a"})),)), ask(text))

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "text",
    [
        "fields unmask(@message)",
        "fields @message | unmask @message",
        "stats count(*) by unmask(@message)",
        'fields @message | filter @message in (SOURCE "mine" | fields unmask(@message))',
        "fields @message | filter unmask(@message) like /secret/",
    ],
)
def test_who_may_not_unmask_is_refused_wherever_it_stands(room: LogsRoom, engine: Telemetry, text: str) -> None:
    insights = LogInsights(engine, room.reader, room.groups, room.clock)

    async def scenario() -> None:
        await room.groups.ensure("1", "eu", "mine", ["s"])
        own, asked = Scope.of("1", "eu"), ask(text, "mine")
        with pytest.raises(AccessDenied, match="unmask"):
            await insights.prepare(own, asked)
        await insights.prepare(own, replace(asked, unmask=True))

    asyncio.run(scenario())
