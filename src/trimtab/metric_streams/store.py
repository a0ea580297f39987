"""The streams of every account: as they were put, and how far each has sent."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.metric_streams.model import Stream, read_selection
from trimtab.store.state.database import State
from trimtab.store.state.schema.contributors import metric_streams

MINUTE_MS = 60_000
_columns = metric_streams.c
_REASON = 500


class StreamStore:
    """The streams."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, account: str, region: str, name: str, form: Mapping[str, Any]) -> tuple[Stream, bool]:
        """Keep a stream, and whether it is new: it runs from now on. One that is known goes on where it is.

        Raises InvalidInput.
        """
        read_selection(form)
        now_ms, where = self._clock.now_ms(), _where(account, region, name)
        text = json.dumps(dict(form), sort_keys=True)

        def write(connection: Connection) -> tuple[Stream, bool]:
            changed = update(metric_streams).where(where).values(form=text, updated_ms=now_ms, next_ms=now_ms)
            new = not connection.execute(changed).rowcount
            if new:
                connection.execute(
                    insert(metric_streams).values(
                        account=account, region=region, name=name, form=text, running=True, created_ms=now_ms,
                        updated_ms=now_ms, position_ms=now_ms // MINUTE_MS * MINUTE_MS, next_ms=now_ms, attempts=0,
                        sent=0, skipped=0, last_error="",
                    )
                )  # fmt: skip
            return _read(connection.execute(select(metric_streams).where(where)).mappings().one()), new

        return await self._state.change(write)

    async def get(self, account: str, region: str, name: str) -> Stream:
        """A stream. Raises NotFound."""
        found = await self._some(_where(account, region, name), 1)
        if not found:
            raise NotFound(f"Metric stream {name[:255]} does not exist.")
        return found[0]

    async def listed(self, account: str, region: str, after: str = "", limit: int = 500) -> list[Stream]:
        """Streams by name, those after `after`."""
        return await self._some(
            and_(_columns.account == account, _columns.region == region, _columns.name > after), limit
        )

    async def delete(self, account: str, region: str, name: str) -> None:
        """Forget a stream; one that is not there is nothing to do."""
        gone = delete(metric_streams).where(_where(account, region, name))
        await self._state.change(lambda connection: connection.execute(gone))

    async def switch(self, account: str, region: str, names: Sequence[str], *, running: bool) -> None:
        """Start or stop streams. One that is started sends from now on, nothing of the time between."""
        now_ms = self._clock.now_ms()
        values: dict[str, Any] = {"running": running, "updated_ms": now_ms}
        if running:
            values |= {"position_ms": now_ms // MINUTE_MS * MINUTE_MS, "next_ms": now_ms, "attempts": 0}
        mine = (
            _columns.account == account, _columns.region == region, _columns.name.in_(list(names)),
            _columns.running.is_(not running),
        )  # fmt: skip
        await self._state.change(
            lambda connection: connection.execute(update(metric_streams).where(*mine).values(values))
        )

    async def due(self, now_ms: int, ended_ms: int) -> list[Stream]:
        """Streams that run, have minutes before `ended_ms` to send and may try now."""
        return await self._some(
            and_(_columns.running.is_(True), _columns.next_ms <= now_ms, _columns.position_ms < ended_ms), 1000
        )

    async def arrived(self, stream: Stream, position_ms: int, records: int) -> None:
        """Note that all records before `position_ms` arrived, unless the stream was switched meanwhile."""
        values = {
            "position_ms": position_ms, "attempts": 0, "sent": _columns.sent + records,
            "last_ok_ms": self._clock.now_ms(),
        }  # fmt: skip
        await self._note(stream, values)

    async def failed(self, stream: Stream, reason: str, next_ms: int) -> None:
        """Note that records did not arrive, and when they are tried again."""
        values = {
            "attempts": _columns.attempts + 1, "next_ms": next_ms, "last_error_ms": self._clock.now_ms(),
            "last_error": reason[:_REASON],
        }  # fmt: skip
        await self._note(stream, values)

    async def give_up(self, stream: Stream, position_ms: int) -> None:
        """Leave out minutes before `position_ms`."""
        minutes = (position_ms - stream.position_ms) // MINUTE_MS
        await self._note(stream, {"position_ms": position_ms, "skipped": _columns.skipped + minutes})

    async def _note(self, stream: Stream, values: Mapping[str, Any]) -> None:
        mine = and_(
            _where(stream.account, stream.region, stream.name), _columns.position_ms == stream.position_ms,
            _columns.running.is_(True),
        )  # fmt: skip
        await self._state.change(
            lambda connection: connection.execute(update(metric_streams).where(mine).values(values))
        )

    async def _some(self, where: ColumnElement[bool], limit: int) -> list[Stream]:
        wanted = select(metric_streams).where(where).order_by(_columns.account, _columns.region, _columns.name)
        return await self._state.read(
            lambda connection: [_read(row) for row in connection.execute(wanted.limit(limit)).mappings()]
        )


def _where(account: str, region: str, name: str) -> ColumnElement[bool]:
    return and_(_columns.account == account, _columns.region == region, _columns.name == name)


def _read(row: RowMapping) -> Stream:
    kept = {name: row[name] for name in Stream.__struct_fields__}
    return Stream(**{**kept, "form": json.loads(row["form"])})
