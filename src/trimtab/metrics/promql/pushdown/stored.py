"""Pieces of queries worked out by the telemetry engine: one statement each, from which only grids come back.

A piece is pushed where all of its series are plain samples (gauges and counters) of distinct labels, and enough of
them that reading them costs more than a statement. What the engine cannot be sure of is worked out a level below: an
aggregation from the grids of its series, those from their samples.
"""

import asyncio
from collections.abc import Iterable, Iterator

import pyarrow as pa

from trimtab.access.scope import Scope
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.allowance import Allowance
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.grid import Query
from trimtab.metrics.promql.labels import NAME
from trimtab.metrics.promql.language.syntax import Expression
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.problems import ExecutionFailed, TooManySamples
from trimtab.metrics.promql.pushdown import answers
from trimtab.metrics.promql.pushdown.choices import Choice, Choices
from trimtab.metrics.promql.pushdown.cohort import Cohort
from trimtab.metrics.promql.pushdown.pieces import EXTREMES, Leaf, Piece, pieces
from trimtab.metrics.promql.pushdown.port import Pushed
from trimtab.metrics.promql.pushdown.statements import numbers_of, statement
from trimtab.metrics.promql.range_functions.rates import COUNTER_SUFFIXES
from trimtab.metrics.promql.stored import MOST_SERIES
from trimtab.metrics.promql.values import Vector
from trimtab.store.telemetry.client import Telemetry

LEAST_SAMPLES = 20_000
"""About as many are read and evaluated in the time of a statement; fewer are read together with others'."""
_SCRAPE_MS = 15_000
"""How far samples are apart, about: the interval of most agents."""
_IDS_A_STATEMENT = 10_000
"""Each takes 11 bytes of a form field, which a server caps at 128 KiB (http_max_field_value_size)."""
_CELLS_A_STATEMENT = 10_000_000
"""Cells of all series that the engine holds at one time: 90 MB."""
_SAMPLES_A_STATEMENT = 4_000_000
"""Samples that the engine holds at one time, in 16 bytes each, twice while an array grows."""
MANY_CELLS = 500_000
"""From here on it costs less to ask which series are among the largest, and for those, than for all."""
_AT_ONCE = 2


