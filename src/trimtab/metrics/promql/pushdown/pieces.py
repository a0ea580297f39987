"""The pieces of a query that the engine can work out: a selector, a function of a range, an aggregation of either."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql.grid import Grid, Query, look_of, subgrid
from trimtab.metrics.promql.language.syntax import (
    Aggregate,
    Call,
    Edge,
    Expression,
    Number,
    Range,
    Selector,
    Subquery,
    bare,
    children,
)
from trimtab.metrics.promql.pushdown.functions import FUNCTIONS, INSTANT, EngineFunction

AGGREGATES = frozenset(("avg", "count", "group", "max", "min", "sum"))
"""Aggregations that come back as one row a group; of the others the series' grids do."""
EXTREMES = frozenset(("bottomk", "topk"))
"""Aggregations that keep some series: which they may be is asked first, where all of them are many."""
_EARLIEST_MS, _LATEST_MS = -1_893_456_000_000, 7_258_118_400_000
"""1910 and 2200: the engine's times begin in 1900 and end in 2299."""
_MOST_EXTREMES = 1_000
"""With more of each group the engine would name nearly all."""
_NEEDS_SAMPLES = frozenset(("info", "start_timestamp", "timestamp"))
"""Functions that ask their selector for more than its values."""


class Steps(Struct, frozen=True):
    """When the engine looks: from `first_ms` to `last_ms`, `number` times, every `step_ms`. Once where `@` fixes it."""

    first_ms: int
    last_ms: int
    step_ms: int
    number: int


class Leaf(Struct, frozen=True):
    """A selector looked at through windows of `window_ms` that end at `steps`. `place` is where its range stands."""

    node: Expression
    selector: Selector
    function: EngineFunction
    window_ms: int
    steps: Steps
    columns: int
    place: int


class Piece(Struct, frozen=True):
    """What is pushed: a leaf, or an aggregation of it."""

    leaf: Leaf
    aggregate: Aggregate | None = None

    @property
    def node(self) -> Expression:
        """The expression that the piece is."""
        return self.leaf.node if self.aggregate is None else self.aggregate


def pieces(node: Expression, query: Query) -> list[Piece]:
    """The largest pieces of a query. Raises ExecutionFailed for a duration that is none."""
    return list(_pieces(node, query.grid(), query))


def _pieces(node: Expression, grid: Grid, query: Query) -> Iterator[Piece]:
    node = bare(node)
    if isinstance(node, Aggregate) and (node.op in AGGREGATES or most_of(node) is not None):
        leaf = leaf_of(bare(node.body), grid, query)
        if leaf is not None:
            yield Piece(leaf, node)
            return
    leaf = leaf_of(node, grid, query)
    if leaf is not None:
        yield Piece(leaf)
        return
    match node:
        case Range():
            return
        case Call(function=function) if function in _NEEDS_SAMPLES:
            return
        case Subquery():
            inner = subgrid(node, look_of(node, grid, query), query)
            if len(inner):
                yield from _pieces(node.body, inner, query)
            return
    for child in children(node):
        yield from _pieces(child, grid, query)


def most_of(node: Aggregate) -> int | None:
    """How many series of a group topk or bottomk keep; None where that is no plain number from 1 on."""
    if node.op not in EXTREMES or node.parameter is None:
        return None
    k = bare(node.parameter)
    return int(k.value) if isinstance(k, Number) and 1 <= k.value <= _MOST_EXTREMES else None


def leaf_of(node: Expression, grid: Grid, query: Query) -> Leaf | None:
    """A selector or a function of a range as the engine works it out; None where it means something else."""
    found = _looked_at(node)
    if found is None:
        return None
    looked, function = found
    selector = looked.selector if isinstance(looked, Range) else looked
    if selector.edge is not Edge.PLAIN:
        return None
    look = look_of(looked, grid, query)
    steps = _steps(look.right)
    if steps is None:
        return None
    window_ms = query.lookback_ms if looked is selector else int(look.right[0] - look.left[0])
    if steps.first_ms - window_ms < _EARLIEST_MS or steps.last_ms > _LATEST_MS:
        return None
    return Leaf(
        node=node,
        selector=selector,
        function=function,
        window_ms=window_ms,
        steps=steps,
        columns=len(grid),
        place=looked.start,
    )


def _looked_at(node: Expression) -> tuple[Selector | Range, EngineFunction] | None:
    if isinstance(node, Selector):
        return node, INSTANT
    if not isinstance(node, Call) or node.function not in FUNCTIONS:
        return None
    argument = bare(node.arguments[0])
    return (argument, FUNCTIONS[node.function]) if isinstance(argument, Range) else None


def _steps(right: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Steps | None:
    """The steps of a grid that is even, or the one at which all of it is looked at."""
    first, last = int(right[0]), int(right[-1])
    if (right == first).all():
        return Steps(first, first, 1, 1)
    step = int(right[1] - first)
    if step <= 0 or not (np.diff(right) == step).all():
        return None
    return Steps(first, last, step, len(right))
