"""Extracts by schedule: made when due, swept when replaced, dropped when nobody reads, kept when a try fails."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from made_datasets import NOW, SOURCES, reader
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.base.records import replace
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.spec import spec_of
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

ADMIN = Principal("root", None, Role.ADMIN, EVERYTHING)
SPEC: dict[str, Any] = {
    "sources": [{"use": "bill", "take": {"cost": "cost", "service": "service", "more": "cost + ${extra}"}}],
    "parameters": {"extra": {"type": "money", "default": 0}, "of": {"type": "text", "default": "S3"}},
    "fields": {"wanted": "service = ${of}"},
    "range": "30d",
    "extract": {"schedule": "rate(1 hour)"},
}
HOUR_S = 3600


class Broken:
    """The bill, which can be made to fail."""

    def __init__(self) -> None:
        self.problem: Exception | None = None

    async def read(self, window: Window) -> Rows:
        if self.problem is not None:
            raise self.problem
        found = await SOURCES["bill"].read(window)
        assert isinstance(found, Rows)
        return found


def tables(engine: Telemetry) -> Sequence[str]:
    sql = "SELECT name FROM system.tables WHERE startsWith(name, 'dataset_extract_') ORDER BY name"
    return [str(one) for one in engine.fetch_sync(sql)["name"].tolist()]


def test_the_life_of_an_extract(engine: Telemetry, state: State) -> None:
    clock, bill = ManualClock(NOW), Broken()
    sources = {"bill": Source("bill", "Bill", "a line", SOURCES["bill"].fields, bill.read)}
    room = DatasetRoom.of(state, DatasetReader(engine, sources, clock), clock, "000000000000")

    async def story() -> None:
        await room.extracts.drop_all()
        await room.save(ADMIN, "bill", SPEC)
        first = await room.refresh(ADMIN, "bill")
        assert (first.rows, first.next_ms, tables(engine)) == (5, NOW + HOUR_S * 1000, [first.table])
        assert 0 == await room.extracts.turn()
        # What only fields and filters look at is read from the extract, what sources are read by is not.
        count = (("n", "countIf(cost, wanted)"), ("more", "sum(more)"))
        asked = await room.read(ADMIN, "bill", Query(columns=count, parameters={"of": "EC2"}))
        assert (NOW, 3) == (asked.extracted_ms, asked.table["n"].to_pylist()[0])
        other = await room.read(ADMIN, "bill", Query(columns=count, parameters={"extra": 1}))
        assert other.extracted_ms is None
        assert 5 == other.table["more"].to_pylist()[0] - asked.table["more"].to_pylist()[0]
        ranged = await room.read(ADMIN, "bill", Query(start_ms=NOW - 1000, end_ms=NOW))
        assert (None, 0) == (ranged.extracted_ms, ranged.table.num_rows)
        # A try that fails leaves what there is, says why, and comes again.
        clock.advance(HOUR_S)
        bill.problem = Unavailable("the store is away")
        assert 1 == await room.extracts.turn()
        stored, spec = await room.open(ADMIN, "bill")
        kept = await room.extracts.known(stored, spec, EVERYTHING)
        assert kept is not None
        assert ("the store is away", first.table) == (kept.problem, kept.table)
        assert NOW == (await room.read(ADMIN, "bill", Query())).extracted_ms
        bill.problem = None
        clock.advance(300)
        assert 1 == await room.extracts.turn()
        second = await room.extracts.known(stored, spec, EVERYTHING)
        assert second is not None
        assert (2, "") == (len(tables(engine)), second.problem)
        # The table before goes when nobody can be reading it any more.
        clock.advance(11 * 60)
        assert 0 == await room.extracts.turn()
        assert [second.table] == tables(engine)
        # What nobody read for a fortnight goes too, and so does what is deleted.
        clock.advance(15 * 24 * HOUR_S)
        await room.extracts.turn()
        assert await room.extracts.known(stored, spec, EVERYTHING) is None
        clock.advance(HOUR_S)
        await room.extracts.turn()
        assert [] == tables(engine)
        third = await room.refresh(ADMIN, "bill")
        await room.delete(ADMIN, "bill")
        await room.extracts.turn()
        assert [third.table] == tables(engine)
        clock.advance(HOUR_S)
        await room.extracts.turn()
        assert [] == tables(engine)

    asyncio.run(story())


def test_a_dataset_without_a_schedule_is_not_extracted(engine: Telemetry, state: State) -> None:
    clock = ManualClock(NOW)
    room = DatasetRoom.of(state, DatasetReader(engine, SOURCES, clock), clock, "000000000000")

    async def story() -> None:
        await room.save(ADMIN, "bill", {"sources": [{"use": "bill"}]})
        with pytest.raises(InvalidInput, match="has no `extract`"):
            await room.refresh(ADMIN, "bill")
        stored, _ = await room.open(ADMIN, "bill")
        live = await room.run(spec_of(stored.spec), replace(reader(), name="root"), Query(), stored)
        assert live.extracted_ms is None

    asyncio.run(story())


def test_the_engine_is_asked_for_tables_where_there_may_be_any_and_every_hour(
    engine: Telemetry, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(NOW)
    room = DatasetRoom.of(state, DatasetReader(engine, SOURCES, clock), clock, "000000000000")
    fetch, asked = engine.fetch, 0

    async def counted(*words: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        return await fetch(*words, **named)

    async def turns() -> list[int]:
        """How often two turns ask, one after the other."""
        found = []
        for _ in range(2):
            before = asked
            await room.extracts.turn()
            found.append(asked - before)
        return found

    async def story() -> None:
        await room.extracts.drop_all()
        monkeypatch.setattr(engine, "fetch", counted)
        assert [1, 0] == await turns()
        clock.advance(HOUR_S)
        assert [1, 0] == await turns()
        await room.save(ADMIN, "bill", SPEC)
        made = await room.refresh(ADMIN, "bill")
        assert [1, 0] == await turns()
        await room.refresh(ADMIN, "bill")
        assert [1, 1] == await turns()  # the table before is there until nobody can be reading it
        clock.advance(11 * 60)
        assert [1, 0] == await turns()
        assert made.table not in tables(engine)

    asyncio.run(story())
