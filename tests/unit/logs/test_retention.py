"""What is past a retention or was deleted leaves the engine; all else stays."""

import asyncio

from tests.unit.logs.conftest import NOW
from tests.unit.logs.test_read import DAY_MS, WHERE, put

from trimtab.base.clock import ManualClock
from trimtab.logs.retention import FORGET_MS, LogRetention
from trimtab.logs.room import LogsRoom
from trimtab.store.state.database import State
from trimtab.store.state.schema.logs import log_deletions
from trimtab.store.telemetry.client import Telemetry


def messages(engine: Telemetry) -> list[str]:
    return [str(one) for one in engine.fetch_sync("SELECT message FROM log_events ORDER BY message")["message"]]


def partitions(engine: Telemetry) -> int:
    sql = (
        "SELECT uniqExact(partition) AS n FROM system.parts WHERE database = currentDatabase() AND active AND table = "
    )
    return int(engine.fetch_sync(f"{sql}'log_events'")["n"][0])


def test_days_go_whole_where_nothing_else_is_in_them_and_by_group_where_it_is(
    room: LogsRoom, engine: Telemetry, state: State, clock: ManualClock
) -> None:
    async def check() -> None:
        await put(room, "short", "s", [(NOW - 9 * DAY_MS, "day alone"), (NOW - 5 * DAY_MS, "shared"), (NOW, "young")])
        await put(room, "ever", "s", [(NOW - 5 * DAY_MS, "kept")])
        await room.groups.change(*WHERE, "short", {"retention_days": 3})
        job = LogRetention(engine, state, clock)
        assert await job.drop() == 1
        assert messages(engine) == ["kept", "young"]
        assert partitions(engine) == 2
        assert await job.drop() == 0

    asyncio.run(check())


def test_what_was_deleted_goes_and_its_record_when_nothing_is_left_of_it(
    room: LogsRoom, engine: Telemetry, state: State, clock: ManualClock
) -> None:
    async def check() -> None:
        group = await put(room, "g", "s", [(NOW, "of a stream")])
        await put(room, "g", "t", [(NOW, "kept")])
        await put(room, "h", "s", [(NOW, "of a group")])
        await room.groups.delete_stream(group, "s")
        await room.groups.delete(*WHERE, "h")
        job = LogRetention(engine, state, clock)
        await job.drop()
        assert messages(engine) == ["kept"]
        assert await count(state) == 2
        clock.at_ms += FORGET_MS
        await job.drop()
        assert await count(state) == 0

    asyncio.run(check())


def test_without_the_lock_nothing_goes(room: LogsRoom, engine: Telemetry, state: State, clock: ManualClock) -> None:
    async def check() -> None:
        await put(room, "h", "s", [(NOW, "of a group")])
        await room.groups.delete(*WHERE, "h")
        assert await LogRetention(engine, state, clock, lambda: False).drop() == 0
        assert messages(engine) == ["of a group"]

    asyncio.run(check())


async def count(state: State) -> int:
    return await state.read(lambda connection: len(connection.execute(log_deletions.select()).all()))
