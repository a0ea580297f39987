"""Selectors and what may follow an expression: ranges, subqueries, offset, @, anchored and smoothed."""

from trimtab.base.records import replace
from trimtab.metrics.promql.language import parse_duration
from trimtab.metrics.promql.language.cursor import Cursor
from trimtab.metrics.promql.language.syntax import (
    At,
    Edge,
    Expression,
    Matcher,
    MatchOp,
    Number,
    Range,
    Selector,
    Subquery,
)
from trimtab.metrics.promql.language.tokens import Kind

NAME = "__name__"
_OPS = {str(op): op for op in MatchOp}
_LARGEST_S = 2**63 / 1e3


def selector(cursor: Cursor, name: str = "", start: int | None = None) -> Selector:
    """A selector, whose metric name has been read. Raises BadQuery."""
    begin = cursor.token.start if start is None else start
    matchers: list[Matcher] = []
    if cursor.accept("{"):
        while not cursor.is_symbol("}"):
            matchers.append(_matcher(cursor))
            if not cursor.accept(","):
                break
        cursor.expect("}", "label matching")
    if name:
        matchers.append(Matcher(NAME, MatchOp.EQUAL, name))
    return Selector(begin, name, tuple(matchers))


def _matcher(cursor: Cursor) -> Matcher:
    token = cursor.token
    if token.kind is Kind.STRING:
        text = cursor.string()
        if cursor.is_symbol(",", "}"):
            return Matcher(NAME, MatchOp.EQUAL, text)
        name = text
    elif token.kind is Kind.NAME:
        name = cursor.take().text
    else:
        raise cursor.unexpected("label matching", "identifier or '}'")
    if not cursor.is_symbol(*_OPS):
        raise cursor.unexpected("label matching", "label matching operator")
    op = _OPS[cursor.take().text]
    if cursor.token.kind is not Kind.STRING:
        raise cursor.unexpected("label matching", "string")
    return Matcher(name, op, cursor.string())


def suffixes(cursor: Cursor, node: Expression) -> Expression:
    """`node` with everything that follows it and belongs to it."""
    while True:
        if cursor.is_symbol("["):
            node = _bracket(cursor, node)
        elif cursor.is_word("offset"):
            cursor.take()
            node = _with_offset(cursor, node)
        elif cursor.is_symbol("@"):
            cursor.take()
            node = _with_at(cursor, node)
        elif cursor.is_word("anchored", "smoothed"):
            node = _with_edge(cursor, node)
        else:
            return node


def _bracket(cursor: Cursor, node: Expression) -> Expression:
    opened = cursor.take()
    length = parse_duration.expression(cursor)
    if isinstance(length, Number) and length.value <= 0:
        raise cursor.wrong("duration must be greater than 0", opened.start)
    if cursor.accept(":"):
        step = None if cursor.is_symbol("]") else parse_duration.expression(cursor)
        if isinstance(step, Number) and step.value <= 0:
            raise cursor.wrong("duration must be greater than 0", opened.start)
        cursor.expect("]", "subquery selector")
        return Subquery(node.start, node, length, step)
    cursor.expect("]", "subquery or range selector")
    if not isinstance(node, Selector):
        raise cursor.wrong("ranges only allowed for vector selectors", node.start)
    if node.offset is not None:
        raise cursor.wrong("no offset modifiers allowed before range", node.start)
    if node.at is not None:
        raise cursor.wrong("no @ modifiers allowed before range", node.start)
    return Range(node.start, node, length)


def _with_offset(cursor: Cursor, node: Expression) -> Expression:
    target = _target(cursor, node, "offset modifier")
    if target.offset is not None:
        raise cursor.wrong("offset may not be set multiple times", node.start)
    return _put_back(node, replace(target, offset=parse_duration.offset(cursor)))


def _with_at(cursor: Cursor, node: Expression) -> Expression:
    target = _target(cursor, node, "@ modifier")
    if target.at is not None:
        raise cursor.wrong("@ <timestamp> may not be set multiple times", node.start)
    return _put_back(node, replace(target, at=_at(cursor)))


def _with_edge(cursor: Cursor, node: Expression) -> Expression:
    word = cursor.take().text.lower()
    target = node.selector if isinstance(node, Range) else node
    if not isinstance(target, Selector):
        raise cursor.wrong(f"{word} modifier is not supported for subqueries", node.start)
    if target.edge is not Edge.PLAIN:
        raise cursor.wrong("anchored and smoothed modifiers cannot be used together", node.start)
    return _put_back(node, replace(target, edge=Edge(word)))


def _target(cursor: Cursor, node: Expression, what: str) -> Selector | Subquery:
    target = node.selector if isinstance(node, Range) else node
    if not isinstance(target, Selector | Subquery):
        raise cursor.wrong(
            f"{what} must be preceded by an instant vector selector or range vector selector or a subquery", node.start
        )
    return target


def _put_back(node: Expression, target: Selector | Subquery) -> Expression:
    return replace(node, selector=target) if isinstance(node, Range) and isinstance(target, Selector) else target


def _at(cursor: Cursor) -> At:
    for bound in ("start", "end"):
        if cursor.is_word(bound):
            cursor.take()
            cursor.expect("(", "@ modifier")
            cursor.expect(")", "@ modifier")
            return At(bound=bound)
    start = cursor.token.start
    sign = -1 if cursor.is_symbol("-") else 1
    if cursor.is_symbol("+", "-"):
        cursor.take()
    seconds = cursor.number() if cursor.is_word("inf", "nan") else parse_duration.literal(cursor).value
    if not -_LARGEST_S < seconds < _LARGEST_S:
        raise cursor.wrong(f"timestamp out of bounds for @ modifier: {seconds:f}", start)
    return At(time_ms=sign * round(seconds * 1000))
