"""A query reads what its scope covers, and nothing else is there."""

import asyncio

import pytest
from tests.unit.logs.conftest import NOW

from trimtab.access.scope import RowRule, Scope
from trimtab.base.errors import NotFound
from trimtab.logs.insights.run import Ask, LogInsights
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
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