class EnginePushdown:
    """Has the telemetry engine work out pieces. `least` is from how many samples on."""

    def __init__(self, telemetry: Telemetry, catalogue: Catalogue, least: int = LEAST_SAMPLES) -> None:
        self._telemetry = telemetry
        self._choices = Choices(catalogue, MOST_SERIES)
        self._least = least

    async def work_out(
        self, scope: Scope, node: Expression, query: Query, notes: Notes, allowance: Allowance
    ) -> Pushed:
        """The pieces of `node`. Raises TooManySamples, QueryAborted, Unavailable."""
        try:
            found = pieces(node, query)
        except ExecutionFailed:  # the evaluator says so, unless something else is wrong before
            return Pushed()
        pushed = Pushed()
        for piece in dict.fromkeys(found):
            await self._piece(scope, piece, notes, allowance, pushed)
        return pushed

    async def _piece(self, scope: Scope, piece: Piece, notes: Notes, allowance: Allowance, pushed: Pushed) -> None:
        leaf, matchers = piece.leaf, piece.leaf.selector.matchers
        choice, entries = self._choices.choice(scope, matchers)
        if choice.number > MOST_SERIES:
            raise TooManySamples(
                f"cannot read more than {MOST_SERIES} series for one selector; try one that finds fewer"
            )
        if not choice.number or not choice.plain or _samples(leaf, choice.number) < self._least:
            return
        for level in _levels(piece, choice):
            cohort = self._choices.cohort(scope, matchers, entries, level.aggregate)
            if cohort is None:
                return
            try:
                looked_through = 0
                if level.aggregate is not None and level.aggregate.op in EXTREMES:
                    cohort, looked_through = await self._extremes(scope, level, cohort)
                    level = Piece(leaf)
                allowance.afford(cohort.rows * leaf.columns)
                vector, samples = await self._run(level, cohort)
            except answers.Doubtful:
                continue
            allowance.take_series(choice.number)
            _tell_names(level, choice, vector, notes)
            pushed.vectors[level.node] = vector
            pushed.samples += looked_through or samples
            return

    async def _extremes(self, scope: Scope, piece: Piece, groups: Cohort) -> tuple[Cohort, int]:
        """The series that a topk or bottomk may keep, and how many samples all have. Raises Doubtful."""
        series = self._choices.cohort(scope, piece.leaf.selector.matchers, None, None)
        if series is None:
            raise TypeError("series that have groups have labels of their own")
        tables = await self._ask(piece, groups)
        return series.only(answers.chosen(piece, tables)), _seen(tables)

    async def _run(self, piece: Piece, cohort: Cohort) -> tuple[Vector, int]:
        """The vector of a piece, and how many samples it was made of. Raises Doubtful."""
        tables = await self._ask(piece, cohort)
        put_together = answers.grids if piece.aggregate is None else answers.groups
        vector = await asyncio.to_thread(put_together, piece, cohort, tables)
        return vector, _seen(tables)

    async def _ask(self, piece: Piece, cohort: Cohort) -> list[pa.Table]:
        """What the engine answers to a piece over the parts of its series."""
        parts = list(cohort.parts(_series_a_statement(piece.leaf)))
        gate = asyncio.Semaphore(_AT_ONCE)

        async def answer(part: Cohort) -> pa.Table:
            async with gate:
                sql, parameters = statement(piece, part)
                return await self._telemetry.table(sql, parameters)

        running = [asyncio.ensure_future(answer(part)) for part in parts]
        try:
            return await asyncio.gather(*running)
        finally:
            for task in running:  # after the first that fails nobody waits for the others
                task.cancel()


def _seen(tables: list[pa.Table]) -> int:
    return sum(int(numbers_of(table["seen"]).sum()) for table in tables)


def _samples(leaf: Leaf, series: int) -> int:
    """About how many samples a leaf looks at."""
    span = leaf.steps.last_ms - leaf.steps.first_ms + leaf.window_ms
    return series * max(span // _SCRAPE_MS, 1)


def _series_a_statement(leaf: Leaf) -> int:
    by_samples = _SAMPLES_A_STATEMENT // max(_samples(leaf, 1), 1)
    by_cells = _CELLS_A_STATEMENT // leaf.steps.number
    return max(min(_IDS_A_STATEMENT, by_samples, by_cells), 1)


def _levels(piece: Piece, choice: Choice) -> Iterator[Piece]:
    """A piece, and what it is worked out from where the engine is not sure of it."""
    aggregate, leaf = piece.aggregate, piece.leaf
    many = choice.number * leaf.columns >= MANY_CELLS
    if aggregate is not None and (aggregate.op not in EXTREMES or many) and _names_are_clear(leaf, choice):
        yield piece
    yield Piece(leaf)


def _names_are_clear(leaf: Leaf, choice: Choice) -> bool:
    """Whether it is known of a group, whichever of its series are there, if it is of what is no counter."""
    if not leaf.function.counter or len(choice.names) == 1:
        return True
    return all(name.endswith(COUNTER_SUFFIXES) for name in choice.names)


def _tell_names(piece: Piece, choice: Choice, vector: Vector, notes: Notes) -> None:
    if not piece.leaf.function.counter or not vector.labels:
        return
    names: Iterable[str] = choice.names
    if piece.aggregate is None and len(choice.names) > 1:
        names = dict.fromkeys(sets.get(labels, NAME) for labels in vector.labels)
    for name in names:
        if name and not name.endswith(COUNTER_SUFFIXES):
            notes.maybe_no_counter(name, piece.leaf.place)
