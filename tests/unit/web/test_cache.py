import asyncio
import gc
import weakref

import pytest

from trimtab.base import patience
from trimtab.base.clock import ManualClock
from trimtab.web.cache import SharedCache


class Answer:
    """Something whose end can be seen."""


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        await asyncio.sleep(0)
        return self.calls


def test_callers_at_once_share_one_computation() -> None:
    counter = Counter()

    async def ask() -> list[int]:
        cache = SharedCache(ManualClock())
        return await asyncio.gather(*(cache.get("key", 5, counter) for _ in range(30)))

    assert asyncio.run(ask()) == [1] * 30


def test_an_answer_expires() -> None:
    clock, counter = ManualClock(), Counter()

    async def ask() -> list[int]:
        cache = SharedCache(clock)
        first = await cache.get("key", 5, counter)
        clock.advance(6)
        return [first, await cache.get("key", 5, counter)]

    assert asyncio.run(ask()) == [1, 2]


def test_what_is_too_old_to_be_given_is_not_held_on_to() -> None:
    clock, made = ManualClock(), weakref.WeakSet[Answer]()

    async def answer() -> Answer:
        made.add(new := Answer())
        return new

    async def ask() -> tuple[int, int]:
        cache = SharedCache(clock)
        for minute in range(9):
            await cache.get(("range", minute), 5, answer)
            await cache.get(("range", minute, "stale"), 5, answer, stale_s=1)
            clock.advance(5.5)
        gc.collect()
        before = len(made)
        clock.advance(5)
        await cache.get("another", 5, answer)
        gc.collect()
        return before, len(made)

    assert asyncio.run(ask()) == (3, 1)  # the last two, and the one before that may still be given while it is renewed


def test_what_is_computed_behind_an_old_answer_has_all_the_time_that_it_takes() -> None:
    clock, left = ManualClock(), list[float | None]()

    async def note() -> None:
        left.append(patience.left_s(clock))

    async def ask() -> None:
        cache = SharedCache(clock)
        with patience.of(0.5, clock):
            for _ in range(2):
                await cache.get("key", 5, note, stale_s=60)
                clock.advance(6)
            await asyncio.sleep(0)

    asyncio.run(ask())
    assert [0.5, None] == left


def test_an_error_is_not_kept() -> None:
    counter = Counter()

    async def fail() -> int:
        raise ValueError("no")

    async def ask() -> int:
        cache = SharedCache(ManualClock())
        with pytest.raises(ValueError, match="no"):
            await cache.get("key", 5, fail)
        await asyncio.sleep(0)
        return await cache.get("key", 5, counter)

    assert asyncio.run(ask()) == 1


def test_a_viewer_who_leaves_does_not_cancel_the_others() -> None:
    counter = Counter()

    async def ask() -> int:
        cache = SharedCache(ManualClock())
        leaving = asyncio.ensure_future(cache.get("key", 5, counter))
        await asyncio.sleep(0)
        leaving.cancel()
        return await cache.get("key", 5, counter)

    assert asyncio.run(ask()) == 1


def test_it_holds_no_more_than_its_limit() -> None:
    counter = Counter()

    async def ask() -> int:
        cache = SharedCache(ManualClock(), entries=2)
        for key in ("a", "b", "c", "a"):
            await cache.get(key, 60, counter)
        return counter.calls

    assert asyncio.run(ask()) == 4
