"""What is made of the same thing is made once; of another thing, or after an error, anew."""

import asyncio
from collections.abc import Sequence

import pytest

from trimtab.base.errors import Unavailable
from trimtab.economics.unit.made_once import MadeOnce


class Maker:
    """Numbers what it makes; may be away."""

    def __init__(self) -> None:
        self.number = 0
        self.away = False

    async def make(self) -> int:
        self.number += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("the maker is away")
        return self.number


def test_askers_of_the_same_time_and_later_ones_get_what_was_made_once() -> None:
    maker, kept, source = Maker(), MadeOnce[int](2), object()

    async def asked() -> list[int]:
        first = await asyncio.gather(*(kept.of("a", source, maker.make) for _ in range(3)))
        return [*first, await kept.of("a", source, maker.make)]

    assert [1, 1, 1, 1] == asyncio.run(asked())


def test_of_another_source_it_is_made_anew_even_where_they_are_equal() -> None:
    maker, kept = Maker(), MadeOnce[int](2)

    async def asked(sources: Sequence[object]) -> list[int]:
        return [await kept.of("a", source, maker.make) for source in sources]

    assert [1, 2, 3] == asyncio.run(asked([[0], [0], [0]]))


def test_the_keys_that_were_asked_for_last_are_kept() -> None:
    maker, kept, source = Maker(), MadeOnce[int](2), object()

    async def asked(keys: str) -> list[int]:
        return [await kept.of(key, source, maker.make) for key in keys]

    assert [1, 2, 1, 3, 1, 4] == asyncio.run(asked("abacab"))


def test_an_error_is_passed_on_and_not_kept() -> None:
    maker, kept, source = Maker(), MadeOnce[int](2), object()

    async def asked() -> int:
        maker.away = True
        with pytest.raises(Unavailable, match="the maker is away"):
            await kept.of("a", source, maker.make)
        maker.away = False
        return await kept.of("a", source, maker.make)

    assert 2 == asyncio.run(asked())


def test_who_leaves_does_not_stop_what_others_wait_for() -> None:
    maker, kept, source = Maker(), MadeOnce[int](2), object()

    async def asked() -> int:
        leaving = asyncio.create_task(kept.of("a", source, maker.make))
        staying = asyncio.create_task(kept.of("a", source, maker.make))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert 1 == asyncio.run(asked())
