"""Pages of events: in order, complete, terminating; and never what was deleted, expired or out of scope."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest
from tests.unit.logs.conftest import NOW

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.logs.model import Group, LogBatch, LogEvent
from trimtab.logs.read import PAGE_BYTES, EventQuery, Page
from trimtab.logs.room import LogsRoom
from trimtab.store.telemetry.client import Telemetry

T = TypeVar("T")
WHERE = ("123456789012", "us-east-1")
DAY_MS = 86_400_000


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def put(room: LogsRoom, name: str, stream: str, events: Sequence[tuple[int, str]]) -> Group:
    group, (into,) = await room.groups.ensure(*WHERE, name, [stream])
    await room.ingest.write([LogBatch(group, into, [LogEvent(at, text) for at, text in events])])
    assert await room.reader.fresh(8)
    return group


def texts(page: Page) -> list[str]:
    return [event.message for event in page.events]


async def walk(room: LogsRoom, group: Group, limit: int, *, backward: bool) -> list[list[str]]:
    """Every page from one end to the other."""
    pages: list[list[str]] = []
    query = EventQuery(limit=limit, backward=backward)
    while events := (await room.reader.page(EVERYTHING, [group], query)).events:
        pages.append([event.message for event in events])
        query = replace(query, position=events[0 if backward else -1].position)
    return pages


def test_pages_forward_and_backward_give_every_event_once_even_at_equal_times(room: LogsRoom) -> None:
    async def check() -> None:
        group = await put(room, "g", "s", [(NOW, "a"), (NOW, "b"), (NOW, "c"), (NOW + 1, "d"), (NOW + 2, "e")])
        assert await walk(room, group, 2, backward=False) == [["a", "b"], ["c", "d"], ["e"]]
        assert await walk(room, group, 2, backward=True) == [["d", "e"], ["b", "c"], ["a"]]

    run(check())


def test_a_page_has_at_most_a_megabyte_and_at_least_one_event(room: LogsRoom) -> None:
    async def check() -> None:
        big = "x" * (PAGE_BYTES // 2)
        group = await put(room, "g", "s", [(NOW + n, big) for n in range(3)])
        assert [len(page) for page in await walk(room, group, 1000, backward=False)] == [2, 1]
        other = await put(room, "huge", "s", [(NOW, "y" * (PAGE_BYTES + 1))])
        assert [len(page) for page in await walk(room, other, 1000, backward=True)] == [1]

    run(check())


def test_the_newest_page_of_a_group_is_read_from_its_end(room: LogsRoom, engine: Telemetry) -> None:
    async def check() -> None:
        group = await put(room, "g", "s", [(NOW, "a")])
        window = await room.reader.window(EVERYTHING, [group], 0, NOW + 1)
        plan = f"EXPLAIN actions = 1 SELECT id FROM log_events WHERE {window.where} ORDER BY time DESC, id DESC LIMIT 9"
        lines = (await engine.fetch(plan, window.params))["explain"].tolist()
        assert any("InReverseOrder" in line for line in lines)

    run(check())


def test_deleted_groups_and_streams_are_not_read_though_they_are_made_again(room: LogsRoom) -> None:
    async def check() -> None:
        group = await put(room, "g", "s", [(NOW, "old")])
        await put(room, "g", "t", [(NOW, "kept")])
        await room.groups.delete_stream(group, "s")
        await put(room, "g", "s", [(NOW + 1, "new")])
        assert texts(await room.reader.page(EVERYTHING, [group], EventQuery())) == ["kept", "new"]
        await room.groups.delete(*WHERE, "g")
        again = await put(room, "g", "s", [(NOW + 2, "newest")])
        assert texts(await room.reader.page(EVERYTHING, [again], EventQuery())) == ["newest"]

    run(check())


def test_what_is_past_a_groups_retention_is_not_read(room: LogsRoom, clock: ManualClock) -> None:
    async def check() -> None:
        kept = await put(room, "kept", "s", [(NOW - 3 * DAY_MS, "old")])
        short = await put(room, "short", "s", [(NOW - 3 * DAY_MS, "gone"), (NOW, "there")])
        await room.groups.change(*WHERE, "short", {"retention_days": 1})
        groups = [kept, await room.groups.get(*WHERE, short.name)]
        assert texts(await room.reader.page(EVERYTHING, groups, EventQuery())) == ["old", "there"]

    run(check())


def test_a_scope_hides_groups_by_account_region_and_tags(room: LogsRoom) -> None:
    async def check() -> None:
        group = await put(room, "g", "s", [(NOW, "a")])
        await room.groups.change_tags(group, {"team": "red"})
        red, blue = (Scope(rows=(RowRule("team", frozenset((team,))),)) for team in ("red", "blue"))
        assert texts(await room.reader.page(red, [group], EventQuery())) == ["a"]
        assert texts(await room.reader.page(blue, [group], EventQuery())) == []
        assert texts(await room.reader.page(Scope.of("123456789012", "eu-west-1"), [group], EventQuery())) == []
        with pytest.raises(NotFound):
            await room.reader.group(blue, *WHERE, "g")

    run(check())


def test_streams_ranges_and_further_conditions_narrow_a_page(room: LogsRoom) -> None:
    async def check() -> None:
        await put(room, "g", "web-1", [(NOW, "one"), (NOW + 10, "two")])
        group = await put(room, "g", "db-1", [(NOW + 5, "three")])
        page = room.reader.page
        web = await room.groups.stream(group, "web-1")
        assert texts(await page(EVERYTHING, [group], EventQuery(streams=[web.id]))) == ["one", "two"]
        assert texts(await page(EVERYTHING, [group], EventQuery(stream_prefix="db-"))) == ["three"]
        assert texts(await page(EVERYTHING, [group], EventQuery(start_ms=NOW + 5, end_ms=NOW + 10))) == ["three"]
        query = EventQuery(where="position(message, {part:String}) > 0", params={"part": "t"})
        assert texts(await page(EVERYTHING, [group], query)) == ["three", "two"]

    run(check())


def test_an_event_is_found_again_and_half_a_character_does_no_harm(room: LogsRoom) -> None:
    async def check() -> None:
        group = await put(room, "g", "s", [(NOW, "half \ud83d, whole 🙂")])
        (event,) = (await room.reader.page(EVERYTHING, [group], EventQuery())).events
        assert event.message == "half ?, whole 🙂"
        assert await room.reader.one(EVERYTHING, group, event.position) == event

    run(check())


def test_a_batch_sent_again_is_kept_and_told_once(room: LogsRoom) -> None:
    told: list[Sequence[LogBatch]] = []

    async def tap(batches: Sequence[LogBatch]) -> None:
        told.append(batches)

    async def check() -> None:
        room.ingest.taps.append(tap)
        group, (stream,) = await room.groups.ensure(*WHERE, "g", ["s"])
        batch = LogBatch(group, stream, [LogEvent(NOW, "once")])
        for _ in range(2):
            await room.ingest.write([batch], key="k")
        assert await room.reader.fresh(8)
        assert texts(await room.reader.page(EVERYTHING, [group], EventQuery())) == ["once"]
        assert told == [[batch]]

    run(check())
