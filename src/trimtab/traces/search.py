"""The search for traces: a filter expression over a range of times, page after page, the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.traces.filters.evaluate import matches
from trimtab.traces.filters.groups import expand
from trimtab.traces.filters.parser import parse
from trimtab.traces.filters.plan import Plan, plan
from trimtab.traces.filters.syntax import Expression
from trimtab.traces.groups import TraceGroups
from trimtab.traces.model import NS_A_MS, Trace
from trimtab.traces.read import Hit, TraceReader, Where
from trimtab.traces.window import window_of

PAGE = 100
"""Traces of a page."""
_ROUNDS = 10  # pages that are looked at for one answer, where what was found has to be looked at again
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_SHARES = 1_000_000
_ALL = 1.0


class TimeRangeType(StrEnum):
    """What of a trace lies in the range: its start, an arrival of a segment, or the end of a segment."""

    TRACE = "TraceId"
    EVENT = "Event"
    SERVICE = "Service"


class TraceQuery(Struct, frozen=True):
    """Traces of `[start_ms, end_ms)` for which `expression` holds, after `before` (see `Found.next`).

    `share` of the traces are looked at, chosen by their ids. `more` is a further condition over one span.
    """

    start_ms: int
    end_ms: int
    expression: str = ""
    limit: int = PAGE
    before: tuple[int, str] | None = None
    by: TimeRangeType = TimeRangeType.TRACE
    share: float = _ALL
    more: Where | None = None


class Found(Struct, frozen=True):
    """A page: whole traces; `next` is where the next page begins, None on the last; `processed` were looked at."""

    traces: list[Trace]
    next: tuple[int, str] | None
    processed: int


@dataclass
class _Page:
    traces: list[Trace] = field(default_factory=list)
    processed: int = 0


class TraceSearch:
    """Finds traces."""

    def __init__(self, reader: TraceReader, groups: TraceGroups) -> None:
        self._reader = reader
        self._groups = groups

    async def expression(self, text: str, account: str, region: str) -> Expression | None:
        """A parsed expression with its groups expanded. Raises InvalidInput that points at the character."""
        parsed = parse(text)
        if "group." not in text.lower():
            return parsed
        groups = await self._groups.listed(account, region)
        by_name = {("name", group.name): group.filter for group in groups}
        return expand(parsed, by_name | {("arn", group.arn): group.filter for group in groups})

    async def condition(self, scope: Scope, account: str, region: str, text: str, start_ms: int, end_ms: int) -> Where:
        """A condition over spans that holds for those of `[start_ms, end_ms)` whose trace an expression holds for.

        It holds the window too. An expression of root causes is taken for what of it SQL can say.
        Raises InvalidInput that points at the character.
        """
        window = window_of(scope, start_ms, end_ms)
        made = plan(await self.expression(text, account, region), window)
        sql = window.where
        if made.having:
            narrowed = f" AND {_some_span(sql, made.where)}" if made.where else ""
            whole = f"SELECT trace_id FROM spans FINAL WHERE {sql}{narrowed} GROUP BY trace_id HAVING {made.having}"  # noqa: S608 - values are bound
            sql = f"{sql} AND trace_id IN ({whole})"
        elif made.where:
            sql = f"{sql} AND {_some_span(sql, made.where)}"
        return Where(sql, {**made.params, **window.params})

    async def find(self, scope: Scope, account: str, region: str, query: TraceQuery) -> Found:
        """A page of traces. Raises InvalidInput, QueryAborted, Unavailable."""
        expression = await self.expression(query.expression, account, region)
        start_ms, end_ms = _reach(query)
        made = plan(expression, window_of(scope, start_ms, end_ms))
        where = _where(made, query, window_of(scope, start_ms, end_ms).where)
        page, before = _Page(), query.before
        for _ in range(_ROUNDS):
            left = query.limit - len(page.traces)
            hits = await self._reader.search(scope, start_ms, end_ms, where, left, before)
            traces = await self._reader.traces(scope, [hit.trace_id for hit in hits.found]) if hits.found else {}
            for hit in hits.found:
                trace = traces.get(hit.trace_id)
                if trace is not None and _in_range(trace, query) and matches(expression, trace):
                    page.traces.append(trace)
            page.processed += len(hits.found)
            if not hits.more:
                return Found(page.traces, None, page.processed)
            before = _position(hits.found[-1])
            if len(page.traces) >= query.limit:
                break
        return Found(page.traces, before, page.processed)


def _position(hit: Hit) -> tuple[int, str]:
    return hit.at_ms, hit.trace_id


def _reach(query: TraceQuery) -> tuple[int, int]:
    """Starts of the spans that may lie in the range."""
    if query.by is TimeRangeType.EVENT:
        return query.start_ms - 7 * _DAY_MS, query.end_ms + 2 * _HOUR_MS
    if query.by is TimeRangeType.SERVICE:
        return query.start_ms - _DAY_MS, query.end_ms
    return query.start_ms, query.end_ms


def _in_range(trace: Trace, query: TraceQuery) -> bool:
    """By its start a trace is found in one range only, whichever of its spans lie in others."""
    return query.by is not TimeRangeType.TRACE or trace.start_ns >= query.start_ms * NS_A_MS


def _where(made: Plan, query: TraceQuery, window: str) -> Where:
    params: dict[str, Any] = dict(made.params)
    conditions = [made.where] if made.where else []
    if query.more is not None:
        alone = not conditions and not made.having
        params |= query.more.params
        conditions.append(f"({query.more.sql})" if alone else _some_span(window, query.more.sql))
    if query.by is not TimeRangeType.TRACE:
        conditions.append(_some_span(window, _inside(query, params)))
    if query.share < _ALL:
        conditions.append(f"cityHash64(trace_id) % {_SHARES} < {{share:UInt64}}")
        params["share"] = round(query.share * _SHARES)
    return Where(" AND ".join(conditions), params, made.having, made.settled)


def _some_span(window: str, condition: str) -> str:
    """That some span of the trace, not this one, is so."""
    return f"trace_id IN (SELECT trace_id FROM spans WHERE {window} AND ({condition}))"  # noqa: S608 - values are bound


def _inside(query: TraceQuery, params: dict[str, Any]) -> str:
    params |= {"inside_from": query.start_ms, "inside_to": query.end_ms}
    if query.by is TimeRangeType.EVENT:
        return (
            "ingested >= fromUnixTimestamp64Milli({inside_from:Int64}, 'UTC')"
            " AND ingested < fromUnixTimestamp64Milli({inside_to:Int64}, 'UTC')"
        )
    ended = f"intDiv(start_ns + duration_ns, {NS_A_MS})"
    return f"segment AND {ended} >= {{inside_from:Int64}} AND {ended} < {{inside_to:Int64}}"


def span_where(
    *,
    service: str = "",
    name: str = "",
    least_ms: float | None = None,
    most_ms: float | None = None,
    failed: bool = False,
    attributes: Mapping[str, str] | None = None,
) -> Where | None:
    """A condition over one span that has all of these; None where nothing is asked."""
    params: dict[str, Any] = {}
    conditions = []
    if service:
        conditions.append("service = {s_service:String}")
        params["s_service"] = service
    if name:
        conditions.append("name = {s_name:String}")
        params["s_name"] = name
    if least_ms is not None:
        conditions.append("duration_ns >= {s_least:Int64}")
        params["s_least"] = round(least_ms * NS_A_MS)
    if most_ms is not None:
        conditions.append("duration_ns <= {s_most:Int64}")
        params["s_most"] = round(most_ms * NS_A_MS)
    if failed:
        conditions.append("(fault OR error OR throttle OR status = 'error')")
    for number, (key, value) in enumerate((attributes or {}).items()):
        # `has` is answered by the index of values; the key is looked at where there is such a value.
        conditions.append(f"has(mapValues(attributes), {{s_value{number}:String}})")
        conditions.append(f"attributes[{{s_key{number}:String}}] = {{s_value{number}:String}}")
        params |= {f"s_key{number}": key, f"s_value{number}": value}
    return Where(" AND ".join(conditions), params) if conditions else None
