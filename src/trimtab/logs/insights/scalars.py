"""Expressions over single rows as SQL. NULL is neither equal nor unequal to anything, and no condition holds for it."""

import re
from collections.abc import Callable

from trimtab.logs.fields import Kind, Sql
from trimtab.logs.insights import aggregates, casts, functions
from trimtab.logs.insights.environment import Environment
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.syntax import (
    Binary,
    Call,
    Duration,
    Expression,
    Field,
    Flag,
    In,
    Like,
    Number,
    Query,
    Star,
    Text,
    Unary,
)

_SPECIAL = re.compile(r"[\\%_]")
Subquery = Callable[[Query], str]
"""The SQL of a query inside another: one column of text."""


def scalar(expression: Expression, within: Environment, subquery: Subquery) -> Sql:
    """The SQL of an expression. Raises QueryProblem for what has no meaning here."""
    return _Scalars(within, subquery).of(expression)


class _Scalars:
    def __init__(self, within: Environment, subquery: Subquery) -> None:
        self._within = within
        self._subquery = subquery
        self._bind = within.parameters.bind

    def of(self, expression: Expression) -> Sql:
        match expression:
            case Field(name, _):
                return self._within.field(name)
            case Number(value, _):
                return Sql(self._bind(value, "Float64"), Kind.NUMBER)
            case Text(value, _):
                return Sql(self._bind(value, "String"), Kind.TEXT)
            case Flag(value, _):
                return Sql(f"toUInt8({int(value)})", Kind.FLAG)
            case Unary(operator, operand, _):
                inside = self.of(operand)
                if operator == "-":
                    return Sql(f"(-{casts.number(inside)})", Kind.NUMBER)
                return Sql(f"(NOT {casts.flag(inside)})", Kind.FLAG)
            case Binary():
                return self._binary(expression)
            case Like():
                return self._like(expression)
            case In():
                return self._in(expression)
            case Call():
                return self._call(expression)
            case Duration(_, _, place) | Star(place):
                raise QueryProblem("this has no meaning here", place.start, place.end)

    def _binary(self, binary: Binary) -> Sql:
        left, right = self.of(binary.left), self.of(binary.right)
        match binary.operator:
            case "and" | "or":
                return Sql(f"({casts.flag(left)} {binary.operator.upper()} {casts.flag(right)})", Kind.FLAG)
            case "/":
                return Sql(f"({casts.number(left)} / nullIf({casts.number(right)}, 0))", Kind.NUMBER)
            case "%":
                return Sql(f"modulo({casts.number(left)}, nullIf({casts.number(right)}, 0))", Kind.NUMBER)
            case "^":
                return Sql(f"pow({casts.number(left)}, {casts.number(right)})", Kind.NUMBER)
            case "+" | "-" | "*":
                return Sql(f"({casts.number(left)} {binary.operator} {casts.number(right)})", Kind.NUMBER)
            case comparison:
                return Sql(self._compared(binary, left, comparison, right), Kind.FLAG)

    def _compared(self, binary: Binary, left: Sql, sign: str, right: Sql) -> str:
        if Kind.TEXT not in (left.kind, right.kind):
            return f"({casts.number(left)} {sign} {casts.number(right)})"
        as_texts = f"({casts.text(left)} {sign} {casts.text(right)})"
        constant = next((one.value for one in (binary.left, binary.right) if isinstance(one, Text)), None)
        if constant is not None and (sign in ("=", "!=") or not _spells_number(constant)):
            return as_texts
        numbers = casts.number(left), casts.number(right)
        as_numbers = f"({numbers[0]} {sign} {numbers[1]})"
        if left.kind is right.kind:  # two texts: as numbers where both spell one
            return f"if(isNotNull({numbers[0]}) AND isNotNull({numbers[1]}), {as_numbers}, {as_texts})"
        if Kind.TIME in (left.kind, right.kind):
            return f"({casts.time(left)} {sign} {casts.time(right)})"
        return as_numbers

    def _like(self, like: Like) -> Sql:
        text = casts.text(self.of(like.operand))
        if like.regex:
            found = f"match({text}, {self._bind(like.pattern, 'String')})"
        else:
            # The engine's index of words knows LIKE and not position().
            part = _SPECIAL.sub(r"\\\g<0>", like.pattern)
            found = f"({text} LIKE {self._bind(f'%{part}%', 'String')})"
        return Sql(f"(NOT {found})" if like.negated else found, Kind.FLAG)

    def _in(self, within: In) -> Sql:
        operand = self.of(within.operand)
        if isinstance(within.values, Query):
            found = f"({casts.text(operand)} IN ({self._subquery(within.values)}))"
        else:
            texts = [one.value for one in within.values if isinstance(one, Text)]
            numbers = [float(one.value) for one in within.values if isinstance(one, Number | Flag)]
            parts = []
            if texts:
                parts.append(f"{casts.text(operand)} IN ({', '.join(self._bind(one, 'String') for one in texts)})")
            if numbers:
                bound = ", ".join(self._bind(one, "Float64") for one in numbers)
                parts.append(f"{casts.number(operand)} IN ({bound})")
            found = f"({' OR '.join(parts)})" if parts else "(0 = 1)"
        # What is missing is neither in a list nor outside of it.
        return Sql(f"(isNotNull({operand.text}) AND NOT ifNull({found}, 0))" if within.negated else found, Kind.FLAG)

    def _call(self, call: Call) -> Sql:
        if made := self._within.computed(call.text):
            return made
        if call.name in functions.PERIODS:
            return self._period(call)
        if call.name == "unmask":
            return self._unmask(call)
        if call.name in aggregates.AGGREGATES:
            place = call.place
            raise QueryProblem(f"{call.name} is a function of `stats`", place.start, place.end)
        return functions.call(call, [self.of(one) for one in call.arguments], self._within.now_ms)

    def _unmask(self, call: Call) -> Sql:
        match call.arguments:
            case (Field(name, _),):
                return self._within.unmasked(name)
        raise QueryProblem("unmask takes one field: unmask(@message)", call.place.start, call.place.end)

    def _period(self, call: Call) -> Sql:
        functions.check_count(call, 1, 2)
        period = next((one for one in call.arguments if isinstance(one, Duration)), None)
        others = [one for one in call.arguments if one is not period]
        if period is None or (call.name != "bin" and not others):
            usage = f"{call.name}(5m)" if call.name == "bin" else f"{call.name}(@timestamp, 5m)"
            raise QueryProblem(f"{call.name} takes a period: {usage}", call.place.start, call.place.end)
        time = self.of(others[0]) if others else self._within.field("@timestamp")
        return functions.of_period(call, period, time)


def _spells_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
