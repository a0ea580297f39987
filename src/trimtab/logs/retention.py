"""Removes events that are past the retention of their group, and those of groups and streams that were deleted.

A day that holds nothing else goes as a whole partition; the rest by lightweight deletes, by surrogate ids. Readers
hide all of it long before (see `window.py`), so this may come late and be repeated.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, delete, select

from trimtab.base.clock import Clock, to_ms
from trimtab.store.sql import load_queries
from trimtab.store.state.database import State
from trimtab.store.state.schema.logs import log_deletions, log_groups
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.store.telemetry.schema_logs import LOG_EVENTS

_QUERIES = load_queries("trimtab.logs")
_LIMITS = ReadLimits(seconds=600, memory_mb=1024, threads=1)
_DAY_MS = 86_400_000
FORGET_MS = 3_600_000
"""How long a deletion is remembered at least: a batch that came just before it may still wait for the engine."""
_FOREVER_MS = 9_000_000_000_000


class _Asked(Struct, frozen=True):
    """What the state database says: days that groups are kept, and what was deleted (group, stream) when."""

    kept: Mapping[int, int | None]
    deleted: Mapping[tuple[int, int], int]

    def goes(self, group: int, day_end_ms: int, now_ms: int) -> bool:
        """Whether all that a group has on a day that ends then may go. A group that nobody knows stays."""
        if (group, 0) in self.deleted:
            return True
        days = self.kept.get(group)
        return days is not None and day_end_ms <= now_ms - days * _DAY_MS


class LogRetention(Struct, frozen=True):
    """In one process at a time."""

    telemetry: Telemetry
    state: State
    clock: Clock
    may_write: Callable[[], bool] = lambda: True

    async def drop(self) -> int:
        """Remove all that is due; how many days went whole. Raises QueryAborted or Unavailable."""
        now_ms = self.clock.now_ms()
        holders = await self._holders()
        asked = await self.state.read(_ask)
        dropped = 0
        rest: dict[int, int] = {}  # of a group: before when its events go
        for day, groups in sorted(holders.items()):
            end_ms = _end_ms(day)
            going = [group for group in groups if asked.goes(group, end_ms, now_ms)]
            if len(going) == len(groups):
                dropped += await self._drop_day(day)
            else:
                rest |= dict.fromkeys(going, end_ms)
        for group, before_ms in rest.items():
            deleted = (group, 0) in asked.deleted
            params = {"group": group, "before": _FOREVER_MS if deleted else before_ms}
            await self._delete("delete_group", params)
        await self._drop_streams(asked)
        await self._forget(asked, now_ms)
        return dropped

    async def _holders(self) -> dict[int, set[int]]:
        found = await self.telemetry.fetch(_QUERIES["holders"], limits=_LIMITS)
        holders: dict[int, set[int]] = {}
        for day, group in zip(found["day"].tolist(), found["group"].tolist(), strict=True):
            holders.setdefault(day, set()).add(group)
        return holders

    async def _drop_day(self, day: int) -> int:
        if not self.may_write():
            return 0
        await asyncio.to_thread(self.telemetry.command, f"ALTER TABLE {LOG_EVENTS.name} DROP PARTITION {day}")
        return 1

    async def _drop_streams(self, asked: _Asked) -> None:
        streams = await self._left([stream for _, stream in asked.deleted if stream])
        if streams:
            await self._delete("delete_streams", {"streams": streams})

    async def _delete(self, query: str, params: Mapping[str, object]) -> None:
        if self.may_write():
            await asyncio.to_thread(self.telemetry.execute, _QUERIES[query], params, limits=_LIMITS)

    async def _left(self, streams: list[int]) -> list[int]:
        if not streams:
            return []
        found = await self.telemetry.fetch(_QUERIES["streams_left"], {"streams": streams}, limits=_LIMITS)
        return [int(stream) for stream in found["stream_id"]]

    async def _forget(self, asked: _Asked, now_ms: int) -> None:
        """Forget deletions of which nothing is left."""
        old = [key for key, at_ms in asked.deleted.items() if at_ms <= now_ms - FORGET_MS]
        if not old or not self.may_write():
            return
        groups = {group for holding in (await self._holders()).values() for group in holding}
        streams = set(await self._left([stream for _, stream in old if stream]))
        gone = [(group, stream) for group, stream in old if (stream not in streams if stream else group not in groups)]

        def write(connection: Connection) -> None:
            for group, stream in gone:
                connection.execute(
                    delete(log_deletions).where(log_deletions.c.group == group, log_deletions.c.stream == stream)
                )

        await self.state.change(write)


def _ask(connection: Connection) -> _Asked:
    kept = connection.execute(select(log_groups.c.id, log_groups.c.retention_days)).all()
    deleted = connection.execute(select(log_deletions)).all()
    return _Asked({row.id: row.retention_days for row in kept}, {(row.group, row.stream): row.at_ms for row in deleted})


def _end_ms(day: int) -> int:
    begin = datetime(day // 10_000, day // 100 % 100, day % 100, tzinfo=UTC)
    return to_ms(begin + timedelta(days=1))
