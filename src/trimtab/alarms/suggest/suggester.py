"""Suggests thresholds, M of N and periods for an alarm, each tried on the metric's own past.

Every candidate is judged over the whole range by the evaluator's own `judge`; those that are shown are replayed too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.alarms.evaluate import Codes, Integers, breaching, judge, present
from trimtab.alarms.form import kind_of, read_alarm
from trimtab.alarms.model import AlarmKey, MetricAlarm
from trimtab.alarms.replay.found import times_of
from trimtab.alarms.replay.locality import depends_on_range
from trimtab.alarms.replay.model import Span
from trimtab.alarms.replay.pace import Pace, pace
from trimtab.alarms.replay.positions import Line, lines_of, metric_lines, positions_of
from trimtab.alarms.replay.remembered import RememberedReader
from trimtab.alarms.replay.replayer import Replayer, ReplayParts
from trimtab.alarms.schedule import SLOW_DELAY_MS
from trimtab.alarms.suggest import words
from trimtab.alarms.suggest.candidates import M_OF_N, candidates, periods_of, thresholds_of
from trimtab.alarms.suggest.front import Scored, aims, choose
from trimtab.alarms.suggest.incidents import excursions, level, marked
from trimtab.alarms.suggest.model import Candidate, CannotSuggest, Incident, Proposal, Score, Suggestions
from trimtab.alarms.suggest.score import alarms_of, score
from trimtab.base.records import replace
from trimtab.metrics.expressions.model import MetricStat
from trimtab.metrics.model import SeriesQuery

_LONGEST = max(n for _, n in M_OF_N)


class _Past(Struct, frozen=True):
    """The periods of one length at every position, and the evaluations over them."""

    alarm: MetricAlarm
    times: Integers
    groups: Sequence[Integers]
    lines: Sequence[Line]
    pace: Pace


class Suggester:
    """Suggests ways to judge for alarms with a threshold or a band."""

    def __init__(self, parts: ReplayParts, replayer: Replayer) -> None:
        self._parts = parts
        self._replayer = replayer

    async def suggest(
        self, key: AlarmKey, form: Mapping[str, Any], span: Span, windows: Sequence[tuple[int, int]] = ()
    ) -> Suggestions:
        """Suggestions for the metric alarm in `form`, over `span`; `windows` (ms) are incidents that a person marked.

        Raises InvalidInput for a form that cannot be read, CannotSuggest with the reason, QueryAborted, Unavailable.
        """
        alarm = _alarm(key, form)
        own = Candidate(alarm.period_s, alarm.judgement.threshold, alarm.judgement.periods, alarm.judgement.m)
        now = await self._replayer.replay(alarm, span)
        within = Span(now.start_ms, now.end_ms, span.now_ms)
        pasts = [await self._past(one, within) for one in _alarms(alarm, key, form)]
        incidents, at = _incidents(alarm, pasts[0], within, windows)
        scored = [pair for past in pasts for pair in _scored(past, own, incidents)]
        today = _score(pasts[0], own, incidents)
        chosen = choose([pair for pair in scored if _better(pair, (own, today))], own)
        operator = alarm.judgement.operator
        proposals = []
        for number, (candidate, found) in enumerate(chosen):
            given = with_candidate(form, candidate)
            replay = await self._replayer.replay(_alarm(key, given), within)
            reason = words.reason(candidate, found, today, len(incidents))
            title = words.title(candidate, operator)
            proposals.append(Proposal(candidate, found, given, replay, title, reason, not number))
        told = words.reason(own, today, today, len(incidents))
        moved = at is not None and at != alarm.judgement.threshold
        return Suggestions(
            within.start_ms,
            within.end_ms,
            tuple(incidents),
            words.definition(tuple(incidents), operator, at, moved=moved, period_ms=alarm.period_s * 1000),
            Proposal(own, today, dict(form), now, words.title(own, operator), told),
            tuple(proposals),
            words.verdict(chosen[0] if chosen else None, today, len(incidents), operator),
            len(scored),
            now.notes,
        )

    async def _past(self, alarm: MetricAlarm, span: Span) -> _Past:
        parts = self._parts
        source = alarm.queries[0].source
        single = len(alarm.queries) == 1 and isinstance(source, MetricStat)
        whole = any(not one.source.statistic.simple for one in alarm.queries if isinstance(one.source, MetricStat))
        at = pace(span, alarm.period_s, SLOW_DELAY_MS, parts.kept, whole=whole)
        times = np.array(times_of(at), dtype=np.int64)
        if not len(times):
            raise CannotSuggest(f"cannot suggest anything for {alarm.key.name}: the range is shorter than its period")
        groups = positions_of(times, alarm.period_s)
        begin_ms = int(times[0]) - (_LONGEST + 3) * alarm.period_s * 1000
        remembered = RememberedReader(parts.reader, at.step_s, begin_ms, int(times[-1]))
        grouped = [times[group] for group in groups]
        if single and isinstance(source, MetricStat):
            series = self._series(alarm, source)
            lines = await metric_lines(remembered, series, alarm, grouped, _LONGEST + 2)
        else:
            wide = replace(alarm, judgement=replace(alarm.judgement, periods=_LONGEST, to_alarm=None))
            lines = await lines_of(parts.over(remembered), wide, grouped)
        if max(len(line.values) for line in lines) > 1:
            raise CannotSuggest(f"cannot suggest anything for {alarm.key.name}: its query returns several series")
        return _Past(alarm, times, groups, lines, at)

    def _series(self, alarm: MetricAlarm, source: MetricStat) -> tuple[int, ...]:
        scope = Scope.of(source.account or alarm.key.account, alarm.key.region)
        wanted = SeriesQuery(source.namespace, source.name, source.dimensions, exact=True, unit=source.unit)
        return tuple(one.id for one in self._parts.registry.find(scope, wanted))


def _alarm(key: AlarmKey, form: Mapping[str, Any]) -> MetricAlarm:
    found = read_alarm(kind_of(form), key, form)
    if not isinstance(found, MetricAlarm):
        raise CannotSuggest(f"cannot suggest anything for {key.name}: it has no threshold on a metric")
    why = "wall-clock windows are not tried" if found.zone is not None else ""
    if not why and any(isinstance(query.source, str) for query in found.queries):
        why = depends_on_range(found)
        why = why and f"{why} depends on the range of each evaluation"
    if why:
        raise CannotSuggest(f"cannot suggest anything for {key.name}: {why}")
    return found


def _alarms(alarm: MetricAlarm, key: AlarmKey, form: Mapping[str, Any]) -> list[MetricAlarm]:
    """The alarm with each period that is tried; one on an expression keeps its own."""
    if "MetricName" not in form or alarm.period_s < 60:
        return [alarm]
    tried = [Candidate(period_s, alarm.judgement.threshold, 1, 1) for period_s in periods_of(alarm.period_s)]
    return [_alarm(key, with_candidate(form, one)) for one in tried]


def with_candidate(form: Mapping[str, Any], candidate: Candidate) -> dict[str, Any]:
    """The form that judges as a candidate does."""
    given = {**form, "EvaluationPeriods": candidate.n, "DatapointsToAlarm": candidate.m}
    if candidate.threshold is not None:
        given["Threshold"] = candidate.threshold
    if "Period" in form:
        given["Period"] = candidate.period_s
    return given


def _incidents(
    alarm: MetricAlarm, past: _Past, span: Span, windows: Sequence[tuple[int, int]]
) -> tuple[list[Incident], float | None]:
    """The incidents of the range, and the level beyond which they were looked for (None: the band, or marked)."""
    periods = past.lines[0].periods(0)
    judged = alarm.judgement
    at = None if judged.threshold is None else level(periods.values, judged.operator, judged.threshold)
    if windows:
        return marked(windows, span.start_ms, span.end_ms), at
    breach = breaching(periods, replace(judged, threshold=at))
    found = excursions(periods.starts, breach, alarm.period_s * 1000)
    return [one for one in found if one.end_ms > span.start_ms], at


def _scored(past: _Past, own: Candidate, incidents: Sequence[Incident]) -> list[Scored]:
    judged = past.alarm.judgement
    values = np.concatenate([line.periods(0).values for line in past.lines])
    thresholds: tuple[float | None, ...] = (None,)
    if judged.threshold is not None and own.threshold is not None:
        thresholds = thresholds_of(values, judged.operator, own.threshold)
    tried = list(candidates(past.alarm.period_s, thresholds))
    if past.alarm.period_s == own.period_s and own not in tried:
        tried.insert(0, own)
    return [(one, _score(past, one, incidents)) for one in tried]


def _score(past: _Past, candidate: Candidate, incidents: Sequence[Incident]) -> Score:
    begins, ends = alarms_of(past.times, _codes(past, candidate), past.pace.delay_ms, past.pace.span.end_ms)
    return score(candidate, begins, ends, incidents)


def _codes(past: _Past, candidate: Candidate) -> Codes:
    """The verdict of a candidate at every evaluation."""
    judged = replace(
        past.alarm.judgement, threshold=candidate.threshold, periods=candidate.n, to_alarm=candidate.m, keep_few=False
    )
    period_ms = candidate.period_s * 1000
    codes = np.zeros(len(past.times), dtype=np.int8)
    for group, line in zip(past.groups, past.lines, strict=True):
        periods = line.periods(0)
        ends = (past.times[group] - line.starts[0]) // period_ms
        codes[group] = judge(present(periods), breaching(periods, judged), ends, judged)
    return codes


def _better(pair: Scored, now: Scored) -> bool:
    """Whether a candidate is another than today's, beats it in something, and does not buy that with noise."""
    if pair[0] == now[0] or not any(a < b for a, b in zip(aims(*pair), aims(*now), strict=True)):
        return False
    return pair[1].missed < now[1].missed or (pair[1].missed == now[1].missed and pair[1].noise <= now[1].noise)
