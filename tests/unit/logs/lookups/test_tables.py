import asyncio
from typing import Any

import pytest

from trimtab.access.scope import Scope
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.room import InsightsRoom
from trimtab.logs.insights.run import Ask
from trimtab.logs.lookups.tables import read_csv
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

NOW = 1_764_072_000_000
OWNERS = 'host,team,note\nweb-1,search,"a, ""b"""\nweb-2,ads,\nweb-1,late,x\n'


async def rows(insights: InsightsRoom, text: str, account: str = "1") -> list[tuple[str | None, ...]]:
    ask = Ask(text, account, "r", ("g",), NOW - 1000, NOW + 1000)
    found = await insights.insights.run(Scope.of(account, "r"), ask)
    return [tuple(cell for name, cell in zip(found.names, row, strict=True) if name != "@ptr") for row in found.rows]


@pytest.fixture
def insights(room: LogsRoom, engine: Telemetry, state: State) -> InsightsRoom:
    return InsightsRoom.of(engine, state, room.reader, room.groups, room.clock)


async def write(room: LogsRoom, *messages: str, account: str = "1") -> None:
    group, (stream,) = await room.groups.ensure(account, "r", "g", ["s"])
    await room.ingest.write([LogBatch(group, stream, [LogEvent(NOW + at, text) for at, text in enumerate(messages)])])
    assert await room.reader.fresh(30)


def test_values_are_looked_up_by_keys(room: LogsRoom, insights: InsightsRoom) -> None:
    async def scenario() -> None:
        await room.lookups.put("1", "r", "owners", OWNERS)
        await write(room, '{"machine": "web-1"}', '{"machine": "web-2"}', '{"machine": "db-1"}')
        named = "fields machine | lookup owners host as machine OUTPUT team as owner | sort machine"
        assert [("db-1", None), ("web-1", "search"), ("web-2", "ads")] == await rows(insights, named)
        counted = (
            "lookup owners host as machine OUTPUT team | filter ispresent(team) | stats count(*) by team | sort team"
        )
        assert [("ads", "1"), ("search", "1")] == await rows(insights, counted)
        whole = 'fields machine as host | lookup owners host | filter host = "web-1" | display note, team'
        assert [('a, "b"', "search")] == await rows(insights, whole)

    asyncio.run(scenario())


def test_a_table_that_is_put_again_counts_at_once_and_others_do_not_see_it(
    room: LogsRoom, insights: InsightsRoom, engine: Telemetry
) -> None:
    engine.command("TRUNCATE TABLE log_lookup_rows")
    text = "fields machine | lookup owners host as machine OUTPUT team"

    async def scenario() -> None:
        await room.lookups.put("1", "r", "owners", OWNERS)
        await write(room, '{"machine": "web-1"}')
        await write(room, '{"machine": "web-1"}', account="2")
        assert [("web-1", "search")] == await rows(insights, text)
        await room.lookups.put("1", "r", "owners", "host,team\nweb-1,maps\n")
        assert [("web-1", "maps")] == await rows(insights, text)
        with pytest.raises(QueryProblem, match="owners"):
            await rows(insights, text, "2")
        await room.lookups.put_rows("1", "r", "owners", ["host", "team"], [["web-1", None]])
        assert [("web-1", "")] == await rows(insights, text)
        await room.lookups.delete("1", "r", "owners")
        with pytest.raises(QueryProblem, match="owners"):
            await rows(insights, text)

    asyncio.run(scenario())
    assert 0 == int(engine.fetch_sync("SELECT count() AS n FROM log_lookup_rows")["n"][0])


def test_wrong_fields_are_told_with_those_that_there_are(room: LogsRoom, insights: InsightsRoom) -> None:
    async def scenario() -> None:
        await room.lookups.put("1", "r", "owners", OWNERS)
        await write(room, "x")
        with pytest.raises(QueryProblem, match="host, team, note"):
            await rows(insights, "fields machine | lookup owners name as machine OUTPUT team")

    asyncio.run(scenario())


def test_tables_are_listed_and_kept_apart(room: LogsRoom) -> None:
    async def scenario() -> None:
        await room.lookups.put("1", "r", "a", OWNERS, description="d", exists=False)
        await room.lookups.put("1", "r", "b", OWNERS)
        changed = await room.lookups.put("1", "r", "a", "x,y\n1,2\n", exists=True)
        assert ("d", ("x", "y"), 1, 8) == (changed.description, changed.fields, changed.records, changed.size)
        assert ["b"] == [one.name for one in await room.lookups.listed("1", "r", after="a")]
        assert "x,y\n1,2\n" == await room.lookups.body("1", "r", "a")
        for call, error in ((room.lookups.put("1", "r", "a", OWNERS, exists=False), Conflict),
                            (room.lookups.put("1", "r", "c", OWNERS, exists=True), NotFound),
                            (room.lookups.delete("1", "r", "c"), NotFound),
                            (room.lookups.get("1", "s", "a"), NotFound)):  # fmt: skip
            with pytest.raises(error):
                await call

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "body", ["", "\n", "a,a\n1,2\n", "a,\n1,2\n", "a,b\n1\n", 'a,b\n"1\n', "a\n" + "x" * (10 << 20)]
)
def test_what_is_no_table_is_refused(body: Any) -> None:
    with pytest.raises(InvalidInput):
        read_csv(body)
