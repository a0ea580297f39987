"""The parser: precedence climbing over the tokens of a query.

Source of the grammar: Prometheus documentation, "Querying basics", "Operators", "Functions", and the behaviour of
Prometheus 3. Written here rather than taken from a library because none at hand knows duration expressions, `smoothed`
and `anchored`, trimming operators and the positions that warnings name (docs/reference/promql.md).
"""

from trimtab.metrics.promql.language.check import check
from trimtab.metrics.promql.language.cursor import Cursor
from trimtab.metrics.promql.language.functions import SIGNATURES
from trimtab.metrics.promql.language.parse_duration import literal
from trimtab.metrics.promql.language.parse_selector import selector, suffixes
from trimtab.metrics.promql.language.syntax import (
    Aggregate,
    Binary,
    Call,
    Card,
    Expression,
    Matching,
    Number,
    Paren,
    Selector,
    Text,
    Unary,
)
from trimtab.metrics.promql.language.tokens import AGGREGATIONS, PARAMETRISED, PRECEDENCE, SET_OPERATORS, UNARY, Kind


def parse(text: str) -> Expression:
    """The tree of a query, checked. Raises BadQuery."""
    cursor = Cursor(text)
    if cursor.at_end():
        raise cursor.wrong("no expression found in input", 0)
    try:
        node = _expression(cursor, 0)
        if not cursor.at_end():
            raise cursor.unexpected("query")
        check(node, text)
    except RecursionError:  # of hundreds of operators in a row, each of which is a level
        raise cursor.wrong("query is nested too deeply", 0) from None
    return node


def parse_selector(text: str) -> Selector:
    """A selector alone, as `match[]` parameters have it. Raises BadQuery."""
    node = parse(text)
    if not isinstance(node, Selector) or node.offset is not None or node.at is not None:
        raise Cursor(text).wrong("expected a series selector", 0)
    return node


def _expression(cursor: Cursor, least: int) -> Expression:
    cursor.deeper()
    start = cursor.token.start
    left: Expression
    if cursor.is_symbol("+", "-"):
        op = cursor.take().text
        body = _expression(cursor, UNARY)
        if isinstance(body, Number):
            left = Number(start, -body.value if op == "-" else body.value)
        else:
            left = Unary(start, op, body)
    else:
        left = suffixes(cursor, _primary(cursor))
    while (op := _operator(cursor)) and PRECEDENCE[op] > least:
        op_start = cursor.take().start
        bool_ = cursor.is_word("bool")
        if bool_:
            cursor.take()
        matching = _matching(cursor, op)
        right = _expression(cursor, PRECEDENCE[op] - (op == "^"))
        left = Binary(start, op, left, right, matching, bool_, op_start)
    cursor.depth -= 1
    return left


def _operator(cursor: Cursor) -> str:
    token = cursor.token
    if token.kind is Kind.SYMBOL and token.text in PRECEDENCE:
        return token.text
    word = token.text.lower()
    return word if token.kind is Kind.NAME and word in PRECEDENCE else ""


def _primary(cursor: Cursor) -> Expression:
    token = cursor.token
    match token.kind:
        case Kind.NUMBER | Kind.DURATION:
            return literal(cursor) if token.kind is Kind.DURATION else Number(token.start, cursor.number())
        case Kind.STRING:
            return Text(token.start, cursor.string())
        case Kind.NAME:
            return _named(cursor)
    if cursor.accept("("):
        body = _expression(cursor, 0)
        cursor.expect(")", "expression in parentheses")
        return Paren(token.start, body)
    if cursor.is_symbol("{"):
        return selector(cursor)
    raise cursor.unexpected("query", "expression")


def _named(cursor: Cursor) -> Expression:
    token = cursor.take()
    word = token.text.lower()
    called = cursor.is_symbol("(")
    if word in AGGREGATIONS and (called or cursor.is_word("by", "without")):
        return _aggregate(cursor, word, token.start)
    if called:
        return _call(cursor, token.text, token.start)
    if word in ("inf", "nan"):
        return Number(token.start, float(word))
    return selector(cursor, token.text, token.start)


def _call(cursor: Cursor, name: str, start: int) -> Call:
    known = name if name in SIGNATURES else name.lower() if name.lower() in ("start", "end", "step", "range") else ""
    known = known or (name.lower() if name.lower() in ("max_of", "min_of") else "")
    if not known:
        raise cursor.wrong(f'unknown function with name "{name}"', start)
    return Call(start, known, _arguments(cursor, "function call"))


def _arguments(cursor: Cursor, where: str) -> tuple[Expression, ...]:
    cursor.expect("(", where)
    found: list[Expression] = []
    while not cursor.is_symbol(")"):
        found.append(_expression(cursor, 0))
        if not cursor.accept(","):
            break
        if cursor.is_symbol(")"):
            raise cursor.wrong("trailing commas not allowed in function call args", cursor.token.start)
    cursor.expect(")", where)
    return tuple(found)


def _aggregate(cursor: Cursor, op: str, start: int) -> Aggregate:
    labels, without, grouped = _grouping(cursor)
    arguments = _arguments(cursor, "aggregation")
    if not grouped:
        labels, without, grouped = _grouping(cursor)
    if not arguments:
        raise cursor.wrong("no arguments for aggregate expression provided", start)
    wanted = 2 if op in PARAMETRISED else 1
    if len(arguments) != wanted:
        raise cursor.wrong(
            f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(arguments)}",
            start,
        )
    parameter = arguments[0] if wanted == 2 else None
    return Aggregate(start, op, arguments[-1], parameter, labels, without, grouped)


def _grouping(cursor: Cursor) -> tuple[tuple[str, ...], bool, bool]:
    if not cursor.is_word("by", "without"):
        return (), False, False
    without = cursor.take().text.lower() == "without"
    return _labels(cursor), without, True


def _labels(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect("(", "grouping opts")
    found = []
    while not cursor.is_symbol(")"):
        if cursor.token.kind is Kind.STRING:
            found.append(cursor.string())
        elif cursor.token.kind is Kind.NAME and ":" not in cursor.token.text:
            found.append(cursor.take().text)
        else:
            raise cursor.unexpected("grouping opts", "label")
        if not cursor.accept(","):
            break
    cursor.expect(")", "grouping opts")
    return tuple(found)


def _matching(cursor: Cursor, op: str) -> Matching:
    labels: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    on = False
    card = Card.MANY_TO_MANY if op in SET_OPERATORS else Card.ONE_TO_ONE
    if cursor.is_word("on", "ignoring"):
        on = cursor.take().text.lower() == "on"
        labels = _labels(cursor)
        if cursor.is_word("group_left", "group_right"):
            card = Card.MANY_TO_ONE if cursor.take().text.lower() == "group_left" else Card.ONE_TO_MANY
            include = _labels(cursor) if cursor.is_symbol("(") else ()
    fills: dict[str, float] = {}
    while cursor.is_word("fill", "fill_left", "fill_right") and cursor.ahead.text == "(":
        word = cursor.take().text.lower()
        cursor.expect("(", "fill modifier")
        value = _fill(cursor)
        cursor.expect(")", "fill modifier")
        fills |= {"left": value, "right": value} if word == "fill" else {word.removeprefix("fill_"): value}
    return Matching(card, on, labels, include, fills.get("left"), fills.get("right"))


def _fill(cursor: Cursor) -> float:
    sign = -1.0 if cursor.is_symbol("-") else 1.0
    if cursor.is_symbol("+", "-"):
        cursor.take()
    if cursor.token.kind is Kind.NUMBER or cursor.is_word("inf", "nan"):
        return sign * cursor.number()
    return sign * literal(cursor).value
