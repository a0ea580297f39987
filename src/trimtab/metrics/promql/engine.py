"""PromQL: a query from its text to its answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.errors import QueryAborted, TrimtabError
from trimtab.metrics.promql.allowance import TIMED_OUT, Allowance, Limits
from trimtab.metrics.promql.bucketless import bucketless
from trimtab.metrics.promql.evaluate import Evaluator
from trimtab.metrics.promql.grid import LOOKBACK_MS, Query
from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.labels import Labels
from trimtab.metrics.promql.language.check import type_of
from trimtab.metrics.promql.language.parse import parse
from trimtab.metrics.promql.language.syntax import Expression, Range, Selector, Subquery, Type, bare
from trimtab.metrics.promql.merging import finished
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.plan import Plan, plan
from trimtab.metrics.promql.problems import BadQuery, ExecutionFailed
from trimtab.metrics.promql.pushdown.port import Pushdown, Pushed
from trimtab.metrics.promql.ranges import RangeVector
from trimtab.metrics.promql.source import Source
from trimtab.metrics.promql.values import Floats, Integers, Samples, Scalar, Text, Vector

MOST_POINTS = 11_000
"""Steps of a range query: Prometheus' limit, which lets a week of minutes through and a year of hours."""


class Series(Struct, frozen=True):
    """One series of an answer: times (ms), values, and native histograms with their own times."""

    labels: Labels
    times: Integers
    values: Floats
    histogram_times: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    histograms: tuple[Histogram, ...] = ()


class Answer(Struct, frozen=True):
    """What a query answers. `type` is that of the result: a range query's is always a matrix."""

    type: Type
    series: list[Series] = field(default_factory=list)
    text: str = ""
    warnings: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)
    samples: int = 0
    """Samples that were read."""


class RangeQuery(Struct, frozen=True):
    """A query over `[start_ms, end_ms]`, answered at every `step_ms` from the start."""

    text: str
    start_ms: int
    end_ms: int
    step_ms: int


class Asked(Struct, frozen=True):
    """A query of which `pushed` is known, and what must be read for the rest."""

    node: Expression
    query: Query
    notes: Notes
    pushed: Pushed
    reads: Plan


class PromQL:
    """Runs queries over a source. Limits hold for each evaluation, for all that it reads and makes.

    Where there is a `pushdown`, it works out what it can of a query, and the source is asked for the rest.

    A query whose time is over, and one whose caller is cancelled, ends its reads and its thread too.
    """

    def __init__(
        self,
        source: Source,
        lookback_ms: int = LOOKBACK_MS,
        limits: Limits | None = None,
        pushdown: Pushdown | None = None,
    ) -> None:
        self._source = source
        self._pushdown = pushdown
        self._lookback_ms = lookback_ms
        self._limits = limits or Limits()

    async def query(self, scope: Scope, text: str, at_ms: int, *, lookback_ms: int | None = None) -> Answer:
        """The answer at one time. Raises BadQuery, ExecutionFailed, QueryAborted, Unavailable."""
        node = parse(text)
        query = Query(at_ms, at_ms, 0, lookback_ms or self._lookback_ms)
        return await self._run(scope, node, text, query)

    async def query_range(
        self, scope: Scope, text: str, start_ms: int, end_ms: int, step_ms: int, *, lookback_ms: int | None = None
    ) -> Answer:
        """The answer at every step from start to end (both included where they are steps). Raises as `query`."""
        node = _checked(RangeQuery(text, start_ms, end_ms, step_ms))
        query = Query(start_ms, end_ms, step_ms, lookback_ms or self._lookback_ms)
        return _matrix(await self._run(scope, node, text, query))

    async def query_ranges(self, scope: Scope, queries: Sequence[RangeQuery]) -> list[Answer | TrimtabError]:
        """Several range queries, whose samples are read together. What is wrong with one is its answer alone."""
        found: dict[int, Answer | TrimtabError] = {}
        try:
            async with self._bounded() as allowance:
                await self._ranges(scope, queries, allowance, found)
        except QueryAborted as problem:
            found = dict.fromkeys(range(len(queries)), problem) | found
        return [found[at] for at in range(len(queries))]

    async def _ranges(
        self, scope: Scope, queries: Sequence[RangeQuery], allowance: Allowance, found: dict[int, Answer | TrimtabError]
    ) -> None:
        """The answers, put into `found` by their place as they are there."""
        checked: dict[int, Expression] = {}
        for at, query in enumerate(queries):  # what is wrong is told, also where there is no time for the others
            try:
                checked[at] = _checked(query)
            except TrimtabError as problem:
                found[at] = problem
        prepared = await asyncio.gather(
            *(self._ranged(scope, node, queries[at], allowance) for at, node in checked.items())
        )
        asked: dict[int, Asked] = {}
        for at, each in zip(checked, prepared, strict=True):
            if isinstance(each, Asked):
                asked[at] = each
            else:
                found[at] = each
        # Reads are equal whatever their steps are: those of another step are others here.
        wanted = {(read, each.query.step_ms): read for each in asked.values() for read in each.reads.values()}
        try:
            samples = dict(zip(wanted, await self._source.read(scope, list(wanted.values()), allowance), strict=True))
        except TrimtabError as problem:
            for at in asked:
                found[at] = problem if len(asked) == 1 else (await self.query_ranges(scope, [queries[at]]))[0]
            return
        for at, each in asked.items():
            own = {selector: samples[read, each.query.step_ms] for selector, read in each.reads.items()}
            try:
                found[at] = _matrix(await asyncio.to_thread(answered, each, own, allowance))
            except TrimtabError as problem:
                found[at] = problem

    async def _ranged(
        self, scope: Scope, node: Expression, asked: RangeQuery, allowance: Allowance
    ) -> Asked | TrimtabError:
        query = Query(asked.start_ms, asked.end_ms, asked.step_ms, self._lookback_ms)
        try:
            return await self._prepared(scope, node, asked.text, query, allowance)
        except TrimtabError as problem:
            return problem

    async def _run(self, scope: Scope, node: Expression, text: str, query: Query) -> Answer:
        async with self._bounded() as allowance:
            asked = await self._prepared(scope, node, text, query, allowance)
            wanted = list(dict.fromkeys(asked.reads.values()))
            read = dict(zip(wanted, await self._source.read(scope, wanted, allowance), strict=True))
            samples = {selector: read[each] for selector, each in asked.reads.items()}
            # Arrays of a million cells take a thread 50 ms: the event loop has other callers meanwhile.
            return await asyncio.to_thread(answered, asked, samples, allowance)

    async def _prepared(self, scope: Scope, node: Expression, text: str, query: Query, allowance: Allowance) -> Asked:
        """A query of which is pushed down what can be."""
        reads = plan(node, query)  # whatever is wrong with a query is said before anything of it is worked out
        notes = Notes(text, allowance.go_on)
        if self._pushdown is None:
            return Asked(node, query, notes, Pushed(), reads)
        pushed = await self._pushdown.work_out(scope, node, query, notes, allowance)
        return Asked(node, query, notes, pushed, plan(node, query, pushed.vectors) if pushed.vectors else reads)

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[Allowance]:
        """What one evaluation may use; however it is left, its thread ends. Raises QueryAborted when time is up."""
        allowance = Allowance(self._limits)
        try:
            async with asyncio.timeout(self._limits.seconds) as time:
                yield allowance
        except TimeoutError:
            if not time.expired():
                raise
            raise QueryAborted(TIMED_OUT) from None
        finally:
            allowance.stop()


