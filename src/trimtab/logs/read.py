"""Reads: groups that a scope covers, and their events by pages, forward or backward from a stable position."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Protocol

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.logs.fields import UNMASKED, Parameters, sql_of
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import Event, Group, Position
from trimtab.logs.window import Window, window_of
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, ReadLimits, Telemetry

_QUERIES = load_queries("trimtab.logs")
PAGE_BYTES = 1 << 20
"""Bytes of messages on a page, as GetLogEvents documents them; one event is on it however long it is."""
SIZES_MS = 60_000
"""How old the sizes of groups may be: summing reads a column of all their events."""
_SIZES = ReadLimits(seconds=5, memory_mb=512, threads=1)
_FEW = 100  # events whose sizes need not be asked first: 100 MiB at the very most
_BEGIN, _END = Position(0, 0), Position((1 << 53) - 1, (1 << 64) - 1)
_MIN_MS, _MAX_MS = 0, 9_000_000_000_000  # what DateTime64(3) surely holds: to the year 2255


class Drain(Protocol):
    """The log in front of the engine, as far as a reader waits for it."""

    async def settled(self, timeout_s: float) -> bool:
        """Wait until what was appended before is in the engine; whether it is."""
        ...


class EventQuery(Struct, frozen=True):
    """Events of `[start_ms, end_ms)`, at most `limit`: those after `position`, or with `backward` those before it.

    `streams` are surrogate ids, `stream_prefix` the beginning of names. `where` is a further condition on columns of
    `log_events` with bound `params` (a filter pattern's); its names must not begin with `w_`. With `unmask` messages
    are as they came; the condition sees them masked all the same. Who asks for it has been asked whether they may.
    """

    start_ms: int = _MIN_MS
    end_ms: int = _MAX_MS
    limit: int = 10_000
    backward: bool = False
    position: Position | None = None
    streams: Sequence[int] | None = None
    stream_prefix: str = ""
    where: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    unmask: bool = False


class Page(Struct, frozen=True):
    """Events in the order of their times; `more` where others lie behind them (before them in a backward page)."""

    events: list[Event]
    more: bool


class LogReader:
    """The only reader of log events. Groups that a scope does not cover read as if they did not exist.

    A scope's rules on rows are held against the tags of a group.
    """

    def __init__(self, telemetry: Telemetry, groups: LogGroups, log: Drain, clock: Clock) -> None:
        self._telemetry = telemetry
        self._groups = groups
        self._log = log
        self._clock = clock
        self._sizes: dict[int, tuple[int, int]] = {}  # of a group: when they were summed, bytes

    async def group(self, scope: Scope, account: str, region: str, name: str) -> Group:
        """A group by name. Raises NotFound for one that the scope does not cover."""
        found = await self._groups.get(account, region, name)
        if not await self.visible(scope, [found]):
            raise NotFound("The specified log group does not exist.")
        return found

    async def visible(self, scope: Scope, groups: Sequence[Group]) -> list[Group]:
        """Those of `groups` that the scope covers."""
        placed = [
            group
            for group in groups
            if (scope.accounts is None or group.account in scope.accounts)
            and (scope.regions is None or group.region in scope.regions)
        ]
        if not scope.rows or not placed:
            return placed
        tags = await self._groups.tags_of([group.arn for group in placed])
        return [group for group in placed if scope.sees(tags.get(group.arn, {}))]

    async def window(self, scope: Scope, groups: Sequence[Group], start_ms: int, end_ms: int) -> Window:
        """The condition that every statement over the events of `groups` has to hold."""
        seen = await self.visible(scope, groups)
        deleted = await self._groups.deleted_streams([group.id for group in seen])
        start, end = (min(max(edge, _MIN_MS), _MAX_MS) for edge in (start_ms, end_ms))
        return window_of(seen, start, end, deleted, self._clock.now_ms())

    async def page(self, scope: Scope, groups: Sequence[Group], query: EventQuery) -> Page:
        """A page of at most `limit` events and PAGE_BYTES.

        Raises QueryAborted, Unavailable.
        """
        window = await self.window(scope, groups, query.start_ms, query.end_ms)
        conditions, params = _conditions(window, query)
        way = "backward" if query.backward else "forward"
        limit = query.limit
        if query.limit > _FEW:
            sizes = (await self._fetch(f"{way}_sizes", conditions, params))["bytes"].tolist()
            limit = min(limit, _fitting(sizes))
            params["limit"] = limit + 1
        found = _events(await self._fetch(way, conditions, params, unmask=query.unmask)) if limit else []
        events = found[:limit]
        return Page(events[::-1] if query.backward else events, len(found) > limit)

    async def one(self, scope: Scope, group: Group, at: Position, *, unmask: bool = False) -> Event:
        """The event at a position of a group. Raises NotFound."""
        window = await self.window(scope, [group], at.time_ms, at.time_ms + 1)
        params = {**window.params, "at": at.time_ms, "id": at.id}
        found = _events(await self._fetch("one", window.where, params, unmask=unmask))
        if not found:
            raise NotFound("cannot find the log event: it has expired, was deleted or never was")
        return found[0]

    async def seen_fields(self, scope: Scope, group: Group, names: Sequence[str]) -> dict[str, tuple[int, int]]:
        """When the first and the last event came that have each of some fields (ms); those of which none came lack.

        Raises QueryAborted, Unavailable.
        """
        window = await self.window(scope, [group], _MIN_MS, _MAX_MS)
        parameters = Parameters(dict(window.params))
        told = [f"{sql_of(name, parameters).text} IS NOT NULL" for name in names]
        sql = _QUERIES["seen_fields"].replace("/*and*/", window.where).replace("/*fields*/", ", ".join(told))
        found = await self._telemetry.fetch(sql, parameters.values)
        rows = zip(found["number"].tolist(), found["first"].tolist(), found["last"].tolist(), strict=True)
        return {names[number - 1]: (first, last) for number, first, last in rows}

    async def fresh(self, timeout_s: float = 1.0) -> bool:
        """Wait, at most `timeout_s` seconds, until what was written before can be read; whether it now can."""
        return await self._log.settled(timeout_s)

    async def stored_bytes(self, groups: Sequence[Group]) -> dict[int, int]:
        """Bytes of messages that each group holds, by its id; as old as SIZES_MS. Raises QueryAborted, Unavailable."""
        now_ms = self._clock.now_ms()
        ids = [group.id for group in groups]
        unknown = [id_ for id_ in ids if self._sizes.get(id_, (0, 0))[0] <= now_ms - SIZES_MS]
        if unknown:
            found = await self._telemetry.fetch(_QUERIES["bytes_of_groups"], {"groups": unknown}, limits=_SIZES)
            sizes = dict(zip(found["group"].tolist(), found["bytes"].tolist(), strict=True))
            self._sizes |= {id_: (now_ms, sizes.get(id_, 0)) for id_ in unknown}
        return {id_: self._sizes[id_][1] for id_ in ids}

    async def _fetch(self, query: str, conditions: str, params: Mapping[str, Any], *, unmask: bool = False) -> Columns:
        sql = _QUERIES[query].replace("/*and*/", conditions)
        if unmask:
            sql = sql.replace("message AS shown", f"{UNMASKED} AS shown")
        return await self._telemetry.fetch(sql, params)


def _conditions(window: Window, query: EventQuery) -> tuple[str, dict[str, Any]]:
    conditions = [window.where]
    position = query.position or (_END if query.backward else _BEGIN)
    after = min(position.time_ms, _MAX_MS)
    params: dict[str, Any] = {**query.params, **window.params, "after": after, "after_id": position.id}
    params["limit"] = query.limit + 1
    if query.streams is not None:
        conditions.append("stream_id IN {w_streams:Array(UInt64)}")
        params["w_streams"] = list(query.streams)
    if query.stream_prefix:
        conditions.append("startsWith(stream, {w_prefix:String})")
        params["w_prefix"] = query.stream_prefix
    if query.where:
        conditions.append(f"({query.where})")
    return " AND ".join(conditions), params


def _fitting(sizes: list[int]) -> int:
    """How many of the first messages fit on a page."""
    fitting = sum(total <= PAGE_BYTES for total in accumulate(sizes))
    return max(fitting, min(1, len(sizes)))


def _events(columns: Columns) -> list[Event]:
    names = ("group", "log_group", "stream", "at", "ingested_ms", "id", "severity", "trace_id", "span_id")
    rows = zip(*(columns[name].tolist() for name in names), columns["attributes"], columns["shown"], strict=True)
    return [Event(*row) for row in rows]
