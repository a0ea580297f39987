"""The evaluator: walks the tree of a query; every expression is evaluated for all steps at once, in numpy arrays."""

from collections.abc import Callable, Mapping

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql.aggregations import select
from trimtab.metrics.promql.aggregations.combine import combine
from trimtab.metrics.promql.aggregations.groups import Groups
from trimtab.metrics.promql.aggregations.values import count_values
from trimtab.metrics.promql.allowance import Allowance
from trimtab.metrics.promql.binary import sets as set_operators
from trimtab.metrics.promql.binary.operators import scalars
from trimtab.metrics.promql.binary.scalar import with_scalar
from trimtab.metrics.promql.binary.vectors import with_vector
from trimtab.metrics.promql.call import Calls
from trimtab.metrics.promql.grid import Grid, Query, look_of, subgrid
from trimtab.metrics.promql.language.syntax import (
    Aggregate,
    Binary,
    Call,
    Edge,
    Expression,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Unary,
    bare,
)
from trimtab.metrics.promql.language.syntax import Text as TextNode
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.ranges import RangeVector
from trimtab.metrics.promql.selecting import as_samples, instant, smoothed, without_stale
from trimtab.metrics.promql.values import Samples, Scalar, Text, Value, Vector

_SETS: dict[str, Callable[..., Vector]] = {
    "and": set_operators.and_,
    "or": set_operators.or_,
    "unless": set_operators.unless,
}


