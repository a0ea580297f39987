"""What is made of something that is remembered elsewhere: made once, and kept for as long as that is the same."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class MadeOnce(Generic[T]):
    """Of each of the `most` keys that were asked for last what was made of its source."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: dict[Hashable, tuple[object, asyncio.Task[T]]] = {}

    async def of(self, key: Hashable, source: object, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` makes of `source`, this very object; askers of the same time wait for one. Errors are passed on
        and not kept."""
        made = self._made.pop(key, None)
        if made is None or made[0] is not source or (made[1].done() and made[1].exception() is not None):
            made = source, asyncio.ensure_future(_awaited(make))
        self._made[key] = made
        while len(self._made) > self._most:
            del self._made[next(iter(self._made))]
        # Whoever leaves must not cancel what others wait for.
        return await asyncio.shield(made[1])


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
