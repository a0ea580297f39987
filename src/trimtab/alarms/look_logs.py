"""Evaluates log alarms: the N newest results of their scheduled queries, judged as periods of a metric are.

Unlike a metric's, the evaluation range is no wider than N: the query ran, and gave nothing (user guide, "Log alarms").

An execution is run once and remembered while an evaluation may look at it; after a restart those that are still looked
at are run again, many with one query where their windows allow it. A query that gives nothing is missing data.
"""

import asyncio
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.alarms.book import Entry
from trimtab.alarms.contributors import MAX_CONTRIBUTORS, Contributors, contributor_id, read
from trimtab.alarms.evaluate import Bools, Periods, evaluate, present
from trimtab.alarms.grouped import Explained, counted, step_judged, together
from trimtab.alarms.log_query import WINDOW, LogQuery, log_query
from trimtab.alarms.look import Look
from trimtab.alarms.model import AlarmKey, LogAlarm, StateValue
from trimtab.alarms.reasons import Why, explain_judged
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound, QueryAborted
from trimtab.logs.insights.parser import MAX_ROWS
from trimtab.logs.insights.run import Ask, Found
from trimtab.store.telemetry.client import ReadLimits

logger = logging.getLogger(__name__)

_AT_ONCE = 4
"""Queries that run side by side."""
_LIMITS = ReadLimits(seconds=60, memory_mb=1024)
_TOLD_QUERY = 500  # characters of the query that the data of a change repeat

Result = Mapping[str, tuple[Mapping[str, str], float]]
"""What one execution gave: attributes and value by contributor id; without keys, one whose attributes are empty."""


class Queries(Protocol):
    """`logs.insights.run.LogInsights`, as far as it is used here."""

    async def run(self, scope: Scope, ask: Ask, limits: ReadLimits | None = None) -> Found:
        """The answer of a query."""
        ...


class _Remembered(Struct):
    """The results that an alarm's definition gave, by time of execution."""

    configured: int
    query: LogQuery
    results: dict[int, Result] = field(default_factory=dict)
    failed: bool = False
    partial: bool = False


class LogLooks:
    """Alarms on results of log queries."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._known: dict[AlarmKey, _Remembered] = {}
        self.failed: set[int] = set()
        """Ids (`id(entry)`) of the entries whose newest execution failed."""
        self.partial: set[int] = set()
        """The same of those that had more contributors than are judged."""

    async def look(self, entries: Iterable[Entry], times: Sequence[int], delay_ms: int = 0) -> list[Look]:
        """The verdicts on `entries` (LogAlarms) at those of `times` (ms, ascending) at which their queries run."""
        mine = list(entries)
        self._known = {key: one for key, one in self._known.items() if key in {entry.alarm.key for entry in mine}}
        gate = asyncio.Semaphore(_AT_ONCE)
        looks = await asyncio.gather(*(self._look(entry, times, delay_ms, gate) for entry in mine))
        remembered = [(entry, self._known.get(entry.alarm.key)) for entry in mine]
        self.failed = {id(entry) for entry, one in remembered if one is None or one.failed}
        self.partial = {id(entry) for entry, one in remembered if one is not None and one.partial and not one.failed}
        return [one for one in looks if one is not None]

    async def _look(self, entry: Entry, times: Sequence[int], delay_ms: int, gate: asyncio.Semaphore) -> Look | None:
        alarm = _alarm(entry)
        known = self._known.get(alarm.key)
        try:
            if known is None or known.configured != entry.configured:
                known = self._known[alarm.key] = _Remembered(entry.configured, log_query(alarm))
            query = known.query
            mine = [time for time in times if time % query.rate_ms == 0]
            if not mine:
                return None
            reach_ms = (alarm.judgement.periods - 1) * query.rate_ms
            wanted = query.executions(mine[0] - reach_ms, mine[-1])
            known.results = {time: one for time, one in known.results.items() if time >= wanted[0]}
            fresh = [at for at in wanted if at not in known.results]
            known.results |= await results(self._queries, entry.scope, query, fresh, gate)
            known.failed = False
        except (InvalidInput, NotFound, LimitExceeded, QueryAborted) as problem:
            logger.warning("cannot evaluate alarm %s: %s", alarm.key.name, problem)
            if known is not None:
                known.failed = True
            return None
        known.partial = any(len(one) > MAX_CONTRIBUTORS for one in known.results.values())
        return judge_results(entry, known.query, known.results, mine, delay_ms)


async def results(
    queries: Queries, scope: Scope, query: LogQuery, times: Sequence[int], gate: asyncio.Semaphore
) -> dict[int, Result]:
    """What the executions at `times` (ms, ascending) give, an empty result for those that give nothing.

    Raises InvalidInput, NotFound, LimitExceeded, QueryAborted, Unavailable.
    """
    if len(times) > 1 and query.tiled is not None:
        start_ms, end_ms = times[0] - query.start_ms, times[-1] - query.end_ms
        async with gate:
            found = await queries.run(scope, _ask(query, query.tiled, start_ms, end_ms), _LIMITS)
        if len(found.rows) >= MAX_ROWS:
            raise LimitExceeded(f"the query has more than {MAX_ROWS} results at once; group by fewer values")
        tiles = _tiles(query, found, set(times))
        return {time: tiles.get(time, {}) for time in times}

    async def one(time: int) -> Result:
        async with gate:
            ask = _ask(query, query.text, time - query.start_ms, time - query.end_ms)
            found = await queries.run(scope, ask, _LIMITS)
        return _result(query, found.names, found.rows)

    return dict(zip(times, await asyncio.gather(*map(one, times)), strict=True))


def periods_of(query: LogQuery, found: Mapping[int, Result], id_: str, times: Sequence[int]) -> Periods:
    """The values of one contributor at executions, as periods that begin where each execution's range does."""
    values = [found.get(time, {}).get(id_, ({}, math.nan))[1] for time in times]
    starts = np.array(times, dtype=np.int64) - query.start_ms
    return Periods(starts, np.array(values, dtype=np.float64))