class Evaluator:
    """Evaluates expressions of one query over the samples that its plan read; `known` need no evaluation."""

    def __init__(
        self,
        samples: Mapping[Selector, Samples],
        query: Query,
        notes: Notes,
        allowance: Allowance,
        known: Mapping[Expression, Vector] | None = None,
    ) -> None:
        self._samples = samples
        self._known = known or {}
        self.query = query
        self.notes = notes
        self._allowance = allowance
        self._held = 0  # cells of vectors that are waiting for what they are calculated with
        self._calls = Calls(self)

    def evaluate(self, node: Expression, grid: Grid) -> Value:
        """The value of an expression at the steps of `grid`. Raises ExecutionFailed, QueryAborted."""
        before = self._held
        value = self._evaluate(node, grid)
        own = value.values.size if isinstance(value, Vector) else 0
        self._afford(own)
        self._held = before + own
        return value

    def _afford(self, cells: int) -> None:
        """Whether so many cells may be made beside those that are held."""
        self._allowance.afford(self._held + cells)

    def vector(self, node: Expression, grid: Grid) -> Vector:
        """The same of an expression that is a vector."""
        value = self.evaluate(node, grid)
        if not isinstance(value, Vector):
            raise TypeError(f"a checked query has no {type(value).__name__} where a vector belongs")
        return value

    def scalar(self, node: Expression, grid: Grid) -> Scalar:
        """The same of an expression that is a number."""
        value = self.evaluate(node, grid)
        if not isinstance(value, Scalar):
            raise TypeError(f"a checked query has no {type(value).__name__} where a number belongs")
        return value

    def samples(self, node: Selector) -> Samples:
        """What was read for a selector."""
        return self._samples.get(node, Samples.none())

    def range(self, node: Range | Subquery, grid: Grid) -> RangeVector:
        """A range vector."""
        look = look_of(node, grid, self.query)
        if isinstance(node, Range):
            selector = node.selector
            samples = without_stale(self.samples(selector))
            self._afford(len(samples.labels) * len(grid))
            extra = self.query.lookback_ms if selector.edge is not Edge.PLAIN else 0
            return RangeVector.of(samples, look.left, look.right, grid.times, node.start, selector.edge, extra)
        inner = subgrid(node, look, self.query)
        samples = Samples.none()
        if len(inner):
            samples = as_samples(self.vector(node.body, inner).occupied(), inner.times)
        self._afford(len(samples.labels) * len(grid))
        return RangeVector.of(samples, look.left, look.right, grid.times, node.start)

    def _evaluate(self, node: Expression, grid: Grid) -> Value:
        known = self._known.get(node)
        if known is not None:
            return known
        match node:
            case Number():
                return Scalar(np.full(len(grid), node.value))
            case TextNode():
                return Text(node.value)
            case Paren():
                return self._evaluate(bare(node), grid)
            case Selector():
                return self._selector(node, grid)
            case Unary():
                return self._unary(node, grid)
            case Call():
                return self._calls.call(node, grid)
            case Aggregate():
                return self._aggregate(node, grid)
            case Binary():
                return self._binary(node, grid)
        raise TypeError(f"a checked query has no {type(node).__name__} here")

    def _selector(self, node: Selector, grid: Grid) -> Vector:
        times = look_of(node, grid, self.query).right
        self._afford(len(self.samples(node).labels) * len(grid))
        if node.edge is Edge.SMOOTHED:
            samples = self.samples(node)
            return smoothed(samples, times, self.query.lookback_ms, self.notes, node.start)
        return instant(self.samples(node), times, self.query.lookback_ms)

    def _unary(self, node: Unary, grid: Grid) -> Value:
        value = self.evaluate(node.body, grid)
        if isinstance(value, Text) or node.op == "+":
            return value
        if isinstance(value, Scalar):
            return Scalar(-value.values)
        histograms = value.histograms
        if histograms is not None:
            native = value.is_histogram
            histograms = histograms.copy()
            histograms[native] = [each.times(-1.0) for each in self.notes.watched(histograms[native].tolist())]
        drop = np.ones(len(value.labels), np.bool_)
        return replace(value, values=-value.values, histograms=histograms, drop=drop, stamps=None, starts=None)

    def _aggregate(self, node: Aggregate, grid: Grid) -> Vector:
        body = bare(node.body)
        parameter = None if node.parameter is None else bare(node.parameter)
        if isinstance(parameter, TextNode):
            vector = self.vector(body, grid)
            return count_values(vector, parameter.value, node.labels, self._afford, without=node.without)
        number = None if parameter is None else self.scalar(parameter, grid).values
        vector = self.vector(body, grid).occupied()
        if node.op == "quantile" and number is not None:
            for value in {float(number.min()), float(number.max())}:
                if not 0 <= value <= 1:
                    self.notes.quantile(value, parameter.start if parameter is not None else node.start)
        if number is not None and node.op != "quantile":
            return self._select(node, vector, number)
        if not vector.labels:
            return Vector.empty(len(grid))
        groups = Groups.of(vector, node.labels, without=node.without)
        return combine(node.op, groups, number, self.notes, body.start).occupied()

    def _select(
        self, node: Aggregate, vector: Vector, number: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    ) -> Vector:
        if node.op == "limit_ratio":
            ratio = select.checked_ratio(number)
            place = node.start if node.parameter is None else bare(node.parameter).start
            return select.sampled(vector, ratio, self.notes, place) if vector.labels else vector
        k = select.checked_k(number)
        if not vector.labels or k.max() < 1:
            return Vector.empty(len(number))
        groups = Groups.of(vector, node.labels, without=node.without)
        if node.op == "limitk":
            return select.limited(groups, k)
        return select.extreme(groups, k, largest=node.op == "topk", notes=self.notes, position=node.start)

    def _binary(self, node: Binary, grid: Grid) -> Value:
        left, right = self.evaluate(node.left, grid), self.evaluate(node.right, grid)
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            return Scalar(scalars(node.op, left.values, right.values))
        if isinstance(left, Vector) and isinstance(right, Scalar):
            return with_scalar(node.op, left, right, self.notes, node.start, swapped=False, bool_=node.bool_)
        if isinstance(left, Scalar) and isinstance(right, Vector):
            return with_scalar(node.op, right, left, self.notes, node.start, swapped=True, bool_=node.bool_)
        if not isinstance(left, Vector) or not isinstance(right, Vector):
            raise TypeError("a checked query has no text in a binary operation")
        if node.op in _SETS:
            return _SETS[node.op](left, right, node.matching)
        return with_vector(node, left, right, self.notes, self._afford)
