import asyncio

import pytest

from trimtab.base.clock import ManualClock
from trimtab.web.cache import SharedCache


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
