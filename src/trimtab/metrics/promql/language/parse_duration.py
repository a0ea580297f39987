"""Durations in a query: literals, and arithmetic with them (`[step()*2]`, `offset (1h/2)`)."""

from trimtab.metrics.promql.language.cursor import Cursor
from trimtab.metrics.promql.language.literals import duration_s
from trimtab.metrics.promql.language.syntax import Duration, DurationOperation, Number
from trimtab.metrics.promql.language.tokens import PRECEDENCE, UNARY, Kind

_OPERATORS = frozenset("+-*/%^")
_LARGEST_S = 2**63 / 1e9  # Prometheus holds durations as nanoseconds in 64 bits
_WHERE = "duration"


def literal(cursor: Cursor) -> Number:
    """A number of seconds or a duration. Raises BadQuery."""
    token = cursor.token
    if token.kind is Kind.DURATION:
        cursor.take()
        made = Number(token.start, duration_s(token.text), duration=True)
    elif token.kind is Kind.NUMBER:
        made = Number(token.start, cursor.number())
    else:
        raise cursor.unexpected(_WHERE, "number or duration")
    if not -_LARGEST_S < made.value < _LARGEST_S:
        raise cursor.wrong("duration out of range", token.start)
    return made


def offset(cursor: Cursor) -> Duration:
    """What follows `offset`: a literal or call, maybe signed, or an expression in parentheses."""
    start = cursor.token.start
    sign = cursor.take().text if cursor.is_symbol("+", "-") else ""
    made = _operand(cursor)
    if not sign:
        return made
    return Number(start, -made.value) if sign == "-" and isinstance(made, Number) else _signed(start, sign, made)


def expression(cursor: Cursor, least: int = 0) -> Duration:
    """An expression of durations."""
    cursor.deeper()
    start = cursor.token.start
    if cursor.is_symbol("+", "-"):
        sign = cursor.take().text
        left = _signed(start, sign, expression(cursor, UNARY))
    else:
        left = _operand(cursor)
    while cursor.token.kind is Kind.SYMBOL and cursor.token.text in _OPERATORS:
        op = cursor.token.text
        power = PRECEDENCE[op]
        if power < least or (power == least and least):
            break
        cursor.take()
        right = expression(cursor, power if op != "^" else power - 1)
        if op in "/%" and isinstance(right, Number) and right.value == 0:
            raise cursor.wrong("division by zero" if op == "/" else "modulo by zero", start)
        left = DurationOperation(start, op, left, right)
    cursor.depth -= 1
    return left


def _operand(cursor: Cursor) -> Duration:
    start = cursor.token.start
    if cursor.accept("("):
        inner = expression(cursor)
        cursor.expect(")", _WHERE)
        return inner
    for name in ("step", "range"):
        if cursor.is_word(name):
            cursor.take()
            cursor.expect("(", _WHERE)
            cursor.expect(")", _WHERE)
            return DurationOperation(start, name)
    for name in ("max_of", "min_of"):
        if cursor.is_word(name, name.removesuffix("_of")):  # their first name, in Prometheus before 3.12
            cursor.take()
            cursor.expect("(", _WHERE)
            left = expression(cursor)
            cursor.expect(",", _WHERE)
            right = expression(cursor)
            cursor.expect(")", _WHERE)
            return DurationOperation(start, name, left, right)
    return literal(cursor)


def _signed(start: int, sign: str, operand: Duration) -> Duration:
    return DurationOperation(start, sign, None, operand)
