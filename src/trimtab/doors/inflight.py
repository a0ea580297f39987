"""What requests under way may hold of memory by door, and how many there may be; where large ones are read.

A body counts as it comes, and what is unpacked of it while it is read. Past a limit the door says so in its protocol's
own form (429, RESOURCE_EXHAUSTED, ThrottlingException) with a time to try again, and what it holds is let go. Of the
bodies that are whole only a few are worked on at once, the others wait for their turn: a hundred large ones at once
would all be slow, and so would every page beside them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from starlette.types import Message, Receive

from trimtab.base.errors import Throttled

P = ParamSpec("P")
T = TypeVar("T")

PROMETHEUS, OTLP, AWS, REST, PAGES = "prometheus", "otlp", "aws", "rest", "pages"
DOORS = (PROMETHEUS, OTLP, AWS, REST, PAGES)
_PREFIXES = (("/api/v1/", PROMETHEUS), ("/v1/", OTLP), ("/rest/", REST))
MOST_REQUESTS = 500
"""Requests with a body that a door takes at once. Each waits some milliseconds for the log; they share its syncs."""
LARGE_BYTES = 16 << 10
AT_ONCE = {True: 4, False: 32}
"""Bodies of a door that are worked on at once: of the large ones, and of the others."""
TURN_S = 10.0
"""How long a whole body waits for its turn; then its sender is told to come again."""
_THREADS = 2  # what is compiled lets go of the interpreter; more of what is not would only share one core
_RETRY_S = 5
_PRESSED = 16


class InFlight:
    """Counts bytes and requests. Used from the event loop's thread."""

    def __init__(self, limit_bytes: int = 256 << 20) -> None:
        self.limit = limit_bytes
        self.pressed = False
        """Whether the process holds more memory than it may: then bodies have a sixteenth."""
        self.bytes: Counter[str] = Counter(dict.fromkeys(DOORS, 0))
        """Held now, by door."""
        self.requests: Counter[str] = Counter(dict.fromkeys(DOORS, 0))
        """Requests with a body under way, by door."""
        self.refused: Counter[str] = Counter(dict.fromkeys(DOORS, 0))
        """Requests refused since the start, by door."""
        self._pool = ThreadPoolExecutor(_THREADS, "bodies")
        self._turns = {(door, large): asyncio.Semaphore(AT_ONCE[large]) for door in DOORS for large in AT_ONCE}

    def take(self, door: str, size: int) -> None:
        """Hold `size` bytes more. Raises Throttled; a door may have half, so that no door takes all from the others."""
        limit = self.limit // _PRESSED if self.pressed else self.limit
        if self.bytes[door] + size > limit // 2 or self.bytes.total() + size > limit:
            self.refused[door] += 1
            raise Throttled(
                f"cannot take this request now: bodies of requests under way hold {self.bytes.total() >> 20} MiB, "
                f"{self.bytes[door] >> 20} of them by this door; expected at most {limit >> 20} and {limit >> 21} MiB "
                f"({'TRIMTAB_SERVER_MEMORY_MB is passed' if self.pressed else 'TRIMTAB_INFLIGHT_MB'})",
                retry_after_s=_RETRY_S,
            )
        self.bytes[door] += size

    async def turn(self, door: str, size: int) -> asyncio.Semaphore:
        """Wait until a body of `size` bytes may be worked on; release what is returned after it. Raises Throttled."""
        turns = self._turns[door, size >= LARGE_BYTES]
        try:
            async with asyncio.timeout(TURN_S):
                await turns.acquire()
        except TimeoutError:
            self.refused[door] += 1
            raise Throttled(
                f"cannot take this request now: it waited {TURN_S:g} s for those before it", retry_after_s=_RETRY_S
            ) from None
        return turns

    def give(self, door: str, size: int) -> None:
        """Let go of `size` bytes."""
        self.bytes[door] -= size

    @contextmanager
    def held(self, door: str, size: int) -> Iterator[None]:
        """Hold `size` bytes meanwhile. Raises Throttled."""
        self.take(door, size)
        try:
            yield
        finally:
            self.give(door, size)

    async def apart(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do `work` in one of a few threads: reading a large body."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))


class Counted:
    """A request's body, counted as it is read; close it when the request is done."""

    def __init__(self, inflight: InFlight, door: str, receive: Receive, *, in_turn: bool = True) -> None:
        """`in_turn` False: what is worked on elsewhere, and may take long, waits for no turn and keeps none."""
        self._inflight = inflight
        self._door = door
        self._receive = receive
        self._in_turn = in_turn
        self._bytes = 0
        self._entered = False
        self._turn: asyncio.Semaphore | None = None

    async def receive(self) -> Message:
        """The next message; the last part of a body when it is its turn. Raises Throttled where it has no room."""
        message = await self._receive()
        size = len(message.get("body", b""))
        if size or message.get("more_body"):
            self._enter()
            self._inflight.take(self._door, size)
            self._bytes += size
        if self._in_turn and self._entered and self._turn is None and not message.get("more_body"):
            self._turn = await self._inflight.turn(self._door, self._bytes)
        return message

    def close(self) -> None:
        """Let go of all."""
        self.worked()
        self._inflight.give(self._door, self._bytes)
        self._inflight.requests[self._door] -= self._entered
        self._bytes, self._entered = 0, False

    def worked(self) -> None:
        """The work is done, and the answer begins: the next has its turn."""
        self._in_turn = False
        if self._turn is not None:
            self._turn.release()
            self._turn = None

    def _enter(self) -> None:
        if self._entered:
            return
        if self._inflight.requests[self._door] >= MOST_REQUESTS:
            self._inflight.refused[self._door] += 1
            raise Throttled(
                f"cannot take this request now: {MOST_REQUESTS} others of this door are under way",
                retry_after_s=_RETRY_S,
            )
        self._inflight.requests[self._door] += 1
        self._entered = True


def door_of(path: str) -> str:
    """The door of the site that a path is of."""
    return next((door for prefix, door in _PREFIXES if path.startswith(prefix)), PAGES)
