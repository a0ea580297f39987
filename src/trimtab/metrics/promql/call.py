"""Function calls: each function finds its arguments evaluated as it needs them."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from trimtab.metrics.promql.grid import Grid, Query
from trimtab.metrics.promql.language.functions import ANCHORED, DATES, SMOOTHED
from trimtab.metrics.promql.language.syntax import Call, Edge, Expression, Range, Selector, Subquery, Text, bare
from trimtab.metrics.promql.merging import merged
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.range_functions import counts, order, over_time, rates, trends
from trimtab.metrics.promql.range_functions.over_time import Function
from trimtab.metrics.promql.ranges import Outcome, RangeVector
from trimtab.metrics.promql.values import Flags, Floats, Samples, Scalar, Value, Vector
from trimtab.metrics.promql.vector_functions import arithmetic, dates, histograms, relabel, sorting
from trimtab.metrics.promql.vector_functions.absent import absent
from trimtab.metrics.promql.vector_functions.info import info_selector, with_info

RANGE_FUNCTIONS: dict[str, Function] = {
    **over_time.FUNCTIONS,
    "changes": counts.changes,
    "delta": rates.delta,
    "deriv": trends.derivative,
    "idelta": rates.idelta,
    "increase": rates.increase,
    "irate": rates.irate,
    "mad_over_time": order.median_deviation,
    "rate": rates.rate,
    "resets": counts.resets,
}
_WITH_NUMBERS = frozenset(("double_exponential_smoothing", "holt_winters", "predict_linear", "quantile_over_time"))
_KEEPING_NAME = frozenset(("first_over_time", "last_over_time"))


class Expressions(Protocol):
    """What is asked of the evaluator."""

    query: Query
    notes: Notes

    def vector(self, node: Expression, grid: Grid) -> Vector:
        """A vector."""
        ...

    def scalar(self, node: Expression, grid: Grid) -> Scalar:
        """A number."""
        ...

    def range(self, node: Range | Subquery, grid: Grid) -> RangeVector:
        """A range vector."""
        ...

    def samples(self, node: Selector) -> Samples:
        """What was read for a selector."""
        ...

    def evaluate(self, node: Expression, grid: Grid) -> Value:
        """Any."""
        ...


class Calls:
    """Calls functions."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions

    def call(self, node: Call, grid: Grid) -> Value:
        """The value of a call. Raises ExecutionFailed."""
        arguments = tuple(bare(argument) for argument in node.arguments)
        if node.function in RANGE_FUNCTIONS or node.function in _WITH_NUMBERS:
            return self._over_range(node, arguments, grid)
        if node.function in arithmetic.FUNCTIONS:
            return arithmetic.apply(node.function, self._expressions.vector(arguments[0], grid))
        if node.function in histograms.SUMMARIES:
            vector = self._expressions.vector(arguments[0], grid)
            return histograms.summary(node.function, vector, self._expressions.notes)
        if node.function in DATES:
            return self._date(node.function, arguments, grid)
        return _OTHERS[node.function](self, node, arguments, grid)

    # -- ranges -----------------------------------------------------------------------------------------------------

    def _over_range(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._range(arguments, grid)
        _check_edge(node.function, vector.edge)
        numbers = [
            self._expressions.scalar(argument, grid).values
            for argument in arguments
            if not isinstance(argument, Range | Subquery)
        ]
        outcome = self._outcome(node.function, vector, numbers)
        drop = vector.drop if node.function in _KEEPING_NAME else np.ones(len(vector.labels), np.bool_)
        return Vector(vector.labels, outcome.values, outcome.present, drop, outcome.histograms).occupied()

    def _range(self, arguments: tuple[Expression, ...], grid: Grid) -> RangeVector:
        for argument in arguments:
            if isinstance(argument, Range | Subquery):
                return self._expressions.range(argument, grid)
        raise TypeError("a checked call of a range function has a range")

    def _outcome(self, name: str, vector: RangeVector, numbers: list[Floats]) -> Outcome:
        notes = self._expressions.notes
        match name:
            case "quantile_over_time":
                return order.quantile_over_time(vector, numbers[0], notes)
            case "predict_linear":
                return trends.predict(vector, numbers[0], notes)
            case "double_exponential_smoothing" | "holt_winters":
                return trends.smooth(vector, numbers[0], numbers[1], notes)
        return RANGE_FUNCTIONS[name](vector, notes)

    def _absent_over_time(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._range(arguments, grid)
        _check_edge(node.function, vector.edge)
        some: Flags = np.any(vector.some_floats | vector.some_histograms, axis=0)
        return absent(arguments[0], some)

    # -- vectors ----------------------------------------------------------------------------------------------------

    def _date(self, name: str, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        if arguments:
            return dates.apply(name, self._expressions.vector(arguments[0], grid))
        return dates.apply(name, _single(grid.times // 1000))

    def _absent(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        some: Flags = np.any(self._expressions.vector(arguments[0], grid).present, axis=0)
        return absent(arguments[0], some)

    def _timestamp(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._expressions.vector(arguments[0], grid)
        times = np.broadcast_to(grid.times, vector.present.shape)
        if isinstance(arguments[0], Selector) and vector.stamps is not None:
            times = vector.stamps
        drop = np.ones(len(vector.labels), np.bool_)
        return Vector(vector.labels, times / 1000, vector.present, drop)

    def _start_timestamp(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._expressions.vector(arguments[0], grid)
        if not isinstance(arguments[0], Selector):
            return Vector.empty(len(grid))
        starts = np.zeros(vector.present.shape, np.int64) if vector.starts is None else vector.starts
        drop = np.ones(len(vector.labels), np.bool_)
        return Vector(vector.labels, starts / 1000, vector.present, drop)

    def _clamp(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._expressions.vector(arguments[0], grid)
        numbers = [self._expressions.scalar(argument, grid).values for argument in arguments[1:]]
        infinite = np.full(len(grid), np.inf)
        match node.function:
            case "clamp_min":
                return arithmetic.clamped(vector, numbers[0], infinite)
            case "clamp_max":
                return arithmetic.clamped(vector, -infinite, numbers[0])
        return arithmetic.clamped(vector, numbers[0], numbers[1])

    def _round(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._expressions.vector(arguments[0], grid)
        nearest = Scalar(np.ones(len(grid)))
        if len(arguments) > 1:
            nearest = self._expressions.scalar(arguments[1], grid)
        return arithmetic.rounded(vector, nearest)

    def _sort(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        if not self._expressions.query.instant:
            message = "sort is ineffective for range queries since results are always ordered by labels"
            self._expressions.notes.warn(message, node.start)
        vector = self._expressions.vector(arguments[0], grid)
        descending = node.function.endswith("_desc")
        if "label" in node.function:
            return sorting.by_label(vector, _texts(arguments[1:]), descending=descending)
        return sorting.by_value(vector, descending=descending)

    def _label_replace(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._expressions.vector(arguments[0], grid)
        return merged(relabel.replaced(vector, *_texts(arguments[1:])))

    def _label_join(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._expressions.vector(arguments[0], grid)
        target, separator, *sources = _texts(arguments[1:])
        return merged(relabel.joined(vector, target, separator, sources))

    def _histogram_quantile(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        q = self._expressions.scalar(arguments[0], grid).values
        vector = self._expressions.vector(arguments[1], grid)
        places = arguments[0].start, arguments[1].start
        return histograms.quantile(vector, q, grid.times, self._expressions.notes, places)

    def _histogram_quantiles(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        vector = self._expressions.vector(arguments[0], grid)
        qs = [self._expressions.scalar(argument, grid).values for argument in arguments[2:]]
        places = [arguments[0].start, *(argument.start for argument in arguments[2:])]
        (label,) = _texts(arguments[1:2])
        notes = self._expressions.notes
        return histograms.several_quantiles(vector, label, qs, grid.times, notes, places)

    def _histogram_fraction(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        lower, upper = (self._expressions.scalar(argument, grid).values for argument in arguments[:2])
        vector = self._expressions.vector(arguments[2], grid)
        return histograms.fraction(vector, lower, upper, self._expressions.notes, arguments[2].start)

    def _info(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        base = self._expressions.vector(arguments[0], grid)
        return merged(with_info(node, base, self._expressions.vector(info_selector(node), grid)))

    # -- numbers ----------------------------------------------------------------------------------------------------

    def _scalar(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Scalar:
        vector = self._expressions.vector(arguments[0], grid)
        floats = vector.floats
        single = floats.sum(axis=0) == 1
        with np.errstate(over="ignore", invalid="ignore"):  # of the sums that are not single
            return Scalar(np.where(single, np.where(floats, vector.values, 0.0).sum(axis=0), np.nan))

    def _vector(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Vector:
        return _single(self._expressions.scalar(arguments[0], grid).values)

    def _number(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Scalar:
        query = self._expressions.query
        seconds = {
            "pi": np.pi,
            "start": query.start_ms / 1000,
            "end": query.end_ms / 1000,
            "range": (query.end_ms - query.start_ms) / 1000,
            "step": 0.0 if query.instant else query.step_ms / 1000,
        }
        if node.function == "time":
            return Scalar(grid.times / 1000)
        return Scalar(np.full(len(grid), seconds[node.function]))

    def _either(self, node: Call, arguments: tuple[Expression, ...], grid: Grid) -> Scalar:
        left, right = (self._expressions.scalar(argument, grid).values for argument in arguments)
        return Scalar(np.maximum(left, right) if node.function == "max_of" else np.minimum(left, right))


def _check_edge(function: str, edge: Edge) -> None:
    allowed = {Edge.ANCHORED: ANCHORED, Edge.SMOOTHED: SMOOTHED}.get(edge)
    if allowed is not None and function not in allowed:
        names = ", ".join(sorted(allowed))
        raise ExecutionFailed(f"{edge} modifier can only be used with: {names} - not with {function}")


def _texts(arguments: tuple[Expression, ...]) -> list[str]:
    return [argument.value for argument in arguments if isinstance(argument, Text)]


def _single(values: "np.ndarray[tuple[int], np.dtype[np.int64]] | Floats") -> Vector:
    present = np.ones((1, len(values)), np.bool_)
    return Vector([()], values[None, :].astype(np.float64), present, np.zeros(1, np.bool_))


Method = Callable[[Calls, Call, tuple[Expression, ...], Grid], Value]
_OTHERS: dict[str, Method] = {
    "absent": Calls._absent,
    "absent_over_time": Calls._absent_over_time,
    "clamp": Calls._clamp,
    "clamp_max": Calls._clamp,
    "clamp_min": Calls._clamp,
    "end": Calls._number,
    "histogram_fraction": Calls._histogram_fraction,
    "histogram_quantile": Calls._histogram_quantile,
    "histogram_quantiles": Calls._histogram_quantiles,
    "info": Calls._info,
    "label_join": Calls._label_join,
    "label_replace": Calls._label_replace,
    "max_of": Calls._either,
    "min_of": Calls._either,
    "pi": Calls._number,
    "range": Calls._number,
    "round": Calls._round,
    "scalar": Calls._scalar,
    "sort": Calls._sort,
    "sort_by_label": Calls._sort,
    "sort_by_label_desc": Calls._sort,
    "sort_desc": Calls._sort,
    "start": Calls._number,
    "start_timestamp": Calls._start_timestamp,
    "step": Calls._number,
    "time": Calls._number,
    "timestamp": Calls._timestamp,
    "vector": Calls._vector,
}
