"""Filters and scopes as SQL conditions with bound values. They hold for lines and for sums by day alike."""

from typing import Any

from trimtab.access.scope import Scope
from trimtab.costs.facets import expression, set_column
from trimtab.costs.model import And, Dimension, Facet, Filter, Match, Not, Or, Tag, Where
from trimtab.costs.tag_keys import with_meant

_TESTS = {
    Match.STARTS_WITH: "startsWith({value}, x)",
    Match.ENDS_WITH: "endsWith({value}, x)",
    Match.CONTAINS: "position({value}, x) > 0",
}
TRUE = "1"


class Conditions:
    """Builds conditions and collects their parameters, `p0`, `p1` …"""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}

    def bind(self, value: Any, type_: str) -> str:
        """A placeholder for `value`."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"{{{name}:{type_}}}"

    def of(self, where: Filter | None) -> str:
        """The condition of a filter; an empty And is true, an empty Or false."""
        match where:
            case None:
                return TRUE
            case And(parts):
                return "(" + (" AND ".join(self.of(part) for part in parts) or TRUE) + ")"
            case Or(parts):
                return "(" + (" OR ".join(self.of(part) for part in parts) or "0") + ")"
            case Not(part):
                return f"NOT ({self.of(part)})"
            case Where():
                return self._where(where)

    def scope(self, scope: Scope) -> str:
        """What of the bill `scope` may see: its accounts, or all that a payer in it pays; lines of no region too."""
        parts = []
        if scope.accounts is not None:
            accounts = self.bind(sorted(scope.accounts), "Array(String)")
            parts.append(f"(sub_account_id IN {accounts} OR billing_account_id IN {accounts})")
        if scope.regions is not None:
            regions = self.bind(sorted({*scope.regions, "", "global"}), "Array(String)")
            parts.append(f"region_id IN {regions}")
        parts += [self._where(Where(Tag(rule.key), tuple(sorted(rule.values)))) for rule in scope.rows]
        return " AND ".join(parts) or TRUE

    def _where(self, where: Where) -> str:
        if isinstance(where.facet, Dimension):
            return self._compare(expression(where.facet), where)
        column, kind, value = set_column(where.facet, self.bind)
        inner = self._compare(value, with_meant(where))
        # A literal of ours; the sets of every month and source are named by what is in them.
        return f"{column} IN (SELECT set FROM cost_sets WHERE kind = '{kind}' AND {inner})"  # noqa: S608 - ours

    def _compare(self, value: str, where: Where) -> str:
        if where.match is Match.ABSENT:
            return f"{value} = ''"
        values = [text.lower() for text in where.values] if where.ignore_case else list(where.values)
        if where.ignore_case:
            value = f"lowerUTF8({value})"
        bound = self.bind(values, "Array(String)")
        if where.match is Match.EQUALS:
            return f"{value} IN {bound}"
        if where.match is Match.GREATER_THAN_OR_EQUAL:
            return f"arrayExists(x -> {value} >= x, {bound})"
        return f"arrayExists(x -> {_TESTS[where.match].format(value=value)}, {bound})"


def facets_of(where: Filter | None) -> set[Facet]:
    """Everything that a filter looks at."""
    match where:
        case None:
            return set()
        case And(parts) | Or(parts):
            return {facet for part in parts for facet in facets_of(part)}
        case Not(part):
            return facets_of(part)
        case Where(facet=facet):
            return {facet}
