"""A small cache that all viewers share: the same question within a few seconds is computed once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.base import patience, viewer_zone
from trimtab.base.clock import Clock

_ENTRIES = 512
T = TypeVar("T")


class _Entry(Struct):
    task: asyncio.Task[Any]
    expires: float
    until: float
    renewal: asyncio.Task[Any] | None = None


class SharedCache:
    """Answers by key for a time; callers that ask while one is being computed wait for the same one.

    An answer that is too old to be given is dropped when the next one is computed: a live page asks for another range
    every few seconds, and none of those that it asked for before will be asked for again.
    """

    def __init__(self, clock: Clock, entries: int = _ENTRIES) -> None:
        self._clock = clock
        self._limit = entries
        self._held: OrderedDict[Hashable, _Entry] = OrderedDict()

    async def get(self, key: Hashable, ttl_s: float, compute: Callable[[], Awaitable[T]], *, stale_s: float = 0.0) -> T:
        """The answer for `key`, at most `ttl_s` seconds old. Errors are passed on and not kept.

        With `stale_s` an answer that is up to so much older is given at once, and computed anew behind it: nobody
        waits but the first.
        """
        key = (viewer_zone.current(), key)  # an answer may hold times as its viewer reads them
        now = self._clock.monotonic()
        entry = self._held.get(key)
        if entry is None or entry.expires + stale_s <= now:
            self._drop(now)
            entry = _Entry(asyncio.ensure_future(_await(compute)), now + ttl_s, now + ttl_s + stale_s)
            self._held[key] = entry
            entry.task.add_done_callback(lambda task: self._forget_failure(key, task))
            while len(self._held) > self._limit:
                self._held.popitem(last=False)
        elif entry.expires <= now and entry.renewal is None:
            with patience.of(None, self._clock):  # nobody waits for it
                entry.renewal = asyncio.ensure_future(_await(compute))
            entry.renewal.add_done_callback(lambda task: self._renew(key, task, ttl_s))
        self._held.move_to_end(key)
        # A viewer who leaves must not cancel the answer that others wait for.
        result: T = await asyncio.shield(entry.task)
        return result

    async def renewed(self) -> None:
        """Wait for what is computed anew behind answers that were given."""
        await asyncio.gather(*(one.renewal for one in self._held.values() if one.renewal), return_exceptions=True)

    def _drop(self, now: float) -> None:
        for key in [key for key, held in self._held.items() if held.until <= now and held.task.done()]:
            del self._held[key]

    def _renew(self, key: Hashable, task: asyncio.Task[Any], ttl_s: float) -> None:
        held = self._held.get(key)
        if held is None or held.renewal is not task:
            return
        held.renewal = None  # after a failure the old answer stays until it is too old, and the next caller retries
        if not task.cancelled() and task.exception() is None:
            stale_s = held.until - held.expires
            held.task, held.expires = task, self._clock.monotonic() + ttl_s
            held.until = held.expires + stale_s

    def _forget_failure(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        held = self._held.get(key)
        if held is not None and held.task is task and (task.cancelled() or task.exception() is not None):
            del self._held[key]


async def _await(compute: Callable[[], Awaitable[T]]) -> T:
    return await compute()
