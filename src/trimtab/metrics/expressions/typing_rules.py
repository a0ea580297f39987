"""Finds the type of an expression before there is data, and refuses what does not fit."""

from collections.abc import Mapping

from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions import types
from trimtab.metrics.expressions.functions.catalog import CATALOG
from trimtab.metrics.expressions.functions.sources import PERIOD
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.expressions.syntax import Array, Call, Chain, Negation, Node, Number, Reference, Text, Word
from trimtab.metrics.expressions.types import Type


class Typing:
    """Types of nodes, given the types of the queries that they may read."""

    def __init__(self, known: Mapping[str, Type], queries: Mapping[str, Query]) -> None:
        self._known = known
        self._queries = queries

    def of(self, node: Node) -> Type:
        """The type of a whole expression. Raises InvalidInput naming the character at fault."""
        found = self._of(node)
        if found in (Type.TEXT, Type.WORD):
            raise types.unsupported("the result", (found,), node.at, "a time series")
        return found

    def _of(self, node: Node) -> Type:
        match node:
            case Number():
                return Type.SCALAR
            case Text():
                return Type.TEXT
            case Word():
                return Type.WORD
            case Reference(id=id_):
                return self._known[id_]
            case Negation(of=of, at=at):
                return types.of_negation(self._of(of), at)
            case Array(items=items, at=at):
                return types.of_array([self._of(item) for item in items], at)
            case Chain(first=first, steps=steps):
                result = self._of(first)
                for step in steps:
                    result = types.of_operator(step.operator, result, self._of(step.operand), step.at)
                return result
            case Call():
                return self._of_call(node)

    def _of_call(self, call: Call) -> Type:
        function = CATALOG.get(call.name)
        if function is None:
            hint = f"; functions are written in capitals: {call.name.upper()}" if call.name.upper() in CATALOG else ""
            raise InvalidInput(f"Function '{call.name}' not found at character {call.at}{hint}")
        if function.refusal:
            raise InvalidInput(f"{call.name} at character {call.at} is not supported: {function.refusal}")
        given = [self._of(argument) for argument in call.arguments]
        words = [argument.name if isinstance(argument, Word) else "" for argument in call.arguments]
        form = function.form(given, words)
        if form is None:
            expected = " or ".join(f"({form})" for form in function.forms)
            raise types.unsupported(call.name, given, call.at, expected)
        if call.name == PERIOD and not self._is_metric(call.arguments[0]):
            raise InvalidInput(
                f"PERIOD at character {call.at} takes the id of a metric, not the result of an expression"
            )
        return form.result

    def _is_metric(self, node: Node) -> bool:
        return isinstance(node, Reference) and isinstance(self._queries[node.id].source, MetricStat)
