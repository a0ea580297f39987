"""From widgets to lines: what each asks of the metrics, all of a page asked in few queries, and what came back."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError, Unavailable
from trimtab.base.records import replace
from trimtab.metrics.expressions.model import EvaluationJob, Query, Result, Times, Values
from trimtab.metrics.labels import Labelled, read_zone, render
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.promql.engine import RangeQuery
from trimtab.metrics.statistics import Family, Statistic, parse_statistic
from trimtab.reports.dashboards.annotations import Across, read_annotations
from trimtab.reports.dashboards.asked import Asked, ask
from trimtab.reports.dashboards.chart_queries import PromAsked, alarm_prom, lines_of, range_of
from trimtab.reports.dashboards.lines import AVERAGE, Line, WidgetData
from trimtab.reports.dashboards.model import Widget
from trimtab.reports.dashboards.ports import AsksPromQL, Evaluates, Finds, ShowsAlarms, Vector
from trimtab.reports.dashboards.timing import Span

_NARROW = 60
"""A bucket below this share of the range that is not full yet is left out where it would read low."""
_ACCUMULATING = frozenset({Family.SUM, Family.SAMPLE_COUNT, Family.RATE, Family.TRIMMED_COUNT, Family.TRIMMED_SUM})


class Question(Struct, frozen=True):
    """One widget, over the dashboard's range, with at most `points` points a line."""

    widget: Widget
    span: Span
    inherit: bool = False
    points: int = 1000


Answer = WidgetData | TrimtabError


