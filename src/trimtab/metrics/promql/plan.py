"""What a query reads: every selector with the times that it needs. Found before anything is evaluated."""

from trimtab.metrics.promql.grid import Grid, Query, look_of, subgrid
from trimtab.metrics.promql.language.syntax import (
    Call,
    Edge,
    Expression,
    Range,
    Selector,
    Subquery,
    children,
)
from trimtab.metrics.promql.problems import TooManySamples
from trimtab.metrics.promql.source import Read
from trimtab.metrics.promql.vector_functions.info import info_selector

Plan = dict[Selector, Read]
"""Selectors are told apart by where they stand."""

_MOST_STEPS = 200_000  # of a subquery: 4.6 days of seconds. Each is a column of every array


def plan(node: Expression, query: Query) -> Plan:
    """The reads of a query. Raises ExecutionFailed."""
    reads: Plan = {}
    _plan(node, query.grid(), query, reads)
    return reads


def _plan(node: Expression, grid: Grid, query: Query, reads: Plan) -> None:
    match node:
        case Selector():
            reads[node] = _instant(node, grid, query)
            return
        case Range():
            reads[node.selector] = _range(node, grid, query)
            return
        case Subquery():
            inner = subgrid(node, look_of(node, grid, query), query)
            if len(inner) > _MOST_STEPS:
                raise TooManySamples(f"cannot run a subquery of {len(inner)} steps; expected at most {_MOST_STEPS}")
            if len(inner):
                _plan(node.body, inner, query, reads)
            return
        case Call(function="info"):
            added = info_selector(node)
            reads[added] = _instant(added, grid, query)
            _plan(node.arguments[0], grid, query, reads)
            return
    for child in children(node):
        _plan(child, grid, query, reads)


def _instant(node: Selector, grid: Grid, query: Query) -> Read:
    right = look_of(node, grid, query).right
    first, last = int(right.min()), int(right.max())
    if node.edge is Edge.SMOOTHED:
        return Read(node.matchers, first - query.lookback_ms, last + query.lookback_ms)
    return Read(node.matchers, first - query.lookback_ms, last, right, query.lookback_ms)


def _range(node: Range, grid: Grid, query: Query) -> Read:
    look = look_of(node, grid, query)
    before = query.lookback_ms if node.selector.edge is not Edge.PLAIN else 0
    after = query.lookback_ms if node.selector.edge is Edge.SMOOTHED else 0
    return Read(node.selector.matchers, int(look.left.min()) - before, int(look.right.max()) + after)
