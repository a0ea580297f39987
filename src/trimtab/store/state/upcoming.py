"""When something is due next in the state, asked of the database only after one of its tables changed."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sqlalchemy import Connection, Select, literal

from trimtab.base.clock import Clock
from trimtab.store.state.changes import places_read
from trimtab.store.state.database import State

NOW = literal(0)
"""What is selected of rows that are due whatever the time is."""


class Upcoming:
    """The earliest moment (ms) that any of `queries` selects: `select(func.min(due)).where(…)`, or NOW of a row."""

    def __init__(self, state: State, *queries: "Select[Any]") -> None:
        self._state = state
        self._queries = queries
        self._places = places_read(queries)
        self._marks: tuple[int, ...] | None = None
        self._next_ms: int | None = None

    async def due(self, now_ms: int) -> bool:
        """Whether something is due at a moment. Raises Unavailable."""
        marks = self._state.marks_of(self._places)  # before the read: what is committed during it counts as new
        if marks is None or marks != self._marks:
            self._next_ms = await self._state.read(self._earliest)
            self._marks = marks
        return self._next_ms is not None and self._next_ms <= now_ms

    def before(self, clock: Clock, work: Callable[[], Awaitable[object]]) -> Callable[[], Coroutine[Any, Any, None]]:
        """`work`, done only where something is due."""

        async def look() -> None:
            if await self.due(clock.now_ms()):
                await work()

        return look

    def _earliest(self, connection: Connection) -> int | None:
        found = [connection.scalar(query.limit(1)) for query in self._queries]
        return min((int(moment) for moment in found if moment is not None), default=None)