class WidgetReader:
    """Answers widgets. `promql` and `alarms` are None where those rooms are not there."""

    def __init__(
        self,
        evaluator: Evaluates,
        check: Callable[[Sequence[Query]], None],
        finder: Finds,
        clock: Clock,
        promql: AsksPromQL | None = None,
        alarms: ShowsAlarms | None = None,
    ) -> None:
        self._evaluator = evaluator
        self._check = check
        self._finder = finder
        self._clock = clock
        self._promql = promql
        self._alarms = alarms

    async def read(self, scope: Scope, questions: Sequence[Question]) -> list[Answer]:
        """An answer for each question, in their order. What is wrong with one widget is that widget's answer alone."""
        answers: dict[int, Answer] = {}
        asked: dict[int, Asked] = {}
        for at, question in enumerate(questions):
            try:
                asked[at] = await self._asked(scope, question)
                self._check(asked[at].queries)
            except TrimtabError as problem:
                asked.pop(at, None)
                answers[at] = problem
        # Both ways of asking at once: queries of metrics, which are read together, and those in PromQL.
        results, lines = await asyncio.gather(self._evaluated(asked), self._prom(asked))
        for at, one in asked.items():
            try:
                answers[at] = self._answer(questions[at], one, results[at], lines[at])
            except TrimtabError as problem:
                answers[at] = problem
        return [answers[at] for at in range(len(questions))]

    async def _asked(self, scope: Scope, question: Question) -> Asked:
        now = self._clock.now_ms()
        asked = ask(scope, question.widget, question.span, question.inherit, question.points, now)
        arns = question.widget.properties.get("annotations", {}).get("alarms", ())
        if arns and self._alarms is not None and not asked.queries:
            shown = await self._alarms.shown(scope, arns)
            queries = tuple(query for alarm in shown for query in alarm.queries)
            prom = tuple(alarm_prom(alarm, asked.period_s) for alarm in shown if alarm.prom)
            return replace(asked, queries=queries, prom=prom, alarms=tuple(shown))
        if question.widget.kind == "alarm" and self._alarms is not None:
            shown = await self._alarms.shown(scope, question.widget.properties["alarms"])
            return replace(asked, alarms=tuple(shown))
        return asked

    async def _evaluated(self, asked: dict[int, Asked]) -> dict[int, list[Result] | TrimtabError]:
        """The results by question; those of one scope are read together."""
        groups: dict[Scope, list[int]] = defaultdict(list)
        found: dict[int, list[Result] | TrimtabError] = {}
        for at, one in asked.items():
            if one.queries:
                groups[one.scope].append(at)
            else:
                found[at] = []
        for scope, members in groups.items():
            jobs = [EvaluationJob(asked[at].queries, asked[at].start_ms, asked[at].span.end_ms) for at in members]
            found.update(zip(members, await self._batch(scope, jobs), strict=True))
        return found

    async def _batch(self, scope: Scope, jobs: list[EvaluationJob]) -> list[list[Result] | TrimtabError]:
        try:
            return list(await self._evaluator.evaluate_many(scope, jobs))
        except TrimtabError as problem:
            if len(jobs) == 1:
                return [problem]
        # One of them fails only with data: found out one by one, so that the others are shown.
        return [(await self._batch(scope, [job]))[0] for job in jobs]

    async def _prom(self, asked: dict[int, Asked]) -> dict[int, list[Line] | TrimtabError]:
        """The lines in PromQL by question; those of one scope are read together."""
        groups: dict[Scope, list[tuple[int, PromAsked]]] = defaultdict(list)
        for at, one in asked.items():
            for query in one.prom:
                groups[one.scope].append((at, query))
        found: dict[int, list[Line] | TrimtabError] = {at: [] for at in asked}
        for scope, members in groups.items():
            answers = await self._vectors(scope, [range_of(query, asked[at].span) for at, query in members])
            for (at, query), vectors in zip(members, answers, strict=True):
                lines = found[at]
                if isinstance(vectors, TrimtabError):
                    found[at] = vectors
                elif not isinstance(lines, TrimtabError):
                    lines += lines_of(query, asked[at].span, vectors)
        return found

    async def _vectors(self, scope: Scope, queries: list[RangeQuery]) -> list[Sequence[Vector] | TrimtabError]:
        if self._promql is None:
            return [Unavailable("cannot draw: PromQL is not available in this server")] * len(queries)
        return await self._promql.vectors(scope, queries)

    def _answer(
        self, question: Question, asked: Asked, found: list[Result] | TrimtabError, drawn: list[Line] | TrimtabError
    ) -> WidgetData:
        if isinstance(found, TrimtabError):
            raise found
        if isinstance(drawn, TrimtabError):
            raise drawn
        lines = _with_edges([self._line(question, asked, result) for result in found], asked) + drawn
        now = self._clock.now_ms()
        annotations = read_annotations(question.widget.properties.get("annotations", {}), now)
        thresholds = [
            Across(alarm.threshold, None, f"{alarm.name} {alarm.comparison}".strip(), "", False)
            for alarm in asked.alarms
            if alarm.threshold is not None
        ]
        annotations = replace(annotations, across=(*annotations.across, *thresholds))
        period = min((line.period_s for line in lines if line.period_s), default=asked.period_s)
        return WidgetData(question.widget, asked.span, tuple(lines), annotations, period, asked.note, asked.alarms)

    def _line(self, question: Question, asked: Asked, result: Result) -> tuple[str, Line]:
        row = asked.rows.get(result.query_id)
        statistic = _statistic(result.properties.get("Stat") or (row.stat if row and row.metric else ""))
        times, values = _complete(result, asked.span, statistic)
        unit, metric = self._unit(asked.scope, result)
        label = result.label
        if row is not None and row.label is not None:
            zone = read_zone(question.widget.properties.get("timezone")) or read_zone(None)
            assert zone is not None  # noqa: S101  # None is read as UTC
            told = Labelled(result.label, result.properties, times, values, self._clock.now_ms(), zone)
            label = render(row.label, told)
        return result.query_id, Line(
            key=f"{result.query_id}\x1f{result.label}",
            label=label or result.query_id,
            times=times,
            values=values,
            period_s=result.period_s or asked.period_s,
            color=row.color if row else "",
            right=row.right if row else False,
            unit=(row.unit if row and row.unit else unit),
            metric=metric,
            statistic=statistic,
        )

    def _unit(self, scope: Scope, result: Result) -> tuple[str, str]:
        namespace, name = result.properties.get("Namespace"), result.properties.get("MetricName")
        if not (namespace and name):
            return "None", ""
        found = self._finder.find(scope, SeriesQuery(namespace=namespace, name=name, limit=1))
        return (found[0].identity.unit if found else "None"), name


def _with_edges(lines: Sequence[tuple[str, Line]], asked: Asked) -> list[Line]:
    """The lines, those of an anomaly band marked and named as its edges: the upper one comes first."""
    found = []
    for at, (id_, line) in enumerate(lines):
        row = asked.rows.get(id_)
        if row is None or not row.expression.lstrip().upper().startswith("ANOMALY_DETECTION_BAND"):
            found.append(line)
            continue
        upper = at == 0 or lines[at - 1][0] != id_
        side = "upper" if upper else "lower"
        found.append(replace(line, key=f"{line.key}\x1f{side}", label=f"{line.label}, {side} edge", edge=id_))
    return found


def _statistic(text: str) -> Statistic:
    return parse_statistic(text) if text else AVERAGE


def _complete(result: Result, span: Span, statistic: Statistic) -> tuple[Times, Values]:
    """The points; without a last one that still fills where a sum or rate would read low."""
    times, values = np.asarray(result.times), np.asarray(result.values)
    period_ms = result.period_s * 1000
    narrow = period_ms * _NARROW <= span.end_ms - span.start_ms
    if span.moving and narrow and period_ms and statistic.family in _ACCUMULATING:
        full = times + period_ms <= span.end_ms
        return times[full], values[full]
    return times, values
