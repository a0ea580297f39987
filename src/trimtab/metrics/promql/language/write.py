"""A query as text again, in the form that Prometheus prints: what `format_query` answers."""

from trimtab.metrics.promql.labels import label
from trimtab.metrics.promql.language.literals import general, quoted, written_duration
from trimtab.metrics.promql.language.syntax import (
    Aggregate,
    At,
    Binary,
    Call,
    Card,
    Duration,
    Expression,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
)

_NAME = "__name__"


def written(node: Expression) -> str:
    """The text of an expression."""
    match node:
        case Number():
            return _duration(node) if node.duration else general(node.value)
        case Text():
            return quoted(node.value)
        case Paren():
            return f"({written(node.body)})"
        case Unary():
            return node.op + written(node.body)
        case Selector():
            return _selector(node) + _modifiers(node)
        case Range():
            return f"{_selector(node.selector)}[{_duration(node.range)}]{_modifiers(node.selector)}"
        case Subquery():
            step = "" if node.step is None else _duration(node.step)
            return f"{written(node.body)}[{_duration(node.range)}:{step}]{_modifiers(node)}"
        case Call():
            return f"{node.function}({', '.join(map(written, node.arguments))})"
        case Aggregate():
            return _aggregate(node)
        case Binary():
            return _binary(node)


def _selector(node: Selector) -> str:
    parts = [
        f"{label(matcher.name)}{matcher.op}{quoted(matcher.value)}"
        for matcher in node.matchers
        if not (node.name and matcher.name == _NAME)
    ]
    inside = f"{{{','.join(parts)}}}" if parts else ""
    return node.name + inside or "{}"


def _modifiers(node: Selector | Subquery) -> str:
    edge = f" {node.edge}" if isinstance(node, Selector) and node.edge else ""
    offset = "" if node.offset is None else f" offset {_offset(node.offset)}"
    return edge + _at(node.at) + offset


def _at(at: At | None) -> str:
    if at is None:
        return ""
    return f" @ {at.bound}()" if at.time_ms is None else f" @ {at.time_ms / 1000:.3f}"


def _offset(node: Duration) -> str:
    return _duration(node) if isinstance(node, Number) else f"({_duration(node)})"


def _duration(node: Duration) -> str:
    if isinstance(node, Number):
        milliseconds = round(node.value * 1000)
        return written_duration(milliseconds) if milliseconds / 1000 == node.value else general(node.value)
    if node.op in ("step", "range"):
        return f"{node.op}()"
    left = "" if node.left is None else _duration(node.left)
    right = "" if node.right is None else _duration(node.right)
    if node.op in ("max_of", "min_of"):
        return f"{node.op}({left}, {right})"
    return f"({left} {node.op} {right})" if left else f"{node.op}{right}"


def _aggregate(node: Aggregate) -> str:
    grouping = ""
    if node.grouped:
        word = "without" if node.without else "by"
        grouping = f" {word} ({', '.join(map(label, node.labels))}) "
    parameter = "" if node.parameter is None else written(node.parameter) + ", "
    return f"{node.op}{grouping}({parameter}{written(node.body)})"


def _binary(node: Binary) -> str:
    matching = node.matching
    words = [node.op + (" bool" if node.bool_ else "")]
    if matching.on or matching.labels:
        words.append(f"{'on' if matching.on else 'ignoring'} ({', '.join(map(label, matching.labels))})")
    if matching.card in (Card.MANY_TO_ONE, Card.ONE_TO_MANY):
        side = "group_left" if matching.card is Card.MANY_TO_ONE else "group_right"
        words.append(f"{side} ({', '.join(map(label, matching.include))})")
    for name, value in (("fill_left", matching.fill_left), ("fill_right", matching.fill_right)):
        if value is not None:
            words.append(f"{name} ({general(value)})")
    return f"{written(node.left)} {' '.join(words)} {written(node.right)}"
