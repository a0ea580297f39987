"""Reads: spans of a window as columns, whole traces, and the search for traces."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, ReadLimits, Telemetry
from trimtab.store.telemetry.schema_traces import SPANS
from trimtab.traces.model import Span, Trace
from trimtab.traces.window import Window, places_of, window_of

_QUERIES = load_queries("trimtab.traces")
_DAY_MS = 86_400_000
_TIMES = frozenset(("time", "ingested"))
COLUMNS = tuple(name for name in SPANS.column_names if name not in _TIMES)
"""Columns that `spans` gives: those of `Span`, in their order."""
MOST_SPANS = 1_000_000
"""Spans that one read of a window gives."""
MOST_OF_TRACES = 200_000
"""Spans of whole traces that one read gives: 10 times what X-Ray keeps of the 5 traces of a page."""
_LAST = (1 << 53) - 1, "~"
_FLAGS = frozenset(("segment", "fault", "error", "throttle", "partial"))
_SEARCH = ReadLimits(seconds=30, memory_mb=2048)


class Drain(Protocol):
    """The log in front of the engine, as far as a reader waits for it."""

    async def settled(self, timeout_s: float) -> bool:
        """Wait until what was appended before is in the engine; whether it is."""
        ...


class Where(Struct, frozen=True):
    """A further condition over columns of `spans` with bound parameters; their names must not begin with `w_`.

    `having` is a condition over all spans of a trace in the window, for `search` only; with `settled` that search sees
    of a span that was sent again only how it is now, at three times the cost.
    """

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)
    having: str = ""
    settled: bool = False


class Hit(Struct, frozen=True):
    """A trace that was found: `at_ms` is the start of the first span that matched."""

    trace_id: str
    at_ms: int


class Hits(Struct, frozen=True):
    """A page of found traces, the newest first; `more` where others lie behind."""

    found: list[Hit]
    more: bool


class TraceReader:
    """The only reader of spans. What a scope does not cover reads as if it did not exist."""

    def __init__(self, telemetry: Telemetry, log: Drain) -> None:
        self._telemetry = telemetry
        self._log = log

    async def spans(
        self,
        scope: Scope,
        start_ms: int,
        end_ms: int,
        columns: Sequence[str] = COLUMNS,
        where: Where | None = None,
        limit: int = MOST_SPANS,
    ) -> Columns:
        """Spans that started in `[start_ms, end_ms)`, by their start: one numpy array a column, of `COLUMNS`.

        Flags are uint8; `attributes` and `resource_attributes` are arrays of dicts. Each span is there once. The
        service of a subsegment that X-Ray got before its segment is "". Raises QueryAborted, Unavailable.
        """
        return await self._fetch("window", window_of(scope, start_ms, end_ms), where, {"limit": limit}, columns)

    async def trace(self, scope: Scope, trace_id: str) -> Trace:
        """One trace, whole. Raises NotFound, QueryAborted, Unavailable."""
        found = await self.traces(scope, [trace_id])
        if trace_id not in found:
            raise NotFound(f"cannot find trace {trace_id}: it has expired, was not kept by sampling or never was")
        return found[trace_id]

    async def traces(self, scope: Scope, trace_ids: Sequence[str]) -> dict[str, Trace]:
        """Whole traces by id, as far as there are any; spans by their start. Raises QueryAborted, Unavailable."""
        asked = {"traces": list(trace_ids)}
        places = places_of(scope)
        days = await self._fetch("days", places, None, asked)
        if not len(days["on_day"]):
            return {}
        first, last = int(days["on_day"].min()), int(days["on_day"].max())
        window = window_of(scope, first * _DAY_MS, (last + 1) * _DAY_MS)
        return traces_of(spans_of(await self._fetch("traces", window, None, asked, COLUMNS)))

    async def search(
        self,
        scope: Scope,
        start_ms: int,
        end_ms: int,
        where: Where | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> Hits:
        """Traces with a span that started in `[start_ms, end_ms)` and for which `where` holds, the newest first.

        A span that was in progress and has ended since may still be found as it was.

        `before` is the (`at_ms`, `trace_id`) of the last one of the page before. Raises QueryAborted, Unavailable.
        """
        at, id_ = before or _LAST
        params = {"limit": limit + 1, "before": at, "before_id": id_}
        query = "search_whole" if where and where.having else "search"
        found = await self._fetch(query, window_of(scope, start_ms, end_ms), where, params)
        hits = [Hit(*row) for row in zip(found["trace_id"].tolist(), found["at"].tolist(), strict=True)]
        return Hits(hits[:limit], len(hits) > limit)

    async def services(self, scope: Scope, start_ms: int, end_ms: int, limit: int = 1000) -> Columns:
        """Services with what came to them (see the query `services`); `durations` are lists of p50, p90, p99 in ns."""
        return await self._fetch("services", window_of(scope, start_ms, end_ms), None, {"limit": limit})

    async def model_calls(
        self, scope: Scope, start_ms: int, end_ms: int, marks: Iterable[str], limit: int = 200_000
    ) -> Columns:
        """Calls of models by account, region, hour, model, version, tenant and service (see the query `model_calls`),
        most calls first.

        Times are seconds, `example` the trace of the longest. `marks` are the attributes that tell usage.
        Raises QueryAborted, Unavailable.
        """
        asked = {"limit": limit, "marks": sorted(marks)}
        return await self._fetch("model_calls", window_of(scope, start_ms, end_ms), None, asked)

    async def hour_marks(self, start_ms: int, end_ms: int) -> dict[int, tuple[int, int]]:
        """By hour (its start, ms) how many spans it has and when the newest came (ms), of all accounts.

        Raises QueryAborted, Unavailable.
        """
        found = await self._fetch("hour_marks", window_of(EVERYTHING, start_ms, end_ms), None, {})
        rows = zip(*(found[name].tolist() for name in ("hour_ms", "number", "newest_ms")), strict=True)
        return {hour: (number, newest) for hour, number, newest in rows}

    async def model_spans(
        self,
        scope: Scope,
        start_ms: int,
        end_ms: int,
        marks: Iterable[str],
        names: Iterable[str],
        around: Iterable[str],
        limit: int,
    ) -> Columns:
        """Whole traces, within the window, of spans with one of the attributes `marks` (see the query `model_spans`).

        `said` and `resource_said` are their attributes of these `names`; of spans without a mark `said` has those of
        `around` alone, as few of them say anything of calls. Raises QueryAborted, Unavailable.
        """
        asked = {"marks": sorted(marks), "names": sorted(names), "around": sorted(around), "limit": limit}
        return await self._fetch("model_spans", window_of(scope, start_ms, end_ms), None, asked)

    async def fresh(self, timeout_s: float = 1.0) -> bool:
        """Wait, at most `timeout_s` seconds, until what was written before can be read; whether it now can."""
        return await self._log.settled(timeout_s)

    async def _fetch(
        self,
        query: str,
        window: Window,
        where: Where | None,
        params: Mapping[str, Any],
        columns: Sequence[str] = (),
    ) -> Columns:
        condition = f"{window.where} AND ({where.sql})" if where and where.sql else window.where
        bound = {**(where.params if where else {}), **params, **window.params}
        sql = _QUERIES[query].replace("/*columns*/", _selected(columns)).replace("/*and*/", condition)
        sql = sql.replace("/*window*/", window.where).replace("/*having*/", where.having if where else "")
        sql = sql.replace("/*final*/", "FINAL" if where and where.settled else "")
        return await self._telemetry.fetch(sql, bound, limits=_SEARCH)


def _selected(columns: Sequence[str]) -> str:
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise InvalidInput(f"cannot read spans: there is no column {unknown[0]!r}; expected of {', '.join(COLUMNS)}")
    return ", ".join(columns)


def spans_of(columns: Columns) -> list[Span]:
    """Rows of all `COLUMNS` as spans."""
    lists = [(columns[name].astype(bool) if name in _FLAGS else columns[name]).tolist() for name in COLUMNS]
    return [Span(*row) for row in zip(*lists, strict=True)]


def traces_of(spans: Sequence[Span]) -> dict[str, Trace]:
    """Traces of whole lists of spans, by id. A subsegment without a service gets that of its nearest ancestor."""
    grouped: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.start_ns, -span.duration_ns, span.span_id)):
        grouped.setdefault(span.trace_id, []).append(span)
    return {id_: Trace(id_, _named(found)) for id_, found in grouped.items()}


def _named(spans: list[Span]) -> list[Span]:
    if all(span.service for span in spans):
        return spans
    by_id = {span.span_id: span for span in spans}
    return [span if span.service else _with_service(span, by_id) for span in spans]


def _with_service(span: Span, by_id: Mapping[str, Span]) -> Span:
    seen, above = {span.span_id}, by_id.get(span.parent_id)
    while above is not None and not above.service and above.span_id not in seen:
        seen.add(above.span_id)
        above = by_id.get(above.parent_id)
    return replace(span, service=above.service) if above is not None and above.service else span
