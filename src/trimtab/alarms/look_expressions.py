"""Evaluates alarms on metric math, on Metrics Insights queries, and on metrics against their bands.

All alarms of one owner, period and N are asked for in one call of the expression evaluator, which reads their metrics
together. An expression may depend on the range that it is asked for (`AVG(m1)`, `FILL`), so every evaluation asks for
exactly its own evaluation range, also those that are made up for.
"""

import logging
import re
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.alarms.book import Entry
from trimtab.alarms.contributors import MAX_CONTRIBUTORS, Contributors, contributor_id, read
from trimtab.alarms.evaluate import Bools, Floats, Integers, Periods, evaluate, present, reach
from trimtab.alarms.grouped import counted, step_judged, together
from trimtab.alarms.limits import read_zone
from trimtab.alarms.look import Look
from trimtab.alarms.model import MetricAlarm, StateValue
from trimtab.alarms.ports import Expressions
from trimtab.alarms.reasons import Why, explain
from trimtab.alarms.wall_clock import boundaries
from trimtab.base.errors import InvalidInput, QueryAborted
from trimtab.metrics.expressions.model import EvaluationJob, Result

logger = logging.getLogger(__name__)

_GROUP_BY = re.compile(r"\bGROUP\s+BY\b", re.IGNORECASE)
_KEY = "Dim."  # how the properties of a series name its dimensions
_REST_MS = 600_000
"""How long an alarm that was refused is left alone: looking for it among the others costs many evaluations."""


class _Seen(Struct, frozen=True):
    """The periods of an alarm at one time; of several series, those of each by contributor id."""

    periods: Periods
    series: dict[str, tuple[dict[str, str], Periods]] = field(default_factory=dict)


class ExpressionLooks:
    """Alarms whose value the expression evaluator computes."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self.failed: set[int] = set()
        """Ids (`id(entry)`) of the entries that could not be evaluated in the last look."""
        self._refused: dict[int, tuple[Entry, int]] = {}

    async def look(self, entries: Iterable[Entry], times: Sequence[int], delay_ms: int = 0) -> list[Look]:
        """The verdicts on `entries` (MetricAlarms) at `times` (ms, ascending), which count `delay_ms` later."""
        self.failed.clear()
        groups: dict[tuple[str, str, int, int, str | None], list[Entry]] = {}
        for entry in entries:
            if self._rests(entry, times[-1]):
                self.failed.add(id(entry))
                continue
            alarm = _alarm(entry)
            place = (alarm.key.account, alarm.key.region)
            groups.setdefault((*place, alarm.period_s, alarm.judgement.periods, alarm.zone), []).append(entry)
        looks = []
        for members in groups.values():
            seen = [await self._at(members, time) for time in times]
            looks.append(_look(members, times, seen, delay_ms))
        return looks

    def _rests(self, entry: Entry, time: int) -> bool:
        """Whether the evaluator refused the entry's metrics lately, so that it is not asked again yet."""
        known, until_ms = self._refused.get(id(entry), (None, 0))
        if known is entry and time < until_ms:
            return True
        self._refused.pop(id(entry), None)
        return False

    async def _at(self, entries: Sequence[Entry], time: int) -> list[_Seen]:
        first = _alarm(entries[0])
        end = time
        if first.zone is not None:
            end = int(boundaries(read_zone(first.zone), first.period_s, time, 1)[-1])
        starts = np.arange(reach(first.judgement.periods), 0, -1, dtype=np.int64) * -first.period_s * 1000 + end
        jobs = [EvaluationJob(_alarm(entry).queries, int(starts[0]), end) for entry in entries]
        answers = await self._evaluate(entries[0].scope, entries, jobs)
        return [_seen(_alarm(entry), results, starts) for entry, results in zip(entries, answers, strict=True)]

    async def _evaluate(
        self, scope: Scope, entries: Sequence[Entry], jobs: Sequence[EvaluationJob]
    ) -> list[list[Result]]:
        try:
            return await self._expressions.evaluate_many(scope, jobs)
        except (InvalidInput, QueryAborted) as problem:
            if len(jobs) == 1:
                logger.warning("cannot evaluate alarm %s: %s", entries[0].alarm.key.name, problem)
                self.failed.add(id(entries[0]))
                self._refused[id(entries[0])] = (entries[0], jobs[0].end_ms + _REST_MS)
                return [[]]
        half = len(jobs) // 2  # one wrong alarm must not silence the others: look for it by halves
        return [
            *await self._evaluate(scope, entries[:half], jobs[:half]),
            *await self._evaluate(scope, entries[half:], jobs[half:]),
        ]


