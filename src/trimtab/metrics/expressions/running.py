"""Computes the values of a job's queries from what was read. Pure: arrays in, arrays out."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.metrics.expressions import arithmetic
from trimtab.metrics.expressions.arithmetic import Dropped
from trimtab.metrics.expressions.bands import Band, BandRequest
from trimtab.metrics.expressions.functions.arrays import ranked
from trimtab.metrics.expressions.functions.catalog import CATALOG
from trimtab.metrics.expressions.functions.function import Argument
from trimtab.metrics.expressions.functions.single import lines_of, number_of
from trimtab.metrics.expressions.functions.sources import BAND, DEFAULT_WIDTH, METRICS, PERIOD, RULE, SEARCH
from trimtab.metrics.expressions.gathering import Gathered
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.expressions.periods import aligned_start
from trimtab.metrics.expressions.ports import RulePoints
from trimtab.metrics.expressions.program import BandCall, Place, chosen_metrics, in_expression
from trimtab.metrics.expressions.reading import Rows
from trimtab.metrics.expressions.syntax import Array, Call, Chain, Negation, Node, Number, Reference, Step, Text, Word
from trimtab.metrics.expressions.values import Grid, Lines, Tag, Value, joined, nothing
from trimtab.metrics.plan import StatSeries


class _Setting(Struct, frozen=True):
    """What functions see of the expression that they are in."""

    grid: Grid
    dropped: Dropped


class Run:
    """One job's computation. Values are computed once, on demand; bands must be given before what uses them."""

    def __init__(self, gathered: Gathered, read: Sequence[StatSeries]) -> None:
        self.gathered = gathered
        self._read = read
        self._program = gathered.program
        self._values: dict[str, Value] = {}
        self._dropped: dict[str, Dropped] = {}
        self._bands: dict[Place, Band] = {}
        self._rules: dict[Place, RulePoints] = {}

    def value(self, id_: str) -> Value:
        """The value of a query. Those that it reads are computed before, not within, whatever their number."""
        if id_ not in self._values:
            for one in self._program.closure(id_):
                if one not in self._values:
                    with in_expression(one):
                        self._values[one] = self._compute(one)
        return self._values[id_]

    def points(self, id_: str) -> StatSeries:
        """The points of a metric as they were read."""
        slot = self.gathered.sources[id_].rows[0].slot
        return StatSeries(np.empty(0, np.int64), np.empty(0)) if slot is None else self._read[slot]

    def dropped(self, id_: str) -> bool:
        """Whether points of an expression were dropped because no number came out."""
        return id_ in self._dropped and self._dropped[id_].any

    def band_requests(self) -> list[tuple[Place, BandRequest]]:
        """The bands that the job needs, by call."""
        return [(call.place, self._band_request(call)) for call in self._program.bands]

    def give_band(self, place: Place, band: Band) -> None:
        """The answer to one of `band_requests`."""
        self._bands[place] = band

    def give_rule(self, place: Place, points: RulePoints) -> None:
        """What an insight rule answered to a call."""
        self._rules[place] = points

    def rule(self, place: Place, label: str) -> Lines:
        """The series of an INSIGHT_RULE_METRIC."""
        grid, points = self.gathered.rules[place], self._rules[place]
        values = grid.empty(1)
        values[0, (points.times - grid.start_ms) // grid.period_ms] = points.values
        return Lines(grid, values, (Tag(label),), False)

    def _compute(self, id_: str) -> Value:
        rows = self.gathered.sources.get(id_)
        if id_ in self._program.selects and rows is not None:
            return self._selected(id_, rows)
        if rows is not None:
            return self._lines(rows, array=False)
        dropped = self._dropped[id_] = Dropped()
        found = _Expression(self, id_, _Setting(self._grid(id_), dropped)).of(self._program.trees[id_])
        return self._named(id_, found) if isinstance(found, Lines) and not found.array else found

    def _named(self, id_: str, lines: Lines) -> Lines:
        """A series that an expression gave is called as the expression is, whatever it was computed from."""
        label = self._program.queries[id_].label
        tag = Tag(id_ if label is None or "${" in label else label, lines.tags[0].properties)
        return Lines(lines.grid, lines.values, (tag,), False)

    def _lines(self, rows: Rows, *, array: bool) -> Lines:
        values = rows.grid.empty(len(rows.rows))
        for at, row in enumerate(rows.rows):
            if row.slot is not None:
                found = self._read[row.slot]
                known = np.isfinite(found.values)
                values[at, (found.times[known] - rows.grid.start_ms) // rows.grid.period_ms] = found.values[known]
        return Lines(rows.grid, values, tuple(row.tag for row in rows.rows), array)

    def _selected(self, id_: str, rows: Rows) -> Lines:
        """The results of a SQL query that have points, in their order, as many as it may return."""
        select = self._program.selects[id_]
        lines = self._lines(rows, array=True)
        if not select.group_by:
            return lines.one(0) if rows.rows else Lines(rows.grid, rows.grid.empty(1), (Tag(),), False)
        some = lines.chosen(np.flatnonzero(~np.isnan(lines.values).all(axis=1)).tolist())
        if select.order is None:
            return some.chosen(range(len(some.values))[: select.limit])
        order = "DESC" if select.order.descending else "ASC"
        return some.chosen(ranked(some.values, select.order.function, order)[: select.limit])

    def search(self, place: Place) -> Lines:
        """What a SEARCH found."""
        return self._lines(self.gathered.searches[place], array=True)

    def band(self, place: Place, around: Lines, id_: str) -> Lines:
        """The band around `around` (the query `id_`) as an array of two: the upper limit, then the lower."""
        band = self._bands[place]
        grid = around.grid
        at, off = np.divmod(np.asarray(band.times, dtype=np.int64) - grid.start_ms, grid.period_ms)
        known = (off == 0) & (at >= 0) & (at < grid.count)
        values = grid.empty(2)
        values[0, at[known]] = np.asarray(band.upper)[known]
        values[1, at[known]] = np.asarray(band.lower)[known]
        label = around.tags[0].label or id_
        return Lines(grid, values, (Tag(f"{label} upper"), Tag(f"{label} lower")), True)

    def metrics(self, call: Call) -> Lines:
        """What METRICS(…) means; an empty array keeps the grid of its expression."""
        ids = chosen_metrics(call, self._program.queries)
        return joined([lines_of(self._values[id_]) for id_ in ids]) if ids else nothing(Grid(0, 60_000, 0))

    @property
    def queries(self) -> Mapping[str, Query]:
        """Every query, by id."""
        return self._program.queries

    def _grid(self, id_: str) -> Grid:
        """The periods of an expression: the shortest of what it reads, else those that it asks for."""
        read = [self._values[one] for one in self._program.reads[id_]]
        grids = [value.grid for value in read if isinstance(value, Lines)]
        grids += [rows.grid for place, rows in self.gathered.searches.items() if place[0] == id_]
        grids += [grid for place, grid in self.gathered.rules.items() if place[0] == id_]
        if grids:
            return min(grids, key=lambda grid: grid.period_ms)
        job = self.gathered.job
        period_s = self._program.queries[id_].period_s or self.gathered.default_period_s
        return Grid.over(aligned_start(job.start_ms, period_s), job.end_ms, period_s)

    def _band_request(self, call: BandCall) -> BandRequest:
        id_, _ = call.place
        lines = lines_of(self.value(call.around))
        width = DEFAULT_WIDTH
        if call.width is not None:
            for one in self._program.closure(id_)[:-1]:
                self.value(one)
            width = number_of(_Expression(self, id_, _Setting(lines.grid, Dropped())).of(call.width))
        known = ~np.isnan(lines.values[0])
        source = self._program.queries[call.around].source
        stat = source if isinstance(source, MetricStat) else None
        job = self.gathered.job
        return BandRequest(
            stat,
            () if stat is not None else self._detector(call.around),
            job.start_ms,
            job.end_ms,
            lines.grid.period_ms // 1000,
            lines.grid.times[known],
            lines.values[0][known],
            width,
        )

    def _detector(self, id_: str) -> tuple[Query, ...]:
        """An expression and all that it reads, as a metric math detector has them."""
        members = [self._program.queries[one] for one in self._program.closure(id_)]
        return tuple(Query(one.id, one.source, one.period_s, one.label, one.id == id_, one.account) for one in members)


class _Expression:
    """Computes the nodes of one expression."""

    def __init__(self, run: Run, id_: str, setting: _Setting) -> None:
        self._run = run
        self._id = id_
        self._setting = setting

    def of(self, node: Node) -> Value:
        """The value of a node whose types were checked."""
        match node:
            case Number(value=value):
                return value
            case Reference(id=id_):
                return self._run.value(id_)
            case Negation(of=of):
                return arithmetic.negated(self.of(of))
            case Array(items=items):
                return joined([lines_of(self.of(item)) for item in items])
            case Chain(first=first, steps=steps):
                return self._chain(first, steps)
            case Call():
                return self._call(node)
            case Text() | Word():
                raise TypeError(f"cannot compute {node}: a bug, types are checked before")

    def _chain(self, first: Node, steps: Sequence[Step]) -> Value:
        result = self.of(first)
        for step in steps:
            result = arithmetic.combine(step.operator, result, self.of(step.operand), self._setting.dropped)
        return result

    def _call(self, call: Call) -> Value:
        match call.name:
            case name if name == SEARCH:
                return self._run.search((self._id, call.at))
            case name if name == RULE:
                return self._run.rule((self._id, call.at), self._id)
            case name if name == METRICS:
                return self._metrics(call)
            case name if name == BAND:
                around = call.arguments[0]
                id_ = around.id if isinstance(around, Reference) else self._id
                return self._run.band((self._id, call.at), lines_of(self.of(around)), id_)
            case name if name == PERIOD:
                return self._period(call.arguments[0])
        compute = CATALOG[call.name].compute
        if compute is None:
            raise TypeError(f"cannot compute {call.name}: a bug, calls without an answer are refused before")
        return compute(self._setting, [self._argument(node) for node in call.arguments])

    def _argument(self, node: Node) -> Argument:
        return node.name if isinstance(node, Word) else self.of(node)

    def _metrics(self, call: Call) -> Lines:
        lines = self._run.metrics(call)
        return lines if len(lines.values) else nothing(self._setting.grid)

    def _period(self, node: Node) -> float:
        source = self._run.queries[node.id].source if isinstance(node, Reference) else None
        if not isinstance(source, MetricStat):
            raise TypeError(f"cannot tell the period of {node}: a bug, it is checked before")
        return float(source.period_s)
