"""The port through which a query has its pieces worked out where its samples lie."""

from typing import Protocol

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.metrics.promql.allowance import Allowance
from trimtab.metrics.promql.grid import Query
from trimtab.metrics.promql.language.syntax import Expression
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.values import Vector


class Pushed(Struct):
    """What expressions of a query are, so that their samples need not be read, and how many these are."""

    vectors: dict[Expression, Vector] = field(default_factory=dict)
    samples: int = 0


class Pushdown(Protocol):
    """Works out pieces of a query."""

    async def work_out(
        self, scope: Scope, node: Expression, query: Query, notes: Notes, allowance: Allowance
    ) -> Pushed:
        """The pieces of `node` that it works out; the rest is evaluated. Raises QueryAborted, Unavailable."""
        ...