def _seen(alarm: MetricAlarm, results: Sequence[Result], starts: Integers) -> _Seen:
    """What the results say on the periods that begin at `starts`."""
    watched = [result for result in results if result.query_id == alarm.watched]
    if alarm.band is not None:
        edges = [result for result in results if result.query_id == alarm.band]
        upper, lower = (_spread(edges, starts, at) for at in (0, -1))
        return _Seen(Periods(starts, _spread(watched, starts, 0), lower, upper))
    if len(watched) < 2 and not _grouped(alarm):
        return _Seen(Periods(starts, _spread(watched, starts, 0)))
    series = {}
    for at, result in enumerate(watched[:MAX_CONTRIBUTORS]):
        attributes = _attributes(result)
        series[contributor_id(attributes)] = (attributes, Periods(starts, _spread(watched, starts, at)))
    return _Seen(Periods(starts, np.full(len(starts), np.nan)), series)


def _grouped(alarm: MetricAlarm) -> bool:
    return any(isinstance(query.source, str) and _GROUP_BY.search(query.source) for query in alarm.queries)


def _attributes(result: Result) -> dict[str, str]:
    """What tells a series from the others: the keys that it is grouped by, else its label."""
    keys = {name.removeprefix(_KEY): value for name, value in result.properties.items() if name.startswith(_KEY)}
    return keys or {"Label": result.label}


def _spread(results: Sequence[Result], starts: Integers, at: int) -> Floats:
    """One result's values by period; NaN where it has none. A value within a period counts for it."""
    values = np.full(len(starts), np.nan)
    if results:
        result = results[at]
        places = np.searchsorted(starts, result.times, side="right") - 1
        inside = places >= 0
        values[places[inside]] = result.values[inside]
    return values


def _look(entries: Sequence[Entry], times: Sequence[int], seen: Sequence[Sequence[_Seen]], delay_ms: int) -> Look:
    codes = np.zeros((len(entries), len(times)), dtype=np.int8)
    contributors: dict[int, list[Contributors]] = {}
    for row, entry in enumerate(entries):
        alarm = _alarm(entry)
        known = read(entry.contributors)
        after: list[Contributors] = []
        for at, time in enumerate(times):
            one = seen[at][row]
            if time + delay_ms > entry.gate_ms:  # what was before the alarm was changed by hand does not count
                known = _step(alarm, known, one, time) if one.series or known else known
                codes[row, at] = together(known) or evaluate(one.periods, alarm.judgement)
            after.append(known)
        if entry.contributors is not None or any(after):
            contributors[row] = after

    def why(row: int, at: int, old: StateValue, new: StateValue) -> Why:
        known = contributors[row][at] if row in contributors else {}
        if known:
            return counted(known, times[at])
        return explain(_alarm(entries[row]), seen[at][row].periods, old, new, times[at])

    def full(row: int) -> Bools:
        n = _alarm(entries[row]).judgement.periods
        return np.array([bool(present(seen[at][row].periods)[-n:].all()) for at in range(len(times))])

    return Look(entries, times, codes, why, contributors, full)


def _step(alarm: MetricAlarm, known: Contributors, one: _Seen, time: int) -> Contributors:
    def explained(periods: Periods, old: StateValue, new: StateValue) -> Why:
        return explain(alarm, periods, old, new, time)

    return step_judged(known, one.series, alarm.judgement, time, explained)


def _alarm(entry: Entry) -> MetricAlarm:
    assert isinstance(entry.alarm, MetricAlarm)  # noqa: S101 - the evaluator sorts alarms by kind
    return entry.alarm
