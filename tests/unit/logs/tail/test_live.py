import asyncio
import random
from collections.abc import Sequence

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.logs.model import Group, LogBatch, LogEvent, Stream
from trimtab.logs.tail.live import LONGEST_S, MOST_BYTES, MOST_EVENTS, MOST_TAILS, LiveTails, TailQuery

CLOCK = ManualClock()


def group(id_: int) -> Group:
    return Group(id_, "1", "r", f"g{id_}", 0)


def batch(group_: int, *messages: str, stream: str = "s") -> LogBatch:
    return LogBatch(
        group(group_), Stream(1, group_, stream, 0), [LogEvent(at, text) for at, text in enumerate(messages)]
    )


def shown(query: TailQuery, *batches: LogBatch) -> Sequence[str]:
    async def scenario() -> Sequence[str]:
        tails = LiveTails(CLOCK)
        with tails.open(query) as tail:
            await tails(batches)
            update = tail.take()
            assert not update.sampled
            assert not tail.take().events
            return [event.event.message for event in update.events]

    return asyncio.run(scenario())


def test_a_tail_shows_what_matches_of_its_groups_and_streams() -> None:
    assert ["ERROR a"] == shown(TailQuery([group(1)], "ERROR"), batch(1, "ok", "ERROR a"), batch(2, "ERROR b"))
    streams = (batch(1, "a", stream="web-1"), batch(1, "b", stream="db-1"), batch(1, "c", stream="web-2"))
    assert ["a", "c"] == shown(TailQuery([group(1)], prefixes=("web",)), *streams)
    assert ["b"] == shown(TailQuery([group(1)], streams=frozenset(["db-1"])), *streams)


def test_of_too_many_a_fair_sample_in_order_is_shown() -> None:
    async def scenario() -> None:
        tails = LiveTails(CLOCK)
        with tails.open(TailQuery([group(1)])) as tail:
            tail.draw = random.Random(7)
            await tails([batch(1, *map(str, range(10_000)))])
            update = tail.take()
        numbers = [int(event.event.message) for event in update.events]
        assert (True, 10_000, MOST_EVENTS) == (update.sampled, update.seen, len(numbers))
        assert sorted(numbers) == numbers
        assert 4_000 < sum(numbers) / len(numbers) < 6_000

    asyncio.run(scenario())


def test_long_events_do_not_fill_the_memory() -> None:
    async def scenario() -> None:
        tails = LiveTails(CLOCK)
        with tails.open(TailQuery([group(1)])) as tail:
            for _ in range(40):
                await tails([batch(1, *["x" * 250_000] * 20)])
            update = tail.take()
        assert sum(len(event.event.message) for event in update.events) <= MOST_BYTES
        assert update.sampled

    asyncio.run(scenario())


def test_updates_come_until_the_tail_is_too_old() -> None:
    async def scenario() -> None:
        clock = ManualClock()
        tails = LiveTails(clock)
        with tails.open(TailQuery([group(1)])) as tail:
            await tails([batch(1, "a")])
            updates = []
            async for update in tails.updates(tail, pace_s=0.001):
                updates.append(len(update.events))
                clock.advance(LONGEST_S / 2)
            assert [1, 0] == updates
        await tails([batch(1, "b")])
        assert not tail.take().events

    asyncio.run(scenario())


def test_there_are_limits() -> None:
    tails = LiveTails(CLOCK)
    for groups in ([], [group(id_) for id_ in range(11)]):
        with pytest.raises(InvalidInput), tails.open(TailQuery(groups)):
            pass
    opened = [tails.open(TailQuery([group(1)])) for _ in range(MOST_TAILS)]
    for one in opened:
        one.__enter__()
    with pytest.raises(LimitExceeded), tails.open(TailQuery([group(1)])):
        pass
    for one in opened:
        one.__exit__(None, None, None)
    with tails.open(TailQuery([group(1)])):
        pass
