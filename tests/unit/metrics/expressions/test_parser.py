"""The parser against a slow reference: what is printed is parsed back, and no text breaks it."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions.arithmetic import Dropped, combine, negated
from trimtab.metrics.expressions.parser import MAX_DEPTH, parse
from trimtab.metrics.expressions.search_text import parse_search
from trimtab.metrics.expressions.syntax import Chain, Negation, Node, Number
from trimtab.metrics.insights.parser import parse as parse_sql

OPERATORS = {
    "OR": 0, "||": 0, "AND": 1, "&&": 1, "==": 2, "!=": 2, "<": 2, "<=": 2, ">": 2, ">=": 2,
    "+": 3, "-": 3, "*": 4, "/": 4,
}  # fmt: skip
numbers = st.integers(0, 9).map(str)


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, st.sampled_from(sorted(OPERATORS)), inner).map(" ".join)
    return st.one_of(pair, inner.map(lambda text: f"({text})"))


expressions = st.recursive(numbers, nested, max_leaves=12)


def value(node: Node) -> float:
    match node:
        case Number(value=number):
            return number
        case Negation(of=of):
            return float(negated(value(of)))  # type: ignore[arg-type]  # a number gives a number
        case Chain(first=first, steps=steps):
            result = value(first)
            for step in steps:
                result = combine(step.operator, result, value(step.operand), Dropped())  # type: ignore[assignment]
            return result
    raise AssertionError(node)


def reference(text: str) -> float:
    """Precedence climbing over the characters, with Python's own numbers."""
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()

    def operand() -> float:
        token = tokens.pop(0)
        if token == "(":
            inner = climb(0)
            tokens.pop(0)
            return inner
        return float(token)

    def climb(least: int) -> float:
        left = operand()
        while tokens and tokens[0] != ")" and OPERATORS[tokens[0]] >= least:
            operator = tokens.pop(0)
            left = apply(operator, left, climb(OPERATORS[operator] + 1))
        return left

    return climb(0)


def apply(operator: str, left: float, right: float) -> float:
    if math.isnan(left) or math.isnan(right) or (operator == "/" and right == 0):
        return math.nan
    return float(
        {
            "OR": lambda: bool(left or right), "||": lambda: bool(left or right),
            "AND": lambda: bool(left and right), "&&": lambda: bool(left and right),
            "==": lambda: left == right, "!=": lambda: left != right, "<": lambda: left < right,
            "<=": lambda: left <= right, ">": lambda: left > right, ">=": lambda: left >= right,
            "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "/": lambda: left / right,
        }[operator]()
    )  # fmt: skip


@given(expressions)
def test_precedence_is_that_of_a_slow_reference(text: str) -> None:
    np.testing.assert_equal(value(parse(text)), reference(text))


@given(st.one_of(st.text(max_size=60), st.text(alphabet="m1+-*/^()[],<>=!&|'\"ANDOR. ", max_size=60)))
def test_no_text_breaks_the_parsers(text: str) -> None:
    for parser in (parse, parse_search, parse_sql, lambda text: parse_sql("SELECT AVG(x) FROM " + text)):
        try:
            parser(text)
        except InvalidInput as problem:
            assert "character" in str(problem)


def test_a_sum_of_all_metrics_is_no_deep_tree() -> None:
    text = "+".join(f"m{number}" for number in range(500))
    tree = parse(text)
    assert isinstance(tree, Chain)
    assert len(tree.steps) == 499


def test_brackets_are_as_deep_as_the_limit() -> None:
    parse("(" * (MAX_DEPTH - 1) + "1" + ")" * (MAX_DEPTH - 1))
    for text in ("(" * 3000 + "1", "-" * 3000 + "1", "2^" * 3000 + "1", "ABS(" * 3000, "[" * 3000):
        try:
            parse(text)
        except InvalidInput as problem:
            assert f"more than {MAX_DEPTH} levels" in str(problem)
        else:
            raise AssertionError(text[:20])