def _checked(asked: RangeQuery) -> Expression:
    if asked.step_ms <= 0:
        raise BadQuery("zero or negative query resolution step widths are not accepted. Try a positive integer")
    if asked.end_ms < asked.start_ms:
        raise BadQuery("end timestamp must not be before start time")
    if (asked.end_ms - asked.start_ms) // asked.step_ms >= MOST_POINTS:
        raise BadQuery(
            f"exceeded maximum resolution of {MOST_POINTS:,} points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )
    node = parse(asked.text)
    if type_of(node) not in (Type.SCALAR, Type.VECTOR):
        raise BadQuery(f'invalid expression type "{type_of(node)}" for range query, must be Scalar or instant Vector')
    return node


def _matrix(answer: Answer) -> Answer:
    return Answer(Type.MATRIX, _sorted(answer.series), "", answer.warnings, answer.infos, answer.samples)


def answered(asked: Asked, samples: dict[Selector, Samples], allowance: Allowance) -> Answer:
    """Evaluate a query over what it read and what is known of it. Raises ExecutionFailed, QueryAborted."""
    node, query, notes = asked.node, asked.query, asked.notes
    evaluator = Evaluator(bucketless(node, samples, notes), query, notes, allowance, asked.pushed.vectors)
    inner = bare(node)
    count = sum(len(each.points.times) + len(each.histograms.times) for each in samples.values()) + asked.pushed.samples
    if isinstance(inner, Range | Subquery):
        series = _windows(evaluator.range(inner, query.grid()))
        return Answer(Type.MATRIX, _sorted(series), "", notes.warnings, notes.infos, count)
    grid = query.grid()
    value = evaluator.evaluate(node, grid)
    if isinstance(value, Text):
        return Answer(Type.STRING, [], value.value)
    if isinstance(value, Scalar):
        return Answer(Type.SCALAR, [Series((), grid.times, value.values)], "", notes.warnings, notes.infos, count)
    series = series_of(finished(value), grid.times)
    return Answer(Type.VECTOR, series, "", notes.warnings, notes.infos, count)


def series_of(vector: Vector, times: Integers) -> list[Series]:
    """A vector's rows, each without the steps at which it has no sample."""
    found = []
    native = vector.is_histogram if vector.histograms is not None else None
    floats = vector.floats
    for row, labels in enumerate(vector.labels):
        own = floats[row]
        series = Series(labels, times[own], vector.values[row][own])
        if native is not None and vector.histograms is not None and native[row].any():
            cells = tuple(vector.histograms[row][native[row]].tolist())
            series = Series(labels, series.times, series.values, times[native[row]], cells)
        found.append(series)
    return found


def _windows(vector: RangeVector) -> list[Series]:
    """The samples of a range vector as they are, at an instant."""
    found = []
    for row, labels in enumerate(vector.labels):
        floats = slice(int(vector.floats.low[row, 0]), int(vector.floats.high[row, 0]))
        native = slice(int(vector.low[row, 0]), int(vector.high[row, 0]))
        points, cells = vector.floats.points, vector.points
        series = Series(
            labels,
            points.times[floats],
            points.values[floats],
            cells.times[native],
            tuple(cells.values[native].tolist()),
        )
        if len(series.times) or series.histograms:
            found.append(series)
    return found


def _sorted(series: list[Series]) -> list[Series]:
    return sorted(series, key=lambda each: each.labels)


__all__ = ["Answer", "BadQuery", "ExecutionFailed", "Plan", "PromQL", "RangeQuery", "Series"]