def _ask(query: LogQuery, text: str, start_ms: int, end_ms: int) -> Ask:
    return Ask(text, query.account, query.region, query.groups, start_ms, end_ms, limit=MAX_ROWS)


def _tiles(query: LogQuery, found: Found, times: set[int]) -> dict[int, Result]:
    at = found.names.index(WINDOW)
    rows: dict[int, list[tuple[str | None, ...]]] = {}
    for row in found.rows:
        time = round(float(row[at] or 0)) * query.rate_ms
        if time in times:
            rows.setdefault(time, []).append(row)
    return {time: _result(query, found.names, mine) for time, mine in rows.items()}


def _result(query: LogQuery, names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Result:
    """One execution's values by contributor, the highest first."""
    value, keys = names.index(query.value), [(key, names.index(key)) for key in query.keys]
    made: dict[str, tuple[Mapping[str, str], float]] = {}
    for row in rows:
        number = _number(row[value])
        if number is not None:
            attributes = {key: row[at] or "" for key, at in keys}
            made[contributor_id(attributes)] = (attributes, number)
    return dict(sorted(made.items(), key=lambda pair: -pair[1][1]))


def _number(text: str | None) -> float | None:
    try:
        found = float(text) if text is not None else math.nan
    except ValueError:  # an aggregate like latest(@message) that gave words
        return None
    return found if math.isfinite(found) else None


def judge_results(
    entry: Entry, query: LogQuery, found: Mapping[int, Result], times: Sequence[int], delay_ms: int
) -> Look:
    """The verdicts on an alarm at `times`, each a time of execution, by the results of the executions up to it."""
    judgement = _alarm(entry).judgement
    length = judgement.periods
    seen = [range(time - (length - 1) * query.rate_ms, time + 1, query.rate_ms) for time in times]
    codes = np.zeros((1, len(times)), dtype=np.int8)
    contributors: list[Contributors] = []
    last = read(entry.contributors)
    plain: dict[int, Periods] = {}
    none = contributor_id({})

    def because(time: int) -> Explained:
        def explained(periods: Periods, old: StateValue, new: StateValue) -> Why:
            return explain_judged(judgement, _told(query), periods, (old, new), time)

        return explained

    for at, time in enumerate(times):
        if not query.keys:
            plain[at] = periods_of(query, found, none, seen[at])
            codes[0, at] = evaluate(plain[at], judgement)
            continue
        if time + delay_ms > entry.gate_ms:  # what was before the alarm was changed by hand does not count
            last = step_judged(last, _series(query, found, seen[at]), judgement, time, because(time))
            nothing = Periods(np.array(seen[at], dtype=np.int64) - query.start_ms, np.full(length, np.nan))
            codes[0, at] = together(last) or evaluate(nothing, judgement)
        contributors.append(last)

    def why(_row: int, at: int, old: StateValue, new: StateValue) -> Why:
        if query.keys and contributors[at]:
            return counted(contributors[at], times[at])
        periods = plain.get(at) or periods_of(query, found, none, seen[at])
        return because(times[at])(periods, old, new)

    def full(_row: int) -> Bools:
        return np.array([_is_full(query, found, one) for one in seen])

    return Look([entry], times, codes, why, {0: contributors} if contributors else None, full)


def _series(
    query: LogQuery, found: Mapping[int, Result], times: Sequence[int]
) -> dict[str, tuple[Mapping[str, str], Periods]]:
    """The contributors of the newest executions, newest first, at most MAX_CONTRIBUTORS."""
    attributes: dict[str, Mapping[str, str]] = {}
    for time in reversed(times):
        for id_, (told, _) in found.get(time, {}).items():
            if len(attributes) < MAX_CONTRIBUTORS:
                attributes.setdefault(id_, told)
    return {id_: (told, periods_of(query, found, id_, times)) for id_, told in attributes.items()}


def _is_full(query: LogQuery, found: Mapping[int, Result], times: Sequence[int]) -> bool:
    if query.keys:
        return all(found.get(time) for time in times)
    return bool(present(periods_of(query, found, contributor_id({}), times)).all())


def _told(query: LogQuery) -> dict[str, object]:
    return {"query": query.text[:_TOLD_QUERY], "period": query.rate_ms // 1000, "logGroups": list(query.groups)[:5]}


def _alarm(entry: Entry) -> LogAlarm:
    assert isinstance(entry.alarm, LogAlarm)  # noqa: S101 - the evaluator sorts alarms by kind
    return entry.alarm
