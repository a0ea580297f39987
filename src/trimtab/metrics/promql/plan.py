"""What a query reads: every selector with the times that it needs. Found before anything is evaluated."""

from collections.abc import Container

from msgspec import Struct

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


def plan(node: Expression, query: Query, known: Container[Expression] = ()) -> Plan:
    """The reads of a query, but for expressions whose values are known. Raises ExecutionFailed."""
    reads: Plan = {}
    _Planner(query, known, reads).add(node, query.grid())
    return reads


class _Planner(Struct, frozen=True):
    """Adds the reads of expressions to `reads`."""

    query: Query
    known: Container[Expression]
    reads: Plan

    def add(self, node: Expression, grid: Grid) -> None:
        """Add those of `node` at the steps of `grid`. Raises ExecutionFailed."""
        query = self.query
        if node in self.known:
            return
        match node:
            case Selector():
                self.reads[node] = _instant(node, grid, query)
                return
            case Range():
                self.reads[node.selector] = _range(node, grid, query)
                return
            case Subquery():
                inner = subgrid(node, look_of(node, grid, query), query)
                if len(inner) > _MOST_STEPS:
                    raise TooManySamples(f"cannot run a subquery of {len(inner)} steps; expected at most {_MOST_STEPS}")
                if len(inner):
                    self.add(node.body, inner)
                return
            case Call(function="info"):
                added = info_selector(node)
                self.reads[added] = _instant(added, grid, query)
                self.add(node.arguments[0], grid)
                return
        for child in children(node):
            self.add(child, grid)


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
